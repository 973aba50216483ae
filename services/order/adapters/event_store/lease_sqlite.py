"""The lease of the relay, in the SQLite file of the events."""

from contextlib import suppress

from mesh.event_log.outbox.lease import SqlLease
from services.order.adapters.store_errors_sql import translated
from services.order.domain.errors import StoreUnavailable


class SqliteLease:
    """The mesh's lease, with this service's errors."""

    def __init__(self, lease: SqlLease) -> None:
        self._lease = lease

    async def hold(self) -> bool:
        """Take the lease, or renew it when half of its time is over.

        Returns:
            Whether it is held now.

        Raises:
            StoreUnavailable: Nobody knows.
        """
        with translated():
            return await self._lease.hold()

    async def release(self) -> None:
        """Let the next one in at once, if the file can be written; otherwise when its time is over."""
        with suppress(StoreUnavailable), translated():
            await self._lease.release()
