"""A lease in MongoDB: of several processes one does a thing at a time, and a dead one is replaced."""

import time
from collections.abc import Callable
from contextlib import suppress

from pymongo.errors import DuplicateKeyError

from mesh.mongodb.client import Collection
from services.order.adapters.store_errors_mongo import translated
from services.order.domain.errors import StoreUnavailable

LEASE_SECONDS = 5.0


class MongoLease:
    """One name to hold. Renew it well within `seconds`; its holder works, the others wait.

    A lease is no lock: a holder that was paused may still be working when the next one starts.
    """

    def __init__(
        self,
        leases: Collection,
        *,
        name: str,
        holder: str,
        seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._leases = leases
        self._name = name
        self._holder = holder
        self._clock = clock
        self._renew_time = 0.0
        self.seconds = seconds

    async def hold(self) -> bool:
        """Take the lease, or renew it when half of its time is over.

        Returns:
            Whether it is held now.

        Raises:
            StoreUnavailable: Nobody knows.
        """
        now = self._clock()
        if self._renew_time - self.seconds / 2 <= now < self._renew_time:
            return True
        held = await self._take(now)
        self._renew_time = now + self.seconds / 2 if held else 0.0
        return held

    async def release(self) -> None:
        """Let the next one in at once, if the server answers; otherwise when its time is over."""
        self._renew_time = 0.0
        with suppress(StoreUnavailable), translated():
            await self._leases.delete_one({"_id": self._name, "holder": self._holder})

    async def _take(self, now: float) -> bool:
        over = [
            {"holder": self._holder},
            {"expire_time": {"$lte": now}},
            # Further ahead than a lease lasts: the clock was set back since; nobody renews that.
            {"expire_time": {"$gt": now + self.seconds}},
        ]
        row = {"holder": self._holder, "expire_time": now + self.seconds}
        with translated():
            try:
                await self._leases.update_one({"_id": self._name, "$or": over}, {"$set": row}, upsert=True)
            except DuplicateKeyError:
                # Another one holds it.
                return False
        return True
