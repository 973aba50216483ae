"""Sending what is due, so that nothing is lost and nothing is sent twice by two workers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from services.kernel.clock import Clock
from services.notification.application.claims import ClaimOver, Claims
from services.notification.application.dispatch import Dispatch, Handover
from services.notification.application.ports import (
    Claim,
    ContactGone,
    Contacts,
    ContactUnavailable,
    Mailer,
    Renderer,
    Unit,
    UnitOfWork,
    Unsent,
)
from services.notification.application.providers import Providers, StateChange, States, blocked_reason
from services.notification.domain.answer import (
    Accepted,
    AnswerLost,
    NotAllowed,
    QuotaUsedUp,
    Refused,
    RefusedForNow,
    TooFast,
    Unavailable,
)
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.message import Contact, Message
from services.notification.domain.suppression import REASONS, AddressHasher, Suppression

CONTACT_SECONDS = 5.0
_FORGOTTEN_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claimed delivery, and what that says of providers; it is still to be recorded."""

    delivery: Delivery
    changes: tuple[StateChange, ...] = ()


class Deliveries:
    """The sending side; each worker claims before it sends."""

    def __init__(
        self,
        *,
        read: UnitOfWork,
        read_one: UnitOfWork,
        write: UnitOfWork,
        claims: Claims,
        contacts: Contacts,
        renderer: Renderer,
        providers: Providers,
        addresses: AddressHasher,
        clock: Clock,
    ) -> None:
        """Bind the use cases.

        Args:
            read: opens a transaction that reads.
            read_one: opens one that asks a single question.
            write: opens a transaction that writes.
            claims: the mails are this worker's by them.
            contacts: says where to write.
            renderer: writes the texts.
            providers: takes them.
            addresses: hashes addresses, of which some get no mails.
            clock: the time.
        """
        self._read = read
        self._read_one = read_one
        self._write = write
        self._claims = claims
        self._contacts = contacts
        self._renderer = renderer
        self._providers = providers
        self._dispatch = Dispatch(providers, clock=clock)
        self._addresses = addresses
        self._clock = clock

    async def attempt(self, claim: Claim) -> Outcome | None:
        """Try to send a claimed delivery; None where it turns out to be another's."""
        try:
            return await self._attempt(claim)
        except ClaimOver:
            return None
        except ContactUnavailable:
            return self.postponed(claim, "the user service does not answer")
        except ContactGone:
            return Outcome(claim.delivery.suppressed("there is no such account"))

    def postponed(self, claim: Claim, reason: str = "") -> Outcome:
        """What becomes of a delivery that was certainly not handed over: it is tried again."""
        return Outcome(claim.delivery.postponed(self._clock(), reason))

    async def record(self, outcome: Outcome) -> None:
        """Store what became of a delivery; until then a mail that was handed over may be sent again."""
        delivery = outcome.delivery
        async with self._write() as unit:
            await self._providers.learn(unit, outcome.changes)
            if delivery.state is DeliveryState.WAITING and await self._is_taken_now(unit, delivery):
                delivery = delivery.released(self._clock())
            is_stored = await unit.deliveries.record_outcome(delivery, self._claims.holder)
            is_erased = not is_stored and await unit.erasures.is_erased(delivery.user_id)
        if is_erased and delivery.state is DeliveryState.SENT:
            # The account was erased while its mail was on the way.
            await self._dispatch.forget(delivery.notification_id)

    async def unsent(self) -> Sequence[Unsent]:
        """What is not sent yet, by what it waits for."""
        async with self._read_one() as unit:
            return await unit.deliveries.unsent()

    async def is_reachable(self) -> bool:
        """Whether a provider can be reached; a health probe that does not raise."""
        return await self._dispatch.is_reachable()

    async def forget_erased(self) -> None:
        """Let the mailer forget the mails of erased accounts."""
        async with self._read_one() as unit:
            pending = await unit.erasures.pending(_FORGOTTEN_AT_ONCE)
        if not pending:
            return
        for message_id in pending:
            await self._dispatch.forget(message_id)
        async with self._write() as unit:
            await unit.erasures.done(pending)

    async def _is_taken_now(self, unit: Unit, delivery: Delivery) -> bool:
        """Whether a provider takes it since it was tried: another worker may have learned that."""
        return not blocked_reason(delivery, await self._providers.states(unit))

    async def _attempt(self, claim: Claim) -> Outcome:
        delivery = claim.delivery
        async with self._read() as unit:
            if not await _is_wanted(unit, delivery):
                return Outcome(delivery.suppressed("not wanted"))
            order = await unit.orders.get(delivery.order_id) if delivery.order_id else None
            states = await self._providers.states(unit)
        if delivery.is_over(self._clock()):
            return Outcome(delivery.expired())
        if reason := delivery.outdated(order):
            return Outcome(delivery.skipped(reason))
        candidates = await self._dispatch.candidates(delivery, states)
        if not candidates:
            return Outcome(self._unsent(delivery, states))
        contact = await self._contact(delivery)
        if (found := await self._suppression(contact)) is not None:
            return Outcome(delivery.suppressed(REASONS[found.cause]))
        message = Message(
            message_id=delivery.notification_id,
            recipient=contact,
            text=self._renderer.render(delivery, contact, order),
            trace_id=delivery.trace_id,
            create_time=delivery.create_time,
        )

        async def announce(mailer: Mailer) -> None:
            nonlocal claim
            claim = await self._claims.announce(claim, mailer)

        handover = await self._dispatch.hand_over(message, candidates, states, announce=announce)
        return Outcome(self._decided(delivery.answered(handover.answer), handover), handover.changes)

    async def _contact(self, delivery: Delivery) -> Contact:
        try:
            async with asyncio.timeout(CONTACT_SECONDS):
                return await self._contacts.prepare(delivery)
        except TimeoutError:
            raise ContactUnavailable("the user service does not answer in time") from None

    async def _suppression(self, contact: Contact) -> Suppression | None:
        async with self._read_one() as unit:
            return await unit.suppressions.find(self._addresses.hash(contact.email))

    def _unsent(self, delivery: Delivery, states: States) -> Delivery:
        now, reason = self._clock(), blocked_reason(delivery, states)
        return delivery.waiting(now, reason) if reason else delivery.postponed(now, "no provider answers")

    def _decided(self, delivery: Delivery, handover: Handover) -> Delivery:
        """What becomes of a delivery after the last provider's answer."""
        now, provider = self._clock(), handover.provider
        match handover.answer:
            case Accepted(message_id):
                return delivery.sent(now, provider, message_id)
            case Refused(reason):
                return delivery.failed(reason)
            case RefusedForNow(reason):
                return delivery.refused(now, reason)
            case NotAllowed(reason) | QuotaUsedUp(reason):
                return delivery.waiting(now, f"{provider}: {reason}")
            case TooFast():
                return delivery.slowed(now)
            case Unavailable(reason):
                return delivery.postponed(now, reason)
            case AnswerLost(reason):
                return delivery.answer_lost(now, provider, reason)
            case _:
                assert_never(handover.answer)


async def _is_wanted(unit: Unit, delivery: Delivery) -> bool:
    if await unit.erasures.is_erased(delivery.user_id):
        return False
    # Somebody asked for a copy.
    return bool(delivery.copy_of) or (await unit.preferences.get(delivery.user_id)).wants(delivery.template)
