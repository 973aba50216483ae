"""Records which test executed which line: `pytest -p tests.mutants.recording`, into `$RECORDING_FOLDER`."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage

FOLDER = "RECORDING_FOLDER"
ROOMS = ("services", "interceptors", "mesh")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Recording(Path(os.environ[FOLDER])))


class Recording:
    """In each worker; what runs in other processes is not seen."""

    def __init__(self, folder: Path) -> None:
        self._coverage = Coverage(
            data_file=str(folder / "lines"),
            data_suffix=True,
            source=list(ROOMS),
            concurrency=["thread", "greenlet"],
            config_file=False,
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_unconfigure(self) -> None:
        self._coverage.stop()
        self._coverage.save()
