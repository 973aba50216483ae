"""What somebody with access to MongoDB can do to an order's events."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from pymongo.collection import Collection

Commits = Collection[dict[str, Any]]
Tampering = Callable[[Commits, str], None]


def edit(commits: Commits, order_id: str) -> None:
    """Change the bytes of an event."""
    body = _event(commits, order_id, 2)["body"].replace(b'"units":"12"', b'"units":"11"')
    _overwrite(commits, order_id, 2, {"body": body})


def delete(commits: Commits, order_id: str) -> None:
    """Take an event out of the middle."""
    commits.delete_one({"order_id": order_id, "version": 2})


def insert(commits: Commits, order_id: str) -> None:
    """Add an event behind the last one, with a chain that is right."""
    last = _event(commits, order_id, 3)
    fields = json.loads(last["body"]) | {"type": "OrderDelivered", "version": 4, "prevHash": last["hash"]}
    body = _canonical(fields)
    document = commits.find_one({"order_id": order_id, "version": 3}) or {}
    event = {"version": 4, "body": body, "hash": sha256(body).hexdigest()}
    commits.insert_one(document | {"_id": "inserted", "version": 4, "events": [event]})


def reorder(commits: Commits, order_id: str) -> None:
    """Exchange two events."""
    second, third = (_event(commits, order_id, version) for version in (2, 3))
    _overwrite(commits, order_id, 2, {"body": third["body"], "hash": third["hash"]})
    _overwrite(commits, order_id, 3, {"body": second["body"], "hash": second["hash"]})


def cut_the_tail(commits: Commits, order_id: str) -> None:
    """Let the last event never have happened."""
    commits.delete_one({"order_id": order_id, "version": 3})


def recompute(commits: Commits, order_id: str) -> None:
    """Change the first event, and make every hash right again."""
    previous = ""
    for version in (1, 2, 3):
        changed = _event(commits, order_id, version)["body"].replace(b'"quantity":1', b'"quantity":2')
        body = _canonical(json.loads(changed) | {"prevHash": previous})
        previous = sha256(body).hexdigest()
        _overwrite(commits, order_id, version, {"body": body, "hash": previous})


@contextmanager
def made_good(commits: Commits, order_id: str) -> Iterator[None]:
    """Put an order's events back at the end."""
    kept = list(commits.find({"order_id": order_id}))
    try:
        yield
    finally:
        commits.delete_many({"order_id": order_id})
        commits.insert_many(kept)


def _event(commits: Commits, order_id: str, version: int) -> dict[str, Any]:
    commit = commits.find_one({"order_id": order_id, "version": version})
    assert commit is not None
    return dict(commit["events"][0])


def _overwrite(commits: Commits, order_id: str, version: int, values: dict[str, Any]) -> None:
    changed = {f"events.0.{name}": value for name, value in values.items()}
    commits.update_one({"order_id": order_id, "version": version}, {"$set": changed})


def _canonical(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
