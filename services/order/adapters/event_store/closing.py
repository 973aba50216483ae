"""What commits that are stored together leave open."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.order.application.ports import Commit


def closed_together(commits: Sequence[Commit]) -> tuple[Sequence[Commit], Mapping[str, int]]:
    """The commits as they are once all of them are stored, and what has to be closed beside them.

    Args:
        commits: Those of an order in the order of their versions.

    Returns:
        The commits: one that is followed by another which is not open is closed. And by order id the version
        up to which those that were stored earlier are closed.
    """
    closed = {commit.order_id: commit.version for commit in commits if not commit.open}
    first: dict[str, int] = {}
    for commit in commits:
        first.setdefault(commit.order_id, commit.version)
    return (
        [
            replace(each, open=False) if each.open and each.version < closed.get(each.order_id, 0) else each
            for each in commits
        ],
        {order_id: version for order_id, version in closed.items() if first[order_id] > 1},
    )
