"""Long work on orders' data: `python -m services.order.maintenance rebuild|restore|refill [--dry-run]`.

A composition root of its own, without inventory, mail or relay: nothing here can have a side effect.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.console import Console

from mesh.event_log import EventLogUnavailable, open_event_log
from mesh.server.context import StartupError
from mesh.server.telemetry import configure_logging
from mesh.settings import MeshSettings, SettingError
from services.order.adapters.event_store.published_events_log import LogPublishedEvents
from services.order.adapters.head_log_file import FileHeadLog
from services.order.adapters.key_vault.secret_file import read_or_make
from services.order.adapters.progress_console import console_progress
from services.order.application.maintenance.rebuild import Rebuild
from services.order.application.maintenance.refill import Refill
from services.order.application.maintenance.restore import Restore
from services.order.application.ports import Progress, Superseded, VersionTaken
from services.order.config import Settings
from services.order.domain.errors import StoreUnavailable
from services.order.entrypoints import reports
from services.order.stores import open_stores

FINE, NOT_FINE, WRONG_USAGE = 0, 1, 2
_NOT_DONE = (StartupError, EventLogUnavailable, StoreUnavailable, Superseded, VersionTaken)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the work came to, in lines, and whether all is well."""

    lines: Iterable[str]
    is_fine: bool = True


Work = Callable[[MeshSettings, Progress], Awaitable[Outcome]]


def main() -> None:
    """Exit with 0, with 1 when something is wrong with the data or away, with 2 for wrong usage."""
    work = _chosen()
    configure_logging("order.maintenance", 0)
    try:
        sys.exit(asyncio.run(_run(work, MeshSettings.from_environ(os.environ))))
    except _NOT_DONE as error:
        _console(stderr=True).print(f"not done: {error}")
        sys.exit(NOT_FINE)
    except SettingError as error:
        _console(stderr=True).print(str(error))
        sys.exit(WRONG_USAGE)


async def rebuild(settings: MeshSettings, progress: Progress) -> Outcome:
    """Make the index anew and swap it in."""
    async with _rebuild(settings, progress) as work:
        rebuilt = await work.run()
        return Outcome(reports.rebuilt_lines(rebuilt), not rebuilt.unreadable)


async def compare(settings: MeshSettings, progress: Progress) -> Outcome:
    """Report what a rebuild would change."""
    async with _rebuild(settings, progress) as work:
        return Outcome(reports.difference_lines(await work.compare()))


async def restore(settings: MeshSettings, progress: Progress) -> Outcome:
    """Store what was published and is not stored."""
    async with _restore(settings, progress) as work:
        restored = await work.run()
        return Outcome(reports.restored_lines(restored, "restored"), not restored.findings)


async def rehearse_restore(settings: MeshSettings, progress: Progress) -> Outcome:
    """Report what would be stored."""
    async with _restore(settings, progress) as work:
        restored = await work.rehearse()
        return Outcome(reports.restored_lines(restored, "would restore"), not restored.findings)


async def refill(settings: MeshSettings, progress: Progress) -> Outcome:
    """Publish what is stored and is published no longer."""
    async with _refill(settings, progress) as work:
        refilled = await work.run()
        return Outcome(reports.refilled_lines(refilled, "published"), not refilled.findings)


async def rehearse_refill(settings: MeshSettings, progress: Progress) -> Outcome:
    """Report what would be published."""
    async with _refill(settings, progress) as work:
        refilled = await work.rehearse()
        return Outcome(reports.refilled_lines(refilled, "would publish"), not refilled.findings)


_WORKS: Mapping[str, tuple[Work, Work]] = {
    "rebuild": (rebuild, compare),
    "restore": (restore, rehearse_restore),
    "refill": (refill, rehearse_refill),
}


def _chosen() -> Work:
    parser = argparse.ArgumentParser(prog="services.order.maintenance")
    parser.add_argument("work", choices=_WORKS)
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    return _WORKS[arguments.work][arguments.dry_run]


async def _run(work: Work, settings: MeshSettings) -> int:
    with console_progress(_console(stderr=True)) as progress:
        outcome = await work(settings, progress)
    for line in outcome.lines:
        _console(stderr=False).print(line)
    return FINE if outcome.is_fine else NOT_FINE


def _console(*, stderr: bool) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)


@asynccontextmanager
async def _rebuild(settings: MeshSettings, progress: Progress) -> AsyncIterator[Rebuild]:
    async with open_stores(Settings.of(settings)) as stores:
        yield Rebuild(store=stores.events, index=stores.index, progress=progress)


@asynccontextmanager
async def _restore(settings: MeshSettings, progress: Progress) -> AsyncIterator[Restore]:
    own = Settings.of(settings)
    async with open_stores(own) as stores, open_event_log(settings) as log:
        yield Restore(
            store=stores.events,
            published=LogPublishedEvents(log),
            heads=FileHeadLog(own.head_log, key=read_or_make(own.head_key)),
            progress=progress,
        )


@asynccontextmanager
async def _refill(settings: MeshSettings, progress: Progress) -> AsyncIterator[Refill]:
    async with open_stores(Settings.of(settings)) as stores, open_event_log(settings) as log:
        yield Refill(store=stores.events, published=LogPublishedEvents(log), progress=progress)


if __name__ == "__main__":
    main()
