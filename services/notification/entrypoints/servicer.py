"""NotificationService."""

from typing import Any

import grpc

from interceptors.auth.caller import caller
from mesh.event_log.inbox.parked_servicer import ParkedEventsServicer
from mesh.event_log.inbox.parking import Parking
from mesh.messages import timestamp
from services.notification.application.notifications import Notifications
from services.notification.domain.delivery import Delivery
from services.notification.domain.preferences import Preferences
from shopmesh.notification.v1 import notification_service_pb2 as messages
from shopmesh.notification.v1.notification_service_pb2_grpc import NotificationServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]


class NotificationServicer(ParkedEventsServicer, NotificationServiceServicer):
    """Translates calls."""

    def __init__(self, *, notifications: Notifications, parking: Parking) -> None:
        super().__init__(parking)
        self._notifications = notifications

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


def _notification(delivery: Delivery) -> messages.Notification:
    return messages.Notification(
        notification_id=delivery.notification_id,
        template=str(delivery.template),
        order_id=delivery.order_id,
        state=messages.DeliveryState.Value(f"DELIVERY_STATE_{delivery.state.value}"),
        attempts=delivery.attempts,
        create_time=timestamp(delivery.create_time),
        send_time=timestamp(delivery.send_time) if delivery.send_time is not None else None,
    )


def _preferences(chosen: Preferences) -> messages.Preferences:
    return messages.Preferences(order_updates=chosen.order_updates, shipping_updates=chosen.shipping_updates)
