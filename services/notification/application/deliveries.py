"""Sending what is due, so that nothing is lost and nothing is sent twice by two workers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from services.kernel.clock import Clock
from services.notification.application.dispatch import Dispatch, Handover
from services.notification.application.ports import (
    Claim,
    ContactGone,
    Contacts,
    ContactUnavailable,
    NextDue,
    Renderer,
    Unit,
    UnitOfWork,
    Unsent,
)
from services.notification.application.providers import (
    Providers,
    StateChange,
    States,
    blocked_reason,
    next_check,
)
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
from services.notification.domain.delivery import LONGEST_PAUSE, Delivery, DeliveryState
from services.notification.domain.message import Contact, Message
from services.notification.domain.suppression import REASONS, AddressHasher, Suppression

BATCH = 16
WORKER_DIED = "the worker that sent it has ended"
CONTACT_SECONDS = 5.0
SEND_SECONDS = 15.0
# Longer than an attempt may take: a claim that ends early would be somebody else's mail as well.
CLAIM_SECONDS = 4 * SEND_SECONDS


class Deliveries:
    """The sending side; each worker claims before it sends."""

    def __init__(
        self,
        *,
        read: UnitOfWork,
        write: UnitOfWork,
        contacts: Contacts,
        renderer: Renderer,
        providers: Providers,
        addresses: AddressHasher,
        holder: str,
        clock: Clock,
        note_lost: Callable[[Delivery], None] = lambda _: None,
    ) -> None:
        """Bind the use cases.

        Args:
            read: opens a transaction that reads.
            write: opens a transaction that writes.
            contacts: says where to write.
            renderer: writes the texts.
            providers: takes them.
            addresses: hashes addresses, of which some get no mails.
            holder: this worker's name, the same after a restart.
            clock: the time.
            note_lost: is called with a mail that a worker which died may have handed over.
        """
        self._read = read
        self._write = write
        self._contacts = contacts
        self._renderer = renderer
        self._providers = providers
        self._dispatch = Dispatch(providers, clock=clock)
        self._addresses = addresses
        self._holder = holder
        self._clock = clock
        self._note_lost = note_lost

    async def resume(self) -> None:
        """Take up what this worker had claimed when it died, and what waits: providers may be others now."""
        async with self._write() as unit:
            await self._take_up(unit, await unit.deliveries.claims(self._holder))
            await unit.deliveries.release_waiting(self._clock())

    async def claim(self) -> Sequence[Delivery]:
        """Take what is due; nobody else sends it for a while."""
        schedule = await self._schedule()
        if schedule.seconds != 0:
            return ()
        if schedule.check_seconds == 0:
            await self._wake_probes(schedule.states)
        await self._providers.refresh()
        now = self._clock()
        async with self._write() as unit:
            until, limit = now + timedelta(seconds=CLAIM_SECONDS), await self._providers.limit(unit, BATCH)
            if self._providers.may_double:
                await self._take_up(unit, await unit.deliveries.expired_claims(now))
            claimed = await unit.deliveries.claim(self._holder, now=now, until=until, limit=limit)
            await self._providers.charge(unit, len(claimed))
        return claimed

    async def send(self, delivery: Delivery) -> Delivery:
        """Try to send a claimed delivery and note what became of it."""
        changes: tuple[StateChange, ...] = ()
        try:
            outcome, changes = await self._attempt(delivery)
        except ContactUnavailable:
            outcome = delivery.postponed(self._clock(), "the user service does not answer")
        except ContactGone:
            outcome = delivery.suppressed("there is no such account")
        await self._record_outcome(outcome, changes)
        return outcome

    async def postpone(self, delivery: Delivery) -> None:
        """Put a claimed delivery back after an attempt that failed for no known reason."""
        await self._record_outcome(delivery.postponed(self._clock()))

    async def seconds_to_next(self) -> float | None:
        """How long until something is due: 0 for now, None for nothing at all."""
        return (await self._schedule()).seconds

    async def unsent(self) -> Sequence[Unsent]:
        """What is not sent yet, by what it waits for."""
        async with self._read() as unit:
            return await unit.deliveries.unsent()

    async def is_reachable(self) -> bool:
        """Whether a provider can be reached; a health probe that does not raise."""
        return await self._dispatch.is_reachable()

    async def forget_erased(self) -> None:
        """Let the mailer forget the mails of erased accounts."""
        async with self._read() as unit:
            pending = await unit.erasures.pending(BATCH)
        if not pending:
            return
        for message_id in pending:
            await self._dispatch.forget(message_id)
        async with self._write() as unit:
            await unit.erasures.done(pending)

    async def _is_taken_now(self, unit: Unit, delivery: Delivery) -> bool:
        """Whether a provider takes it since it was tried: another worker may have learned that."""
        return not blocked_reason(delivery, await self._providers.states(unit))

    async def _take_up(self, unit: Unit, claims: Sequence[Claim]) -> None:
        """End the claims of a worker that has died. What it may have handed over has lost its answer."""
        for claim in claims:
            delivery = claim.delivery.due_at_once()
            if claim.handed_to:
                delivery = claim.delivery.answer_lost(
                    self._clock(), claim.delivery.provider or claim.handed_to, WORKER_DIED
                )
                self._note_lost(delivery)
            await unit.deliveries.replace(delivery)

    async def _schedule(self) -> "_Schedule":
        now = self._clock()
        async with self._read() as unit:
            due = await unit.deliveries.next_due()
            # Providers are asked by themselves only for those mails that wait for them.
            states = await self._providers.states(unit) if due.waiting is not None else {}
            budget_seconds = await self._providers.wait_seconds(unit) if due != NextDue() else 0.0
        check_time = next_check(states)
        return _Schedule(
            states=states,
            check_seconds=None if check_time is None else _seconds(check_time - now),
            pending_seconds=None if due.pending is None else _wait(due.pending - now),
            deadline_seconds=None if due.waiting is None else _seconds(due.waiting - now),
            budget_seconds=budget_seconds,
        )

    async def _attempt(self, delivery: Delivery) -> tuple[Delivery, tuple[StateChange, ...]]:
        async with self._read() as unit:
            if not await _is_wanted(unit, delivery):
                return delivery.suppressed("not wanted"), ()
            order = await unit.orders.get(delivery.order_id) if delivery.order_id else None
            states = await self._providers.states(unit)
        if delivery.is_over(self._clock()):
            return delivery.expired(), ()
        if reason := delivery.outdated(order):
            return delivery.skipped(reason), ()
        candidates = await self._dispatch.candidates(delivery, states)
        if not candidates:
            return self._unsent(delivery, states), ()
        contact = await self._contact(delivery)
        if (found := await self._suppression(contact)) is not None:
            return delivery.suppressed(REASONS[found.cause]), ()
        message = Message(
            message_id=delivery.notification_id,
            recipient=contact,
            text=self._renderer.render(delivery, contact, order),
            trace_id=delivery.trace_id,
            create_time=delivery.create_time,
        )
        handover = await self._dispatch.hand_over(message, candidates, states)
        return self._outcome(delivery.answered(handover.answer), handover), handover.changes

    async def _contact(self, delivery: Delivery) -> Contact:
        try:
            async with asyncio.timeout(CONTACT_SECONDS):
                return await self._contacts.prepare(delivery)
        except TimeoutError:
            raise ContactUnavailable("the user service does not answer in time") from None

    async def _suppression(self, contact: Contact) -> Suppression | None:
        async with self._read() as unit:
            return await unit.suppressions.find(self._addresses.hash(contact.email))

    async def _wake_probes(self, states: States) -> None:
        """Wake a waiting mail for each provider that is due: it asks whether we may send now."""
        now = self._clock()
        async with self._write() as unit:
            for state in states.values():
                if state.check_time is not None and state.check_time <= now:
                    is_asked = await unit.deliveries.release_oldest_waiting(now, provider=state.name)
                    if not is_asked:
                        await unit.providers.replace(state, state.checked_later(now))

    def _unsent(self, delivery: Delivery, states: States) -> Delivery:
        now, reason = self._clock(), blocked_reason(delivery, states)
        return delivery.waiting(now, reason) if reason else delivery.postponed(now, "no provider answers")

    def _outcome(self, delivery: Delivery, handover: Handover) -> Delivery:
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

    async def _record_outcome(self, delivery: Delivery, changes: Sequence[StateChange] = ()) -> None:
        async with self._write() as unit:
            await self._providers.learn(unit, changes)
            if delivery.state is DeliveryState.WAITING and await self._is_taken_now(unit, delivery):
                delivery = delivery.released(self._clock())
            is_ours = await unit.deliveries.record_outcome(delivery, self._holder)
            is_erased = await unit.erasures.is_erased(delivery.user_id)
        if not is_ours and is_erased and delivery.state is DeliveryState.SENT:
            # The account was erased while its mail was on the way.
            await self._dispatch.forget(delivery.notification_id)


@dataclass(frozen=True, slots=True)
class _Schedule:
    """How long until something is due, in seconds; None where there is nothing of the kind."""

    states: States
    check_seconds: float | None
    pending_seconds: float | None
    deadline_seconds: float | None
    budget_seconds: float

    @property
    def seconds(self) -> float | None:
        known = (self.check_seconds, self.pending_seconds, self.deadline_seconds)
        earliest = min((each for each in known if each is not None), default=None)
        # Until the budget has room for a mail nothing can be claimed.
        return None if earliest is None else max(earliest, self.budget_seconds)


def _wait(span: timedelta) -> float:
    # Nothing waits that long on purpose: the clock was set back.
    return 0.0 if span > LONGEST_PAUSE else _seconds(span)


def _seconds(span: timedelta) -> float:
    return max(0.0, span.total_seconds())


async def _is_wanted(unit: Unit, delivery: Delivery) -> bool:
    preferences = await unit.preferences.get(delivery.user_id)
    return preferences.wants(delivery.template) and not await unit.erasures.is_erased(delivery.user_id)
