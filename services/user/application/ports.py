"""What the application needs from the world outside."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.user.domain.account import Account, Activity, Address
from services.user.domain.client import Client
from services.user.domain.events import Event, MailPurpose
from services.user.domain.grant import Code, Family, IssuedToken, Login, Revocation, Session
from services.user.domain.link import Link


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

    async def record(self, user_id: str, kind: str, *, at: datetime) -> None:
        """Remember an activity for the owner's export."""

    async def activities(self, user_id: str) -> Sequence[Activity]:
        """Oldest first."""


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

    async def find(self, token_hash: str, *, at: datetime) -> Session | None: ...

    async def remove(self, token_hash: str) -> None: ...

    async def remove_all(self, user_id: str, *, but: Login | None) -> None: ...


class GrantStore(Protocol):
    """Codes and refresh tokens; each can be used exactly once, also in a race."""

    async def add_code(self, code: Code) -> None: ...

    async def find_code(self, code_hash: str) -> Code | None: ...

    async def use_code(self, code_hash: str, *, at: datetime) -> bool:
        """True for exactly one caller, and only before the code expires."""

    async def add_family(self, family: Family) -> None: ...

    async def family(self, family_id: str) -> Family | None: ...

    async def revoke_family(self, family_id: str) -> None: ...

    async def revoke_families(self, user_id: str, *, but: Login | None) -> None: ...

    async def revoke_login(self, user_id: str, auth_time: datetime) -> None:
        """End what every client got from one login."""

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

    async def end_tokens(self, user_id: str, *, at: datetime, but: Login | None) -> None:
        """Revoke the living access tokens of an account."""

    async def end_login(self, user_id: str, auth_time: datetime, *, at: datetime) -> None:
        """Revoke the living access tokens that came from one login."""

    async def is_revoked(self, token_id: str, subject: str) -> bool: ...

    async def after(self, position: int, *, at: datetime, limit: int) -> tuple[Sequence[Revocation], int]:
        """What still matters at `at`, oldest first, and the position behind it."""


class BudgetStore(Protocol):
    """The arrivals of budgets (see `domain.budget`); 0 where nothing was spent."""

    async def arrival(self, key: str) -> float: ...

    async def put(self, key: str, arrival: float) -> None: ...


class EventStream(Protocol):
    """Events of accounts, stored with the change that they report."""

    async def publish(self, event: Event, *, actor: str) -> None: ...


class Unit(Protocol):
    """Everything that one transaction can reach."""

    @property
    def accounts(self) -> AccountStore: ...

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
    def budgets(self) -> BudgetStore: ...

    @property
    def events(self) -> EventStream: ...


class UnitOfWork(Protocol):
    """Transactions: all of a unit's changes and events happen, or none."""

    def read(self) -> AbstractAsyncContextManager[Unit]: ...

    def write(self) -> AbstractAsyncContextManager[Unit]:
        """Serialised with all other writers; committed at the end, undone by an exception."""

    async def purge(self, *, at: datetime) -> None:
        """Delete what has expired; a failure is logged, and the next time does it."""


class PasswordHasher(Protocol):
    """Slow, salted hashes, computed beside the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Takes as long for None as for a wrong password."""

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than those of today."""


class CustomerOrders(Protocol):
    """What the order service knows about a customer."""

    async def close(self, user_id: str) -> None:
        """Close the customer for new orders; idempotent.

        Raises:
            OpenOrders: An order is on its way.
            OrdersUnavailable: The order service does not answer.
        """


class ClientRegistry(Protocol):
    """The registered OAuth clients."""

    def find(self, client_id: str | None) -> Client | None: ...


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """A request to an OAuth endpoint.

    Attributes:
        headers: By name, whatever its case.
        parameters: Of the query for the authorization endpoint, of the form for others.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    parameters: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class OAuthAnswer:
    """What a protocol endpoint answers: JSON, or a redirect.

    Attributes:
        location: Where a redirect leads; empty: the answer is JSON.
        client_id: Which registered client asked, for the log.
        error: The OAuth error code; empty: it went well.
    """

    status: int
    body: Mapping[str, object]
    headers: tuple[tuple[str, str], ...] = ()
    location: str = ""
    client_id: str = "unknown"
    error: str = ""


@dataclass(frozen=True, slots=True)
class LoginNeeds:
    """What a valid authorization request asks of the login.

    Attributes:
        client: Who asks.
        redirect_uri: Where the answer will lead.
        prompt: OpenID Connect's `prompt` values.
        max_age_seconds: How old the login may be; None: any age.
    """

    client: Client
    redirect_uri: str
    prompt: frozenset[str]
    max_age_seconds: int | None


class AuthorizationServer(Protocol):
    """The OAuth 2.0 and OpenID Connect protocol."""

    async def check(self, request: OAuthRequest) -> LoginNeeds | OAuthAnswer:
        """Check an authorization request; an answer means that it is refused."""

    async def grant(self, request: OAuthRequest, session: Session) -> OAuthAnswer:
        """Issue a code to the client, as a redirect."""

    async def refuse(self, request: OAuthRequest, *, error: str) -> OAuthAnswer:
        """Redirect to the client with the reason why there is no code."""

    async def token(self, request: OAuthRequest) -> OAuthAnswer: ...

    async def revoke(self, request: OAuthRequest) -> OAuthAnswer: ...

    async def introspect(self, request: OAuthRequest) -> OAuthAnswer: ...

    async def userinfo(self, request: OAuthRequest) -> OAuthAnswer: ...

    async def logout_target(self, request: OAuthRequest) -> "LogoutTarget": ...


@dataclass(frozen=True, slots=True)
class LogoutTarget:
    """What a logout request proved (OpenID Connect RP-Initiated Logout §2).

    Attributes:
        subject: Whose ID token came with it; empty: nobody's, so the user is asked.
        redirect_uri: Where to go afterwards; empty: nowhere.
    """

    subject: str = ""
    redirect_uri: str = ""
