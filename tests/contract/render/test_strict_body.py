"""What the front proxy's script refuses of a body, and that it is what a reference parser finds.

The script runs here in the interpreter that Envoy has, LuaJIT.
"""

import json
from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Any

import lupa.luajit21 as lua
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.contract import Method, load_contract
from mesh.contract.names import json_name
from mesh.render.envoy.filters import has_body
from mesh.render.envoy.strict_body.filter import script

METHODS = [each for each in load_contract().methods if has_body(each)]
BY_NAME = {method.name: method for method in METHODS}
TEXTS = ("google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask")
DEEPEST = 32

Refusal = tuple[str, str] | None
"""Where and what; None: nothing is wrong."""


@cache
def walker() -> Callable[[bytes, bytes], Any]:
    runtime = lua.LuaRuntime(encoding=None)
    walk: Callable[[bytes, bytes], Any] = runtime.execute(f"{script(METHODS)}\nreturn wrong_with".encode())
    return walk


def judged(method: Method, body: bytes) -> Refusal:
    kind = method.full_name if method.full_name.encode() in kinds() else root_of(method).full_name
    refusal = walker()(body, kind.encode())
    return None if refusal is None else (refusal[b"path"].decode(), refusal[b"what"].decode())


@cache
def kinds() -> frozenset[bytes]:
    runtime = lua.LuaRuntime(encoding=None)
    return frozenset(runtime.execute(f"{script(METHODS)}\nreturn KINDS".encode()).keys())


def root_of(method: Method) -> Descriptor:
    assert method.binding is not None
    if method.binding.body == "*":
        return method.input
    root = method.input.fields_by_name[method.binding.body].message_type
    assert root is not None
    return root


class Wrong(Exception):
    """The reference refuses a body."""


def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(members)) != len(members):
        raise Wrong("a name stands twice")
    return dict(members)


def constant(name: str) -> Any:
    raise Wrong(f"{name} is not JSON")


def is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def reference(method: Method, body: bytes) -> bool:
    """Whether a body is right, by Python's parser and protobuf's descriptors."""
    try:
        document = json.loads(body.decode(), object_pairs_hook=pairs, parse_constant=constant)
        assert method.binding is not None
        given_by_path = set(map(json_name, method.binding.path_fields))
        look_through(document, 1)
        object_of(root_of(method), document, given_by_path if method.binding.body == "*" else set())
    except (Wrong, ValueError, RecursionError):
        return False
    return True


def look_through(value: Any, depth: int) -> None:
    if isinstance(value, dict | list) and depth > DEEPEST:
        raise Wrong("too deep")
    if isinstance(value, str) and not is_text(value):
        raise Wrong("half a surrogate pair")
    if isinstance(value, dict):
        value = [*value, *value.values()]
    for each in value if isinstance(value, list) else ():
        look_through(each, depth + 1)


def object_of(message: Descriptor, value: Any, given_by_path: Collection[str] = ()) -> None:
    if not isinstance(value, dict):
        raise Wrong("not an object")
    fields = {json_name(field.name): field for field in message.fields}
    if unknown := value.keys() - (fields.keys() - set(given_by_path)):
        raise Wrong(f"{unknown} are not known")
    there = {fields[name]: each for name, each in value.items() if each is not None}
    chosen = [each.containing_oneof.name for each in there if each.containing_oneof is not None]
    if len(set(chosen)) != len(chosen):
        raise Wrong("two of a oneof")
    for field, each in there.items():
        if field.is_repeated and not isinstance(each, list):
            raise Wrong(f"{field.name} is no list")
        for item in each if field.is_repeated else [each]:
            value_of(field, item)


