"""Choosing a provider for a mail: the first of the chain that takes mails now."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.kernel.clock import Clock
from services.notification.application.ports import Mailer
from services.notification.application.providers import Providers, StateChange, States
from services.notification.domain.answer import (
    Answer,
    AnswerLost,
    NotAllowed,
    QuotaUsedUp,
    TooFast,
    Unavailable,
)
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Message

SEND_SECONDS = 20.0
"""The longest that a provider may take for an answer."""


@dataclass(frozen=True, slots=True)
class Handover:
    """Which provider answered what at last, and what all answers say of their providers."""

    provider: str
    answer: Answer
    changes: tuple[StateChange, ...]


class Dispatch:
    """Hands mails to the providers of a chain, in order."""

    def __init__(self, providers: Providers, *, clock: Clock) -> None:
        self._providers = providers
        self._clock = clock

    async def candidates(self, delivery: Delivery, states: States) -> Sequence[Mailer]:
        """Who may be asked for a mail now. A lost answer is repeated by the same one only.

        A provider that was not ready is asked again only where no ready one comes before it.
        """
        found: list[Mailer] = []
        for mailer in self._providers.mailers:
            if delivery.provider in ("", mailer.name):
                state = states[mailer.name]
                is_probed = not any(states[each.name].is_ready for each in found)
                if state.takes(about_an_account=delivery.is_about_an_account) or (
                    is_probed
                    and await self._providers.may_probe(
                        state, mailer, about_an_account=delivery.is_about_an_account
                    )
                ):
                    found.append(mailer)
        return found

    async def hand_over(
        self,
        message: Message,
        candidates: Sequence[Mailer],
        states: States,
        *,
        announce: Callable[[Mailer], Awaitable[None]],
    ) -> Handover:
        """Ask one provider after the other while each has certainly not taken the mail.

        Args:
            message: The mail.
            candidates: Whom to ask.
            states: What is known of them.
            announce: Is called with each before it is asked; it is not where that raises.
        """
        last: Handover | None = None
        changes: tuple[StateChange, ...] = ()
        for mailer in candidates:
            await announce(mailer)
            answer, old = await _answer(mailer, message), states[mailer.name]
            change = StateChange(old, old.after(answer, self._clock()), answer)
            is_news = change.new != old or isinstance(answer, TooFast)
            changes = (*changes, change) if is_news else changes
            last = Handover(mailer.name, answer, changes)
            if change.new.is_ready or not isinstance(answer, NotAllowed | QuotaUsedUp | Unavailable):
                break
        assert last is not None
        return last

    async def is_reachable(self) -> bool:
        """Whether a provider can be reached; a health probe that does not raise."""
        for mailer in self._providers.mailers:
            if await mailer.is_reachable():
                return True
        return False

    async def forget(self, message_id: str) -> None:
        """Delete what the providers themselves keep of a mail."""
        for mailer in self._providers.mailers:
            await mailer.forget(message_id)


async def _answer(mailer: Mailer, message: Message) -> Answer:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            return await mailer.send(message)
    except TimeoutError:
        return AnswerLost(f"no answer within {SEND_SECONDS:.0f} s")
    except Exception as error:  # noqa: BLE001 - a mailer raises nothing; where it does, nobody knows
        return AnswerLost(type(error).__name__)
