"""The compiled check says yes to what the plain path has nothing against, and to nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from interceptors.validation.fast_path import compiled_check
from interceptors.validation.judging import Judge
from mesh.contract import Method, load_contract
from shopmesh.inventory.v1 import catalog_service_pb2 as catalog_pb2
from shopmesh.inventory.v1 import inventory_service_pb2 as inventory_pb2
from tests.e2e.valid_requests import known_values, valid

IDS = {
    "sku": "MUG-RED",
    "order_id": "0192f000-0000-5000-8000-000000000000",
    "address_id": "0192f000-0000-7000-8000-000000000000",
    "user_id": "0192f000-0000-7000-8000-000000000000",
}
ALL = load_contract().methods
METHODS = [each for each in ALL if compiled_check(GetMessageClass(each.input))]
UPDATES = {"UpdateProduct", "UpdateUser", "UpdatePreferences"}
WITH_MAIL_ADDRESS = {"LiftSuppression"}
PLAIN = Judge(fast_path=False)

SKUS = st.from_regex(r"\A[A-Z0-9][A-Z0-9-]{0,64}\Z")
NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{0,40}\Z")
NEAR = st.builds(
    str.__add__, SKUS, st.sampled_from(["", "\n", " ", "-", "a", "Ä", "A\u0308", "\u0661", "\0"])
)
LINES = st.lists(SKUS, min_size=2, max_size=3).map("\n".join)
STRANGE = st.sampled_from(
    (
        "/\v",
        "https://",
        "/a b",
        "/ä",
        "\u202e",
        "\u200b",
        "\u3164",
        "EUR",
        "XAU",
        "eur",
        IDS["user_id"].upper(),
    )
)
TEXTS = SKUS | NAMES | NEAR | LINES | STRANGE | st.text(max_size=70) | st.integers(0, 2500).map("x".__mul__)
NUMBERS = st.sampled_from([-(2**31), -1, 0, 1, 2, 99, 100, 10**6, 10**6 + 1, 10**9 - 1, 10**9, 2**31 - 1])
SECONDS = st.sampled_from([-62_135_596_801, -62_135_596_800, 0, 10_000_001, 253_402_300_799, 253_402_300_800])
OF_TYPES: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: TEXTS,
    FieldDescriptor.TYPE_INT32: NUMBERS,
    FieldDescriptor.TYPE_INT64: NUMBERS | SECONDS,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_ENUM: st.integers(0, 12),
}


@dataclass(frozen=True)
class Place:
    """A field at any depth.

    Attributes:
        way: The fields to it, itself included.
    """

    way: tuple[FieldDescriptor, ...]

    def change(self, request: Any, draw: Any) -> None:
        message = request
        for field in self.way[:-1]:
            inner = getattr(message, field.name)
            if field.is_repeated:
                message = draw(st.sampled_from(list(inner))) if inner else inner.add()
            else:
                inner.SetInParent()
                message = inner
        field = self.way[-1]
        if field.is_repeated:
            change_list(getattr(message, field.name), field, draw)
        elif draw(st.booleans()) or field.message_type is not None:
            message.ClearField(field.name)
        else:
            setattr(message, field.name, draw(OF_TYPES[field.type]))


def change_list(items: Any, field: FieldDescriptor, draw: Any) -> None:
    if field.message_type is None:
        items.extend(draw(st.lists(SKUS | TEXTS, max_size=4)))
    elif items and draw(st.booleans()):
        items.add().CopyFrom(items[0])
    elif draw(st.booleans()):
        items.add()
    else:
        del items[:]


def places(kind: Descriptor) -> Sequence[Place]:
    found = []
    for field in kind.fields:
        found.append(Place((field,)))
        if field.message_type is not None:
            found += [Place((field, *each.way)) for each in places(field.message_type)]
    return found


def keeps_rules(request: Message) -> bool:
    check = compiled_check(type(request))
    assert check is not None
    return check(request)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@given(data=st.data())
def test_it_says_yes_only_where_the_plain_path_does(method: Method, data: st.DataObject) -> None:
    request = valid(GetMessageClass(method.input), known_values(**IDS))
    everywhere = places(method.input)
    if everywhere:
        for place in data.draw(st.lists(st.sampled_from(everywhere), max_size=3)):
            place.change(request, data.draw)
    says_yes = keeps_rules(request)

    raw, violations = PLAIN.judge(request)

    assert not says_yes or (raw is None and violations == ())
    assert says_yes or raw is not None or violations or not is_ascii(request)


def is_ascii(request: Message) -> bool:
    """Where texts have other characters, a no may only mean that the check does not know."""
    return request.SerializeToString().isascii()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_it_says_yes_to_valid_requests(method: Method) -> None:
    assert keeps_rules(valid(GetMessageClass(method.input), known_values(**IDS)))


def test_it_decides_about_all_but_updates_and_mail_addresses() -> None:
    assert {each.name for each in ALL} - {each.name for each in METHODS} == UPDATES | WITH_MAIL_ADDRESS


@pytest.mark.parametrize(("skus", "keeps"), [(0, False), (1, True), (500, True), (501, False)])
def test_it_counts_what_a_list_holds(skus: int, keeps: bool) -> None:
    assert keeps_rules(inventory_pb2.BatchGetStockRequest(skus=["A-1"] * skus)) is keeps


@pytest.mark.parametrize(
    ("name", "keeps"), [("Größe", True), ("Gro\u0308ße", False), ("\u202eMug", False), ("\u3164", False)]
)
def test_it_knows_the_texts_of_all_languages(name: str, keeps: bool) -> None:
    request = valid(catalog_pb2.ImportProductsRequest, known_values(**IDS))
    assert isinstance(request, catalog_pb2.ImportProductsRequest)
    request.products[0].name = name

    assert keeps_rules(request) is keeps
