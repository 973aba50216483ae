"""Measures how soon writes work again: somebody keeps ordering, and gives up early on what takes long."""

import itertools
import time

from tests.faults.history import History
from tests.faults.shoppers import CUSTOMERS, Shop
from tests.faults.tokens import Tokens
from tests.support.running_mesh import RunningMesh

_PATIENCE_SECONDS = 4.0
_PAUSE_SECONDS = 0.2
_GIVE_UP_SECONDS = 60.0


class Prober:
    """Places orders of one piece until one is acknowledged."""

    def __init__(self, mesh: RunningMesh, history: History, tokens: Tokens, *, sku: str, name: str) -> None:
        """Take a name that no other prober has: request ids begin with it."""
        self._shop = Shop(mesh, history, tokens, patience_seconds=_PATIENCE_SECONDS)
        self._sku = sku
        self._ids = (f"{name}-{number}" for number in itertools.count())

    def seconds_to_write(self, since: float) -> float | None:
        """How long after a monotonic time a write that began behind it was acknowledged; None: too long."""
        while time.monotonic() < since + _GIVE_UP_SECONDS:
            if self._shop.place(CUSTOMERS[0], next(self._ids), {self._sku: 1}) is not None:
                return time.monotonic() - since
            time.sleep(_PAUSE_SECONDS)
        return None
