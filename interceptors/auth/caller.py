"""Who is calling."""

from contextvars import ContextVar
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
    """

    kind: CallerKind
    subject: str = ""
    client_id: str = ""
    scopes: frozenset[str] = frozenset()
    expire_time: datetime | None = None
    auth_time: datetime | None = None

    def has(self, scope: str) -> bool:
        return scope in self.scopes


ANONYMOUS = Caller(CallerKind.ANONYMOUS)

_caller: ContextVar[Caller] = ContextVar("shopmesh_caller", default=ANONYMOUS)


def caller() -> Caller:
    """The caller of the call being answered; anonymous outside any call."""
    return _caller.get()


def identify(identified: Caller) -> None:
    """Say who calls, for the rest of the call being answered."""
    _caller.set(identified)
