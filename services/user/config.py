"""What the user service is set up with."""

from dataclasses import dataclass
from typing import Self

from mesh.settings import MeshSettings
from mesh.sql.databases import database_url


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the user service.

    Attributes:
        database_url: Accounts, tokens and the outbox.
        issuer: The provider's name, and where its pages are reached.
        site: Where links in mails lead to.
    """

    database_url: str
    issuer: str
    site: str

    @classmethod
    def of(cls, mesh: MeshSettings) -> Self:
        """Derive them from the settings of the mesh."""
        return cls(database_url=database_url(mesh, "user"), issuer=mesh.issuer, site=mesh.site)
