"""What events of other services do to orders."""

from services.kernel.envelope import Envelope
from services.order.application.customers import Customers

CONSUMER = "order"
"""The consumer group and inbox that these events are counted in."""


async def on_user_event(customers: Customers, event: Envelope) -> None:
    """Forget whoever was erased; other events of accounts change nothing here."""
    if event.type == "UserErased":
        await customers.erase(event.key)
