"""What events of other services do to orders."""

from mesh.event_log.inbox.inbox import RetryLater
from services.kernel.envelope import Envelope
from services.order.application.commands.customers import Customers
from services.order.domain.errors import StoreUnavailable

CONSUMER = "order"
"""The consumer group and inbox that these events are counted in."""
EVENTS_WITH_EFFECT = frozenset({"UserErased"})


async def on_user_event(customers: Customers, event: Envelope) -> None:
    """Forget erased accounts; other events of accounts change nothing here.

    Raises:
        RetryLater: The keys cannot be reached.
    """
    if event.type not in EVENTS_WITH_EFFECT:
        return
    try:
        await customers.erase(event.key)
    except StoreUnavailable:
        raise RetryLater from None
