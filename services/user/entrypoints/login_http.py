"""Logging in and out: for OAuth clients at the authorization endpoint, and for the pages of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from mesh.languages import N_
from mesh.server.refusals import Refused
from services.kernel.clock import Clock
from services.user.application.logins import LoggedIn, Logins
from services.user.application.ports import AuthorizationServer, LoginNeeds, OAuthAnswer, OAuthRequest
from services.user.application.sessions import Sessions
from services.user.domain.errors import TooManyAttempts
from services.user.domain.security_event import Origin
from services.user.domain.session import SESSION_LIFETIME, Session
from services.user.entrypoints.call_log import log_call
from services.user.entrypoints.device_cookies import PREFIX
from services.user.entrypoints.forms import FormGuard, delete_cookie, read_query, set_cookie
from services.user.entrypoints.site import LOGIN, Site, in_words, see_other
from services.user.entrypoints.visit import SESSION_COOKIE, Visit
from services.user.entrypoints.visitor_http import DEVICE_SECONDS

_CLIENT_NAMES = {"checkout": N_("the shop"), "cli": N_("the shopmesh command line")}
_MOST_PASSWORD_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class LoginPages:
    """Log in, log out, and go back to the client with a code."""

    site: Site
    server: AuthorizationServer
    logins: Logins
    sessions: Sessions
    clock: Clock

    async def authorize(self, visit: Visit) -> Response:
        """GET shows the login page, or answers at once who is logged in; POST logs in."""
        asked = _oauth_request(visit.request)
        needs = await self.server.check(asked)
        if isinstance(needs, OAuthAnswer):
            return self._refused(visit, needs)
        if visit.is_form:
            return await self._authorize_login(visit, asked, needs)
        session = self._usable_session(visit, needs)
        if session is not None:
            return self._redirect(visit, await self.server.grant(asked, session))
        if "none" in needs.prompt:
            return self._refused(visit, await self.server.refuse(asked, error="login_required"))
        _log_authorize(needs.client.client_id, "login_page")
        return self._authorize_form(visit, needs)

    async def login(self, visit: Visit) -> Response:
        """Log in for the pages of the account, and go on to one of them."""
        back = _own_path(visit.query.get("next", ""))
        if not visit.is_form:
            return self._login_form(visit, back)
        try:
            login = await self._enter(visit)
        except Refused as refused:
            return self._login_form(visit, back, refused)
        return _with_cookies(see_other(back), login)

    async def logout(self, visit: Visit) -> Response:
        """Log out of the pages, and then of the shop, whose front door has cookies of its own."""
        if not visit.is_form:
            return self.site.show(visit, "logout", action="/account/logout")
        await self._end(visit, visit.session)
        response = see_other("/session/logout")
        delete_cookie(response, SESSION_COOKIE)
        return response

    async def end_session(self, visit: Visit) -> Response:
        """OpenID Connect's logout; without an ID token as a hint, only after asking."""
        parameters = dict(visit.fields) if visit.is_form else dict(read_query(visit.request))
        asked = OAuthRequest(
            visit.request.method, "/oauth2/logout", visit.request.headers, tuple(parameters.items())
        )
        target = await self.server.logout_target(asked)
        confirmed = self.site.guard.is_ours(visit.request, parameters.get(FormGuard.FIELD, ""))
        if visit.session is not None and not confirmed and visit.session.user_id != target.subject:
            return self.site.show(visit, "logout", action="/oauth2/logout")
        if target.sid:
            await self.sessions.log_out(
                sid=target.sid, user_id=target.subject, origin=_origin(visit, target.subject)
            )
        if visit.session is not None and visit.session.sid != target.sid:
            await self._end(visit, visit.session)
        response = self._logged_out(visit, target.redirect_uri)
        delete_cookie(response, SESSION_COOKIE)
        return response

    async def _end(self, visit: Visit, session: Session | None) -> None:
        if session is not None:
            origin = _origin(visit, session.user_id)
            await self.sessions.log_out(sid=session.sid, user_id=session.user_id, origin=origin)

    async def _enter(self, visit: Visit) -> LoggedIn:
        """Log in with the form's fields.

        Raises:
            Refused: Wrong, too often, or not now.
        """
        with in_words():
            return await self.logins.login(
                email=visit.fields.get("email", "")[:254],
                password=visit.fields.get("password", "")[:_MOST_PASSWORD_CHARACTERS],
                browser=visit.browser,
            )

    async def _authorize_login(self, visit: Visit, asked: OAuthRequest, needs: LoginNeeds) -> Response:
        try:
            login = await self._enter(visit)
        except Refused as refused:
            _log_authorize(needs.client.client_id, refused.refusal.reason.lower())
            return self._authorize_form(visit, needs, refused)
        return _with_cookies(self._redirect(visit, await self.server.grant(asked, login.session)), login)

    def _authorize_form(self, visit: Visit, needs: LoginNeeds, refused: Refused | None = None) -> Response:
        client = needs.client.client_id
        return self.site.show(
            visit.without_account(),
            "login",
            refused=refused,
            form_targets=(needs.redirect_uri,),
            client_name=visit.say(_CLIENT_NAMES.get(client, client)),
            action=f"/oauth2/authorize?{visit.request.url.query}",
            is_throttled=_is_throttled(refused),
        )

    def _login_form(self, visit: Visit, back: str, refused: Refused | None = None) -> Response:
        return self.site.show(
            visit,
            "login",
            refused=refused,
            client_name="",
            action=f"{LOGIN}?next={back}",
            is_throttled=_is_throttled(refused),
        )

    def _usable_session(self, visit: Visit, needs: LoginNeeds) -> Session | None:
        # Any program on the machine can pose as a public client: it gets nothing without
        # the user's own action (RFC 8252 §8.6).
        session = visit.session
        if session is None or "login" in needs.prompt or needs.client.is_public:
            return None
        if needs.max_age_seconds is None:
            return session
        age_seconds = (self.clock() - session.auth_time).total_seconds()
        return session if age_seconds <= needs.max_age_seconds else None

    def _redirect(self, visit: Visit, answer: OAuthAnswer) -> Response:
        if answer.error or not answer.location:
            return self._refused(visit, answer)
        _log_authorize(answer.client_id, "code_issued")
        return see_other(answer.location)

    def _refused(self, visit: Visit, answer: OAuthAnswer) -> Response:
        _log_authorize(answer.client_id, answer.error)
        if answer.location:
            return see_other(answer.location)
        # Never a redirect: the client or its redirect URI is not what was registered (RFC 6749 §4.1.2.1).
        text = visit.say("The application that sent you here asked in a way that cannot be answered")
        detail = answer.body.get("error_description") or answer.error
        title, way_on = visit.say("This does not work"), ("/", visit.say("To the shop"))
        return self.site.message(visit, title, f"{text}: {detail}.", status=400, way_on=way_on)

    def _logged_out(self, visit: Visit, redirect_uri: str) -> Response:
        if redirect_uri:
            return see_other(redirect_uri)
        title, text = visit.say("Logged out"), visit.say("See you soon.")
        way_on = ("/", visit.say("To the shop"))
        return self.site.message(visit.without_account(), title, text, way_on=way_on)


def _with_cookies(response: Response, login: LoggedIn) -> Response:
    """Let the browser keep the session, and that it has logged in here."""
    name, proof = login.device
    set_cookie(response, SESSION_COOKIE, login.cookie, max_age=int(SESSION_LIFETIME.total_seconds()))
    set_cookie(response, f"{PREFIX}{name}", proof, max_age=DEVICE_SECONDS)
    return response


def _own_path(path: str) -> str:
    """A page of accounts; anything else is not gone to."""
    plain = path.replace("/", "").replace("-", "")
    is_ours = path.startswith("/account/") and plain.isascii() and plain.isalpha()
    return path if is_ours else "/account"


def _is_throttled(refused: Refused | None) -> bool:
    return refused is not None and refused.refusal.reason == TooManyAttempts.reason


def _origin(visit: Visit, user_id: str) -> Origin:
    return visit.origin(f"customer:{user_id}")


def _oauth_request(request: Request) -> OAuthRequest:
    return OAuthRequest(request.method, request.url.path, _no_credentials(request), read_query(request))


def _no_credentials(request: Request) -> Mapping[str, str]:
    # Clients do not authenticate here; an Authorization header is not theirs.
    return {name: value for name, value in request.headers.items() if name != "authorization"}


def _log_authorize(client_id: str, outcome: str) -> None:
    log_call("authorize", client_id=client_id, grant_type="authorization_code", outcome=outcome)
