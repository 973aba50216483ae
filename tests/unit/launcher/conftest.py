"""The command line in a home of its own, without a mesh."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mesh.cli.main import main

Shopmesh = Callable[..., int]


@pytest.fixture
def shopmesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shopmesh:
    monkeypatch.setenv("SHOPMESH_HOME", str(tmp_path / "home"))

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["shopmesh", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
