"""Notification of writes to a file, by whichever process, from the kernel (inotify)."""

import asyncio
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from inotify_simple import INotify, flags


@contextmanager
def watched(path: Path, written: Callable[[], None]) -> Iterator[None]:
    """Call back after each write to a file that is there, until the end of the context.

    Raises:
        OSError: There is no such file, or the system watches none, or no more.
    """
    if platform.system() != "Linux":
        raise OSError("only Linux has inotify")
    with INotify(nonblocking=True) as inotify:
        inotify.add_watch(path, flags.MODIFY)

        def read() -> None:
            inotify.read(timeout=0)
            written()

        loop = asyncio.get_running_loop()
        loop.add_reader(inotify.fileno(), read)
        try:
            yield
        finally:
            loop.remove_reader(inotify.fileno())
