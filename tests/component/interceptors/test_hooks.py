"""In which order hooks start and end, each in its own coroutine and all in one."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from interceptors.core.call import Behavior, Call, begin
from interceptors.core.hooks import Hook, nest
from interceptors.core.hooks_fast_path import nest_hooks_in_one
from mesh.contract import load_contract

CONTEXT: Any = None
Nest = Callable[[Sequence[Hook], Behavior, str], Behavior]
NAME = "/x/Y"


@pytest.fixture(params=[nest, nest_hooks_in_one])
def around(request: pytest.FixtureRequest) -> Nest:
    return cast(Nest, request.param)


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


async def test_hooks_are_left_in_the_opposite_order(around: Nest) -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> str:
        notes.append(request)
        return "answer"

    answered = await around((Noting("a", notes), Noting("b", notes)), answer, NAME)("request", CONTEXT)

    assert answered == "answer"
    assert notes == ["enter a", "enter b", "request", "leave b", "leave a"]


async def test_a_hook_that_refuses_ends_the_call_and_nothing_else_runs(around: Nest) -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> None:
        notes.append(request)

    with pytest.raises(PermissionError):
        await around((Noting("a", notes), Refusing(), Noting("b", notes)), answer, NAME)("request", CONTEXT)

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


async def test_an_error_goes_outwards_and_may_become_another(around: Nest) -> None:
    notes: list[str] = []
    hooks = (Failing("a", notes), Failing("b", notes, instead=ValueError("another")), Failing("c", notes))

    async def broken(request: str, context: Any) -> None:
        raise KeyError("it")

    with pytest.raises(ValueError, match="another"):
        await around(hooks, broken, NAME)("request", CONTEXT)

    assert notes[-3:] == ["c hears of 'it'", "b hears of 'it'", "a hears of another"]


async def test_only_those_hear_of_an_error_who_were_entered(around: Nest) -> None:
    notes: list[str] = []
    hooks = (Failing("a", notes), Refusing(), Failing("b", notes))

    async def answer(request: str, context: Any) -> None:
        notes.append(request)

    with pytest.raises(PermissionError):
        await around(hooks, answer, NAME)("request", CONTEXT)

    assert notes == ["enter a", "a hears of "]


async def test_an_error_of_leaving_is_heard_of_by_those_not_yet_left(around: Nest) -> None:
    notes: list[str] = []

    class Stumbling(Failing):
        async def on_end(self, call: Call, context: Any) -> None:
            raise KeyError(self._name)

    async def answer(request: str, context: Any) -> str:
        return request

    with pytest.raises(KeyError):
        await around((Failing("a", notes), Stumbling("b", notes), Failing("c", notes)), answer, NAME)(
            "", CONTEXT
        )

    assert notes == ["enter a", "enter b", "enter c", "leave c", "a hears of 'b'"]


async def test_a_hook_alone_is_an_interceptor_like_any_other() -> None:
    notes: list[str] = []

    async def answer(request: str, context: Any) -> str:
        return request

    assert await Noting("a", notes).intercept(answer, "request", CONTEXT, "/x/Y") == "request"
    assert notes == ["enter a", "leave a"]
