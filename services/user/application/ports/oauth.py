"""The OAuth 2.0 and OpenID Connect protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.user.domain.client import Client
from services.user.domain.session import Session


class ClientRegistry(Protocol):
    """The registered OAuth clients."""

    def find(self, client_id: str | None) -> Client | None: ...


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """A request to an OAuth endpoint.

    Attributes:
        headers: By name, which is compared without regard to case.
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
        sid: Which session that was issued in; empty: none that is known.
        redirect_uri: Where to go afterwards; empty: nowhere.
    """

    subject: str = ""
    sid: str = ""
    redirect_uri: str = ""
