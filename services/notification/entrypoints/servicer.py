"""NotificationService."""

from typing import Any

import grpc

from interceptors.auth.caller import caller
from mesh.event_log.inbox.parking import Parking, parked_fields
from services.kernel.paging import decode_position, encode_position, page_size
from services.notification.application.notifications import Notifications
from services.notification.domain.delivery import Delivery
from services.notification.domain.preferences import Preferences
from shopmesh.notification.v1 import notification_service_pb2 as messages
from shopmesh.notification.v1.notification_service_pb2_grpc import NotificationServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]

_PARKED = "parked"


class NotificationServicer(NotificationServiceServicer):
    """Translates calls."""

    def __init__(self, *, notifications: Notifications, parking: Parking) -> None:
        self._notifications = notifications
        self._parking = parking

    async def ListNotifications(
        self, request: messages.ListNotificationsRequest, context: Context
    ) -> messages.ListNotificationsResponse:
        page = await self._notifications.page(
            caller().subject, requested_size=request.page_size, page_token=request.page_token
        )
        return messages.ListNotificationsResponse(
            notifications=[_notification(delivery) for delivery in page.deliveries],
            next_page_token=page.next_page_token,
        )

    async def GetPreferences(
        self, request: messages.GetPreferencesRequest, context: Context
    ) -> messages.GetPreferencesResponse:
        chosen = await self._notifications.preferences(caller().subject)
        return messages.GetPreferencesResponse(preferences=_preferences(chosen))

    async def UpdatePreferences(
        self, request: messages.UpdatePreferencesRequest, context: Context
    ) -> messages.UpdatePreferencesResponse:
        wanted = Preferences(request.preferences.order_updates, request.preferences.shipping_updates)
        chosen = await self._notifications.update_preferences(
            caller().subject, wanted, request.update_mask.paths
        )
        return messages.UpdatePreferencesResponse(preferences=_preferences(chosen))

    async def ListParked(
        self, request: messages.ListParkedRequest, context: Context
    ) -> messages.ListParkedResponse:
        after = decode_position(request.page_token, filters=_PARKED)
        page = await self._parking.page(after=after, size=page_size(request.page_size))
        return messages.ListParkedResponse(
            events=[messages.ParkedEvent(**parked_fields(parked)) for parked in page.events],
            next_page_token=encode_position(page.next_position, filters=_PARKED),
        )

    async def RedriveParked(
        self, request: messages.RedriveParkedRequest, context: Context
    ) -> messages.RedriveParkedResponse:
        redriven = await self._parking.redrive(request.key or None)
        return messages.RedriveParkedResponse(handled=redriven.handled, remaining=redriven.remaining)


def _notification(delivery: Delivery) -> messages.Notification:
    shown = messages.Notification(
        notification_id=delivery.notification_id,
        template=str(delivery.template),
        order_id=delivery.order_id,
        state=messages.DeliveryState.Value(f"DELIVERY_STATE_{delivery.state.value}"),
        attempts=delivery.attempts,
    )
    shown.create_time.FromDatetime(delivery.create_time)
    if delivery.send_time is not None:
        shown.send_time.FromDatetime(delivery.send_time)
    return shown


def _preferences(chosen: Preferences) -> messages.Preferences:
    return messages.Preferences(order_updates=chosen.order_updates, shipping_updates=chosen.shipping_updates)
