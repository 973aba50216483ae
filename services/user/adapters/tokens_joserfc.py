"""Access tokens (RFC 9068) and ID tokens as JWTs, signed with ES256."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from services.kernel.clock import Clock
from services.user.adapters.keys_file import Keyring

_ALGORITHM = "ES256"
_ACCESS_TOKEN = "at+jwt"  # noqa: S105
_LONGEST_TOKEN = 8192


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token says."""

    token_id: str
    subject: str
    client_id: str
    audience: str
    scopes: frozenset[str]
    issue_time: datetime
    expire_time: datetime
    auth_time: datetime | None = None
    sid: str = ""


class JwtTokens:
    """Signs tokens, and reads its own."""

    def __init__(self, *, keyring: Keyring, issuer: str, clock: Clock) -> None:
        self._keyring = keyring
        self._issuer = issuer
        self._clock = clock

    @property
    def issuer(self) -> str:
        """Who signs."""
        return self._issuer

    def access_token(self, token: AccessToken) -> str:
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": token.subject,
            "aud": token.audience,
            "client_id": token.client_id,
            "scope": " ".join(sorted(token.scopes)),
            "jti": token.token_id,
            "iat": int(token.issue_time.timestamp()),
            "exp": int(token.expire_time.timestamp()),
        }
        if token.auth_time is not None:
            claims |= {"auth_time": int(token.auth_time.timestamp()), "sid": token.sid}
        return self._sign(claims, _ACCESS_TOKEN)

    def id_token(self, token: AccessToken, access_token: str, claims: Mapping[str, Any]) -> str:
        """An ID token (OpenID Connect Core §2) that belongs to an access token."""
        assert token.auth_time is not None
        issued = {
            "iss": self._issuer,
            "sub": token.subject,
            "aud": token.client_id,
            "iat": int(token.issue_time.timestamp()),
            "exp": int(token.expire_time.timestamp()),
            "auth_time": int(token.auth_time.timestamp()),
            "sid": token.sid,
            "at_hash": _half_hash(access_token),
        }
        return self._sign({**claims, **issued}, "JWT")

    def read(self, text: str) -> Mapping[str, Any] | None:
        """The claims of an access token of ours that has not expired."""
        claims = self._verified(text, _ACCESS_TOKEN)
        if claims is None or claims.get("exp", 0) <= self._clock().timestamp():
            return None
        return claims

    def read_hint(self, text: str) -> Mapping[str, Any] | None:
        """The claims of an ID token of ours, expired or not (OpenID Connect RP-Initiated Logout §2)."""
        return self._verified(text, "JWT")

    def _sign(self, claims: Mapping[str, Any], kind: str) -> str:
        key = self._keyring.signing
        header = {"alg": _ALGORITHM, "typ": kind, "kid": key.kid}
        return jwt.encode(header, dict(claims), key, [_ALGORITHM])

    def _verified(self, text: str, kind: str) -> Mapping[str, Any] | None:
        if len(text) > _LONGEST_TOKEN:
            return None
        try:
            decoded = jwt.decode(text, self._key, [_ALGORITHM])
        except (JoseError, ValueError):
            return None
        ours = decoded.header.get("typ") == kind and decoded.claims.get("iss") == self._issuer
        return decoded.claims if ours else None

    def _key(self, token: Any) -> Any:
        key = self._keyring.find(str(token.headers().get("kid", "")))
        if key is None:
            raise ValueError("unknown key")
        return key


def _half_hash(access_token: str) -> str:
    """`at_hash`: the left half of the SHA-256 (OpenID Connect Core §3.1.3.6)."""
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()
