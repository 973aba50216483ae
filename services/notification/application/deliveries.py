"""Sending what is due, so that nothing is lost and nothing is sent twice by two workers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from services.kernel.clock import Clock
from services.notification.application.ports import (
    ContactGone,
    Contacts,
    ContactUnavailable,
    Mailer,
    MailerUnavailable,
    MailRefused,
    Renderer,
    Unit,
    UnitOfWork,
)
from services.notification.domain.delivery import LONGEST_PAUSE, Delivery, DeliveryState
from services.notification.domain.message import Message

BATCH = 16
SEND_SECONDS = 15.0
# Longer than an attempt may take: a claim that ends early would be somebody else's mail as well.
CLAIM_SECONDS = 2 * SEND_SECONDS


class Deliveries:
    """The sending side; each worker claims before it sends."""

    def __init__(
        self,
        *,
        read: UnitOfWork,
        write: UnitOfWork,
        contacts: Contacts,
        renderer: Renderer,
        mailer: Mailer,
        holder: str,
        clock: Clock,
    ) -> None:
        """Bind the use cases.

        Args:
            read: opens a transaction that reads.
            write: opens a transaction that writes.
            contacts: says where to write.
            renderer: writes the texts.
            mailer: hands them over.
            holder: this worker's name, the same after a restart.
            clock: the time.
        """
        self._read = read
        self._write = write
        self._contacts = contacts
        self._renderer = renderer
        self._mailer = mailer
        self._holder = holder
        self._clock = clock

    async def resume(self) -> None:
        """Take up what this worker had claimed when it died."""
        async with self._write() as unit:
            await unit.deliveries.release(self._holder)

    async def claim(self) -> Sequence[Delivery]:
        """Take what is due; nobody else sends it for a while."""
        if await self.seconds_to_next() != 0:
            return ()
        now = self._clock()
        async with self._write() as unit:
            until = now + timedelta(seconds=CLAIM_SECONDS)
            return await unit.deliveries.claim(self._holder, now=now, until=until, limit=BATCH)

    async def send(self, delivery: Delivery) -> Delivery:
        """Try to send a claimed delivery and note what became of it."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                outcome = await self._attempt(delivery)
        except (ContactUnavailable, MailerUnavailable, TimeoutError):
            outcome = delivery.postponed(self._clock())
        except MailRefused:
            outcome = delivery.refused(self._clock())
        except ContactGone:
            outcome = delivery.suppressed()
        await self._record_outcome(outcome)
        return outcome

    async def postpone(self, delivery: Delivery) -> None:
        """Put a claimed delivery back after an attempt that failed for no known reason."""
        await self._record_outcome(delivery.postponed(self._clock()))

    async def seconds_to_next(self) -> float | None:
        """How long until something is due: 0 for now, None for nothing at all."""
        async with self._read() as unit:
            due = await unit.deliveries.next_due()
        return None if due is None else _wait(due - self._clock())

    async def forget_erased(self) -> None:
        """Let the mailer forget the mails of erased accounts."""
        async with self._read() as unit:
            pending = await unit.erasures.pending(BATCH)
        if not pending:
            return
        for message_id in pending:
            await self._mailer.forget(message_id)
        async with self._write() as unit:
            await unit.erasures.done(pending)

    async def _attempt(self, delivery: Delivery) -> Delivery:
        async with self._read() as unit:
            if not await _is_wanted(unit, delivery):
                return delivery.suppressed()
            order = await unit.orders.get(delivery.order_id) if delivery.order_id else None
        contact = await self._contacts.prepare(delivery.user_id, delivery.template.purpose)
        message = Message(
            message_id=delivery.notification_id,
            recipient=contact,
            text=self._renderer.render(delivery, contact, order),
            trace_id=delivery.trace_id,
            create_time=delivery.create_time,
        )
        await self._mailer.send(message)
        return delivery.sent(self._clock())

    async def _record_outcome(self, delivery: Delivery) -> None:
        async with self._write() as unit:
            is_ours = await unit.deliveries.record_outcome(delivery, self._holder)
            is_erased = await unit.erasures.is_erased(delivery.user_id)
        if not is_ours and is_erased and delivery.state is DeliveryState.SENT:
            # The account was erased while its mail was on the way.
            await self._mailer.forget(delivery.notification_id)


def _wait(span: timedelta) -> float:
    # Nothing waits that long on purpose: the clock was set back.
    return 0.0 if span > LONGEST_PAUSE else max(0.0, span.total_seconds())


async def _is_wanted(unit: Unit, delivery: Delivery) -> bool:
    preferences = await unit.preferences.get(delivery.user_id)
    return preferences.wants(delivery.template) and not await unit.erasures.is_erased(delivery.user_id)
