"""Progress on the standard error: a bar with the remaining time on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from services.order.application.ports import Progress

_LINE_SECONDS = 2.0


@contextmanager
def console_progress(console: Console) -> Iterator[Progress]:
    """Shows how far the work has come, until the end of the context."""
    if not console.is_terminal:
        yield PlainProgress(console.print)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("orders"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield _BarProgress(bars)


class _BarProgress:
    """A bar per stage."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks = {task.description: task.id for task in bars.tasks}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total or None)
        self._bars.update(self._tasks[stage], completed=done, total=total or None)


class PlainProgress:
    """A line now and then."""

    def __init__(
        self, say: Callable[[str], None], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._monotonic = monotonic
        self._stage = ""
        self._begin = self._said = monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = self._monotonic()
        if stage != self._stage:
            self._stage, self._begin, self._said = stage, now, now
        elif now - self._said >= _LINE_SECONDS:
            self._said = now
            self._say(_line(stage, done, total, now - self._begin))


def _line(stage: str, done: int, total: int, elapsed_seconds: float) -> str:
    if not total or not done:
        return f"{stage}: {done:,} orders"
    left = elapsed_seconds * (total - done) / done
    return f"{stage}: {done:,} of {total:,} orders, about {left:.0f} s left"
