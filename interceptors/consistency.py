"""Read-your-writes: a write answers how far it got, a read waits until it sees that.

A service compares positions with its own replicas only.
"""

from collections.abc import Awaitable, Mapping
from typing import Any

import grpc

from interceptors.core.call import Call, Context, current_call_or_none
from interceptors.core.consistency_token import METADATA_KEY, decode_token, encode_token
from interceptors.core.hooks import Hook
from interceptors.core.status_error import StatusError
from mesh.contract import Idempotency


def note_write(service: str, position: str) -> None:
    """The call being answered has changed the data of `service` up to `position`."""
    call = current_call_or_none()
    if call is not None:
        call.write_positions[service] = position


def required_position(service: str) -> str | None:
    """Up to where a read of `service` has to see; None: anything will do."""
    call = current_call_or_none()
    return call.min_read_positions.get(service) if call is not None else None


class ConsistencyInterceptor(Hook):
    """Reads the token of a request and answers writes with theirs."""

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Note what a read has to see."""
        token = call.text(METADATA_KEY)
        if token:
            call.min_read_positions = _required(token)

    def on_end(self, call: Call, context: Context) -> Awaitable[None] | None:
        """Send the token of a write as initial metadata."""
        if call.method.idempotency is Idempotency.NO_SIDE_EFFECTS or call.method.server_streaming:
            return None
        token = encode_token({**call.min_read_positions, **call.write_positions})
        return context.send_initial_metadata(((METADATA_KEY, token),))


def _required(token: str) -> Mapping[str, str]:
    try:
        return decode_token(token)
    except ValueError:
        problem = "has to be a value that a write of this mesh answered, or be left out"
        raise StatusError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_CONSISTENCY_TOKEN",
            f"{METADATA_KEY} {problem}",
            fields=((METADATA_KEY, problem),),
        ) from None
