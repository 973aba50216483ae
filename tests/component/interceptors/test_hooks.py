"""In which order steps are entered and left, alone and beside each other."""

from typing import Any

import pytest

from interceptors.core.call import Call, begin
from interceptors.core.hooks import Hook, compose
from mesh.contract import load_contract

CONTEXT: Any = None


class Noting(Hook):
    """Notes when it is entered and left; its leaving waits for something."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    def on_start(self, call: Call, request_or_iterator: Any, context: Any) -> None:
        self._notes.append(f"enter {self._name}")

    async def on_end(self, call: Call, context: Any) -> None:
        self._notes.append(f"leave {self._name}")


class Refusing(Hook):
    async def on_start(self, call: Call, request_or_iterator: Any, context: Any) -> None:
        raise PermissionError


@pytest.fixture(autouse=True)
def _called() -> None:
    begin(Call(load_contract().methods_of("order")[0], {}))


async def test_steps_are_left_in_the_opposite_order() -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> str:
        notes.append(request)
        return "answer"

    answered = await compose((Noting("a", notes), Noting("b", notes)), answer)("request", CONTEXT)

    assert answered == "answer"
    assert notes == ["enter a", "enter b", "request", "leave b", "leave a"]


async def test_a_step_that_refuses_ends_the_call_and_nothing_is_left() -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> None:
        notes.append(request)

    with pytest.raises(PermissionError):
        await compose((Noting("a", notes), Refusing(), Noting("b", notes)), answer)("request", CONTEXT)

    assert notes == ["enter a"]


class Failing(Noting):
    """Notes what went wrong inside of it; it may put something else in its place."""

    def __init__(self, name: str, notes: list[str], instead: Exception | None = None) -> None:
        super().__init__(name, notes)
        self._instead = instead

    async def on_error(self, call: Call, context: Any, error: BaseException) -> None:
        self._notes.append(f"{self._name} hears of {error}")
        if self._instead is not None:
            raise self._instead


async def test_an_error_goes_outwards_and_may_become_another() -> None:
    notes: list[str] = []
    steps = (Failing("a", notes), Failing("b", notes, instead=ValueError("another")), Failing("c", notes))

    async def broken(request: str, context: Any) -> None:
        raise KeyError("it")

    with pytest.raises(ValueError, match="another"):
        await compose(steps, broken)("request", CONTEXT)

    assert notes[-3:] == ["c hears of 'it'", "b hears of 'it'", "a hears of another"]


async def test_only_those_hear_of_an_error_who_were_entered() -> None:
    notes: list[str] = []
    steps = (Failing("a", notes), Refusing(), Failing("b", notes))

    async def answer(request: str, context: Any) -> None:
        notes.append(request)

    with pytest.raises(PermissionError):
        await compose(steps, answer)("request", CONTEXT)

    assert notes == ["enter a", "a hears of "]


async def test_an_error_of_leaving_is_heard_of_by_those_not_yet_left() -> None:
    notes: list[str] = []

    class Stumbling(Failing):
        async def on_end(self, call: Call, context: Any) -> None:
            raise KeyError(self._name)

    async def answer(request: str, context: Any) -> str:
        return request

    with pytest.raises(KeyError):
        await compose((Failing("a", notes), Stumbling("b", notes), Failing("c", notes)), answer)("", CONTEXT)

    assert notes == ["enter a", "enter b", "enter c", "leave c", "a hears of 'b'"]


async def test_a_step_alone_is_an_interceptor_like_any_other() -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> str:
        return request

    assert await Noting("a", notes).intercept(answer, "request", CONTEXT, "/x/Y") == "request"
    assert notes == ["enter a", "leave a"]
