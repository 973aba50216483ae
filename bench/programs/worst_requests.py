"""P24: what the worst bodies cost that are let through: at the front proxy, and judged in the service."""

import gc
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any, cast

import httpx
import lupa.luajit21 as lua
import psutil
from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from bench.cores import DRIVER, MEASURED, working_on
from bench.estimates import estimate
from bench.figures import Figure, at_most
from bench.plan import Plan
from interceptors.validation.judging import Judge
from mesh.client.http import http_client
from mesh.contract import Contract, Method, load_contract
from mesh.contract.bounds import bounds_of, most_body_bytes
from mesh.contract.names import json_name
from mesh.contract.texts import TextKind, text_fields_of
from mesh.render.envoy.filters import has_body
from mesh.render.envoy.strict_body.filter import script
from tests.e2e.valid_requests import known_values, valid
from tests.mesh.front_door.proxy import Proxy, open_proxy
from tests.mesh.front_door.shop import open_shop
from tests.support.ports import free_offset

_COSTLIEST = 3
_AT_MOST_MS = at_most(20)
_PER_KILOBYTE = at_most(25)
_KILOBYTE = 1000
_AGAIN = 20
_KNOWN_IDS = {
    "sku": "MUG-RED",
    "order_id": "0192f000-0000-5000-8000-000000000000",
    "address_id": "0192f000-0000-7000-8000-000000000000",
    "user_id": "0192f000-0000-7000-8000-000000000000",
}
_JUDGE = Judge()

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Body:
    """A body that a method lets through.

    Attributes:
        method: Of the contract.
        what: How it was made.
        document: The body.
    """

    method: Method
    what: str
    document: Document

    @property
    def text(self) -> bytes:
        return json.dumps(self.document, separators=(",", ":")).encode()


async def of_each_method(plan: Plan) -> AsyncIterator[Figure]:
    """P24: the strict body's script, and the worst bodies of all methods at the door and in a service."""
    contract = load_contract()
    methods = [each for each in contract.methods if has_body(each)]
    yield _scripted(plan, methods)
    # As a server does that has started: what is there already is not looked through again.
    gc.freeze()
    with working_on(MEASURED):
        judged = sorted(map(partial(_judged, plan), _bodies(methods)), key=attrgetter("estimate.value"))
    for figure in judged[: -_COSTLIEST - 1 : -1]:
        yield figure
    at_door = [figure async for figure in _at_door(plan, contract, methods)]
    for figure in sorted(at_door, key=attrgetter("estimate.value"))[: -_COSTLIEST - 1 : -1]:
        yield figure


