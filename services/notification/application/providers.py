"""The mail providers of a chain as all workers see them: who takes mails, and how many."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.kernel.clock import Clock
from services.notification.application.ports import (
    Claim,
    ClaimLimit,
    Mailer,
    Permission,
    Route,
    Standing,
    Unit,
    UnitOfWork,
)
from services.notification.domain.answer import Answer, TooFast
from services.notification.domain.budget import SendingBudget
from services.notification.domain.delivery import Delivery
from services.notification.domain.provider import Condition, ProviderState

_Taking = Sequence[tuple[Mailer, ProviderState]]
States = Mapping[str, ProviderState]
"""The states of a chain's providers by their names, in the order of the chain."""


def blocked_reason(delivery: Delivery, states: States) -> str:
    """Why no provider may send a delivery; empty where one is only away, and comes back by itself."""
    asked = [each for each in states.values() if delivery.provider in ("", each.name)]
    about_an_account = delivery.is_about_an_account
    if any(
        each.takes(about_an_account=about_an_account) or each.condition is Condition.AWAY for each in asked
    ):
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
    answer: Answer


class Providers:
    """The providers of a chain, in its order."""

    def __init__(
        self, mailers: Sequence[Mailer], *, read: UnitOfWork, write: UnitOfWork, clock: Clock
    ) -> None:
        """Bind a chain.

        Args:
            mailers: The providers in the order in which they are asked.
            read: Opens a transaction that reads.
            write: Opens a transaction that writes.
            clock: The time now.
        """
        self.mailers = tuple(mailers)
        self._read = read
        self._write = write
        self._clock = clock

    async def states(self, unit: Unit) -> States:
        """The states of the chain's providers, in its order."""
        known = {each.name: each for each in await unit.providers.all()}
        return {each.name: known.get(each.name, ProviderState(each.name)) for each in self.mailers}

    async def learn(self, unit: Unit, changes: Sequence[StateChange]) -> None:
        """Store what answers say of providers; mails that wait follow once one takes mails."""
        for change in changes:
            # As it is now: another worker may have learned something since.
            old, now = (await self.states(unit))[change.new.name], self._clock()
            if (new := old.after(change.answer, now)) != old:
                await self._put(unit, old, new)
            if isinstance(change.answer, TooFast):
                await unit.budgets.put((await unit.budgets.get(old.name)).slowed(now))

    async def may_probe(self, state: ProviderState, mailer: Mailer, *, about_an_account: bool) -> bool:
        """Whether a mail may ask a provider that takes none; of several workers one asks at a time."""
        if not await self._claim_check(state):
            return False
        if state.condition is Condition.AWAY:
            return True
        standing = await self.ask(state, mailer)
        if standing.permission is Permission.GRANTED:
            return _state_by(standing, state, self._clock()).takes(about_an_account=about_an_account)
        # Where the provider does not say, this mail's answer does.
        return standing.permission is Permission.UNKNOWN

    async def ask(self, state: ProviderState, mailer: Mailer) -> Standing:
        """Ask a provider what it lets us do, and store what it says."""
        standing, now = await mailer.standing(), self._clock()
        async with self._write() as unit:
            if mailer.is_metered:
                budget = await unit.budgets.get(mailer.name)
                await unit.budgets.put(budget.learned(now, standing.allowance))
            new = _state_by(standing, state, now)
            if new != state:
                await self._put(unit, state, new)
        return standing

    async def refresh(self) -> None:
        """Ask the provider that takes mails now for its allowance, where what is known of it is old."""
        if not self._are_metered:
            return
        async with self._read() as unit:
            mailer, budget = await self._first(unit, await self._taking(unit), about_an_account=True)
            states = await self.states(unit)
        if mailer is not None and budget is not None and budget.is_stale(self._clock()):
            state = states[mailer.name]
            if await self._claim_question(state):
                await self.ask(state, mailer)

    async def limit(self, unit: Unit, most: int) -> ClaimLimit:
        """How many mails may be claimed now; a provider whose quota is over takes no more from here on."""
        taking = await self._taking(unit)
        await self._note_room(unit, taking)
        accounts = await self._route(unit, taking, most, about_an_account=True)
        orders = await self._route(unit, taking, most, about_an_account=False)
        is_shared = accounts.provider == orders.provider
        return ClaimLimit(max(accounts.mails, orders.mails) if is_shared else most, accounts, orders)

    async def charge(self, unit: Unit, claims: Iterable[Claim]) -> None:
        """Take claimed mails off the budgets of those who get them."""
        mails = Counter(claim.handed_to for claim in claims)
        for mailer in self.mailers:
            if mailer.is_metered and mails[mailer.name]:
                budget = await unit.budgets.get(mailer.name)
                await unit.budgets.put(budget.charged(self._clock(), mails[mailer.name]))

    async def wait_seconds(self, unit: Unit, *, about_an_account: bool) -> float:
        """How long until the provider that takes mails of a kind now takes another one."""
        if not self._are_metered:
            return 0.0
        _, budget = await self._first(unit, await self._taking(unit), about_an_account=about_an_account)
        return budget.wait_seconds(self._clock()) if budget else 0.0

    @property
    def may_double(self) -> bool:
        """Whether handing a mail over again may be another mail."""
        return not all(each.is_repeatable for each in self.mailers)

    @property
    def _are_metered(self) -> bool:
        return any(each.is_metered for each in self.mailers)

    async def _note_room(self, unit: Unit, taking: _Taking) -> None:
        for mailer, state in taking:
            if mailer.is_metered and state.is_ready:
                budget = await unit.budgets.get(mailer.name)
                if (known := state.with_room(budget.allowance, self._clock())) != state:
                    await self._put(unit, state, known)

    async def _route(self, unit: Unit, taking: _Taking, most: int, *, about_an_account: bool) -> Route:
        mailer, budget = await self._first(unit, taking, about_an_account=about_an_account)
        if mailer is None:
            return Route("", most)
        mails = budget.mails_now(self._clock(), most, about_an_account=about_an_account) if budget else most
        return Route("" if mailer.is_repeatable else mailer.name, mails)

    async def _first(
        self, unit: Unit, taking: _Taking, *, about_an_account: bool
    ) -> tuple[Mailer | None, SendingBudget | None]:
        """The first provider that takes mails of a kind now, with its budget where it takes so many only."""
        now = self._clock()
        for mailer, state in taking:
            budget = await unit.budgets.get(mailer.name) if mailer.is_metered else None
            known = state.with_room(budget.allowance, now) if budget else state
            if known.takes(about_an_account=about_an_account):
                return mailer, budget
        return None, None

    async def _taking(self, unit: Unit) -> _Taking:
        """The providers that take mails, of any kind."""
        states = await self.states(unit)
        known = [(mailer, states[mailer.name]) for mailer in self.mailers]
        return [(mailer, state) for mailer, state in known if state.takes(about_an_account=True)]

    async def _claim_check(self, state: ProviderState) -> bool:
        """Whether this worker is the one that asks now."""
        now = self._clock()
        if state.check_time is None or state.check_time > now:
            return False
        async with self._write() as unit:
            return await unit.providers.replace(state, state.checked_later(now))

    async def _claim_question(self, state: ProviderState) -> bool:
        """Whether this worker is the one that asks for the allowance now."""
        now = self._clock()
        async with self._write() as unit:
            budget = await unit.budgets.get(state.name)
            if budget.is_stale(now):
                await unit.budgets.put(budget.learned(now, None))
                return True
        return False

    async def _put(self, unit: Unit, old: ProviderState, new: ProviderState) -> None:
        await unit.providers.put(new)
        if _takes_more(new, old):
            await unit.deliveries.release_waiting(self._clock())


def _state_by(standing: Standing, state: ProviderState, now: datetime) -> ProviderState:
    match standing.permission:
        case Permission.GRANTED:
            return state.with_room(standing.allowance, now)
        case Permission.DENIED:
            return state.refused(standing.reason, now)
        case _:
            return state


def _takes_more(new: ProviderState, old: ProviderState) -> bool:
    return any(
        new.takes(about_an_account=each) and not old.takes(about_an_account=each) for each in (True, False)
    )
