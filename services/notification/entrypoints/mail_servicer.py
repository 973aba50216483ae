"""MailService."""

from datetime import datetime
from typing import Any

import grpc
import structlog
from google.protobuf.timestamp_pb2 import Timestamp

from interceptors.auth.caller import staff_actor
from mesh.messages import time_of, timestamp
from mesh.server.telemetry import current_traceparent
from services.notification.application.mails import Backlog, Mails
from services.notification.application.ports import MailFilter
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.finding import Finding
from services.notification.domain.provider import ProviderState
from services.notification.domain.suppression import Suppression
from shopmesh.notification.v1 import mail_service_pb2 as messages
from shopmesh.notification.v1 import notification_service_pb2
from shopmesh.notification.v1.mail_service_pb2_grpc import MailServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]

_log = structlog.get_logger()

_STATES = notification_service_pb2.DeliveryState
_STATE_PREFIX = "DELIVERY_STATE_"
_UNSENT = (DeliveryState.PENDING, DeliveryState.WAITING)


class MailServicer(MailServiceServicer):
    """Translates calls."""

    def __init__(self, mails: Mails) -> None:
        self._mails = mails

    async def ListMails(
        self, request: messages.ListMailsRequest, context: Context
    ) -> messages.ListMailsResponse:
        state = _STATES.Name(request.state).removeprefix(_STATE_PREFIX)
        which = MailFilter(
            order_id=request.order_id.lower(),
            user_id=request.user_id.lower(),
            state=DeliveryState(state) if request.state else None,
        )
        page = await self._mails.page(which, requested_size=request.page_size, page_token=request.page_token)
        return messages.ListMailsResponse(
            mails=map(_mail, page.deliveries), next_page_token=page.next_page_token
        )

    async def GetMailBacklog(
        self, request: messages.GetMailBacklogRequest, context: Context
    ) -> messages.GetMailBacklogResponse:
        backlog = await self._mails.backlog()
        return messages.GetMailBacklogResponse(
            pending=backlog.count(DeliveryState.PENDING),
            waiting=backlog.count(DeliveryState.WAITING),
            oldest_wait_time=_optional(backlog.oldest_wait_time),
            deferred=backlog.deferred.mails,
            next_attempt_time=_optional(backlog.deferred.next_time),
            providers=map(_provider, backlog.providers),
        )

    async def CheckMailProviders(
        self, request: messages.CheckMailProvidersRequest, context: Context
    ) -> messages.CheckMailProvidersResponse:
        return messages.CheckMailProvidersResponse(checks=map(_check, await self._mails.check()))

    async def ResumeMails(
        self, request: messages.ResumeMailsRequest, context: Context
    ) -> messages.ResumeMailsResponse:
        is_wider = request.HasField("include_undelivered_since")
        included = await self._mails.resume(
            include_since=time_of(request.include_undelivered_since) if is_wider else None
        )
        backlog: Backlog = await self._mails.backlog()
        return messages.ResumeMailsResponse(
            unsent=sum(backlog.count(state) for state in _UNSENT),
            included=included,
            providers=map(_provider, backlog.providers),
        )

    async def ResendMail(
        self, request: messages.ResendMailRequest, context: Context
    ) -> messages.ResendMailResponse:
        by = staff_actor()
        sent = await self._mails.resend(request.notification_id.lower(), by=by, trace=current_traceparent())
        _log.info("mail_resent", notification_id=sent.notification_id, copy_of=sent.copy_of, by=by)
        return messages.ResendMailResponse(mail=_mail(sent))

    async def ListSuppressions(
        self, request: messages.ListSuppressionsRequest, context: Context
    ) -> messages.ListSuppressionsResponse:
        page = await self._mails.suppressions(requested_size=request.page_size, page_token=request.page_token)
        return messages.ListSuppressionsResponse(
            suppressions=map(_suppression, page.suppressions), next_page_token=page.next_page_token
        )

    async def LiftSuppression(
        self, request: messages.LiftSuppressionRequest, context: Context
    ) -> messages.LiftSuppressionResponse:
        was_suppressed = await self._mails.lift(request.email)
        return messages.LiftSuppressionResponse(was_suppressed=was_suppressed)


def _mail(delivery: Delivery) -> messages.Mail:
    return messages.Mail(
        notification_id=delivery.notification_id,
        template=str(delivery.template),
        user_id=delivery.user_id,
        order_id=delivery.order_id,
        state=_STATES.Value(f"{_STATE_PREFIX}{delivery.state.value}"),
        reason=delivery.reason,
        provider=delivery.provider,
        provider_message_id=delivery.provider_message_id,
        answer=messages.MailAnswer.Value(f"MAIL_ANSWER_{delivery.answer.value}"),
        answer_code=delivery.answer_code,
        attempts=delivery.attempts,
        lost_answers=delivery.lost_answers,
        create_time=timestamp(delivery.create_time),
        due_time=timestamp(delivery.due_time) if delivery.is_unsent and delivery.wait_time is None else None,
        wait_time=_optional(delivery.wait_time),
        send_time=_optional(delivery.send_time),
        feedback=messages.MailFeedback.Value(f"MAIL_FEEDBACK_{delivery.feedback.value}"),
        feedback_detail=delivery.feedback_detail,
        feedback_time=_optional(delivery.feedback_time),
        trace_id=delivery.trace_id,
        copy_of=delivery.copy_of,
        requested_by=delivery.requested_by,
    )


def _provider(state: ProviderState) -> messages.MailProvider:
    return messages.MailProvider(
        name=state.name,
        condition=messages.ProviderCondition.Value(f"PROVIDER_CONDITION_{state.condition.value}"),
        reason=state.reason,
        since=_optional(state.since),
        check_time=_optional(state.check_time),
    )


def _check(finding: Finding) -> messages.ProviderCheck:
    return messages.ProviderCheck(
        provider=finding.provider,
        subject=finding.subject,
        state=messages.CheckState.Value(f"CHECK_STATE_{finding.state.value}"),
        found=finding.found,
        remedy=finding.remedy,
        responsible=finding.responsible,
    )


def _suppression(suppression: Suppression) -> messages.Suppression:
    return messages.Suppression(
        address_hash=suppression.address_hash,
        cause=messages.SuppressionCause.Value(f"SUPPRESSION_CAUSE_{suppression.cause.value}"),
        create_time=timestamp(suppression.create_time),
        notification_id=suppression.notification_id,
    )


def _optional(time: datetime | None) -> Timestamp | None:
    return None if time is None else timestamp(time)
