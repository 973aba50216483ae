"""Commits for tests about event stores: their bodies are texts, not events."""

from collections.abc import Sequence
from datetime import timedelta

from services.kernel.envelope import hash_of
from services.order.application.ports import Commit, StoredEvent
from tests.support.order_world import ALICE, MORNING


def commit(
    order_id: str = "order-1",
    versions: Sequence[int] = (1,),
    *,
    customer_id: str = ALICE,
    minutes: int = 0,
    is_open: bool = False,
    content: str = "",
) -> Commit:
    bodies = [f"{order_id} v{version} {content}ä".encode() for version in versions]
    return Commit(
        order_id=order_id,
        customer_id=customer_id,
        commit_time=MORNING + timedelta(minutes=minutes),
        events=tuple(
            StoredEvent(version, body, hash_of(body)) for version, body in zip(versions, bodies, strict=True)
        ),
        open=is_open,
    )
