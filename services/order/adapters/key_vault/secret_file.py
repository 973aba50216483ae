"""Random secrets in a file that only the owner can read, made at the first start."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

SECRET_BYTES = 32


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def read_or_make(path: Path) -> bytes:
    """The only secret of a file; of several processes that start at once, one makes it for all.

    Raises:
        ValueError: The file does not hold 32 bytes in hexadecimal digits.
    """
    found = read_all_or_make(path)
    if len(found) != 1:
        raise _malformed(path)
    return found[0]


def read_all_or_make(path: Path) -> tuple[bytes, ...]:
    """The secrets of a file, one a line; a new file gets one.

    Raises:
        ValueError: A line does not hold 32 bytes in hexadecimal digits, or there is none.
    """
    if not path.exists():
        _make(path)
    try:
        found = tuple(bytes.fromhex(line) for line in path.read_text().split())
    except ValueError:
        raise _malformed(path) from None
    if not found or any(len(secret) != SECRET_BYTES for secret in found):
        raise _malformed(path)
    return found


def replace_all(path: Path, content: Sequence[bytes]) -> None:
    """Replace the secrets in the file atomically: a reader sees the old ones or the new ones."""
    mine = _written(path, content)
    mine.replace(path)
    _flush_folder(path)


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = _written(path, [new_secret()])
    try:
        os.link(mine, path)
        _flush_folder(path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()


def _written(path: Path, content: Sequence[bytes]) -> Path:
    mine = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(secret.hex() for secret in content))
        file.flush()
        os.fsync(file.fileno())
    return mine


def _flush_folder(path: Path) -> None:
    # A name is on disk only when its folder is.
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _malformed(path: Path) -> ValueError:
    return ValueError(f"{path.name} has to hold {SECRET_BYTES} bytes in hexadecimal digits")
