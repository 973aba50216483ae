"""The audit trail over gRPC."""

from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from interceptors.auth.caller import caller
from mesh.messages import time_of, timestamp
from services.kernel.trace import trace_id_of
from services.order.application.queries.audit import Audit, PastEvent
from services.order.application.queries.order_views import OrderView
from services.order.entrypoints.calls import readable_customer
from services.order.entrypoints.differences import Difference, differences
from services.order.entrypoints.messages import order_message
from shopmesh.order.v1 import audit_service_pb2 as pb
from shopmesh.order.v1 import audit_service_pb2_grpc as rpc


class AuditServicer(rpc.AuditServiceServicer):
    """Answers `AuditService`."""

    def __init__(self, *, audit: Audit) -> None:
        self._audit = audit

    async def GetOrderHistory(
        self, request: pb.GetOrderHistoryRequest, context: Any
    ) -> pb.GetOrderHistoryResponse:
        page = await self._audit.history(
            request.order_id,
            customer_id=readable_customer(caller()),
            requested_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.GetOrderHistoryResponse(
            events=[_event_message(event) for event in page.events], next_page_token=page.next_page_token
        )

    async def GetOrderAt(self, request: pb.GetOrderAtRequest, context: Any) -> pb.GetOrderAtResponse:
        return pb.GetOrderAtResponse(order=order_message(await self._at(request)))

    async def DiffOrder(self, request: pb.DiffOrderRequest, context: Any) -> pb.DiffOrderResponse:
        customer_id = readable_customer(caller())
        old = await self._audit.optional_at_version(
            request.order_id, request.from_version, customer_id=customer_id
        )
        new = await self._audit.at_version(request.order_id, request.to_version, customer_id=customer_id)
        found = differences(None if old is None else order_message(old), order_message(new))
        return pb.DiffOrderResponse(differences=[_difference_message(each) for each in found])

    async def VerifyOrder(self, request: pb.VerifyOrderRequest, context: Any) -> pb.VerifyOrderResponse:
        verification = await self._audit.verify(request.order_id)
        return pb.VerifyOrderResponse(
            valid=verification.valid,
            events=verification.events,
            head_hash=verification.head_hash,
            findings=[
                pb.Finding(version=each.version, problem=each.problem) for each in verification.findings
            ],
        )

    async def VerifyOrders(self, request: pb.VerifyOrdersRequest, context: Any) -> pb.VerifyOrdersResponse:
        page = await self._audit.verify_all(requested_size=request.page_size, page_token=request.page_token)
        findings = [
            pb.OrderFinding(order_id=order_id, version=finding.version, problem=finding.problem)
            for order_id, verification in page.checked
            for finding in verification.findings
        ]
        return pb.VerifyOrdersResponse(
            valid=not findings,
            orders=len(page.checked),
            events=sum(verification.events for _, verification in page.checked),
            findings=findings,
            next_page_token=page.next_page_token,
        )

    async def _at(self, request: pb.GetOrderAtRequest) -> OrderView:
        customer_id = readable_customer(caller())
        if request.WhichOneof("moment") == "version":
            return await self._audit.at_version(request.order_id, request.version, customer_id=customer_id)
        time = time_of(request.time)
        return await self._audit.at_time(request.order_id, time, customer_id=customer_id)


def _event_message(event: PastEvent) -> pb.HistoryEvent:
    envelope, data = event.envelope, Struct()
    data.update(dict(event.data))
    return pb.HistoryEvent(
        version=envelope.version,
        type=envelope.type,
        occur_time=timestamp(envelope.occur_time),
        actor=envelope.actor,
        data=data,
        event_id=envelope.event_id,
        correlation=envelope.correlation,
        causation=envelope.causation,
        trace_id=trace_id_of(envelope.trace),
        hash=event.hash,
        prev_hash=envelope.prev_hash,
    )


def _difference_message(difference: Difference) -> pb.FieldDifference:
    return pb.FieldDifference(
        path=difference.path,
        old_value=_value(difference.old_value),
        new_value=_value(difference.new_value),
    )


def _value(json: Any) -> Value | None:
    if json is None:
        return None
    holder = Struct()
    holder.update({"value": json})
    return holder.fields["value"]
