"""What the application needs from the world outside."""

from services.user.application.ports.oauth import (
    AuthorizationServer,
    ClientRegistry,
    LoginNeeds,
    LogoutTarget,
    OAuthAnswer,
    OAuthRequest,
)
from services.user.application.ports.outside import (
    CustomerOrders,
    MailAddresses,
    PasswordHasher,
    SecurityMetrics,
)
from services.user.application.ports.stores import (
    AccountStore,
    AddressStore,
    AttemptStore,
    EventStream,
    GrantStore,
    KeptContactStore,
    LinkStore,
    RevocationStore,
    SecurityLog,
    SessionStore,
    Unit,
    UnitOfWork,
)

__all__ = [
    "AccountStore",
    "AddressStore",
    "AttemptStore",
    "AuthorizationServer",
    "ClientRegistry",
    "CustomerOrders",
    "EventStream",
    "GrantStore",
    "KeptContactStore",
    "LinkStore",
    "LoginNeeds",
    "LogoutTarget",
    "MailAddresses",
    "OAuthAnswer",
    "OAuthRequest",
    "PasswordHasher",
    "RevocationStore",
    "SecurityLog",
    "SecurityMetrics",
    "SessionStore",
    "Unit",
    "UnitOfWork",
]
