"""Money, envelopes, ids and page tokens."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.envelope import Envelope, hash_of
from services.kernel.ids import uuid7
from services.kernel.money import MixedCurrencies, Money, total
from services.kernel.paging import (
    InvalidPageToken,
    decode_page_token,
    decode_position,
    encode_page_token,
    encode_position,
    page_size,
)

EUROS = st.builds(Money, st.just("EUR"), st.integers(0, 10**7), st.integers(0, 10**9 - 1))


def envelope(**changes: object) -> Envelope:
    fields: dict[str, object] = {
        "event_id": "e1",
        "type": "OrderPlaced",
        "schema_version": 1,
        "key": "o1",
        "version": 1,
        "occur_time": datetime(2026, 11, 23, 12, 0, 0, 5, UTC),
        "actor": "customer:alice",
        "correlation": "c",
        "causation": "p",
        "trace": "t",
        "payload": {"b": "é", "a": [1, {"z": None}]},
        "prev_hash": "",
    }
    return Envelope(**(fields | changes))  # type: ignore[arg-type]


@given(EUROS, st.integers(1, 999))
def test_a_price_times_a_quantity_is_that_many_prices_added(price: Money, quantity: int) -> None:
    assert price.times(quantity) == total([price] * quantity)


def test_cents_do_not_drift() -> None:
    assert Money("EUR", 0, 100_000_000).times(3) == Money("EUR", 0, 300_000_000)
    assert str(Money("EUR", 12, 900_000_000)) == "12.90 EUR"


def test_currencies_are_never_added_up() -> None:
    with pytest.raises(MixedCurrencies):
        total([Money("EUR", 1), Money("USD", 1)])


def test_an_envelope_is_read_as_it_was_written() -> None:
    assert Envelope.from_body(envelope().body()) == envelope()


def test_the_bytes_of_an_envelope_do_not_depend_on_who_writes_them() -> None:
    berlin = timezone(timedelta(hours=1))
    same = envelope(
        payload={"a": [1, {"z": None}], "b": "é"}, occur_time=datetime(2026, 11, 23, 13, 0, 0, 5, berlin)
    )

    assert same.body() == envelope().body()
    assert b'"occurTime":"2026-11-23T12:00:00.000005Z"' in same.body()
    assert hash_of(same.body()) == hash_of(envelope().body())


def test_the_bytes_of_an_envelope_are_known_in_the_form_before_too() -> None:
    older = envelope().body().replace(b'.000005Z"', b'.000005+00:00"')

    assert Envelope.from_body(older) == envelope()
    assert envelope().is_canonical(older)
    assert envelope().is_canonical(envelope().body())
    assert not envelope().is_canonical(older.replace(b"+00:00", b"-00:00"))
    assert not envelope().is_canonical(older + b" ")


def test_what_is_no_envelope_is_refused() -> None:
    for body in (b"", b"[]", b"{}", b'{"eventId": 1}', b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011 - JSON's own errors are subclasses
            Envelope.from_body(body)


def test_later_ids_sort_behind_earlier_ones() -> None:
    ids = [uuid7() for _ in range(50)]

    assert all(UUID(each).version == 7 for each in ids)
    assert [each[:13] for each in ids] == sorted(each[:13] for each in ids)


@pytest.mark.parametrize(("requested", "used"), [(0, 50), (1, 1), (200, 200), (201, 200), (2**31 - 1, 200)])
def test_a_page_size_over_the_limit_becomes_the_limit(requested: int, used: int) -> None:
    assert page_size(requested) == used
    assert page_size(requested, most=20) == min(used, 20)


def test_a_page_token_leads_back_to_its_position() -> None:
    assert decode_page_token(encode_page_token("MUG-RED", filters="q=mug"), filters="q=mug") == "MUG-RED"


def test_a_numbered_position_is_found_again_and_none_is_the_beginning_and_the_end() -> None:
    assert decode_position(encode_position(7, filters="parked"), filters="parked") == 7
    assert encode_position(0) == ""
    assert decode_position("") == 0


@pytest.mark.parametrize("position", ["MUG-RED", "-1", "9" * 19])
def test_a_position_that_is_no_number_is_refused(position: str) -> None:
    with pytest.raises(InvalidPageToken):
        decode_position(encode_page_token(position))


@pytest.mark.parametrize("token", ["x", "é", "AAAA", "bnVsbA==", encode_page_token("a", filters="other")])
def test_a_foreign_page_token_is_refused_and_the_field_named(token: str) -> None:
    with pytest.raises(InvalidPageToken) as refused:
        decode_page_token(token, filters="q=mug")

    assert refused.value.fields[0][0] == "pageToken"
