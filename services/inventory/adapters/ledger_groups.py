"""Work of several callers in one transaction (group commit)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

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

_GROUPS_AT_ONCE = 1


@dataclass(slots=True)
class _Gathered(Generic[R, T]):
    requests: list[R] = field(default_factory=list)
    storing: "asyncio.Task[Sequence[tuple[T | DomainError, str]]] | None" = None


class GroupedWriter(Generic[R, T]):
    """The port `Group`: while one group is stored, requests of whichever call gather in the next.

    A group's statements count for the call that opened it, which may be gone before it is stored.
    """

    def __init__(self, written: Written, work: Work[R, T], *, tasks: Tasks) -> None:
        self._written = written
        self._work = work
        self._tasks = tasks
        self._turn = asyncio.Semaphore(_GROUPS_AT_ONCE)
        self._open: _Gathered[R, T] | None = None

    async def write(self, request: R) -> T:
        group = self._gathering()
        place = len(group.requests)
        group.requests.append(request)
        assert group.storing is not None
        outcome, position = (await asyncio.shield(group.storing))[place]
        if isinstance(outcome, DomainError):
            raise outcome
        note_position(position)
        return outcome

    def _gathering(self) -> _Gathered[R, T]:
        if self._open is None or len(self._open.requests) >= MOST_TOGETHER:
            self._open = _Gathered()
            self._open.storing = self._tasks.start(self._store(self._open))
        return self._open

    async def _store(self, group: _Gathered[R, T]) -> Sequence[tuple[T | DomainError, str]]:
        async with self._turn:
            if self._open is group:
                self._open = None
            try:
                return await self._stored(group.requests)
            except StockContended:
                # Others want one thing of the group; who wants something else gets it.
                return [await self._alone(request) for request in group.requests]

    async def _alone(self, request: R) -> tuple[T | DomainError, str]:
        try:
            (outcome,) = await self._stored([request])
        except StockContended as contended:
            return contended, ""
        return outcome

    async def _stored(self, requests: Sequence[R]) -> Sequence[tuple[T | DomainError, str]]:
        outcomes, position = await self._written(lambda ledger: self._work(ledger, requests))
        return [(outcome, position) for outcome in outcomes]


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
    """Tell the call being answered how far its writes got; empty: it moved nothing."""
    if position:
        note_write("inventory", position)
