"""In which order steps are entered and left, alone and beside each other."""

from typing import Any

import pytest

from interceptors.call import Call, begin
from interceptors.step import Step, in_turn
from mesh.contract import load_contract

CONTEXT: Any = None


class Noting(Step):
    """Notes when it is entered and left; its leaving waits for something."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    def enter(self, call: Call, request_or_iterator: Any, context: Any) -> None:
        self._notes.append(f"enter {self._name}")

    async def leave(self, call: Call, context: Any) -> None:
        self._notes.append(f"leave {self._name}")


class Refusing(Step):
    async def enter(self, call: Call, request_or_iterator: Any, context: Any) -> None:
        raise PermissionError


@pytest.fixture(autouse=True)
def _called() -> None:
    begin(Call(load_contract().methods_of("order")[0], {}))


async def test_steps_are_left_in_the_opposite_order() -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> str:
        notes.append(request)
        return "answer"

    answered = await in_turn((Noting("a", notes), Noting("b", notes)), answer)("request", CONTEXT)

    assert answered == "answer"
    assert notes == ["enter a", "enter b", "request", "leave b", "leave a"]


async def test_a_step_that_refuses_ends_the_call_and_nothing_is_left() -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> None:
        notes.append(request)

    with pytest.raises(PermissionError):
        await in_turn((Noting("a", notes), Refusing(), Noting("b", notes)), answer)("request", CONTEXT)

    assert notes == ["enter a"]


async def test_a_step_alone_is_an_interceptor_like_any_other() -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> str:
        return request

    assert await Noting("a", notes).intercept(answer, "request", CONTEXT, "/x/Y") == "request"
    assert notes == ["enter a", "leave a"]
