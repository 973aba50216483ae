"""Group commit: what several callers want at the same time is run together, writes and reads."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mesh.concurrency.task_group import Tasks

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Result = TypeVar("Result")
Turn = Callable[[], AbstractAsyncContextManager[object]]
"""What a group holds while it runs."""


@dataclass(slots=True)
class Group(Generic[Item, Result]):
    """Items that are run together, by a key of their own."""

    items: dict[object, Item] = field(default_factory=dict)
    running: "asyncio.Task[Result] | None" = None

    async def result(self) -> Result:
        """What became of the group; it runs to its end even if callers are cancelled."""
        assert self.running is not None
        return await asyncio.shield(self.running)


class Groups(Generic[Item, Result]):
    """Gathers items in groups: while others have their turn, the next group grows.

    So the busier the other side, the larger the groups.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Result]],
        *,
        most: int,
        tasks: Tasks,
        turn: Turn,
        detached: bool = False,
    ) -> None:
        """Bind what groups are for.

        Args:
            run: Runs a group.
            most: The size of a group.
            tasks: Runs groups beyond the calls of their items.
            turn: What a group waits for and holds while it runs, for example a lock.
            detached: Whether a group counts for no call; otherwise for the one that opened it.
        """
        self._run = run
        self._most = most
        self._tasks = tasks
        self._turn = turn
        self._detached = detached
        self._open: Group[Item, Result] | None = None

    def open_group(self) -> Group[Item, Result]:
        """The group that takes the next item."""
        if self._open is None or len(self._open.items) >= self._most:
            self._open = Group()
            context = Context() if self._detached else None
            self._open.running = self._tasks.start(self._in_turn(self._open), context=context)
        return self._open

    async def _in_turn(self, group: Group[Item, Result]) -> Result:
        async with self._turn():
            # Closed only now: items that came while others had their turn belong to the group.
            if self._open is group:
                self._open = None
            return await self._run(tuple(group.items.values()))


class GroupCommit(Generic[Item, Outcome]):
    """Items that wait at the same time share one run, each with its own outcome.

    A cancelled caller's item is run all the same.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        most: int,
        tasks: Tasks,
        turn: Turn | None = None,
        detached: bool = False,
    ) -> None:
        """As `Groups`; `run` answers items in their order, and without `turn` one group runs at a time."""
        lock = asyncio.Lock()
        self._groups = Groups(run, most=most, tasks=tasks, turn=turn or (lambda: lock), detached=detached)

    async def submit(self, item: Item) -> Outcome:
        """Have an item run.

        Raises:
            Exception: What `run` answered for this item, or raised for its whole group.
        """
        group = self._groups.open_group()
        place = len(group.items)
        group.items[place] = item
        outcome = (await group.result())[place]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
