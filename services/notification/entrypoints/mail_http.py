"""The pages behind the links of mails: choosing which ones one gets, and unsubscribing.

No session and no cookie: a signed link says whose mails they are. GET changes nothing: mail scanners follow
links; mail providers unsubscribe by POST (RFC 8058), and get neither a redirect nor a cookie.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from python_multipart.exceptions import MultipartParseError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from interceptors.auth.caller import Caller, CallerKind
from mesh.languages import N_, Translations, accepted
from mesh.server.form_calls import FormCalls, FormFields, FormVisitor
from mesh.server.http_client_address import ClientAddress
from mesh.server.http_edge import status_of
from mesh.server.pages import Pages, refusal_words
from mesh.server.refusals import Refused, refusing
from services.kernel.names import json_name
from services.notification.application.notifications import Notifications
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.errors import StoreUnavailable
from services.notification.entrypoints.pages import CATALOGUES
from services.notification.entrypoints.status_by_error import STATUS_BY_ERROR

_MOST_BODY_BYTES = 262_144
_METHOD = "UpdatePreferences"
_OWN = "profile"
"""The scope that a link stands for, of the account that it names."""
_TOPICS: Mapping[str, str] = {
    "order_updates": N_("Mails that say that an order was cancelled or is not possible"),
    "shipping_updates": N_("Mails about parcels that are on their way"),
}
"""What one can choose, by its field of the preferences."""


@dataclass(frozen=True, slots=True)
class MailPages:
    """Preferences and unsubscribing."""

    notifications: Notifications
    calls: FormCalls
    links: ChoiceLinks
    pages: Pages
    client_address: ClientAddress

    async def preferences(self, request: Request) -> Response:
        """GET shows what one gets; POST saves what is ticked."""
        fields = await _fields(request)
        token = fields.pop("token", "")
        user_id = self.links.owner(token)
        if user_id is None:
            return self._unknown(request)
        if request.method == "POST":
            # Browsers do not send a box that is not ticked.
            unticked = {_field(name): "false" for name in _TOPICS}
            try:
                await self._update(request, user_id, {**unticked, **fields}, _TOPICS)
            except Refused as refused:
                return self._refused(request, refused)
        chosen = await self.notifications.preferences(user_id)
        say = self._words(request).gettext
        return self._page(
            request,
            "preferences",
            token=token,
            topics=[(_field(name), say(label), getattr(chosen, name)) for name, label in _TOPICS.items()],
            done=say("It is saved.") if request.method == "POST" else "",
        )

    async def unsubscribe(self, request: Request) -> Response:
        """GET asks; POST ends the mails of a topic, from the page or by one click of a mail program."""
        # What it is about stands in the address, so that a provider's form has to say nothing.
        token, topic = request.query_params.get("token", ""), request.query_params.get("topic", "")
        user_id = self.links.owner(token)
        if user_id is None or topic not in _TOPICS:
            return self._unknown(request)
        say = self._words(request).gettext
        if request.method != "POST":
            return self._page(request, "unsubscribe", token=token, topic=topic, label=say(_TOPICS[topic]))
        await _fields(request)
        try:
            await self._update(request, user_id, {_field(topic): "false"}, [topic])
        except Refused as refused:
            return self._refused(request, refused)
        title = say("You are unsubscribed")
        text = say("From now on you get no more of these mails. Orders are still confirmed by mail.")
        return self._page(request, "message", title=title, text=text, token=token)

    def refuse(self, request: Request, error: Exception) -> Response:
        """The page of a request that no handler answers; it needs no store."""
        response = self._refusal(request, status_of(error, unavailable=StoreUnavailable))
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})
        return response

    async def _update(
        self, request: Request, user_id: str, fields: FormFields, topics: Iterable[str]
    ) -> None:
        """Change the preferences by the method of the contract, as the account's owner.

        Raises:
            Refused: It is refused.
        """
        owner = Caller(CallerKind.USER, subject=user_id, scopes=frozenset({_OWN}))
        visitor = FormVisitor(
            self.client_address(request), request.headers.get("user-agent", ""), caller=owner
        )
        mask = ",".join(map(json_name, topics))
        with refusing(STATUS_BY_ERROR, unavailable=StoreUnavailable):
            await self.calls.call(_METHOD, {**fields, "updateMask": mask}, by=visitor)

    def _refused(self, request: Request, refused: Refused) -> Response:
        response = self._refusal(request, refused.status)
        if (seconds := refused.refusal.retry_after_seconds) is not None:
            response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
        return response

    def _refusal(self, request: Request, status: int) -> Response:
        title, text = refusal_words(status, self._words(request))
        return self._page(request, "message", status=status, title=title, text=text, token="")

    def _unknown(self, request: Request) -> Response:
        say = self._words(request).gettext
        title, text = say("This link does not work"), say("Please open the link in the newest mail.")
        return self._page(request, "message", status=HTTPStatus.BAD_REQUEST, title=title, text=text, token="")

    def _page(self, request: Request, page: str, *, status: int = 200, **values: object) -> Response:
        shown = {"done": "", "problem": "", **values}
        return self.pages.render(page, language=_language(request), status=status, values=shown)

    def _words(self, request: Request) -> Translations:
        return CATALOGUES.words(_language(request))


def _field(topic: str) -> str:
    """A topic's field of the method's request."""
    return f"preferences.{json_name(topic)}"


def _language(request: Request) -> str:
    return CATALOGUES.language_of(*accepted(request.headers.get("accept-language", "")))


async def _fields(request: Request) -> dict[str, str]:
    """What a form says, as browsers or as mail providers send it; of a GET the query."""
    if request.method != "POST":
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
