"""Who may call what, and what a token has to be."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from shopmesh.order.v1 import order_service_pb2
from tests.support.minting import ALICE, Mint, bearer
from tests.support.serving import Served, reason_of

ORDER_ID = "0192f000-0000-7000-8000-000000000000"
REQUEST = order_service_pb2.GetOrderRequest(order_id=ORDER_ID)
CLOSE = order_service_pb2.CloseCustomerRequest(user_id=ALICE)
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "test", "alg": "ES256"})


async def test_a_user_with_the_scope_is_served_under_the_own_name(served: Served, orders: Any) -> None:
    answer = await orders.GetOrder(REQUEST, metadata=bearer(served.mint.user(ALICE, "orders")))

    assert answer.order.customer_id == ALICE


async def test_a_token_is_verified_once(served: Served, orders: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    token = served.mint.user(ALICE, "orders")
    decode = Mock(side_effect=jwt.decode)
    monkeypatch.setattr("interceptors.auth.tokens.jwt.decode", decode)

    for _ in range(3):
        await orders.GetOrder(REQUEST, metadata=bearer(token))

    assert decode.call_count == 1


async def test_a_call_without_a_token_is_unauthenticated(orders: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(REQUEST)

    assert (refused.value.code(), reason_of(refused.value)) == (
        grpc.StatusCode.UNAUTHENTICATED,
        "TOKEN_REQUIRED",
    )


async def test_a_token_without_the_scope_is_denied(served: Served, orders: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(REQUEST, metadata=bearer(served.mint.user(ALICE, "profile")))

    assert (refused.value.code(), reason_of(refused.value)) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "SCOPE_MISSING",
    )


def _bad_tokens(mint: Mint) -> dict[str, str]:
    now = int(time.time())
    good = mint.user(ALICE, "orders")
    return {
        "expired": mint.user(ALICE, "orders", exp=now - 1),
        "from the future": mint.user(ALICE, "orders", iat=now + 600),
        "another issuer": mint.user(ALICE, "orders", iss="http://evil.example"),
        "another audience": mint.user(ALICE, "orders", aud="shopmesh-inventory"),
        "no audience": mint.user(ALICE, "orders", aud=None),
        "several audiences": mint.user(ALICE, "orders", aud=["shopmesh-api", "other"]),
        "no expiry": mint.user(ALICE, "orders", exp=None),
        "an expiry that is text": mint.user(ALICE, "orders", exp="9999999999"),
        "an id token": mint.user(ALICE, "orders", header={"typ": "JWT"}),
        "another key": mint.user(ALICE, "orders", key=OTHER_KEY),
        "an unknown key id": mint.user(ALICE, "orders", header={"kid": "other"}),
        "an embedded key": mint.user(
            ALICE, "orders", header={"jwk": OTHER_KEY.as_dict(private=False)}, key=OTHER_KEY
        ),
        "a damaged signature": good[:-4] + "AAAA",
        "no signature": good.rpartition(".")[0] + ".",
        "too long": good + "A" * 9000,
        "no token at all": "garbage",
        "a service's client with a user's audience": mint.token(sub="order", client_id="order"),
    }


@pytest.mark.parametrize("fault", _bad_tokens(Mint(home=None)))  # type: ignore[arg-type]
async def test_a_bad_token_is_unauthenticated_on_public_methods_too(
    fault: str, served: Served, orders: Any
) -> None:
    metadata = bearer(_bad_tokens(served.mint)[fault])
    quote = order_service_pb2.QuoteOrderRequest(
        lines=[order_service_pb2.LineRequest(sku="MUG-RED", quantity=1)]
    )

    for call in (orders.GetOrder(REQUEST, metadata=metadata), orders.QuoteOrder(quote, metadata=metadata)):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert (refused.value.code(), reason_of(refused.value)) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "TOKEN_INVALID",
        )


@pytest.mark.parametrize("form", ["bearer {}", "BEARER {}", "Bearer   {} "])
async def test_a_token_is_known_however_its_header_is_written(form: str, served: Served, orders: Any) -> None:
    header = form.format(served.mint.user(ALICE, "orders"))

    for _ in range(2):
        answer = await orders.GetOrder(REQUEST, metadata=(("authorization", header),))
        assert answer.order.customer_id == ALICE


@pytest.mark.parametrize("header", ["Basic {}", "Bearer", "Bearer ", "{}", "Bearer{}"])
async def test_a_header_without_a_bearer_token_is_unauthenticated(
    header: str, served: Served, orders: Any
) -> None:
    sent = header.format(served.mint.user(ALICE, "orders"))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(REQUEST, metadata=(("authorization", sent),))

    assert (refused.value.code(), reason_of(refused.value)) == (
        grpc.StatusCode.UNAUTHENTICATED,
        "TOKEN_INVALID",
    )


async def test_internal_methods_are_for_services_only(served: Served, orders: Any) -> None:
    await orders.CloseCustomer(CLOSE, metadata=bearer(served.mint.service("user", "order")))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.CloseCustomer(CLOSE, metadata=bearer(served.mint.user(ALICE, "orders", "users:admin")))
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.CloseCustomer(CLOSE)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_service_token_for_another_service_is_refused(served: Served, orders: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.CloseCustomer(CLOSE, metadata=bearer(served.mint.service("user", "inventory")))

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_revoked_token_is_refused_though_it_was_accepted_before(served: Served, orders: Any) -> None:
    metadata = bearer(served.mint.user(ALICE, "orders", iat=int(time.time()) - 10))
    await orders.GetOrder(REQUEST, metadata=metadata)

    now = datetime.now(UTC)
    served.revocations.revoke_subject(ALICE, issued_before=now, expire_time=now + timedelta(minutes=5))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(REQUEST, metadata=metadata)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_without_any_key_set_a_token_is_unavailable_and_a_public_call_works(
    served: Served, orders: Any
) -> None:
    served.mint.home.joinpath("jwks.json").unlink()
    quote = order_service_pb2.QuoteOrderRequest(
        lines=[order_service_pb2.LineRequest(sku="MUG-RED", quantity=1)]
    )

    await orders.QuoteOrder(quote)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(REQUEST, metadata=bearer(served.mint.user(ALICE, "orders")))

    assert (refused.value.code(), reason_of(refused.value)) == (
        grpc.StatusCode.UNAVAILABLE,
        "AUTH_KEYS_UNAVAILABLE",
    )
