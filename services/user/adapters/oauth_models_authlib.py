"""Requests, clients and grants in the shapes that Authlib's server core asks for."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    ClientMixin,
    OAuth2Payload,
    OAuth2Request,
    TokenMixin,
)
from authlib.oauth2.rfc6749.util import extract_basic_authorization

from services.user.application.ports import OAuthRequest
from services.user.domain.client import Client, GrantType
from services.user.domain.grant import Code, Family
from services.user.domain.scopes import scope_text


class Payload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request."""

    def __init__(self, request: OAuthRequest) -> None:
        self._values = dict(reversed(request.parameters))
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in request.parameters:
            self._lists[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        """The first value of each parameter."""
        return self._values

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """All values of each parameter."""
        return self._lists


class ProtocolRequest(OAuth2Request):  # type: ignore[misc]
    """A request under the issuer's public URL, whichever way it came."""

    def __init__(self, request: OAuthRequest, *, issuer: str) -> None:
        headers = request.headers if _is_readable(request.headers) else {}
        super().__init__(request.method, f"{issuer}{request.path}", headers=headers)
        self.payload = Payload(request)

    @property
    def args(self) -> dict[str, str]:
        """The parameters once more: they come from one place only."""
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        """The parameters once more: they come from one place only."""
        return self.payload.data

    @property
    def claimed_client(self) -> str | None:
        """Which client it says it comes from."""
        name, _ = extract_basic_authorization(self.headers)
        claimed: str | None = name or self.payload.client_id
        return claimed


@dataclass(frozen=True, slots=True)
class ProtocolClient(ClientMixin):  # type: ignore[misc]
    """A registered client."""

    client: Client

    def get_client_id(self) -> str:
        return self.client.client_id

    def get_default_redirect_uri(self) -> None:
        # The parameter is required: with one URI today, a second one tomorrow would change the default.
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        # The account decides what is allowed, when the code is issued.
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return self.client.may_redirect_to(redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.client.has_secret(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == self.client.is_public

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type(GrantType.AUTHORIZATION_CODE.value)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {each.value for each in self.client.grant_types}


@dataclass(frozen=True, slots=True)
class ProtocolCode(AuthorizationCodeMixin):  # type: ignore[misc]
    """An authorization code that was found."""

    code: Code
    code_challenge_method = "S256"

    @property
    def code_challenge(self) -> str:
        """What the verifier has to hash to."""
        return self.code.code_challenge

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return scope_text(self.code.scopes)


@dataclass(frozen=True, slots=True)
class ProtocolRefreshToken(TokenMixin):  # type: ignore[misc]
    """A refresh token that was found."""

    token: str
    token_hash: str
    family: Family
    is_alive: bool

    def check_client(self, client: ProtocolClient) -> bool:
        return self.family.client_id == client.client.client_id

    def get_scope(self) -> str:
        return scope_text(self.family.scopes)

    def is_expired(self) -> bool:
        return not self.is_alive

    def is_revoked(self) -> bool:
        return self.family.revoked


@dataclass(frozen=True, slots=True)
class ProtocolAccessToken(TokenMixin):  # type: ignore[misc]
    """An access token of ours that has not expired."""

    claims: Mapping[str, Any]
    revoked: bool

    def check_client(self, client: ProtocolClient) -> bool:
        return bool(self.claims["client_id"] == client.client.client_id)

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return self.revoked


def _is_readable(headers: Mapping[str, str]) -> bool:
    """Whether Basic credentials are base64 of UTF-8; Authlib stumbles over others."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return True
    try:
        base64.b64decode(credentials).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    return True
