"""What happens to an account, for its owner and for those who look after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from services.user.domain.network import network_prefix

KEPT = timedelta(days=90)
"""How long what happened is remembered."""


class SecurityEventKind(Enum):
    """What happened; the values are the contract's."""

    REGISTERED = "REGISTERED"
    EMAIL_VERIFIED = "EMAIL_VERIFIED"
    LOGIN = "LOGIN"
    LOGIN_FAILED = "LOGIN_FAILED"
    LOGOUT = "LOGOUT"
    DEVICE_CONFIRMED = "DEVICE_CONFIRMED"
    SESSION_ENDED = "SESSION_ENDED"
    SESSIONS_ENDED = "SESSIONS_ENDED"
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - no password
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - no password
    RESET_REQUESTED = "RESET_REQUESTED"
    EMAIL_CHANGE_REQUESTED = "EMAIL_CHANGE_REQUESTED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    SCOPES_GRANTED = "SCOPES_GRANTED"
    SCOPES_REVOKED = "SCOPES_REVOKED"
    DISABLED = "DISABLED"
    ENABLED = "ENABLED"
    UNLOCKED = "UNLOCKED"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who does something, and from where.

    Attributes:
        actor: `customer:<id>`, `staff:<id>`, `machine`, or `anonymous`.
        address: An IP address; empty where none is known.
        device: What the browser says it is; may be empty.
        proofs: The cookies by which accounts know the browser, by name (see `domain.device`); never stored.
    """

    actor: str
    address: str = ""
    device: str = ""
    proofs: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def network(self) -> str:
        return network_prefix(self.address)


MACHINE = Origin("machine")
"""Who works on the machine itself."""


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One thing that happened to an account.

    Attributes:
        detail: Further facts; never a secret.
    """

    kind: SecurityEventKind
    occur_time: datetime
    origin: Origin
    detail: str = ""
