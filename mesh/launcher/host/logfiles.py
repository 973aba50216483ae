"""The logs of the parts and their spans, bounded in size."""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 32 * 1024 * 1024
"""A log that is longer moves to `<name>.1`, over the one before."""

_TAIL_BYTES = 64 * 1024


def log_file(home: Path, part: str) -> Path:
    return home / "logs" / f"{part}.log"


def open_log(path: Path) -> BinaryIO:
    """Open a log so that a process that inherits it appends, even after it was emptied."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0)


def last_lines(path: Path, count: int, *, start: int = 0, end: int | None = None) -> tuple[str, ...]:
    """The last lines of a log between two of its bytes; none when there is no log."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            last = size if end is None else min(end, size)
            # A log that has become shorter was moved away in the meantime.
            first = max(start if start <= last else 0, last - _TAIL_BYTES)
            file.seek(first)
            text = file.read(last - first).decode(errors="replace")
    except FileNotFoundError:
        return ()
    return tuple(text.splitlines()[-count:])


async def keep_bounded(folder: Path, *, every_seconds: float = 5, max_bytes: int = MAX_BYTES) -> None:
    """Bound all logs of a folder for ever; their writers never notice, because they append."""
    while True:
        bound_all(folder, max_bytes=max_bytes)
        await asyncio.sleep(every_seconds)


def bound_all(folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
    """Bound every log of a folder once."""
    for path in (*folder.glob("*.log"), *folder.glob("*.jsonl")):
        bound(path, max_bytes=max_bytes)


def bound(path: Path, *, max_bytes: int = MAX_BYTES) -> None:
    """Move what a log holds to `<name>.1` when it is too long."""
    if path.stat().st_size <= max_bytes:
        return
    with contextlib.suppress(OSError):  # a full disk: rather lose old lines than grow
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)
