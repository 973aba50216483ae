"""What a mesh has written down about its calls."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

SERVICES = ("user", "order", "inventory", "notification")
_ADMIN_PORT = 9901


def lines(mesh: RunningMesh, name: str) -> list[dict[str, Any]]:
    """The JSON lines of a log; a line that is being written is left for the next time."""
    whole, _, _ = (mesh.home / "logs" / name).read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


def spans(mesh: RunningMesh, trace_id: str) -> set[str]:
    """Which services recorded spans of a trace."""
    return {
        span["resource"]["attributes"]["service.name"]
        for span in lines(mesh, "spans.jsonl")
        if span["context"]["trace_id"] == f"0x{trace_id}"
    }


def accesses(mesh: RunningMesh, trace_id: str) -> list[dict[str, Any]]:
    """The front proxy's lines of a trace."""
    return [line for line in lines(mesh, "envoy.log") if line.get("trace_id") == trace_id]


def wait_for_order(mesh: RunningMesh, trace_id: str) -> None:
    """Wait until everything about an order is written, and so all that was before it."""
    until(lambda: bool(accesses(mesh, trace_id)), "the access is in the front proxy's log")
    until(
        lambda: spans(mesh, trace_id) >= {"order", "inventory", "notification"},
        "spans of order, inventory and notification",
    )


def everything_observable(mesh: RunningMesh) -> Iterator[tuple[str, str]]:
    """Every log, spans included, and everything that can be measured."""
    for path in sorted(mesh.home.glob("logs/**/*")):
        if path.is_file():
            yield str(path.relative_to(mesh.home)), _text(path)
    metrics = {service: mesh.metrics(service) for service in SERVICES}
    proxy = f"http://127.0.0.1:{_ADMIN_PORT + mesh.port_offset}"
    addresses = {**metrics, "envoy": f"{proxy}/stats/prometheus", "envoy stats": f"{proxy}/stats"}
    for name, url in addresses.items():
        answer = httpx.get(url, trust_env=False, timeout=20)
        assert answer.status_code == httpx.codes.OK
        yield f"metrics of {name}", answer.text


def _text(path: Path) -> str:
    return path.read_text(errors="replace")
