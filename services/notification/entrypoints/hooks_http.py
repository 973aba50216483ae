"""What mail providers report over HTTP."""

from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mesh.server.http_edge import NO_STORE
from services.notification.application.feedbacks import Feedbacks
from services.notification.application.ports import (
    HookMessage,
    HookMessageKind,
    HookMessages,
    HookRefused,
    HookUnavailable,
)
from services.notification.entrypoints.mail_metrics import count_feedback
from services.notification.entrypoints.ses_report_reader import UnreadableReport, read_report

MAX_BODY_BYTES = 262_144

_log = structlog.get_logger()


class TooLong(Exception):
    """A body is longer than a message of SNS can be."""


@dataclass(frozen=True, slots=True)
class SesHook:
    """`POST /hooks/ses`: events of Amazon SES by SNS.

    Attributes:
        messages: Verifies messages; None: no provider of the chain is SES.
        feedbacks: Takes in what they report.
    """

    messages: HookMessages | None
    feedbacks: Feedbacks

    async def post(self, request: Request) -> Response:
        """200 where SNS has nothing to do any more, 4xx where it must not repeat, 503 where it has to."""
        if self.messages is None:
            return _answer(404, "no provider of SHOPMESH_MAIL_URL reports here")
        try:
            message = await self.messages.read(await _body(request))
            await self._take(self.messages, message)
        except TooLong:
            return _answer(413, f"the body is longer than {MAX_BODY_BYTES} bytes")
        except HookRefused as refusal:
            _log.warning("hook_refused", reason=str(refusal), remedy=refusal.remedy)
            return _answer(403, str(refusal))
        except UnreadableReport as problem:
            _log.error("hook_unreadable", reason=str(problem))
            return _answer(422, str(problem))
        except HookUnavailable as problem:
            _log.warning("hook_unavailable", reason=str(problem))
            return _answer(503, "try again later")
        return _answer(200, "taken")

    async def _take(self, messages: HookMessages, message: HookMessage) -> None:
        match message.kind:
            case HookMessageKind.SUBSCRIPTION:
                await messages.confirm(message)
                _log.info("hook_subscribed", topic=message.topic)
            case HookMessageKind.UNSUBSCRIPTION:
                _log.warning("hook_unsubscribed", topic=message.topic, remedy="subscribe the topic again")
            case HookMessageKind.REPORT:
                feedback = read_report(message.text, messages.provider)
                is_new = await self.feedbacks.take(message.message_id, feedback)
                if feedback is not None and is_new:
                    count_feedback(feedback)
                kind = feedback.kind.value if feedback else "none"
                _log.info("hook_report", kind=kind, is_new=is_new, message_id=message.message_id)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise TooLong
    return bytes(body)


def _answer(status: int, text: str) -> Response:
    return JSONResponse({"message": text}, status, headers=NO_STORE)
