"""Choosing a provider for a mail: the first of the chain that takes mails now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.kernel.clock import Clock
from services.notification.application.ports import Mailer, Permission, Unit, UnitOfWork
from services.notification.domain.answer import Answer, NotAllowed, QuotaUsedUp, Unavailable
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Message
from services.notification.domain.provider import Condition, ProviderState

States = Mapping[str, ProviderState]
"""The states of a chain's providers by their names, in the order of the chain."""


def blocked_reason(delivery: Delivery, states: States) -> str:
    """Why no provider may send a delivery; empty where one is only away, and comes back by itself."""
    asked = [each for each in states.values() if delivery.provider in ("", each.name)]
    if any(each.is_ready or each.condition is Condition.AWAY for each in asked):
        return ""
    return "; ".join(f"{each.name}: {each.reason}" for each in asked)


def next_check(states: States) -> datetime | None:
    """When the next provider is to be asked again; None where all are ready."""
    times = [each.check_time for each in states.values() if each.check_time is not None]
    return min(times, default=None)


@dataclass(frozen=True, slots=True)
class StateChange:
    """What an answer says of a provider."""

    old: ProviderState
    new: ProviderState


@dataclass(frozen=True, slots=True)
class Handover:
    """Which provider answered what at last, and what all answers say of their providers."""

    provider: str
    answer: Answer
    changes: tuple[StateChange, ...]


class Dispatch:
    """Hands mails to the providers of a chain, in order."""

    def __init__(self, mailers: Sequence[Mailer], *, write: UnitOfWork, clock: Clock) -> None:
        """Bind a chain.

        Args:
            mailers: The providers in the order in which they are asked.
            write: Opens a transaction that writes.
            clock: The time now.
        """
        self._mailers = mailers
        self._write = write
        self._clock = clock

    async def states(self, unit: Unit) -> States:
        """The states of the chain's providers, in its order."""
        known = {each.name: each for each in await unit.providers.all()}
        return {each.name: known.get(each.name, ProviderState(each.name)) for each in self._mailers}

    async def candidates(self, delivery: Delivery, states: States) -> Sequence[Mailer]:
        """Who may be asked for a mail now. A lost answer is repeated by the same one only.

        A provider that was not ready is asked again only where no ready one comes before it.
        """
        found: list[Mailer] = []
        for mailer in self._mailers:
            if delivery.provider in ("", mailer.name):
                state = states[mailer.name]
                is_probed = not any(states[each.name].is_ready for each in found)
                if state.is_ready or (is_probed and await self._may_probe(state, mailer)):
                    found.append(mailer)
        return found

    async def hand_over(self, message: Message, candidates: Sequence[Mailer], states: States) -> Handover:
        """Ask one provider after the other while each has certainly not taken the mail."""
        last: Handover | None = None
        changes: tuple[StateChange, ...] = ()
        for mailer in candidates:
            answer, old = await mailer.send(message), states[mailer.name]
            change = StateChange(old, old.after(answer, self._clock()))
            changes = (*changes, change) if change.new != old else changes
            last = Handover(mailer.name, answer, changes)
            if change.new.is_ready or not isinstance(answer, NotAllowed | QuotaUsedUp | Unavailable):
                break
        assert last is not None
        return last

    async def learn(self, unit: Unit, changes: Sequence[StateChange]) -> None:
        """Store what answers say of providers; mails that wait follow once one takes mails."""
        for change in changes:
            await unit.providers.put(change.new)
            if change.new.is_ready and not change.old.is_ready:
                await unit.deliveries.release_waiting(self._clock())

    async def check(self, states: States) -> None:
        """Wake a waiting mail for each provider that is due: it asks whether we may send now."""
        now = self._clock()
        due = [
            each.name for each in states.values() if each.check_time is not None and each.check_time <= now
        ]
        async with self._write() as unit:
            for name in due:
                await unit.deliveries.release_oldest_waiting(now, provider=name)

    async def is_reachable(self) -> bool:
        """Whether a provider can be reached; a health probe that does not raise."""
        for mailer in self._mailers:
            if await mailer.is_reachable():
                return True
        return False

    async def forget(self, message_id: str) -> None:
        """Delete what the providers themselves keep of a mail."""
        for mailer in self._mailers:
            await mailer.forget(message_id)

    async def _may_probe(self, state: ProviderState, mailer: Mailer) -> bool:
        if not await self._claim_check(state):
            return False
        if state.condition is Condition.AWAY:
            return True
        permission = await mailer.permission()
        if permission is Permission.GRANTED:
            async with self._write() as unit:
                await self.learn(unit, [StateChange(state, ProviderState(state.name))])
        # Where the provider does not say, this mail's answer does.
        return permission is not Permission.DENIED

    async def _claim_check(self, state: ProviderState) -> bool:
        """Whether this worker is the one that asks now."""
        now = self._clock()
        if state.check_time is None or state.check_time > now:
            return False
        async with self._write() as unit:
            return await unit.providers.replace(state, state.checked_later(now))
