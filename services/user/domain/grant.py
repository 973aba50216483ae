"""Codes, refresh tokens and the end of tokens: lifetimes, single use, rotation."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

CODE_LIFETIME = timedelta(seconds=60)
FAMILY_LIFETIME = timedelta(days=30)
FAMILY_IDLE = timedelta(days=7)
"""How long a refresh token waits for its use."""
ROTATION_GRACE = timedelta(seconds=10)
USER_TOKEN_LIFETIME = timedelta(minutes=5)
SERVICE_TOKEN_LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code and what was agreed when it was issued (RFC 6749 §4.1.2, RFC 7636 §4.4)."""

    code_hash: str
    family_id: str
    sid: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: frozenset[str]
    nonce: str
    code_challenge: str
    auth_time: datetime
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class Family:
    """All refresh tokens that descend from one code.

    Attributes:
        sid: The session in which it was issued.
        use_time: When one of them was used last.
        expire_time: When they end however often they are used.
    """

    family_id: str
    sid: str
    client_id: str
    user_id: str
    scopes: frozenset[str]
    auth_time: datetime
    use_time: datetime
    expire_time: datetime
    revoked: bool = False

    def is_alive(self, at: datetime) -> bool:
        return not self.revoked and at < min(self.expire_time, self.use_time + FAMILY_IDLE)


class Presentation(Enum):
    """What presenting a refresh token means."""

    FIRST = "first"
    REPEAT = "repeat"
    REUSE = "reuse"


def presentation(used_time: datetime | None, *, at: datetime) -> Presentation:
    """Distinguish the first use and its repeats from a reuse (RFC 9700 §4.14.2).

    Parallel requests and lost answers repeat a refresh within seconds; a caller that
    comes later holds a token that somebody else has used already.
    """
    if used_time is None:
        return Presentation.FIRST
    return Presentation.REPEAT if at <= used_time + ROTATION_GRACE else Presentation.REUSE


def successor(refresh_token: str, *, server_key: bytes) -> str:
    """The one token that follows: the same for every repeat, and nobody else can compute it."""
    mac = hmac.new(server_key, b"refresh-token:" + refresh_token.encode(), sha256)
    return urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token that could be revoked before it expires."""

    token_id: str
    user_id: str
    family_id: str
    sid: str
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class Revocation:
    """An end before the expiry: of one token, of a session, or of all that a client or a subject has.

    Attributes:
        token_id: Which token; like the others empty where it is not what is meant.
        sid: Which session: all its tokens, as no session begins again.
        client_id: Whose tokens that were issued before `revoke_time`.
        subject: Whose tokens that were issued before `revoke_time`.
        expire_time: When the last of these tokens has expired anyway.
    """

    revoke_time: datetime
    expire_time: datetime
    token_id: str = ""
    sid: str = ""
    client_id: str = ""
    subject: str = ""
