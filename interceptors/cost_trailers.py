"""Counts what a call cost its stores and says so in the trailers."""

from interceptors.core.call import Call, Context, current_call_or_none
from interceptors.core.hooks import Hook


def count_query() -> None:
    """One SQL statement was sent."""
    call = current_call_or_none()
    if call is not None:
        call.queries += 1


def count_cache(*, l1: int = 0, l2: int = 0, miss: int = 0) -> None:
    """So many values came from the process, from the shared cache, and from neither."""
    call = current_call_or_none()
    if call is not None:
        known = call.cache
        call.cache = known[0] + l1, known[1] + l2, known[2] + miss


def note_replica(name: str) -> None:
    """A read was answered by the replica `name`, or by `primary`."""
    call = current_call_or_none()
    if call is not None:
        call.replica = name


class CostTrailersInterceptor(Hook):
    """Sends `x-db-queries`, `x-cache` and `x-replica` behind the answer."""

    def on_end(self, call: Call, context: Context) -> None:
        """Set the trailers."""
        l1, l2, miss = call.cache
        context.set_trailing_metadata(
            (
                ("x-db-queries", str(call.queries)),
                ("x-cache", f"l1={l1},l2={l2},miss={miss}"),
                ("x-replica", call.replica or "primary"),
            )
        )
