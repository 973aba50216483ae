"""Which worker sends which mail, and when: nothing is lost with a worker, and no two send the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.kernel.clock import Clock
from services.notification.application.dispatch import SEND_SECONDS
from services.notification.application.ports import Claim, Mailer, NextDue, Unit, UnitOfWork
from services.notification.application.providers import Providers, States, next_check
from services.notification.domain.delivery import Delivery
from services.notification.domain.retries import LONGEST_PAUSE

BATCH = 16
WORKER_DIED = "the worker that sent it has ended"
CLAIM_SECONDS = 3 * SEND_SECONDS
"""How long a mail is one worker's: long enough to hand it over, and renewed where it is not."""
_SPARE_SECONDS = 5.0


class ClaimOver(Exception):
    """A mail is not this worker's any more: another one has it, or it is decided."""


class Claims:
    """What this worker may send; it claims a mail before it sends it.

    Attributes:
        seconds_to_next: How long until something is due, as `claim` saw it; None: nothing is.
    """

    def __init__(
        self,
        *,
        read: UnitOfWork,
        read_one: UnitOfWork,
        write: UnitOfWork,
        providers: Providers,
        holder: str,
        clock: Clock,
        note_lost: Callable[[Delivery], None] = lambda _: None,
    ) -> None:
        """Bind the use cases.

        Args:
            read: opens a transaction that reads.
            read_one: opens one that asks a single question.
            write: opens a transaction that writes.
            providers: limit how many are claimed.
            holder: this worker's name, the same after a restart.
            clock: the time.
            note_lost: is called with a mail that a worker which died may have handed over.
        """
        self._read = read
        self._read_one = read_one
        self._write = write
        self._providers = providers
        self.holder = holder
        self._clock = clock
        self._note_lost = note_lost
        self.seconds_to_next: float | None = 0.0

    async def resume(self) -> None:
        """Take up what this worker had claimed when it died, and what waits: providers may be others now."""
        async with self._write() as unit:
            lost = await self._take_up(unit, await unit.deliveries.claims(self.holder))
            await unit.deliveries.release_waiting(self._clock())
        self._note(lost)

    async def claim(self) -> Sequence[Claim]:
        """Take what is due; nobody else sends it for a while."""
        schedule = await self._schedule()
        self.seconds_to_next = schedule.seconds
        if schedule.seconds != 0:
            return ()
        if schedule.check_seconds == 0:
            await self._wake_probes(schedule.states)
        await self._providers.refresh()
        now = self._clock()
        async with self._write() as unit:
            until, limit = now + timedelta(seconds=CLAIM_SECONDS), await self._providers.limit(unit, BATCH)
            expired = await unit.deliveries.expired_claims(now) if self._providers.may_double else ()
            lost = await self._take_up(unit, expired)
            claimed = await unit.deliveries.claim(self.holder, now=now, until=until, limit=limit)
            await self._providers.charge(unit, claimed)
        self._note(lost)
        return claimed

    async def announce(self, claim: Claim, mailer: Mailer) -> Claim:
        """Note who gets a mail, unless its claim says so and lasts until the answer; the claim as it is then.

        Raises:
            ClaimOver: Another worker has it, or it is decided.
        """
        now = self._clock()
        is_known = mailer.is_repeatable or claim.handed_to == mailer.name
        if is_known and _seconds(claim.end_time - now) >= SEND_SECONDS + _SPARE_SECONDS:
            return claim
        until = now + timedelta(seconds=CLAIM_SECONDS)
        provider = "" if mailer.is_repeatable else mailer.name
        async with self._write() as unit:
            if not await unit.deliveries.hand_to(provider, claim.delivery, self.holder, until=until):
                raise ClaimOver
            announced = replace(claim, handed_to=provider, end_time=until)
            if not is_known:
                await self._providers.charge(unit, [announced])
        return announced

    async def _take_up(self, unit: Unit, claims: Sequence[Claim]) -> Sequence[Delivery]:
        """End the claims of a worker that has died; what it may have handed over has lost its answer."""
        lost = []
        for claim in claims:
            delivery = claim.delivery.due_at_once()
            if claim.handed_to:
                delivery = claim.delivery.answer_lost(
                    self._clock(), claim.delivery.provider or claim.handed_to, WORKER_DIED
                )
                lost.append(delivery)
            await unit.deliveries.replace(delivery)
        return lost

    def _note(self, lost: Sequence[Delivery]) -> None:
        for delivery in lost:
            self._note_lost(delivery)

    async def _schedule(self) -> "_Schedule":
        now = self._clock()
        async with self._read_one() as unit:
            due = await unit.deliveries.next_due()
        if due == NextDue():
            return _NOTHING_DUE
        async with self._read() as unit:
            # Providers are asked by themselves only for those mails that wait for them.
            states = await self._providers.states(unit) if due.waiting is not None else {}
            return _Schedule(
                states=states,
                check_seconds=_until(next_check(states), now),
                deadline_seconds=_until(due.waiting, now),
                account_seconds=await self._pending_seconds(unit, due.account, about_an_account=True),
                order_seconds=await self._pending_seconds(unit, due.order, about_an_account=False),
            )

    async def _pending_seconds(
        self, unit: Unit, due: datetime | None, *, about_an_account: bool
    ) -> float | None:
        """How long until a mail can be claimed: until it is due, and its provider takes one."""
        if due is None:
            return None
        span = due - self._clock()
        # Nothing waits that long on purpose: the clock was set back.
        due_seconds = 0.0 if span > LONGEST_PAUSE else _seconds(span)
        return max(due_seconds, await self._providers.wait_seconds(unit, about_an_account=about_an_account))

    async def _wake_probes(self, states: States) -> None:
        """Wake a waiting mail for each provider that is due: it asks whether we may send now."""
        now = self._clock()
        async with self._write() as unit:
            for state in states.values():
                if state.check_time is not None and state.check_time <= now:
                    is_asked = await unit.deliveries.release_oldest_waiting(now, provider=state.name)
                    if not is_asked:
                        await unit.providers.replace(state, state.checked_later(now))


@dataclass(frozen=True, slots=True)
class _Schedule:
    """How long until something is due, in seconds; None where there is nothing of the kind."""

    states: States
    check_seconds: float | None
    deadline_seconds: float | None
    account_seconds: float | None
    order_seconds: float | None

    @property
    def seconds(self) -> float | None:
        known = (self.check_seconds, self.deadline_seconds, self.account_seconds, self.order_seconds)
        return min((each for each in known if each is not None), default=None)


_NOTHING_DUE = _Schedule({}, None, None, None, None)


def _until(time: datetime | None, now: datetime) -> float | None:
    return None if time is None else _seconds(time - now)


def _seconds(span: timedelta) -> float:
    return max(0.0, span.total_seconds())
