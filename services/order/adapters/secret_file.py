"""A random secret in a file that only the owner can read, made at the first start."""

import os
import secrets
from pathlib import Path

SECRET_BYTES = 32


def read_or_make(path: Path) -> bytes:
    """The secret; of several processes that start at once, one makes it for all.

    Raises:
        ValueError: The file does not hold 32 bytes in hexadecimal digits.
    """
    if not path.exists():
        _make(path)
    secret = bytes.fromhex(path.read_text().strip())
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"{path.name} has to hold {SECRET_BYTES} bytes in hexadecimal digits")
    return secret


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(mine, path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()
