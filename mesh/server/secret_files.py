"""Files with keys and secrets: made once, never seen half-written, readable by their owner only."""

import os
import secrets
from pathlib import Path


def create_once(path: Path, text: str) -> None:
    """Write a file that its owner only may read, unless it is there; several processes may do so at once."""
    if path.exists():
        return
    temporary = _temporary(path, text, mode=0o600)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()


def replace_file(path: Path, text: str, *, mode: int) -> None:
    """Write a file whole: readers see the old text or the new one."""
    _temporary(path, text, mode=mode).replace(path)


def _temporary(path: Path, text: str, *, mode: int) -> Path:
    """A file beside `path` that nobody else could ever read before it has its mode."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary
