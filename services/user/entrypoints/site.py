"""What all pages share: who visits, in which language, forms of our own only, refusals in words."""

import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mesh.languages import accepted
from mesh.server.form_calls import FormCalls, FormFields, FormVisitor
from mesh.server.http_client_address import ClientAddress
from mesh.server.http_edge import status_of
from mesh.server.pages import Pages, refusal_words
from mesh.server.refusals import Refused, refusing
from services.user.application.accounts import Accounts
from services.user.application.sessions import Sessions
from services.user.domain.errors import StoreUnavailable
from services.user.domain.link import new_secret
from services.user.entrypoints.forms import FormGuard, read_form, set_cookie
from services.user.entrypoints.pages import CATALOGUES
from services.user.entrypoints.status_by_error import STATUS_BY_ERROR
from services.user.entrypoints.visit import SESSION_COOKIE, Visit
from services.user.entrypoints.words import words_for

LOGIN = "/account/login"

in_words = partial(refusing, STATUS_BY_ERROR, unavailable=StoreUnavailable)
"""Within it the service's errors become what a page can say."""

Handler = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Site:
    """Turns handlers of visits into endpoints, and renders their pages."""

    calls: FormCalls
    accounts: Accounts
    sessions: Sessions
    guard: FormGuard
    pages: Pages
    client_address: ClientAddress

    def page(self, handler: Handler) -> Endpoint:
        """An endpoint for everybody."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(await self._visit(request), handler)

        return endpoint

    def open_page(self, handler: Handler) -> Endpoint:
        """An endpoint whose forms may come from elsewhere: the handler asks before it does anything."""

        async def endpoint(request: Request) -> Response:
            return await handler(await self._visit(request))

        return endpoint

    def own_page(self, handler: Handler) -> Endpoint:
        """An endpoint for who is logged in; others are sent to the login and come back."""

        async def endpoint(request: Request) -> Response:
            visit = await self._visit(request)
            if visit.account is None:
                return see_other(login_path(request.url.path))
            return await self._answer(visit, handler)

        return endpoint

    async def call(self, visit: Visit, method: str, fields: FormFields) -> Any:
        """Call a method of the contract as the visitor.

        Raises:
            Refused: It is refused.
        """
        headers = visit.request.headers
        agent, cookies = headers.get("user-agent", ""), headers.get("cookie", "")
        visitor = FormVisitor(visit.address, agent, cookies, visit.caller)
        with in_words():
            return await self.calls.call(method, fields, by=visitor)

    def show(
        self,
        visit: Visit,
        page: str,
        *,
        refused: Refused | None = None,
        status: int = 200,
        form_targets: Sequence[str] = (),
        **values: object,
    ) -> Response:
        """Render a page, with what was refused of the form that was sent."""
        problem, wrong = ("", {}) if refused is None else words_for(refused.refusal, visit.say)
        cookie = visit.request.cookies.get(FormGuard.COOKIE) or new_secret()
        shown = {
            "account": visit.account,
            "here": visit.request.url.path,
            "csrf_token": self.guard.token(cookie),
            "values": defaultdict(str, visit.fields),
            "wrong": defaultdict(str, wrong),
            "is_wrong": bool(wrong),
            "problem": problem,
            "done": "",
        }
        response = self.pages.render(
            page,
            language=visit.language,
            status=status if refused is None else refused.status,
            form_targets=form_targets,
            values=shown | values,
        )
        set_cookie(response, FormGuard.COOKIE, cookie)
        if refused is not None:
            _add_retry_after(response, refused.refusal.retry_after_seconds)
        return response

    def message(
        self, visit: Visit, title: str, text: str, *, status: int = 200, way_on: tuple[str, str] | None = None
    ) -> Response:
        """A page with one thing to say, and a way on."""
        return self.show(visit, "message", status=status, title=title, text=text, way_on=way_on)

    def refuse(self, request: Request, error: Exception) -> Response:
        """The page of a request that no handler answers; it needs no store."""
        response = self._refusal(self._stranger(request), status_of(error, unavailable=StoreUnavailable))
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})
        return response

    def _refusal(self, visit: Visit, status: int) -> Response:
        title, text = refusal_words(status, visit.words)
        return self.message(visit, title, text, status=status, way_on=("/", visit.say("To the shop")))

    async def _answer(self, visit: Visit, handler: Handler) -> Response:
        if visit.is_form and not self.guard.is_ours(visit.request, visit.fields.get(FormGuard.FIELD, "")):
            title, text = visit.say("This form has expired"), visit.say("Please fill it in once more.")
            here = visit.request.url.path + (f"?{visit.query}" if visit.query else "")
            return self.message(visit, title, text, status=403, way_on=(here, visit.say("Try again")))
        try:
            return await handler(visit)
        except Refused as refused:
            return self._refused(visit, refused)

    def _refused(self, visit: Visit, refused: Refused) -> Response:
        """Where a handler does not show the form again."""
        refusal = refused.refusal
        if refusal.reason == "LOGIN_TOO_OLD":
            return see_other(login_path(visit.request.url.path))
        text, wrong = words_for(refusal, visit.say)
        response = self.message(
            visit,
            visit.say("This does not work"),
            text or " ".join(wrong.values()),
            status=refused.status,
            way_on=("/account", visit.say("To your account")),
        )
        _add_retry_after(response, refusal.retry_after_seconds)
        return response

    async def _visit(self, request: Request) -> Visit:
        fields = await _fields(request) if request.method == "POST" else {}
        session = await self.sessions.use(request.cookies.get(SESSION_COOKIE, ""))
        account = None if session is None else await self.accounts.get(session.user_id)
        return replace(
            self._stranger(request, *((account.locale,) if account else ())),
            fields=fields,
            session=session,
            account=account,
        )

    def _stranger(self, request: Request, *locales: str) -> Visit:
        """A visit of somebody of whom nothing is looked up."""
        wanted = accepted(request.headers.get("accept-language", ""))
        language = CATALOGUES.language_of(*locales, *wanted)
        return Visit(request, self.client_address(request), language, CATALOGUES.words(language))


def see_other(location: str) -> Response:
    # 303: the browser must not send a password on (RFC 9700 §4.12).
    return RedirectResponse(
        location, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    )


def login_path(back: str) -> str:
    """The login that leads back to a page of this site."""
    return f"{LOGIN}?next={quote(back)}"


async def _fields(request: Request) -> Mapping[str, str]:
    """A form's fields; each may be there once."""
    sent = await read_form(request)
    fields = dict(sent)
    if len(fields) < len(sent):
        raise HTTPException(400, "a field is there twice")
    return fields


def _add_retry_after(response: Response, seconds: float | None) -> None:
    if seconds is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
