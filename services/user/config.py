"""What the user service is set up with."""

from dataclasses import dataclass
from typing import Self

from mesh.server.context import ServiceContext
from mesh.sql.databases import database_url
from services.user.domain.budget import Budget
from services.user.domain.scopes import CLIENT_SCOPES

_LOGIN_CLASS = "login"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the user service.

    Attributes:
        database_url: Accounts, tokens and the outbox.
        issuer: The provider's name, and where its pages are reached.
        scopes: Every scope that a method of the contract asks for.
        login_budget: Wrong passwords per account (the limit class `login`).
    """

    database_url: str
    issuer: str
    scopes: frozenset[str]
    login_budget: Budget

    @classmethod
    def of(cls, node: ServiceContext) -> Self:
        login = node.limits[_LOGIN_CLASS]
        return cls(
            database_url=database_url(node.settings, "user"),
            issuer=node.settings.issuer,
            scopes=frozenset(node.contract.scopes),
            login_budget=Budget(login.rate_per_minute, login.burst),
        )

    @property
    def grantable_scopes(self) -> frozenset[str]:
        """What accounts may have."""
        return self.scopes - CLIENT_SCOPES
