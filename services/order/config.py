"""The order service's settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mesh.settings import MeshSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the order service keeps what it keeps.

    Attributes:
        database: The event store.
        keys_database: The customers' data keys, apart from the events.
        search_database: The index in which staff finds orders; made again from the event store.
        inbox_database: Which events of other services were handled.
        head_log: The signed heads, outside the event store.
        key_encryption_key: File with the key that encrypts the data keys.
        head_key: File with the key that signs heads.
    """

    database: Path
    keys_database: Path
    search_database: Path
    inbox_database: Path
    head_log: Path
    key_encryption_key: Path
    head_key: Path

    @classmethod
    def of(cls, mesh: MeshSettings) -> Self:
        return cls(
            database=mesh.database("order"),
            keys_database=mesh.database("order_keys"),
            search_database=mesh.database("order_search"),
            inbox_database=mesh.database("order_inbox"),
            head_log=mesh.data / "order_heads.log",
            key_encryption_key=mesh.secrets / "order-kek",
            head_key=mesh.secrets / "order-heads",
        )
