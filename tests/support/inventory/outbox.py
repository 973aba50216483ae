"""Events that inventory has stored and not yet published."""

from collections.abc import Sequence

from sqlalchemy import select

from mesh.event_log.outbox.outbox import outbox_metadata
from mesh.sql import read
from services.kernel.envelope import Envelope
from tests.support.inventory.shop import Shop


async def outbox_events(shop: Shop) -> Sequence[Envelope]:
    """The events in the outbox, oldest first; nothing is published while no relay runs."""
    outbox = outbox_metadata.tables["outbox"]
    async with read(shop.engine) as session:
        bodies = (await session.execute(select(outbox.c.body).order_by(outbox.c.id))).scalars().all()
    return [Envelope.from_body(body) for body in bodies]
