"""The end of a test run: its slowest tests, its processor time, the real servers and clients in it."""

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

import psutil
import pytest

from mesh.backends.backend import Backend, Place
from mesh.backends.kafka_files import KAFKA_VERSION
from mesh.backends.mariadb import MariadbBackend
from mesh.backends.mongodb import MongodbBackend
from mesh.backends.valkey import ValkeyBackend

_SLOWEST = 20
_SECONDS_PER_MINUTE = 60
_KINDS = 8
"""Of processor times; guests', which come behind, are in the first two."""
_BIN = Path(sys.executable).parent
_GRPCURL = Path(__file__).parents[2] / ".tools" / "bin" / "grpcurl"


def _server(backend: Backend) -> Sequence[str]:
    return backend.command(Place(Path(), tuple(backend.base_ports)))[0], "--version"


def _debugger() -> Sequence[str]:
    return (str(_GRPCURL), "-version") if _GRPCURL.exists() else (str(_BIN / "buf"), "--version")


_ENVOY = (str(_BIN / "envoy"), "--version")
_COMMANDS: Mapping[str, Callable[[], Sequence[str]]] = {
    "running_mesh": lambda: _ENVOY,
    "running": lambda: _ENVOY,
    "mariadb": lambda: _server(MariadbBackend()),
    "mongodb": lambda: _server(MongodbBackend()),
    "kafka": lambda: ("java", "-version"),
    "valkey": lambda: _server(ValkeyBackend()),
    "browser": lambda: ("chromium", "--version"),
    "curl": lambda: ("curl", "--version"),
    "debugger": _debugger,
}
"""How the part behind a fixture says its version; only those that took part need be here."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RunReport(config))


class RunReport:
    """Notes fixtures and durations, in each worker and over all of them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._fixtures: set[str] = set()
        self._seconds: dict[str, float] = defaultdict(float)
        self._began = time.monotonic(), _busy_seconds()

    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> None:
        self._fixtures.add(fixturedef.argname)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        if (output := getattr(self._config, "workeroutput", None)) is not None:
            output["fixtures"] = sorted(self._fixtures)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._fixtures.update(getattr(node, "workeroutput", {}).get("fixtures", ()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"{_SLOWEST} slowest tests, with their fixtures")
        slowest = sorted(self._seconds.items(), key=itemgetter(1), reverse=True)
        for test, seconds in slowest[:_SLOWEST]:
            terminalreporter.write_line(f"{seconds:6.1f} s  {test}")
        if versions := sorted(_versions(self._fixtures)):
            terminalreporter.section("real servers and clients that took part")
        for version in versions:
            terminalreporter.write_line(version)
        terminalreporter.section("time")
        terminalreporter.write_line(self._time())

    def _time(self) -> str:
        began, busy = self._began
        usages = map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN))
        used = sum(usage.ru_utime + usage.ru_stime for usage in usages)
        return (
            f"{_minutes(time.monotonic() - began)} by the clock on {len(os.sched_getaffinity(0))} cores; "
            f"processor: {_minutes(used)} in pytest and the processes it waited for, "
            f"{_minutes(_busy_seconds() - busy)} in all processes of this machine"
        )


def _versions(fixtures: Iterable[str]) -> set[str]:
    said = {_version(*_COMMANDS[name]()) for name in fixtures if name in _COMMANDS}
    return said | ({f"kafka: {KAFKA_VERSION}"} if "kafka" in fixtures else set())


def _version(*command: str) -> str:
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    first = (shown.stdout + shown.stderr).strip().splitlines()[0]
    return f"{Path(command[0]).name}: {first.strip()}"


def _busy_seconds() -> float:
    """What all processors of the machine have worked since it started."""
    times = psutil.cpu_times()
    return float(sum(times[:_KINDS]) - times.idle - times.iowait)


def _minutes(seconds: float) -> str:
    return f"{seconds / _SECONDS_PER_MINUTE:.1f} min"
