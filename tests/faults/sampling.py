"""Looks at something again and again while the rest goes on."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pymysql

_PAUSE_SECONDS = 0.5
_AWAY = (sqlite3.OperationalError, pymysql.err.OperationalError)


@contextmanager
def sampled(look: Callable[[], Iterator[str]]) -> Iterator[set[str]]:
    """Yield what is seen, at any of many instants, until the block ends; what is away shows nothing."""
    seen: set[str] = set()
    done = Event()

    def watch() -> None:
        while not done.wait(_PAUSE_SECONDS):
            try:
                seen.update(look())
            except _AWAY:
                continue

    watching = Thread(target=watch, name="sampling")
    watching.start()
    try:
        yield seen
    finally:
        done.set()
        watching.join()
