"""The released contract cannot be broken unnoticed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUF = Path(sys.executable).with_name("buf")


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """A copy of the contract with its baseline."""
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    return tmp_path


def test_the_contract_as_it_stands_breaks_nobody(contract: Path) -> None:
    result = _breaking(contract)

    assert result.returncode == 0, result.stdout + result.stderr


def test_a_renumbered_field_is_refused(contract: Path) -> None:
    proto = contract / "protos/shopmesh/inventory/v1/catalog_service.proto"
    renumbered, count = re.subn(r"(string sku = )1\b", r"\g<1>1001", proto.read_text(), count=1)
    proto.write_text(renumbered)

    result = _breaking(contract)

    assert count == 1
    assert result.returncode == 100
    assert 'field "1" with name "sku"' in result.stdout


def _breaking(contract: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BUF, "breaking", "--against", "protos/baseline.binpb"],
        cwd=contract,
        capture_output=True,
        text=True,
        check=False,
    )
