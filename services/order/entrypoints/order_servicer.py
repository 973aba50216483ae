"""Orders over gRPC."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from interceptors.auth.caller import caller
from interceptors.validation.raw_request import as_sent
from mesh.messages import time_of
from mesh.server.streams import watch
from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.order.application.commands.customers import Customers
from services.order.application.commands.deadline import Deadline
from services.order.application.commands.fulfilment import Fulfilment
from services.order.application.commands.orders import Orders
from services.order.application.ports import Search, Selection
from services.order.application.queries.order_views import OrderView, OrderViews
from services.order.application.queries.search import OrderSearch
from services.order.domain.order import OrderState
from services.order.entrypoints.calls import Waiting, customer_cause, deadline_of, staff_cause
from services.order.entrypoints.messages import (
    lines_of,
    order_message,
    parcel_of,
    place_order_of,
    quote_message,
)
from shopmesh.order.v1 import order_service_pb2 as pb
from shopmesh.order.v1 import order_service_pb2_grpc as rpc
from shopmesh.stream.v1 import stream_pb2

_STATE_PREFIX = "ORDER_STATE_"


class OrderServicer(rpc.OrderServiceServicer):
    """Answers `OrderService`.

    Args:
        deadlines: What the contract allows, in seconds by method name.
    """

    def __init__(
        self,
        *,
        orders: Orders,
        fulfilment: Fulfilment,
        views: OrderViews,
        search: OrderSearch,
        customers: Customers,
        deadlines: Mapping[str, float],
        draining: asyncio.Event,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._orders = orders
        self._fulfilment = fulfilment
        self._views = views
        self._search = search
        self._customers = customers
        self._deadlines = deadlines
        self._draining = draining
        self._clock = clock
        self._new_id = new_id

    async def QuoteOrder(self, request: pb.QuoteOrderRequest, context: Any) -> pb.QuoteOrderResponse:
        deadline = self._deadline("QuoteOrder", context)
        quote = await self._orders.quote(lines_of(request.lines), deadline=deadline)
        return pb.QuoteOrderResponse(quote=quote_message(quote))

    async def PlaceOrder(self, request: pb.PlaceOrderRequest, context: Any) -> pb.PlaceOrderResponse:
        customer_id = caller().subject
        order = await self._orders.place(
            place_order_of(request, customer_id=customer_id),
            customer_cause(self._new_id),
            as_sent=place_order_of(as_sent(request), customer_id=customer_id),
            deadline=self._deadline("PlaceOrder", context),
        )
        return pb.PlaceOrderResponse(order=order_message(await self._views.view(order)))

    async def GetOrder(self, request: pb.GetOrderRequest, context: Any) -> pb.GetOrderResponse:
        return pb.GetOrderResponse(order=order_message(await self._own(request.order_id)))

    async def ListOrders(self, request: pb.ListOrdersRequest, context: Any) -> pb.ListOrdersResponse:
        page = await self._views.newest(
            caller().subject, requested_size=request.page_size, page_token=request.page_token
        )
        return pb.ListOrdersResponse(
            orders=[order_message(view) for view in page.orders], next_page_token=page.next_page_token
        )

    async def CancelOrder(self, request: pb.CancelOrderRequest, context: Any) -> pb.CancelOrderResponse:
        order = await self._orders.cancel(
            request.order_id,
            caller().subject,
            customer_cause(self._new_id),
            deadline=self._deadline("CancelOrder", context),
        )
        return pb.CancelOrderResponse(order=order_message(await self._views.view(order)))

    async def SearchOrders(self, request: pb.SearchOrdersRequest, context: Any) -> pb.SearchOrdersResponse:
        page = await self._search.find(
            _search_of(request), requested_size=request.page_size, page_token=request.page_token
        )
        return pb.SearchOrdersResponse(
            orders=[order_message(view) for view in page.orders], next_page_token=page.next_page_token
        )

    async def WatchOrder(
        self, request: pb.WatchOrderRequest, context: Any
    ) -> AsyncIterator[pb.WatchOrderResponse]:
        async for event in watch(
            self._views.watch(await self._own(request.order_id)),
            expire_time=caller().expire_time,
            draining=self._draining,
            clock=self._clock,
        ):
            match event:
                case OrderView():
                    yield pb.WatchOrderResponse(order=order_message(event))
                case stream_pb2.Heartbeat():
                    yield pb.WatchOrderResponse(heartbeat=event)
                case stream_pb2.Closed():
                    yield pb.WatchOrderResponse(closed=event)

    async def ShipOrder(self, request: pb.ShipOrderRequest, context: Any) -> pb.ShipOrderResponse:
        order = await self._fulfilment.ship(request.order_id, parcel_of(request), staff_cause(self._new_id))
        return pb.ShipOrderResponse(order=order_message(await self._views.view(order)))

    async def DeliverOrder(self, request: pb.DeliverOrderRequest, context: Any) -> pb.DeliverOrderResponse:
        order = await self._fulfilment.deliver(request.order_id, staff_cause(self._new_id))
        return pb.DeliverOrderResponse(order=order_message(await self._views.view(order)))

    async def CloseCustomer(self, request: pb.CloseCustomerRequest, context: Any) -> pb.CloseCustomerResponse:
        await self._customers.close(request.user_id)
        return pb.CloseCustomerResponse()

    async def _own(self, order_id: str) -> OrderView:
        return await self._views.get(order_id, customer_id=caller().subject)

    def _deadline(self, method: str, context: Waiting) -> Deadline:
        return deadline_of(context, self._deadlines[method])


def _search_of(request: pb.SearchOrdersRequest) -> Search:
    name = pb.OrderState.Name(request.state).removeprefix(_STATE_PREFIX)
    return Search(
        selection=Selection(
            customer_id=request.customer_id or None,
            min_place_time=time_of(request.min_place_time) if request.HasField("min_place_time") else None,
            max_place_time=time_of(request.max_place_time) if request.HasField("max_place_time") else None,
        ),
        state=None if request.state == pb.ORDER_STATE_UNSPECIFIED else OrderState(name),
        sku=request.sku or None,
    )
