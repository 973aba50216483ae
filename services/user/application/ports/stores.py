"""Where accounts, links, sessions and tokens are kept, and transactions over all of it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.user.domain.account import Account, Address
from services.user.domain.events import Event, MailPurpose
from services.user.domain.grant import Code, Family, IssuedToken, Revocation
from services.user.domain.kept_contact import KeptContact
from services.user.domain.link import Link
from services.user.domain.security_event import SecurityEvent, SecurityEventKind
from services.user.domain.session import OpenSession, Session


class AccountStore(Protocol):
    """The accounts."""

    async def add(self, account: Account) -> None: ...

    async def get(self, user_id: str) -> Account:
        """Raises UserNotFound."""

    async def find_by_email(self, email: str) -> Account | None:
        """Find by the normal form of an address."""

    async def save(self, account: Account) -> None: ...

    async def page(self, *, before: str | None, size: int) -> Sequence[Account]:
        """The newest accounts whose id is below `before`."""

    async def erase(self, user_id: str, *, at: datetime) -> None:
        """Delete all that is kept about an account but the fact that it was erased."""

    async def is_erased(self, user_id: str) -> bool: ...

    async def expired(self, *, at: datetime) -> Sequence[str]:
        """The ids of some accounts that have ended without ever being verified."""

    async def count_with_scope(self, scope: str, *, but: str) -> int:
        """How many accounts that may log in have a scope, but one."""


class SecurityLog(Protocol):
    """What happened to accounts, for 90 days."""

    async def add(self, user_id: str, event: SecurityEvent) -> None:
        """Remember something; of nobody's account where the id is empty, nothing of an erased one."""

    async def page(
        self, user_id: str, *, before: int | None, size: int
    ) -> Sequence[tuple[int, SecurityEvent]]:
        """The newest below a number, each with its own."""

    async def has(self, user_id: str, kind: SecurityEventKind) -> bool:
        """Whether this has happened to an account."""


class KeptContactStore(Protocol):
    """Addresses for one last mail; they expire."""

    async def add(self, contact: KeptContact) -> None: ...

    async def find(self, contact_id: str, *, at: datetime) -> KeptContact | None: ...


class AddressStore(Protocol):
    """The postal addresses of accounts."""

    async def add(self, address: Address) -> None: ...

    async def count(self, user_id: str) -> int: ...

    async def page(self, user_id: str, *, before: str | None, size: int) -> Sequence[Address]:
        """The newest addresses whose id is below `before`."""

    async def remove(self, user_id: str, address_id: str) -> bool:
        """Whether the account had this address."""


class LinkStore(Protocol):
    """One-time links, the newest of each account and purpose."""

    async def put(self, link: Link) -> None:
        """Replace the account's link of this purpose, unless that is of a newer request."""

    async def find(self, token_hash: str, purpose: MailPurpose, *, at: datetime) -> str | None:
        """The account of a link; None: unknown, used or expired."""

    async def take(self, token_hash: str, purpose: MailPurpose, *, at: datetime) -> bool:
        """Use a link up; whether there was one to use."""


class SessionStore(Protocol):
    """Logins at the provider's own pages."""

    async def add(self, session: Session) -> None: ...

    async def find(self, token_hash: str) -> Session | None:
        """Find by a cookie's hash, whether the session is alive or not."""

    async def save(self, session: Session) -> None: ...

    async def note_use(self, session: Session) -> None:
        """Store when its cookie was used, unless another cookie has taken its place."""

    async def remove(self, sid: str) -> None: ...

    async def remove_all(self, user_id: str, *, but: str) -> None:
        """Remove all of an account's, but the one with this sid."""

    async def of_user(self, user_id: str, *, at: datetime, idle: timedelta) -> Sequence[OpenSession]:
        """Those from which something is still alive, the last used first; at most 100.

        Args:
            user_id: Whose.
            at: The time now.
            idle: How long a cookie lives without being used.
        """