def _scripted(plan: Plan, methods: Sequence[Method]) -> Figure:
    runtime = lua.LuaRuntime(encoding=None)
    walk = cast(
        Callable[[bytes, bytes], Any], runtime.execute(f"{script(methods)}\nreturn wrong_with".encode())
    )
    (quote,) = (each for each in methods if each.name == "QuoteOrder")
    lines = [{"sku": f"MUG-RED-{number}", "quantity": number + 1} for number in range(_KILOBYTE // 38)]
    text = json.dumps({"lines": lines}).encode()
    assert walk(text, quote.input.full_name.encode()) is None
    micros = [
        1e6 * _cpu(lambda: walk(text, quote.input.full_name.encode()), 1000) * _KILOBYTE / len(text)
        for _ in range(plan.pairs)
    ]
    return Figure(
        "P24", "the front proxy's script reads a kilobyte of JSON", estimate(micros), "µs", _PER_KILOBYTE
    )


def _judged(plan: Plan, body: _Body) -> Figure:
    kind = GetMessageClass(body.method.input)
    wire = _request(body).SerializeToString()

    def judge() -> None:
        _JUDGE.judge(kind.FromString(wire))

    judge()
    seconds = [_cpu(judge, 1) for _ in range(plan.pairs)]
    return Figure("P24", f"{_named(body)}: judged in the service", _in_ms(seconds), "ms", _AT_MOST_MS)


async def _at_door(plan: Plan, contract: Contract, methods: Sequence[Method]) -> AsyncIterator[Figure]:
    limits = {
        name: replace(limit, rate_per_minute=6_000_000, burst=100_000)
        for name, limit in contract.limit_classes.items()
    }
    offset = free_offset()
    async with (
        open_shop(contract, offset) as shop,
        open_proxy(contract, plan.room("p24"), port_offset=offset, limits=limits) as proxy,
        http_client(proxy.url) as client,
    ):
        envoy = max(psutil.Process().children(), key=lambda child: child.create_time())
        envoy.cpu_affinity([MEASURED])
        with working_on(DRIVER):
            for body in _bodies(methods):
                seconds = [await _cpu_of_door(envoy, client, proxy, body) for _ in range(plan.pairs)]
                shop.forget()
                yield Figure("P24", f"{_named(body)}: at the door", _in_ms(seconds), "ms", _AT_MOST_MS)


async def _cpu_of_door(envoy: psutil.Process, client: httpx.AsyncClient, proxy: Proxy, body: _Body) -> float:
    assert body.method.binding is not None
    path = body.method.binding.template.format_map(dict.fromkeys(body.method.binding.path_fields, "A-1"))
    headers = proxy.bearer() | {"content-type": "application/json"}
    before = sum(envoy.cpu_times()[:2])
    for _ in range(_AGAIN):
        await client.request(body.method.binding.verb, path, content=body.text, headers=headers)
    return (sum(envoy.cpu_times()[:2]) - before) / _AGAIN


def _bodies(methods: Sequence[Method]) -> Iterator[_Body]:
    """For each method an ordinary body with its longest list full: of right, untidy and empty items."""
    for method in methods:
        ordinary = _ordinary(method)
        longest = max(_lists(method), key=attrgetter("most_items"), default=None)
        if longest is None:
            yield _Body(method, "ordinary", ordinary)
            continue
        (item,) = ordinary[longest.json_name][:1]
        items: dict[str, Callable[[int], Any]] = {
            "right items": partial(_numbered, item),
            "empty items": partial(_empty, item),
        }
        if texts := _free_texts(method.input, longest.name):
            items["untidy items"] = partial(_untidy, texts, item)
        for what, make in items.items():
            full = ordinary | {longest.json_name: []}
            count = _most_that_fit(method, full, make(longest.most_items or 0), longest.most_items or 0)
            full[longest.json_name] = [make(number) for number in range(count)]
            yield _Body(method, f"{count:,} {what}", full)


def _ordinary(method: Method) -> Document:
    request = valid(GetMessageClass(method.input), known_values(**_KNOWN_IDS))
    assert method.binding is not None
    document: Document = MessageToDict(request)
    if method.binding.body != "*":
        document = document.get(json_name(method.binding.body), {})
    return {
        name: value
        for name, value in document.items()
        if name not in map(json_name, method.binding.path_fields)
    }


def _lists(method: Method) -> Iterator[Any]:
    assert method.binding is not None
    if method.binding.body == "*":
        yield from (each for each in bounds_of(method.input).values() if each.most_items)


def _free_texts(kind: Descriptor, name: str) -> list[str]:
    """The fields of a list's messages that take any text."""
    within = text_fields_of(kind).get(kind.fields_by_name[name].number)
    return [
        each.json_name
        for each in (within.within.values() if within else ())
        if each.kind in (TextKind.LINE, TextKind.BLOCK)
    ]


def _most_that_fit(method: Method, document: Document, item: Any, most: int) -> int:
    room = most_body_bytes(method.input) - len(json.dumps(document, separators=(",", ":")))
    return min(most, room // (len(json.dumps(item, separators=(",", ":"))) + 1))


def _numbered(item: Any, number: int) -> Any:
    """An item that is no other's equal."""
    if isinstance(item, str):
        return f"{item}-{number}" if item.isupper() else item
    return item | ({"sku": f"SKU-{number}"} if "sku" in item else {})


def _untidy(texts: Sequence[str], item: Any, number: int) -> Any:
    """An item whose texts the service has to normalise."""
    return _numbered(item, number) | dict.fromkeys(texts, " Mug ")


def _empty(item: Any, _number: int) -> Any:
    return {} if isinstance(item, Mapping) else ""


def _request(body: _Body) -> Message:
    """The request that a service gets of a body."""
    binding, kind = body.method.binding, GetMessageClass(body.method.input)
    assert binding is not None
    document = body.document if binding.body == "*" else {json_name(binding.body): body.document}
    try:
        return ParseDict(document, kind())
    except ParseError:
        return kind()


def _named(body: _Body) -> str:
    return f"{body.method.name}, {body.what} ({len(body.text):,} bytes)"


def _in_ms(seconds: Sequence[float]) -> Any:
    return estimate([1000 * each for each in seconds])


def _cpu(work: Callable[[], Any], times: int) -> float:
    """Processor time of this thread for doing something once."""
    began = time.thread_time()
    for _ in range(times):
        work()
    return (time.thread_time() - began) / times
