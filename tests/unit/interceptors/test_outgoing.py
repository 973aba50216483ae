"""What a call that a service makes has of the call that it answers."""

import asyncio
from typing import Any

import grpc
import pytest

from interceptors.client.outgoing import outgoing_interceptors
from interceptors.core.call import Call, begin
from mesh.contract import load_contract

(METHOD, *_) = load_contract().methods_of("order")


class Answered:
    async def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK

    async def initial_metadata(self) -> dict[str, str]:
        return {}


async def timeout_sent(*, asked: float | None, left: float | None) -> float | None:
    """How long a call may take that asks for so many seconds, while the answered one has `left`."""
    deadline = None if left is None else asyncio.get_running_loop().time() + left
    begin(Call(METHOD, {}, deadline=deadline))
    sent: list[grpc.aio.ClientCallDetails] = []

    async def send(details: grpc.aio.ClientCallDetails, _request: Any) -> Answered:
        sent.append(details)
        return Answered()

    async def token() -> str:
        return "token"

    unary: Any = outgoing_interceptors(token)[0]
    await unary.intercept_unary_unary(
        send, grpc.aio.ClientCallDetails("/a/b", asked, None, None, None), "request"
    )
    return sent[0].timeout


@pytest.mark.parametrize(
    ("asked", "left", "sent"),
    [
        (None, None, None),
        (5.0, None, 5.0),
        (None, -5.0, 0.0),
        (5.0, -5.0, 0.0),
        (5.0, 1000.0, 5.0),
        (1000.0, 5.0, 5.0),
    ],
)
async def test_a_call_gets_what_is_left_and_no_more(
    asked: float | None, left: float | None, sent: float | None
) -> None:
    assert await timeout_sent(asked=asked, left=left) == (
        sent if sent is None else pytest.approx(sent, abs=0.9)
    )
