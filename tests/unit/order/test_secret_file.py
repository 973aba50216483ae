"""The files of the order service's own keys."""

import threading
from pathlib import Path

import pytest

from services.order.adapters.key_vault.secret_file import read_or_make


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "order-kek"

    secret = read_or_make(path)

    assert len(secret) == 32
    assert read_or_make(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_at_once_use_the_same(tmp_path: Path) -> None:
    path, secrets = tmp_path / "order-kek", set()
    threads = [threading.Thread(target=lambda: secrets.add(read_or_make(path))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(secrets) == 1


@pytest.mark.parametrize("content", ["", "abcd", "not hexadecimal"])
def test_a_damaged_file_is_refused_rather_than_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "order-kek"
    path.write_text(content)

    with pytest.raises(ValueError, match=r"32 bytes|hexadecimal"):
        read_or_make(path)
    assert path.read_text() == content
