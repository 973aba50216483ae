"""Taking in what providers report of mails that they took."""

from datetime import timedelta

from services.kernel.clock import Clock
from services.notification.application.ports import Unit, UnitOfWork
from services.notification.domain.delivery import Delivery
from services.notification.domain.feedback import Feedback
from services.notification.domain.suppression import AddressHasher, Suppression

KEPT = timedelta(days=14)
"""How long a hook's message is remembered; longer than one may be old."""


class Feedbacks:
    """Notes reports on deliveries, and keeps addresses that bounce or complain from getting more mails."""

    def __init__(self, *, write: UnitOfWork, addresses: AddressHasher, clock: Clock) -> None:
        """Bind the use case.

        Args:
            write: Opens a transaction that writes.
            addresses: Hashes the addresses that are suppressed.
            clock: The time now.
        """
        self._write = write
        self._addresses = addresses
        self._clock = clock

    async def take(self, message_id: str, feedback: Feedback | None) -> bool:
        """Take in a message of a hook, in one transaction; whether it was a new one.

        Args:
            message_id: Names the message; one that comes again changes nothing.
            feedback: What it reports; None: nothing that concerns mails.
        """
        now = self._clock()
        async with self._write() as unit:
            await unit.hook_messages.forget_before(now - KEPT)
            is_new = await unit.hook_messages.add(message_id, now)
            if is_new and feedback is not None:
                await self._note(unit, feedback)
        return is_new

    async def _note(self, unit: Unit, feedback: Feedback) -> None:
        delivery = await unit.deliveries.find(feedback.notification_id, feedback.provider_message_id)
        if delivery is not None and (reported := delivery.reported(feedback)) != delivery:
            await unit.deliveries.replace(reported)
        await self._suppress(unit, feedback, delivery)

    async def _suppress(self, unit: Unit, feedback: Feedback, delivery: Delivery | None) -> None:
        if feedback.suppression is None:
            return
        for address in feedback.addresses:
            await unit.suppressions.add(
                Suppression(
                    address_hash=self._addresses.hash(address),
                    cause=feedback.suppression,
                    create_time=self._clock(),
                    notification_id=delivery.notification_id if delivery else "",
                )
            )
