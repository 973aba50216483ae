"""Inventory's settings."""

from dataclasses import dataclass
from typing import Self

from mesh.settings import MeshSettings, SettingError
from mesh.sql.databases import database_url, replica_urls

_HOLD = "SHOPMESH_HOLD_SECONDS"
_MAX_HOLD_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the inventory service.

    Attributes:
        database_url: Products, stock, reservations, the outbox and the inbox.
        replica_urls: Copies of it that answer what may be a little old.
        hold_seconds: How long stock is held for an order that is not committed (`SHOPMESH_HOLD_SECONDS`).
        sweep_seconds: How late, at most, a hold that has run out is given back.
    """

    database_url: str
    replica_urls: tuple[str, ...] = ()
    hold_seconds: int = 900
    sweep_seconds: float = 5.0

    @classmethod
    def of(cls, mesh: MeshSettings) -> Self:
        """Derive them from the settings of the mesh.

        Raises:
            SettingError: A value cannot be used.
        """
        text = mesh.environ.get(_HOLD) or "900"
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= _MAX_HOLD_SECONDS:
            raise SettingError(_HOLD, text, f"a whole number of seconds from 1 to {_MAX_HOLD_SECONDS}")
        return cls(
            database_url=database_url(mesh, "inventory"),
            replica_urls=replica_urls(mesh, "inventory"),
            hold_seconds=int(text),
        )