def value_of(field: FieldDescriptor, value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if field.message_type is not None and field.message_type.full_name not in TEXTS:
        return object_of(field.message_type, value)
    is_right = {
        FieldDescriptor.CPPTYPE_BOOL: isinstance(value, bool),
        FieldDescriptor.CPPTYPE_INT64: number or isinstance(value, str),
        FieldDescriptor.CPPTYPE_UINT64: number or isinstance(value, str),
        FieldDescriptor.CPPTYPE_INT32: number,
        FieldDescriptor.CPPTYPE_UINT32: number,
        FieldDescriptor.CPPTYPE_DOUBLE: number,
        FieldDescriptor.CPPTYPE_FLOAT: number,
    }
    if not is_right.get(field.cpp_type, isinstance(value, str)):
        raise Wrong(f"{field.name} is of another type")
    return None


def right_values(message: Descriptor, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """A right value for every field that may stand beside the others."""
    chosen: set[str] = set()
    values: dict[str, Any] = {}
    for field in message.fields:
        oneof = field.containing_oneof
        if field.name in without or (oneof is not None and oneof.name in chosen):
            continue
        chosen |= {oneof.name} if oneof is not None else set()
        several = [right_value(field), right_value(field)]
        values[json_name(field.name)] = several if field.is_repeated else several[0]
    return values


def right_value(field: FieldDescriptor) -> Any:
    if field.message_type is not None and field.message_type.full_name not in TEXTS:
        return right_values(field.message_type)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return True
    texts = (FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_ENUM, FieldDescriptor.CPPTYPE_MESSAGE)
    return "A-1é" if field.cpp_type in texts else 7


def body_of(method: Method) -> dict[str, Any]:
    assert method.binding is not None
    without = method.binding.path_fields if method.binding.body == "*" else ()
    return right_values(root_of(method), without)


def members(value: Any, place: str = "") -> Iterator[tuple[dict[str, Any], str, str]]:
    """Every object of a document with each of its names, and where it stands."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from members(each, f"{place}[{index}]")
    elif isinstance(value, dict):
        for name, each in list(value.items()):
            path = f"{place}.{name}" if place else name
            yield value, name, path
            yield from members(each, path)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_body_with_all_that_the_contract_knows_is_let_through(method: Method) -> None:
    body = body_of(method)

    assert judged(method, json.dumps(body).encode()) is None
    assert judged(method, json.dumps(body, indent=2, ensure_ascii=False).encode()) is None


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_misspelt_name_is_refused_wherever_it_stands_and_the_nearest_is_named(
    method: Method,
) -> None:
    for holder, name, path in list(members(document := body_of(method))):
        holder[misspelt := name + name[-1]] = holder.pop(name)

        assert judged(method, json.dumps(document).encode()) == (
            path[: -len(name)] + misspelt,
            f"is not known here; the nearest name is {name}",
        )
        holder[name] = holder.pop(misspelt)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_value_of_another_json_type_is_refused_wherever_it_stands(method: Method) -> None:
    for holder, name, path in list(members(document := body_of(method))):
        right = holder[name]
        for other in (True, 7, "text", [["x"]], {"x": 1}, [None]):
            holder[name] = other
            body = json.dumps(document).encode()
            refusal = judged(method, body)
            assert (refusal is None) == reference(method, body), (path, other, refusal)
            assert refusal is None or refusal[0].startswith(path), (path, other, refusal)
        holder[name] = right


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_null_is_as_if_the_field_were_not_there(method: Method) -> None:
    document = dict.fromkeys(body_of(method))

    assert judged(method, json.dumps(document).encode()) is None


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_name_that_stands_twice_is_refused(method: Method) -> None:
    for name, value in body_of(method).items():
        once = f'"{name}": {json.dumps(value)}'

        assert judged(method, f"{{{once}, {once}}}".encode()) == (name, "stands here twice")


@pytest.mark.parametrize(
    ("body", "path", "what"),
    [
        (b'{"product": {}}', "product", "is not known here; the nearest name is"),
        (b'{"price": {"currency_code": "EUR"}}', "price.currency_code", "the nearest name is currencyCode"),
        (b'{"price": {"currencyCode": "EUR", "unit": "899"}}', "price.unit", "the nearest name is units"),
        (b'{"\\u0070rice": 5}', "price", "has to be an object"),
        (b'{"name": "a" "sku": "b"}', "", "is not JSON at byte 14: a comma or } has to follow"),
        (b'{"name": "\x07"}', "", "is not JSON at byte 11: a text has a control character"),
        (b'{"name": "\xc3("}', "", "is not JSON at byte 11: a text is not UTF-8"),
        (b'{"name": "\\ud83d"}', "", "half a surrogate pair"),
        (b'{"price": {"nanos": 01}}', "", "a comma or } has to follow"),
        (b'{"price": {"nanos": +1}}', "", "a value has to follow"),
        (b'{"price": {"nanos": NaN}}', "", "a value has to follow"),
        (b'{"name": "a",}', "", "a name in quotes has to follow"),
        (b'{"name": "a"} {}', "", "it goes on behind its end"),
        (b"[]", "", "the body has to be an object"),
        (b"\xef\xbb\xbf{}", "", "a value has to follow"),
        (b'{"' + b"x" * 5000 + b'": 1}', "x" * 64 + "...", "is not known here"),
        (b'{"\\u0000\\u202e": 1}', "????", "is not known here"),
    ],
)
def test_a_refusal_says_where_and_what(body: bytes, path: str, what: str) -> None:
    refusal = judged(BY_NAME["CreateProduct"], body)

    assert refusal is not None
    assert refusal[0] == path
    assert what in refusal[1]


_PUNCTUATION = (b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b" ", b"\xff", b"\x00")
_VALUES = (b"null", b"true", b"1", b"-", b".5", b"e3", b"0", b"\\u12", b"\\ud83d\\ude00", b"\xf0\x9f\x98\x80")
ATOMS = st.sampled_from((*_PUNCTUATION, *_VALUES, b'"sku":', b'"lines":', b'"price":{}', b""))


@settings(max_examples=500)
@given(
    method=st.sampled_from(METHODS),
    edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6), ATOMS), max_size=4),
)
def test_it_agrees_with_the_reference_about_bodies_that_were_damaged(
    method: Method, edits: list[tuple[int, int, bytes]]
) -> None:
    body = json.dumps(body_of(method), ensure_ascii=False).encode()
    for place, length, put in edits:
        start = place % (len(body) + 1)
        body = body[:start] + put + body[start + length :]

    assert (judged(method, body) is None) == reference(method, body), body
