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
    PasswordHasher,
)
from services.user.application.ports.stores import (
    AccountStore,
    AddressStore,
    BudgetStore,
    EventStream,
    GrantStore,
    LinkStore,
    RevocationStore,
    SessionStore,
    Unit,
    UnitOfWork,
)

__all__ = [
    "AccountStore",
    "AddressStore",
    "AuthorizationServer",
    "BudgetStore",
    "ClientRegistry",
    "CustomerOrders",
    "EventStream",
    "GrantStore",
    "LinkStore",
    "LoginNeeds",
    "LogoutTarget",
    "OAuthAnswer",
    "OAuthRequest",
    "PasswordHasher",
    "RevocationStore",
    "SessionStore",
    "Unit",
    "UnitOfWork",
]
