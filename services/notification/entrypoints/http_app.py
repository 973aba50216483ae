"""Every HTTP endpoint of the notification service."""

from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from mesh.server.endpoint_limits import EndpointLimits
from mesh.server.http_edge import HttpEdge, refuse
from services.notification.domain.errors import StoreUnavailable
from services.notification.entrypoints.hooks_http import SesHook
from services.notification.entrypoints.mail_http import MailPages

_FORM = ["GET", "POST"]


def notification_app(*, hook: SesHook, pages: MailPages, limits: EndpointLimits) -> Starlette:
    """The ASGI application: the reports of providers, and the pages behind the links of mails."""
    edge = Middleware(HttpEdge, span="notification http", unavailable=StoreUnavailable, page=pages.refuse)
    refused = partial(refuse, pages.refuse)
    routes = [
        Route("/hooks/ses", hook.post, methods=["POST"]),
        limits.route("/mail/preferences", pages.preferences, _FORM),
        limits.route("/mail/unsubscribe", pages.unsubscribe, _FORM),
    ]
    return Starlette(
        routes=routes,
        middleware=[edge],
        exception_handlers={HTTPException: refused, StoreUnavailable: refused},
    )
