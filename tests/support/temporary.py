"""Where a test run keeps its files: in memory where there is room, since databases wait for each flush."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")
_LEAST_FREE_BYTES = 6 * 1024**3
_NAME = f"shopmesh tests ö,%41 {os.getuid()}"
"""As people may call a folder: what takes paths apart fails here first."""


def temporary_root() -> Path:
    """The folder for temporary files; `PYTEST_DEBUG_TEMPROOT` names another one."""
    if chosen := os.environ.get("PYTEST_DEBUG_TEMPROOT"):
        return Path(chosen)
    in_memory = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _LEAST_FREE_BYTES
    root = (_MEMORY if in_memory else Path(tempfile.gettempdir())) / _NAME
    root.mkdir(mode=0o700, exist_ok=True)
    return root


_DIRECT = "localhost,127.0.0.1"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # All that tests call is on this machine, also where a proxy leads out of it.
    os.environ["no_proxy"] = f"{_DIRECT},{os.environ.get('no_proxy', '')}"
    if not config.option.basetemp:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(temporary_root()))
