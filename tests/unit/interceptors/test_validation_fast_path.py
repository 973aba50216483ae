"""The check of plain rules says yes where protovalidate finds nothing, and nowhere else."""

from typing import Any

import protovalidate
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from interceptors.validation.fast_path import plain_check
from mesh.contract import Method, load_contract
from shopmesh.inventory.v1 import inventory_service_pb2 as inventory_pb2
from shopmesh.inventory.v1 import wms_service_pb2 as wms_pb2
from shopmesh.order.v1 import order_service_pb2 as order_pb2

METHODS = [each for each in load_contract().methods if plain_check(GetMessageClass(each.input))]
VALIDATOR = protovalidate.Validator()

SKUS = st.from_regex(r"\A[A-Z0-9][A-Z0-9-]{0,64}\Z")
NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{0,40}\Z")
NEAR = st.builds(str.__add__, SKUS, st.sampled_from(["", "\n", " ", "-", "a", "Ä", "\u0661", "\0"]))
LINES = st.lists(SKUS, min_size=2, max_size=3).map("\n".join)
ANY = st.text(max_size=70)
TEXTS = SKUS | NAMES | NEAR | LINES | ANY


def value_of(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.type != FieldDescriptor.TYPE_STRING:
        return st.just(field.default_value)
    return st.lists(SKUS | TEXTS, max_size=4) if field.is_repeated else TEXTS


def keeps_rules(request: Message) -> bool:
    check = plain_check(type(request))
    assert check is not None
    return check(request)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@given(data=st.data())
def test_it_agrees_with_protovalidate(method: Method, data: st.DataObject) -> None:
    values = {field.name: data.draw(value_of(field), field.name) for field in method.input.fields}
    request = GetMessageClass(method.input)(**values)

    assert keeps_rules(request) == (not VALIDATOR.collect_violations(request))


def test_it_decides_about_reads_of_stock_and_products() -> None:
    decided = {method.name for method in METHODS}

    assert {"GetStock", "BatchGetStock", "GetProduct", "BatchGetProducts"} <= decided


@pytest.mark.parametrize(("skus", "keeps"), [(0, False), (1, True), (500, True), (501, False)])
def test_it_counts_what_a_list_holds(skus: int, keeps: bool) -> None:
    assert keeps_rules(inventory_pb2.BatchGetStockRequest(skus=["A-1"] * skus)) is keeps


@pytest.mark.parametrize(
    "request_type",
    [
        inventory_pb2.ReserveStockRequest,
        wms_pb2.SyncStockRequest,
        order_pb2.GetOrderRequest,
        order_pb2.PlaceOrderRequest,
    ],
)
def test_it_leaves_other_rules_to_protovalidate(request_type: type[Message]) -> None:
    assert plain_check(request_type) is None
