"""How every list is paged, derived from the contract: AIP-158 with `pageSize` and `pageToken`."""

import base64
import json

import httpx
import pytest
from google.protobuf.descriptor import FieldDescriptor

from tests.e2e.calls import rest
from tests.e2e.contract_methods import Method, methods
from tests.e2e.shop import Store, answered, place, refused
from tests.e2e.valid_requests import valid

LARGEST = 2**31 - 1
LISTS = [method for method in methods() if "page_token" in method.input.DESCRIPTOR.fields_by_name]
PUBLIC_LISTS = [method for method in LISTS if method.verb]
# What no service put into a token; each of a kind that a parser, a column or a codec may fail on.
FORGED_POSITIONS = (
    *("", "abc", "-1", "1.5", "9" * 19, "9" * 40, "\u0663", "\0", "\ud800", "x" * 300, "[]", "null"),
    *("0001-01-01T00:00:00+23:59 x", "9999-12-31T23:59:59-23:59 x", "1 A b 9999999999999999999 c"),
)


def test_lists_are_paged_by_the_same_three_fields() -> None:
    assert LISTS
    for method in methods():
        asked, answer = method.input.DESCRIPTOR.fields_by_name, method.output.DESCRIPTOR.fields_by_name
        assert not {name for name in (*asked, *answer) if "cursor" in name}, str(method)
        assert ("page_token" in asked) == ("next_page_token" in answer), str(method)
    for method in PUBLIC_LISTS:
        assert method.input.DESCRIPTOR.fields_by_name["page_size"].type == FieldDescriptor.TYPE_INT32


@pytest.mark.parametrize("method", PUBLIC_LISTS, ids=str)
def test_too_large_a_page_is_answered_with_what_there_is_at_most(
    admin: httpx.Client, store: Store, method: Method
) -> None:
    sku = store.product(berlin=2)
    known = {"sku": sku, "order_id": place(admin, (sku, 1))["orderId"]}

    for size in (201, 1001, LARGEST):
        verb, path, query, _ = rest(method, valid(method.input, {**known, "page_size": size}))
        assert verb == "GET"
        assert "nextPageToken" in answered(admin.request(verb, path, params=query))


@pytest.mark.parametrize("method", PUBLIC_LISTS, ids=str)
def test_a_negative_page_size_is_refused_by_name(admin: httpx.Client, store: Store, method: Method) -> None:
    known = {"sku": store.product(), "order_id": "0192f000-0000-7000-8000-000000000000", "page_size": -1}
    verb, path, query, _ = rest(method, valid(method.input, known))

    answer = admin.request(verb, path, params=query)

    assert refused(answer, 400, "INVALID_REQUEST").fields == ("pageSize",)


@pytest.mark.parametrize("method", PUBLIC_LISTS, ids=str)
def test_a_token_with_a_forged_position_is_answered_or_refused(
    admin: httpx.Client, store: Store, method: Method
) -> None:
    sku = store.product(berlin=2)
    known = {"sku": sku, "order_id": place(admin, (sku, 1))["orderId"], "page_size": 1}
    verb, path, query, _ = rest(method, valid(method.input, known))
    token = answered(admin.request(verb, path, params=query))["nextPageToken"]
    # Where there is a second page its token is forged, with its own digest of the query.
    digest = json.loads(base64.urlsafe_b64decode(token))[1] if token else "0" * 16

    for position in FORGED_POSITIONS:
        forged = base64.urlsafe_b64encode(json.dumps([position, digest]).encode()).decode()
        answer = admin.request(verb, path, params={**query, "pageToken": forged})
        if answer.status_code != 200:
            refused(answer, 400, "INVALID_PAGE_TOKEN")
