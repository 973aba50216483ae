"""Drives gRPC and REST to saturation, or at a rate, with nghttp2's h2load."""

import asyncio
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.cores import DRIVER, pinned

_FINISHED = re.compile(r"finished in ([\d.]+)(us|ms|s|m)")
_REQUESTS = re.compile(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout")
_DATA = re.compile(r"\((\d+)\) data")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class DriverMissing(Exception):
    """h2load is not on this machine."""

    def __init__(self) -> None:
        super().__init__("h2load is missing. Debian: apt install nghttp2-client")


@dataclass(frozen=True, slots=True)
class Target:
    """What is called.

    Attributes:
        url: Where.
        body: File with the body of every request; None: a GET.
        headers: Beside h2load's own.
        answer_bytes: The length of the right answer's body. A gRPC error is an HTTP 200 without
            a body, which h2load takes for a success.
    """

    url: str
    body: Path | None
    answer_bytes: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it.

    Attributes:
        calls: Those that were answered rightly.
        errors: Those that were not.
        seconds: How long it took.
    """

    calls: int
    errors: int
    seconds: float

    @property
    def calls_per_second(self) -> float:
        return self.calls / self.seconds


async def drive(
    target: Target, *, seconds: float, clients: int = 4, streams: int = 8, rate: float | None = None
) -> Load:
    """Call for some time; without a rate as fast as the target answers.

    Args:
        target: What is called.
        seconds: How long.
        clients: Connections.
        streams: Calls under way on each.
        rate: Calls per second of all clients together.
    """
    if shutil.which("h2load") is None:
        raise DriverMissing
    child = await asyncio.create_subprocess_exec(
        *_command(target, seconds, clients, streams, rate),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await child.communicate()
    return read_report(output.decode(), target.answer_bytes)


def read_report(report: str, answer_bytes: int) -> Load:
    """Read what h2load prints.

    Raises:
        ValueError: It is no report, because h2load could not connect.
    """
    finished, requests, data = _FINISHED.search(report), _REQUESTS.search(report), _DATA.search(report)
    if finished is None or requests is None or data is None:
        raise ValueError(f"h2load said: {report.strip()[-300:]}")
    done, _, failed, errored, timeouts = map(int, requests.groups())
    answered = min(done, int(data[1]) // answer_bytes)
    return Load(
        calls=answered,
        errors=done - answered + failed + errored + timeouts,
        seconds=float(finished[1]) * _UNITS[finished[2]],
    )


def write_grpc_body(path: Path, message: bytes) -> None:
    """Write a request as gRPC frames it: not compressed, four bytes of length, the message."""
    path.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)


def grpc_headers(token: str | None = None) -> Mapping[str, str]:
    usual = {"content-type": "application/grpc", "te": "trailers"}
    return usual if token is None else {**usual, "authorization": f"Bearer {token}"}


def _command(
    target: Target, seconds: float, clients: int, streams: int, rate: float | None
) -> tuple[str, ...]:
    headers = (part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}"))
    pace = () if rate is None else ("--rps", f"{rate / clients:.3f}")
    return (
        *pinned(DRIVER),
        *("h2load", "-D", f"{round(1000 * seconds)}ms", "-c", str(clients), "-m", str(streams), "-t", "1"),
        *(() if target.body is None else ("-d", str(target.body))),
        *(*headers, *pace, target.url),
    )
