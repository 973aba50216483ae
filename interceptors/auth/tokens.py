"""Verifies access tokens: JWTs as of RFC 9068, signed with ES256."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from interceptors.auth.keys import KeyFile
from interceptors.auth.revocations import Revocations, TokenNames
from interceptors.core.identity import Caller, CallerKind

_LONGEST_TOKEN = 8192
_MOST_TOKENS = 20_000
_CLOCK_SKEW_SECONDS = 5
_TYPES = ("at+jwt", "application/at+jwt")
_KNOWN_HEADERS = {"alg", "typ", "kid"}


class InvalidToken(Exception):
    """The token cannot be accepted; the message says why without repeating it."""


@dataclass(frozen=True, slots=True)
class Audiences:
    """Whose tokens a service accepts.

    Attributes:
        issuer: The only issuer.
        api: The audience of users' and outside clients' tokens.
        service: The audience of tokens with which other services call this one.
        mesh_clients: The client ids of the mesh's services.
    """

    issuer: str
    api: str
    service: str
    mesh_clients: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    names: TokenNames
    expire_time: datetime


class TokenVerifier:
    """Verifies tokens, and remembers a bounded number of those that were good.

    A remembered token is still refused once it has expired or was revoked.
    """

    def __init__(
        self, *, keys: KeyFile, audiences: Audiences, revocations: Revocations, clock: Callable[[], datetime]
    ) -> None:
        self._keys = keys
        self._audiences = audiences
        self._revocations = revocations
        self._clock = clock
        self._verified: dict[str, _Verified] = {}

    def verify(self, authorization: str) -> Caller:
        """Return who the token of an `authorization` header stands for.

        Raises:
            InvalidToken: It is malformed, not ours, for somebody else, expired or revoked.
            KeysUnavailable: There is no key set to judge it with.
        """
        verified = self._verified.get(authorization) or self._verified_once(_token(authorization))
        if verified.expire_time <= self._clock():
            raise InvalidToken("the token has expired")
        if self._revocations.is_revoked(verified.names):
            raise InvalidToken("the token was revoked")
        return verified.caller

    def _verified_once(self, token: str) -> _Verified:
        """Remember a token by its usual header only: it has as many others as there are blanks."""
        header = f"Bearer {token}"
        verified = self._verified.get(header)
        if verified is None:
            verified = self._judge(token)
            if len(self._verified) >= _MOST_TOKENS:
                self._verified.clear()
            self._verified[header] = verified
        return verified

    def _judge(self, token: str) -> _Verified:
        try:
            decoded = jwt.decode(token, self._key, algorithms=["ES256"])
            return self._accepted(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError):
            raise InvalidToken("the token is not one that this mesh issued") from None

    def _key(self, token: Any) -> ECKey:
        header: Mapping[str, Any] = token.headers()
        if str(header.get("typ", "")).lower() not in _TYPES or not header.keys() <= _KNOWN_HEADERS:
            raise ValueError("not an access token")
        key = self._keys.key(str(header.get("kid", "")))
        if key is None:
            raise ValueError("unknown key")
        return key

    def _accepted(self, claims: Mapping[str, Any]) -> _Verified:
        now = self._clock().timestamp()
        if claims["iss"] != self._audiences.issuer:
            raise InvalidToken("the token has another issuer")
        if claims["iat"] > now + _CLOCK_SKEW_SECONDS or claims.get("nbf", 0) > now + _CLOCK_SKEW_SECONDS:
            raise InvalidToken("the token is not valid yet")
        kind = self._kind(claims)
        expire_time = _time(claims["exp"])
        auth_time = claims.get("auth_time")
        caller = Caller(
            kind=kind,
            subject=_text(claims["sub"]),
            client_id=_text(claims["client_id"]),
            scopes=frozenset(_text(claims.get("scope", "")).split()),
            expire_time=expire_time,
            auth_time=None if auth_time is None else _time(auth_time),
            sid=_text(claims.get("sid", "")),
        )
        names = TokenNames(
            _text(claims["jti"]), caller.sid, caller.client_id, caller.subject, _time(claims["iat"])
        )
        return _Verified(caller, names, expire_time)

    def _kind(self, claims: Mapping[str, Any]) -> CallerKind:
        audience, client_id = claims["aud"], claims["client_id"]
        is_mesh_client = claims["sub"] == client_id and client_id in self._audiences.mesh_clients
        if audience in (self._audiences.service, [self._audiences.service]) and is_mesh_client:
            return CallerKind.SERVICE
        if audience not in (self._audiences.api, [self._audiences.api]) or is_mesh_client:
            raise InvalidToken("the token is for another audience")
        return CallerKind.CLIENT if claims["sub"] == client_id else CallerKind.USER


def _token(authorization: str) -> str:
    """RFC 6750 §2.1."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken("authorization has to be `Bearer` and an access token")
    if len(token) > _LONGEST_TOKEN:
        raise InvalidToken(f"the token is longer than {_LONGEST_TOKEN} characters")
    return token.strip()


def _time(seconds: Any) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError("not a time")
    return datetime.fromtimestamp(seconds, UTC)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
