"""Work of several callers in one transaction (group commit)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from mesh.concurrency.group_commit import GroupCommit
from mesh.concurrency.task_group import Tasks
from mesh.sql.consistency import note_write
from services.inventory.application.ports import Ledger
from services.inventory.domain.errors import StockContended
from services.kernel.errors import DomainError

R = TypeVar("R")
T = TypeVar("T")
Work = Callable[[Ledger, Sequence[R]], Awaitable[Sequence[T | DomainError]]]
"""Answers requests in their order."""

Written = Callable[[Callable[[Ledger], Awaitable[Any]]], Awaitable[tuple[Any, str]]]
"""Does work in a transaction; answers its result, and how far the commit got."""

MOST_TOGETHER = 32
"""A group's locks last as long as all of its statements."""


class GroupedWriter(Generic[R, T]):
    """The port `Group`: while one group is stored, requests of whichever call gather in the next.

    A group's statements count for the call that opened it, which may be gone before it is stored.
    """

    def __init__(self, written: Written, work: Work[R, T], *, tasks: Tasks) -> None:
        self._written = written
        self._work = work
        self._commits = GroupCommit(self._store, most=MOST_TOGETHER, tasks=tasks)

    async def write(self, request: R) -> T:
        outcome, position = await self._commits.submit(request)
        note_position(position)
        return outcome

    async def _store(self, requests: Sequence[R]) -> Sequence[tuple[T, str] | Exception]:
        try:
            return await self._stored(requests)
        except StockContended:
            # Others want one thing of the group; who wants something else gets it.
            return [await self._alone(request) for request in requests]

    async def _alone(self, request: R) -> tuple[T, str] | Exception:
        try:
            (outcome,) = await self._stored([request])
        except StockContended as contended:
            return contended
        return outcome

    async def _stored(self, requests: Sequence[R]) -> Sequence[tuple[T, str] | Exception]:
        outcomes, position = await self._written(lambda ledger: self._work(ledger, requests))
        return [each if isinstance(each, DomainError) else (each, position) for each in outcomes]


class DirectWriter(Generic[R, T]):
    """The port `Group` where nobody else is waited for or with."""

    def __init__(
        self, write: Callable[[Callable[[Ledger], Awaitable[Any]]], Awaitable[Any]], work: Work[R, T]
    ) -> None:
        self._write = write
        self._work = work

    async def write(self, request: R) -> T:
        outcomes: Sequence[T | DomainError] = await self._write(lambda ledger: self._work(ledger, [request]))
        if isinstance(outcomes[0], DomainError):
            raise outcomes[0]
        return outcomes[0]


def note_position(position: str) -> None:
    """Note for the call being answered how far its writes got; empty: it moved nothing."""
    if position:
        note_write("inventory", position)
