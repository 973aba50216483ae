"""What happens to every call, of every kind."""

from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from interceptors.core.consistency_token import decode_token
from shopmesh.order.v1 import audit_service_pb2, order_service_pb2
from tests.component.interceptors.conftest import ProbeServicer
from tests.support.minting import ALICE, bearer
from tests.support.serving import Served, reason_of, status_of, violations_of

AWAY = "0192f000-0000-7000-8000-000000000001"
BROKEN = "0192f000-0000-7000-8000-000000000002"
STUCK = "0192f000-0000-7000-8000-000000000003"
FINE = "0192f000-0000-7000-8000-000000000000"
ADDRESS = order_service_pb2.ShippingAddress(
    recipient="Alice Secretname", line1="1 Hidden Road", city="Berlin", postal_code="10115", country_code="DE"
)
PLACE = order_service_pb2.PlaceOrderRequest(
    request_id="r1",
    lines=[order_service_pb2.LineRequest(sku="MUG-RED", quantity=1)],
    shipping_address=ADDRESS,
)


@pytest.fixture
def metadata(served: Served) -> tuple[tuple[str, str], ...]:
    return bearer(served.mint.user(ALICE, "orders"))


def get(order_id: str) -> order_service_pb2.GetOrderRequest:
    return order_service_pb2.GetOrderRequest(order_id=order_id)


async def test_a_domain_error_becomes_its_status_with_reason_fields_and_facts(
    orders: Any, metadata: Any
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(get(AWAY), metadata=metadata)

    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(refused.value) == "ORDER_IS_AWAY"
    assert violations_of(refused.value) == {"orderId": "is away"}


async def test_an_unknown_error_says_only_internal_error_and_a_trace_id(orders: Any, metadata: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(get(BROKEN), metadata=metadata)

    assert refused.value.code() is grpc.StatusCode.INTERNAL
    assert "secret text" not in str(status_of(refused.value))
    assert str(refused.value.details()).startswith("internal error, trace id ")


async def test_every_broken_rule_is_named_with_its_field(orders: Any, metadata: Any) -> None:
    twice = [order_service_pb2.LineRequest(sku="MUG-RED", quantity=1)] * 2
    bad = [order_service_pb2.LineRequest(sku="mug", quantity=0)]
    request = order_service_pb2.PlaceOrderRequest(lines=twice + bad)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.PlaceOrder(request, metadata=metadata)

    assert violations_of(refused.value).keys() >= {
        "requestId",
        "lines",
        "lines[2].sku",
        "lines[2].quantity",
        "shippingAddress",
    }


async def test_a_time_that_no_calendar_has_is_refused_by_its_field(orders: Any, served: Served) -> None:
    request = order_service_pb2.SearchOrdersRequest(min_place_time=Timestamp(seconds=10**15))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.SearchOrders(request, metadata=bearer(served.mint.user(ALICE, "audit")))

    assert violations_of(refused.value).keys() == {"minPlaceTime"}


async def test_the_callers_deadline_ends_the_work(orders: Any, metadata: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(get(STUCK), metadata=metadata, timeout=0.2)

    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_refused_call_does_not_reach_the_servicer(orders: Any, metadata: Any) -> None:
    before = ProbeServicer.calls

    with pytest.raises(grpc.aio.AioRpcError):
        await orders.GetOrder(get("not-an-id"), metadata=metadata)

    assert ProbeServicer.calls == before


async def test_a_method_nobody_wrote_is_unimplemented_after_auth_and_validation(
    audits: Any, served: Served
) -> None:
    good = audit_service_pb2.VerifyOrderRequest(order_id=FINE)
    audit = bearer(served.mint.user(ALICE, "audit"))
    expected = (
        (good, None, grpc.StatusCode.UNAUTHENTICATED),
        (audit_service_pb2.VerifyOrderRequest(order_id="x"), audit, grpc.StatusCode.INVALID_ARGUMENT),
        (good, audit, grpc.StatusCode.UNIMPLEMENTED),
    )
    for request, metadata, code in expected:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await audits.VerifyOrder(request, metadata=metadata)
        assert refused.value.code() is code


async def test_a_stream_flows_and_its_error_is_a_status(orders: Any, metadata: Any) -> None:
    stream = orders.WatchOrder(order_service_pb2.WatchOrderRequest(order_id=AWAY), metadata=metadata)

    assert (await stream.read()).WhichOneof("event") == "heartbeat"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.read()
    assert reason_of(refused.value) == "ORDER_IS_AWAY"


async def test_a_write_answers_a_consistency_token_and_a_read_takes_it(orders: Any, metadata: Any) -> None:
    call = orders.PlaceOrder(PLACE, metadata=metadata)
    await call
    token = (await call.initial_metadata())["x-consistency-token"]

    assert decode_token(token) == {}
    await orders.GetOrder(get(FINE), metadata=(*metadata, ("x-consistency-token", token)))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await orders.GetOrder(get(FINE), metadata=(*metadata, ("x-consistency-token", "!")))
    assert reason_of(refused.value) == "INVALID_CONSISTENCY_TOKEN"


async def test_the_trailers_tell_what_a_call_cost(orders: Any, metadata: Any) -> None:
    call = orders.GetOrder(get(FINE), metadata=metadata)
    await call

    trailers = dict(await call.trailing_metadata())
    assert trailers["x-db-queries"] == "0"
    assert trailers["x-cache"] == "l1=0,l2=0,miss=0"
    assert trailers["x-replica"] == "primary"


async def test_the_trace_of_the_caller_goes_on(orders: Any, metadata: Any, served: Served) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    await orders.GetOrder(
        get(FINE), metadata=(*metadata, ("traceparent", f"00-{trace_id}-00f067aa0ba902b7-01"))
    )

    (span,) = (span for span in served.spans() if span.name.endswith("/GetOrder"))
    assert f"{span.context.trace_id:032x}" == trace_id


async def test_the_log_has_one_line_per_call_without_personal_data(
    orders: Any, metadata: Any, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    await orders.PlaceOrder(PLACE, metadata=metadata)

    served.records.flush()
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "PlaceOrder" in line)
    assert "MUG-RED" in line
    for secret in ("Secretname", "Hidden Road", "10115"):
        assert secret not in line


async def test_a_query_that_repeats_a_path_field_is_refused(orders: Any, metadata: Any) -> None:
    repeats = (f"/v1/orders/{FINE}?orderId={FINE}", f"/v1/orders/{FINE}?order%5Fid=1", f"/v1/orders/{AWAY}")
    for path in repeats:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await orders.GetOrder(get(FINE), metadata=(*metadata, ("x-envoy-original-path", path)))
        assert violations_of(refused.value).keys() == {"orderId"}

    await orders.GetOrder(
        get(FINE), metadata=(*metadata, ("x-envoy-original-path", f"/v1/orders/{FINE}?x=1"))
    )


@pytest.mark.parametrize(("wire", "fields"), [(b"\x0a\x02\xff\xff", {"orderId"}), (b"\x0a\x20short", set())])
async def test_bytes_that_are_no_request_are_refused_like_any_bad_request(
    served: Served, metadata: Any, wire: bytes, fields: set[str]
) -> None:
    method: Any = served.channel.unary_unary("/shopmesh.order.v1.OrderService/GetOrder")

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await method(wire, metadata=metadata)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert violations_of(refused.value).keys() == fields
