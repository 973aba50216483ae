"""When a test on a mesh fails, says what its services logged as errors, each with its place in the code."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.running_mesh import RunningMesh

_MOST_LINES = 20
_ERROR = '"level":"error"'


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, RunningMesh):
                report.sections.append(("errors in the logs of the mesh", _errors(value.home)))
    return report


def _errors(home: Path) -> str:
    lines = [
        line
        for path in sorted(home.glob("logs/*.log"))
        for line in path.read_text(errors="replace").splitlines()
        if _ERROR in line
    ]
    return "\n".join(lines[-_MOST_LINES:])
