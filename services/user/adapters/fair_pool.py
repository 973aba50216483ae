"""Threads for costly work, shared evenly among those who ask."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class PoolFull(Exception):
    """Too much waits already."""


class FairPool:
    """Runs so many functions at once as there are threads; those who wait take turns.

    A caller who asks for much waits behind itself, not in front of others.
    """

    def __init__(self, threads: ThreadPoolExecutor, *, at_once: int, most_per_turn: int, most: int) -> None:
        """Share some threads.

        Args:
            threads: Where functions run.
            at_once: How many of them.
            most_per_turn: How many may wait whose turn is the same.
            most: How many may wait at all.
        """
        self._threads = threads
        self._free = at_once
        self._most_per_turn = most_per_turn
        self._most = most
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def run(self, turn: str, function: Callable[..., Result], *arguments: object) -> Result:
        """Run a function when it is its turn.

        Raises:
            PoolFull: Too much waits already.
        """
        await self._take(turn)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        finally:
            self._give()

    async def _take(self, turn: str) -> None:
        if self._free:
            self._free -= 1
            return
        mine = self._waiting.get(turn, ())
        if len(mine) >= self._most_per_turn or sum(map(len, self._waiting.values())) >= self._most:
            raise PoolFull
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(turn, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._give()
            raise

    def _give(self) -> None:
        """Hand the thread to the first of the next turn, or keep it."""
        while self._waiting:
            turn, places = self._waiting.popitem(last=False)
            place = places.popleft()
            if places:
                self._waiting[turn] = places
            if not place.cancelled():
                place.set_result(None)
                return
        self._free += 1