class GrantStore(Protocol):
    """Codes and refresh tokens; each can be used exactly once, also in a race."""

    async def add_code(self, code: Code) -> None: ...

    async def find_code(self, code_hash: str) -> Code | None: ...

    async def use_code(self, code_hash: str, *, at: datetime) -> bool:
        """True for exactly one caller, and only before the code expires."""

    async def add_family(self, family: Family) -> None: ...

    async def family(self, family_id: str) -> Family | None: ...

    async def revoke_family(self, family_id: str) -> None: ...

    async def note_use(self, family_id: str, *, at: datetime) -> None: ...

    async def revoke_families(self, user_id: str, *, but: str) -> None:
        """End what clients got from an account's sessions, but from the one with this sid."""

    async def revoke_client(self, client_id: str) -> None:
        """End what a client got from any session."""

    async def revoke_session(self, sid: str) -> None:
        """End what every client got from one session."""

    async def add_refresh_token(self, token_hash: str, family_id: str) -> None: ...

    async def family_of(self, token_hash: str) -> Family | None: ...

    async def use_refresh_token(self, token_hash: str, *, at: datetime) -> bool:
        """True for exactly one caller."""

    async def used_time(self, token_hash: str) -> datetime | None: ...


class RevocationStore(Protocol):
    """Access tokens that still live, and those that were ended early."""

    async def note_issued(self, token: IssuedToken) -> None: ...

    async def add(self, revocation: Revocation) -> None: ...

    async def end_family(self, family_id: str, *, at: datetime) -> None:
        """Revoke the living access tokens of one family."""

    async def end_sessions(self, user_id: str, *, at: datetime, but: str) -> None:
        """Revoke an account's sessions that have living access tokens, but the one with this sid."""

    async def end_session(self, sid: str, *, at: datetime) -> None:
        """Revoke one session."""

    async def is_revoked(self, claims: Mapping[str, Any]) -> bool:
        """Whether the token with these claims was ended."""

    async def after(self, position: int, *, at: datetime, limit: int) -> tuple[Sequence[Revocation], int]:
        """What still matters at `at`, oldest first, and the position behind it."""


class AttemptStore(Protocol):
    """When something that is limited has happened (see `domain.limit`)."""

    async def times(self, key: str, *, since: datetime) -> Sequence[datetime]:
        """After a moment, oldest first."""

    async def add(self, key: str, *, at: datetime, expire_time: datetime) -> int:
        """Count one until it expires; its id."""

    async def remove(self, ids: Sequence[int]) -> None: ...

    async def remove_all(self, prefix: str) -> None:
        """Remove those whose keys begin so."""


class EventStream(Protocol):
    """Events of accounts, stored with the change that they report."""

    async def publish(self, event: Event, *, actor: str) -> None: ...


class Unit(Protocol):
    """Everything that one transaction can reach."""

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def security_log(self) -> SecurityLog: ...

    @property
    def kept_contacts(self) -> KeptContactStore: ...

    @property
    def addresses(self) -> AddressStore: ...

    @property
    def links(self) -> LinkStore: ...

    @property
    def sessions(self) -> SessionStore: ...

    @property
    def grants(self) -> GrantStore: ...

    @property
    def revocations(self) -> RevocationStore: ...

    @property
    def attempts(self) -> AttemptStore: ...

    @property
    def events(self) -> EventStream: ...


class UnitOfWork(Protocol):
    """Transactions: all of a unit's changes and events happen, or none."""

    def read(self) -> AbstractAsyncContextManager[Unit]: ...

    def read_one(self) -> AbstractAsyncContextManager[Unit]:
        """For a single question, which costs less so."""

    def write(self) -> AbstractAsyncContextManager[Unit]:
        """Serialised with all other writers; committed at the end, undone by an exception."""

    async def purge(self, *, at: datetime) -> None:
        """Delete what has expired; a failure is logged, and the next time does it."""
