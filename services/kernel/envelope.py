"""The envelope that carries every event (`protos/shopmesh/events/v1/envelope.proto`).

An event's body is written once, as canonical JSON, and never again: stores and
the event log hold the same bytes, and the hash chain covers them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Self

_NAMES = {
    "event_id": "eventId",
    "type": "type",
    "schema_version": "schemaVersion",
    "key": "key",
    "version": "version",
    "actor": "actor",
    "correlation": "correlation",
    "causation": "causation",
    "trace": "trace",
    "payload": "payload",
    "prev_hash": "prevHash",
}
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event with all that is known about how it came to be."""

    event_id: str
    type: str
    schema_version: int
    key: str
    version: int
    occur_time: datetime
    actor: str
    correlation: str
    causation: str
    trace: str
    payload: Mapping[str, Any]
    prev_hash: str

    def body(self) -> bytes:
        """The canonical bytes: JSON with sorted keys, without white space, as UTF-8.

        The time is in UTC, with microseconds and a `Z` (RFC 3339).
        """
        return self._body(f"{self._naive_time()}Z")

    def is_canonical(self, body: bytes) -> bool:
        """Whether these bytes are the envelope's, as written today or in the form before."""
        return body == self.body() or body == self._body(f"{self._naive_time()}+00:00")

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Read what `body` wrote.

        Raises:
            ValueError: These are not the bytes of an envelope.
        """
        try:
            fields = json.loads(body)
            attributes = {attribute: fields[name] for attribute, name in _NAMES.items()}
            return cls(**attributes, occur_time=datetime.fromisoformat(fields["occurTime"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an event envelope: {error}") from error

    def _body(self, occur_time: str) -> bytes:
        fields = {name: getattr(self, attribute) for attribute, name in _NAMES.items()}
        fields["occurTime"] = occur_time
        return _CANONICAL.encode(fields).encode()

    def _naive_time(self) -> str:
        return self.occur_time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def hash_of(body: bytes) -> str:
    """The hash of a stored body: SHA-256, lower-case hex."""
    return sha256(body).hexdigest()
