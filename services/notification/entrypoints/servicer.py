"""NotificationService."""

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from interceptors.auth.caller import caller
from mesh.event_log.consumer import Consumer
from mesh.event_log.inbox_sql import SqlInbox
from mesh.event_log.parked_sql import Parked
from services.kernel.envelope import Envelope
from services.kernel.paging import decode_page_token, encode_page_token, page_size
from services.notification.application.notifications import Notifications
from services.notification.domain.delivery import Delivery
from services.notification.domain.preferences import Preferences
from shopmesh.notification.v1 import notification_service_pb2 as messages
from shopmesh.notification.v1.notification_service_pb2_grpc import NotificationServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]

_PARKED = "parked"


class NotificationServicer(NotificationServiceServicer):
    """Translates calls."""

    def __init__(
        self, *, notifications: Notifications, inbox: SqlInbox[Envelope], consumer: Consumer[Envelope]
    ) -> None:
        self._notifications = notifications
        self._inbox = inbox
        self._consumer = consumer

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
        size = page_size(request.page_size)
        after = int(decode_page_token(request.page_token, filters=_PARKED)) if request.page_token else 0
        found = await self._inbox.parked(after=after, limit=size + 1)
        return messages.ListParkedResponse(
            events=[_parked(parked) for parked in found[:size]], next_page_token=_next(found, size)
        )

    async def RedriveParked(
        self, request: messages.RedriveParkedRequest, context: Context
    ) -> messages.RedriveParkedResponse:
        redriven = await self._consumer.redrive(request.key or None)
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


def _parked(parked: Parked) -> messages.ParkedEvent:
    park_time = Timestamp()
    park_time.FromDatetime(parked.park_time)
    return messages.ParkedEvent(
        topic=parked.record.topic,
        key=parked.record.key,
        version=parked.record.version,
        type=parked.type,
        reason=parked.reason,
        park_time=park_time,
    )


def _next(found: Sequence[Parked], size: int) -> str:
    return encode_page_token(str(found[size - 1].position), filters=_PARKED) if len(found) > size else ""
