"""What is found in the stores, whichever they are."""

import hmac
import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any


@dataclass(frozen=True)
class StoredEvent:
    """One event as it is stored or published."""

    order_id: str
    version: int
    body: bytes
    hash: str

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The event's JSON."""
        return dict(json.loads(self.body))


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A line of the head log, by the names that it has there."""

    orderId: str  # noqa: N815
    version: int
    hash: str
    mac: str

    def is_genuine(self, key: bytes) -> bool:
        """Whether whoever has the key signed it."""
        signed = f"{self.orderId}\n{self.version}\n{self.hash}".encode()
        return hmac.compare_digest(self.mac, hmac.new(key, signed, sha256).hexdigest())


@dataclass(frozen=True, slots=True)
class IndexRow:
    """An order as staff finds it; `total` is currency, units and nanos."""

    order_id: str
    version: int
    customer_id: str
    state: str
    place_time: str
    skus: tuple[str, ...]
    total: tuple[str, int, int] | None
