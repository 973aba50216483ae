"""What the shop's staff see of mails, and what they do about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.kernel.clock import Clock
from services.kernel.paging import decode_position, encode_position, page_size
from services.notification.application.ports import (
    Deferred,
    MailFilter,
    Permission,
    ProviderUnavailable,
    Unit,
    UnitOfWork,
    Unsent,
)
from services.notification.application.providers import Providers
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.errors import (
    MailNotFound,
    MailProviderUnavailable,
    NoMailProvider,
    NotAboutAnOrder,
    TooManyCopies,
)
from services.notification.domain.finding import Finding
from services.notification.domain.provider import ProviderState
from services.notification.domain.suppression import AddressHasher, Suppression

_INCLUDED_AT_ONCE = 500
_SUPPRESSIONS = "suppressions"
_MOST_COPIES = 3
_DAY = timedelta(days=1)
_MOMENT = timedelta(minutes=1)
"""Within it a repeated call is the same request."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of mails; the token is empty on the last."""

    deliveries: tuple[Delivery, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class SuppressionPage:
    """A page of suppressions; the token is empty on the last."""

    suppressions: tuple[Suppression, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not sent yet, and whether the providers take mails."""

    unsent: tuple[Unsent, ...]
    deferred: Deferred
    providers: tuple[ProviderState, ...]

    def count(self, state: DeliveryState) -> int:
        """How many are in a state."""
        return sum(each.count for each in self.unsent if each.state is state)

    @property
    def oldest_wait_time(self) -> datetime | None:
        """Since when the oldest mail waits for a provider; None where none does."""
        waiting = (each.oldest for each in self.unsent if each.state is DeliveryState.WAITING)
        return min(waiting, default=None)


class Mails:
    """The use cases of staff."""

    def __init__(
        self,
        *,
        read: UnitOfWork,
        write: UnitOfWork,
        providers: Providers,
        addresses: AddressHasher,
        folder: str,
        clock: Clock,
    ) -> None:
        """Bind the use cases.

        Args:
            read: Opens a transaction that reads.
            write: Opens a transaction that writes.
            providers: The chain.
            addresses: Hashes the addresses that are suppressed.
            folder: The name of the provider that keeps mails in a folder.
            clock: The time now.
        """
        self._read = read
        self._write = write
        self._providers = providers
        self._addresses = addresses
        self._folder = folder
        self._clock = clock

    async def page(self, which: MailFilter, *, requested_size: int, page_token: str) -> Page:
        """Mails, newest first.

        Raises:
            InvalidPageToken: The token is none of this list's.
        """
        size, filters = page_size(requested_size), repr(which)
        before = decode_position(page_token, filters=filters)
        async with self._read() as unit:
            found = await unit.deliveries.page(which, before=before or None, limit=size + 1)
        last = found[size - 1][0] if len(found) > size else 0
        shown = tuple(delivery for _, delivery in found[:size])
        return Page(shown, encode_position(last, filters=filters))

    async def backlog(self) -> Backlog:
        """What is not sent yet."""
        async with self._read() as unit:
            states = await self._providers.states(unit)
            deferred = await unit.deliveries.deferred(self._clock())
            return Backlog(tuple(await unit.deliveries.unsent()), deferred, tuple(states.values()))

    async def check(self) -> Sequence[Finding]:
        """What each provider needs, and whether it is there."""
        return [finding for mailer in self._providers.mailers for finding in await mailer.check()]

    async def resume(self, *, include_since: datetime | None) -> int:
        """Ask the providers that take no mails again, and let what waits follow.

        Args:
            include_since: Also send what became due since then and reached nobody for a provider's reasons.

        Returns:
            How many mails are due again by `include_since`.

        Raises:
            NoMailProvider: Mails go to the folder.
        """
        if any(each.name == self._folder for each in self._providers.mailers):
            raise NoMailProvider
        included = 0 if include_since is None else await self._include(include_since)
        await self._ask_again()
        return included

    async def resend(self, mail_id: str, *, by: str, trace: str) -> Delivery:
        """Send a mail about an order again, as another mail that says how things are now; returns the copy.

        One that is still to be sent, or a copy of a moment ago, is returned as it is.

        Args:
            mail_id: Names the mail or one of its copies.
            by: Who asks for it.
            trace: W3C `traceparent` of the call.

        Raises:
            MailNotFound: There is none.
            NotAboutAnOrder: It is about an account.
            TooManyCopies: It was sent again too often.
        """
        async with self._write() as unit:
            original = await self._original(unit, mail_id)
            copies = await unit.deliveries.copies(original)
            now = self._clock()
            for each in (original, *copies):
                if each.is_unsent or (each.copy_of and now - each.create_time < _MOMENT):
                    return each
            sent = [each.create_time for each in copies if each.may_have_arrived]
            recent = [time for time in sent if now - time < _DAY]
            if len(recent) >= _MOST_COPIES:
                raise TooManyCopies(_MOST_COPIES, wait=recent[-_MOST_COPIES] + _DAY - now)
            copy = original.copy(len(copies) + 1, by=by, trace=trace, now=now)
            await unit.deliveries.add(copy)
        return copy

    async def suppressions(self, *, requested_size: int, page_token: str) -> SuppressionPage:
        """Addresses that get no mails, newest first.

        Raises:
            InvalidPageToken: The token is none of this list's.
        """
        size = page_size(requested_size)
        before = decode_position(page_token, filters=_SUPPRESSIONS)
        async with self._read() as unit:
            found = await unit.suppressions.page(before=before or None, limit=size + 1)
        last = found[size - 1][0] if len(found) > size else 0
        shown = tuple(suppression for _, suppression in found[:size])
        return SuppressionPage(shown, encode_position(last, filters=_SUPPRESSIONS))

    async def lift(self, address: str) -> bool:
        """Let an address get mails again, first at the providers; whether it was suppressed at all.

        Raises:
            MailProviderUnavailable: A provider does not answer.
        """
        try:
            lifted = [await mailer.lift(address) for mailer in self._providers.mailers]
        except ProviderUnavailable as error:
            raise MailProviderUnavailable(str(error)) from error
        async with self._write() as unit:
            was_here = await unit.suppressions.remove(self._addresses.hash(address))
        return was_here or any(lifted)

    async def _original(self, unit: Unit, mail_id: str) -> Delivery:
        found = await unit.deliveries.find(mail_id, "")
        if found is not None and found.copy_of:
            found = await unit.deliveries.find(found.copy_of, "")
        if found is None:
            raise MailNotFound(mail_id)
        if found.is_about_an_account:
            raise NotAboutAnOrder
        return found

    async def _include(self, since: datetime) -> int:
        """Make undelivered mails due again, a few hundred in a transaction."""
        included = 0
        while True:
            async with self._write() as unit:
                found = await unit.deliveries.undelivered(
                    since=since, folder=self._folder, limit=_INCLUDED_AT_ONCE
                )
                for delivery in found:
                    await unit.deliveries.replace(delivery.due_again(self._clock()))
            included += len(found)
            if len(found) < _INCLUDED_AT_ONCE:
                return included

    async def _ask_again(self) -> None:
        async with self._read() as unit:
            states = await self._providers.states(unit)
        for mailer in self._providers.mailers:
            state = states[mailer.name]
            if state.is_ready:
                continue
            standing = await self._providers.ask(state, mailer)
            if standing.permission is Permission.UNKNOWN:
                await self._try(state)

    async def _try(self, state: ProviderState) -> None:
        """Have a waiting mail ask a provider that does not say what it allows."""
        async with self._write() as unit:
            await unit.providers.put(replace(state, check_time=self._clock()))
