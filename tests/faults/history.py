"""What callers did and what they were answered: a line of JSON for each beginning and each end.

An end is `ok`, `fail` (refused, nothing happened) or `unknown` (no answer, or one that leaves it open); only
what is `ok` is judged.
"""

import itertools
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLACE = "place"
_EVENT_OF = {"ship": "OrderShipped", "deliver": "OrderDelivered"}
_CANCELLED = {"ORDER_STATE_CANCELLED": "OrderCancelled"}
"""What a cancellation has brought about, by the state after it: else it was of the remainder."""
_EVENT_OF_STATE = {"ORDER_STATE_CONFIRMED": "OrderConfirmed", "ORDER_STATE_REJECTED": "OrderRejected"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What callers were answered.

    Attributes:
        orders: Order id to the request id that it was placed with.
        events: What happened to which order: (order id, event type).
    """

    orders: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[tuple[str, str]] = ()


NOTHING = Answered()


class History:
    """Records operations, of any thread, into a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)

    def invoke(self, kind: str, **fields: Any) -> int:
        """Note that an operation begins; returns its number."""
        with self._lock:
            number = next(self._numbers)
            self._add(number, "invoke", kind=kind, **fields)
        return number

    def end(self, number: int, outcome: str, **fields: Any) -> None:
        """Note how it ended: `ok`, `fail` or `unknown`."""
        with self._lock:
            self._add(number, outcome, **fields)

    def counts(self) -> Mapping[str, int]:
        """How many ended in which way."""
        with self._lock:
            ends = [entry["what"] for entry in self._entries]
        return {what: ends.count(what) for what in ("ok", "fail", "unknown")}

    def answered(self) -> Answered:
        with self._lock:
            return _answered(self._entries)

    def _add(self, number: int, what: str, **fields: Any) -> None:
        entry = {"op": number, "what": what, "time": round(time.time(), 6), **fields}
        self._entries.append(entry)
        with self._path.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def answered_in(path: Path) -> Answered:
    """What a recorded history says."""
    return _answered([json.loads(line) for line in path.read_text().splitlines()])


def _answered(entries: Sequence[Mapping[str, Any]]) -> Answered:
    begun = {entry["op"]: entry for entry in entries if entry["what"] == "invoke"}
    orders: dict[str, str] = {}
    events: list[tuple[str, str]] = []
    for entry in entries:
        if entry["what"] != "ok":
            continue
        operation = begun[entry["op"]]
        if operation["kind"] == PLACE:
            orders[entry["orderId"]] = operation["requestId"]
            event = _EVENT_OF_STATE.get(entry["state"])
        else:
            event = _EVENT_OF.get(operation["kind"]) or _CANCELLED.get(
                entry["state"], "OrderRemainderCancelled"
            )
        if event:
            events.append((entry["orderId"], event))
    return Answered(orders, events)
