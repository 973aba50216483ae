"""The order service's settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mesh.settings import MeshSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """The stores of the order service.

    Attributes:
        mongodb_url: Where events and data keys are; None: in the files that follow.
        database: The event store.
        keys_database: The customers' data keys, apart from the events.
        search_database: The index in which staff finds orders; made again from the event store.
        inbox_database: Which events of other services were handled.
        head_log: The signed heads, outside the event store.
        key_encryption_keys: File with the keys that encrypt the data keys, the current one first.
        head_key: File with the key that signs heads.
    """

    mongodb_url: str | None
    database: Path
    keys_database: Path
    search_database: Path
    inbox_database: Path
    head_log: Path
    key_encryption_keys: Path
    head_key: Path

    @classmethod
    def of(cls, mesh: MeshSettings) -> Self:
        return cls(
            mongodb_url=mesh.mongodb_url,
            database=mesh.database("order"),
            keys_database=mesh.database("order_keys"),
            search_database=mesh.database("order_search"),
            inbox_database=mesh.database("order_inbox"),
            head_log=mesh.data / "order_heads.log",
            key_encryption_keys=mesh.secrets / "order-kek",
            head_key=mesh.secrets / "order-heads",
        )
