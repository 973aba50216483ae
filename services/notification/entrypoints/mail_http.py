"""The pages behind the links of mails: choosing which ones one gets, and unsubscribing.

No session and no cookie: a signed link says whose mails they are. GET changes nothing: mail scanners follow
links; mail providers unsubscribe by POST (RFC 8058), and get neither a redirect nor a cookie.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from python_multipart.exceptions import MultipartParseError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from mesh.languages import N_, accepted
from mesh.server.pages import Pages
from services.notification.application.notifications import Notifications
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.preferences import CHANGEABLE_FIELDS, Preferences
from services.notification.entrypoints.pages import CATALOGUES

_MOST_BODY_BYTES = 262_144
_TOPICS: Mapping[str, str] = {
    "order_updates": N_("Mails about orders: taken, cancelled, not possible"),
    "shipping_updates": N_("Mails about parcels that are on their way"),
}
"""What one can choose, by its field of the preferences."""


@dataclass(frozen=True, slots=True)
class MailPages:
    """Preferences and unsubscribing."""

    notifications: Notifications
    links: ChoiceLinks
    pages: Pages

    async def preferences(self, request: Request) -> Response:
        """GET shows what one gets; POST saves what is ticked."""
        fields = await _fields(request)
        token = fields.get("token", "")
        user_id = self.links.owner(token)
        if user_id is None:
            return self._unknown(request)
        if request.method == "POST":
            wanted = Preferences(**{name: name in fields for name in CHANGEABLE_FIELDS})
            await self.notifications.update_preferences(user_id, wanted, CHANGEABLE_FIELDS)
        chosen = await self.notifications.preferences(user_id)
        say = self._say(request)
        return self._page(
            request,
            "preferences",
            token=token,
            topics=[(name, say(label)) for name, label in _TOPICS.items()],
            wanted={name for name in CHANGEABLE_FIELDS if getattr(chosen, name)},
            done=say("It is saved.") if request.method == "POST" else "",
        )

    async def unsubscribe(self, request: Request) -> Response:
        """GET asks; POST ends the mails of a topic, from the page or by one click of a mail program."""
        # What it is about stands in the address, so that a provider's form has to say nothing.
        token, topic = request.query_params.get("token", ""), request.query_params.get("topic", "")
        user_id = self.links.owner(token)
        if user_id is None or topic not in _TOPICS:
            return self._unknown(request)
        say = self._say(request)
        if request.method == "GET":
            return self._page(request, "unsubscribe", token=token, topic=topic, label=say(_TOPICS[topic]))
        await _fields(request)
        none = Preferences(**dict.fromkeys(CHANGEABLE_FIELDS, False))
        await self.notifications.update_preferences(user_id, none, [topic])
        title, text = say("You are unsubscribed"), say("From now on you get no more of these mails.")
        return self._page(request, "message", title=title, text=text, token=token)

    def refuse(self, request: Request, error: HTTPException) -> Response:
        """The page of a request that cannot be read."""
        return self._problem(request, error.status_code)

    def _unknown(self, request: Request) -> Response:
        return self._problem(request, HTTPStatus.BAD_REQUEST)

    def _problem(self, request: Request, status: int) -> Response:
        say = self._say(request)
        title, text = say("This link does not work"), say("Please open the link in the newest mail.")
        return self._page(request, "message", status=status, title=title, text=text, token="")

    def _page(self, request: Request, page: str, *, status: int = 200, **values: object) -> Response:
        shown = {"done": "", "problem": "", **values}
        return self.pages.render(page, language=_language(request), status=status, values=shown)

    def _say(self, request: Request) -> Callable[[str], str]:
        return CATALOGUES.words(_language(request)).gettext


def _language(request: Request) -> str:
    return CATALOGUES.language_of(*accepted(request.headers.get("accept-language", "")))


async def _fields(request: Request) -> Mapping[str, str]:
    """What a form says, as browsers or as mail providers send it; of a GET the query."""
    if request.method == "GET":
        return dict(request.query_params)
    try:
        bounded = Request(request.scope, _bounded(request.receive))
        async with bounded.form(max_files=0, max_fields=20, max_part_size=10_000) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except MultipartParseError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the form cannot be read") from None


def _bounded(receive: Receive) -> Receive:
    """A request's body, up to what a form of ours can hold."""
    left = _MOST_BODY_BYTES

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the form is too long")
        return message

    return bounded
