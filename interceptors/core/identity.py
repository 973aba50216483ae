"""What a verified token says of its bearer."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class CallerKind(Enum):
    """What stands behind a token."""

    ANONYMOUS = "anonymous"
    USER = "user"
    CLIENT = "client"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as their verified token says.

    Attributes:
        kind: What stands behind the token.
        subject: The user id, or the client id of a client or service; empty if anonymous.
        client_id: The OAuth client that the token was issued to.
        scopes: What the token allows.
        expire_time: When the token ends.
        auth_time: When the user entered the password.
        sid: The session in which they did; empty: none.
    """

    kind: CallerKind
    subject: str = ""
    client_id: str = ""
    scopes: frozenset[str] = frozenset()
    expire_time: datetime | None = None
    auth_time: datetime | None = None
    sid: str = ""

    def has(self, scope: str) -> bool:
        return scope in self.scopes


ANONYMOUS = Caller(CallerKind.ANONYMOUS)
