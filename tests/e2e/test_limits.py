"""Rate limits: one file sets them, over the defaults that the protos declare."""

import json
import subprocess
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import yaml

from shopmesh.policy.v1 import policy_pb2
from tests.e2e.calls import over_grpc
from tests.e2e.contract_methods import limit_classes, methods
from tests.e2e.shop import problem
from tests.e2e.strict import EDGE_BURST, WRITE_BURST
from tests.support.running_mesh import RunningMesh

_REGISTER = next(method for method in methods() if method.name == "UserService/RegisterUser")
_BURST = 20


def rendered(mesh: RunningMesh) -> dict[str, Any]:
    return dict(yaml.safe_load(mesh.run("config", "render", "--limits").stdout)["classes"])


def test_the_defaults_are_what_the_contract_declares(tmp_path: Path) -> None:
    classes = rendered(RunningMesh(tmp_path, 0))

    assert classes == {
        each.name: {
            "per": policy_pb2.LimitPer.Name(each.per).removeprefix("LIMIT_PER_").lower(),
            "rate_per_minute": each.rate_per_minute,
            "burst": each.burst,
            "max_concurrent_calls": each.max_concurrent_calls,
        }
        for each in limit_classes()
    }
    assert classes[_REGISTER.policy.limit_class] == {
        "per": "address",
        "rate_per_minute": 10,
        "burst": _BURST,
        "max_concurrent_calls": 0,
    }
    assert classes["place_order"]["burst"] == 100


def test_the_limits_file_is_merged_class_by_class(strict: RunningMesh) -> None:
    classes, defaults = rendered(strict), rendered(RunningMesh(strict.home, strict.port_offset))

    assert (classes["edge"]["burst"], classes["write"]["burst"]) == (EDGE_BURST, WRITE_BURST)
    assert classes["write"]["per"] == defaults["write"]["per"]
    for name in defaults.keys() - {"edge", "write"}:
        assert classes[name] == defaults[name]


@pytest.mark.parametrize(
    "classes",
    [
        {"no_such_class": {"burst": 1}},
        {"read": {"no_such_key": 1}},
        {"read": {"burst": 0}},
        {"read": {"max_concurrent_calls": -1}},
        {"read": {"per": "planet"}},
        {"read": {"rate_per_minute": "many"}},
    ],
)
def test_a_wrong_limits_file_is_refused_by_name(tmp_path: Path, classes: dict[str, Any]) -> None:
    done = _settled(tmp_path, classes).run("config", "render", "--limits", check=False)

    _check_refused(done, next(iter(classes)))


def test_a_mesh_with_a_wrong_limits_file_does_not_start(tmp_path: Path, port_offset: int) -> None:
    mesh = _settled(tmp_path, {"no_such_class": {"burst": 1}}, port_offset)

    _check_refused(mesh.run("up", check=False), "no_such_class")

    assert {part["state"] for part in mesh.parts().values()} <= {"down", "stopped"}


def test_registrations_are_limited_hard_by_address_at_the_front_proxy(running_mesh: RunningMesh) -> None:
    url = running_mesh.url.replace("localhost", "127.0.0.1")

    def register_often(address: str) -> list[httpx.Response]:
        transport = httpx.HTTPTransport(local_address=address)
        with httpx.Client(base_url=url, transport=transport, timeout=20, trust_env=False) as client:
            return [client.post("/v1/users", json={}) for _ in range(_BURST + 5)]

    for address in ("127.0.0.71", "127.0.0.72"):
        answers = register_often(address)
        assert [answer.status_code for answer in answers[:_BURST]] == [400] * _BURST
        found = problem(answers[-1])
        assert (found.status, found.code, found.reason) == (429, 8, "RATE_LIMITED")
        assert 0 < float(found.retry_after.removesuffix("s")) <= 6
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 6


def test_registrations_are_limited_by_address_on_the_grpc_port_too(strict: RunningMesh) -> None:
    request = _REGISTER.input()
    with grpc.insecure_channel(strict.grpc("user")) as channel:
        answers = [over_grpc(channel, _REGISTER, request, "") for _ in range(_BURST + 5)]

    assert {answer.reason for answer in answers[:_BURST]} == {"INVALID_REQUEST"}
    assert (answers[-1].status, answers[-1].reason) == ("RESOURCE_EXHAUSTED", "RATE_LIMITED")


def _settled(folder: Path, classes: dict[str, Any], port_offset: int = 0) -> RunningMesh:
    limits = folder / "limits.yaml"
    limits.write_text(json.dumps({"classes": classes}))
    return RunningMesh(folder / "home", port_offset, {"SHOPMESH_LIMITS_FILE": str(limits)})


def _check_refused(done: "subprocess.CompletedProcess[str]", name: str) -> None:
    assert done.returncode != 0
    assert name in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
