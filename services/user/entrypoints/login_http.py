"""The authorization endpoint with its login page, and the logout page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mesh.server.http_client_address import ClientAddress
from services.kernel.clock import Clock
from services.kernel.errors import DomainError
from services.user.application.logins import Browser, Logins
from services.user.application.ports import AuthorizationServer, LoginNeeds, OAuthAnswer, OAuthRequest
from services.user.application.sessions import Sessions
from services.user.domain.errors import TooBusy, TooManyAttempts, WrongPassword
from services.user.domain.link import new_secret
from services.user.domain.network import network_prefix
from services.user.domain.session import SESSION_LIFETIME, Session
from services.user.entrypoints.call_log import log_call
from services.user.entrypoints.device_name import device_name
from services.user.entrypoints.forms import FormGuard, read_form, read_query, set_cookie
from services.user.entrypoints.pages import Pages

SESSION_COOKIE = "shopmesh_login"
_DEVICE_SECONDS = 400 * 24 * 3600
"""As long as browsers keep a cookie at most (RFC 6265bis §5.5)."""
_CLIENT_NAMES = {"checkout": "the shop", "cli": "the shopmesh command line"}


@dataclass(frozen=True, slots=True)
class LoginPages:
    """Log in, log out, and go back to the client with a code."""

    server: AuthorizationServer
    logins: Logins
    sessions: Sessions
    pages: Pages
    guard: FormGuard
    issuer: str
    client_address: ClientAddress
    clock: Clock

    async def authorize(self, request: Request) -> Response:
        """GET shows the login page, or answers at once who is logged in; POST logs in."""
        asked = _oauth_request(request)
        needs = await self.server.check(asked)
        if isinstance(needs, OAuthAnswer):
            return self._refused(needs)
        if request.method == "POST":
            return await self._login(request, asked, needs)
        session = await self._usable_session(request, needs)
        if session is not None:
            return self._redirect(await self.server.grant(asked, session))
        if "none" in needs.prompt:
            return self._refused(await self.server.refuse(asked, error="login_required"))
        return self._form(request, needs)

    async def logout(self, request: Request) -> Response:
        """End the login session; without an ID token as a hint, only after asking."""
        parameters = await read_form(request) if request.method == "POST" else read_query(request)
        asked = OAuthRequest(request.method, "/oauth2/logout", request.headers, parameters)
        target = await self.server.logout_target(asked)
        session = await self.sessions.use(request.cookies.get(SESSION_COOKIE, ""))
        confirmed = self.guard.is_ours(request, dict(parameters).get("csrf_token", ""))
        if session is not None and not confirmed and session.user_id != target.subject:
            return self._with_form_cookie(request, "logout", title="Log out?")
        if target.sid:
            await self.sessions.log_out(sid=target.sid, user_id=target.subject)
        if session is not None and session.sid != target.sid:
            await self.sessions.log_out(sid=session.sid, user_id=session.user_id)
        response = self._logged_out(target.redirect_uri)
        response.delete_cookie(SESSION_COOKIE, path="/oauth2")
        return response

    async def _login(self, request: Request, asked: OAuthRequest, needs: LoginNeeds) -> Response:
        fields = dict(await read_form(request))
        email = fields.get("email", "")
        if not self.guard.is_ours(request, fields.get("csrf_token", "")):
            return self._form(request, needs, problem="This form has expired. Please try again.", email=email)
        try:
            login = await self.logins.login(
                email=email[:254],
                password=fields.get("password", "")[:1000],
                browser=self._browser(request),
            )
        except (WrongPassword, TooManyAttempts, TooBusy) as problem:
            _log_authorize(needs.client.client_id, problem.reason.lower())
            return self._problem(request, needs, problem, email)
        response = self._redirect(await self.server.grant(asked, login.session))
        lifetime = int(SESSION_LIFETIME.total_seconds())
        set_cookie(response, SESSION_COOKIE, login.cookie, secure=self._is_secure, max_age=lifetime)
        set_cookie(response, *login.device, secure=self._is_secure, max_age=_DEVICE_SECONDS)
        return response

    def _browser(self, request: Request) -> Browser:
        return Browser(
            network=network_prefix(self.client_address(request)),
            cookies=request.cookies,
            session=request.cookies.get(SESSION_COOKIE, ""),
            name=device_name(request.headers.get("user-agent", "")),
        )

    def _problem(self, request: Request, needs: LoginNeeds, problem: DomainError, email: str) -> Response:
        response = self._form(
            request, needs, problem=_sentence(problem), email=email, status=_status(problem)
        )
        if problem.retry_after_seconds is not None:
            response.headers["Retry-After"] = str(math.ceil(problem.retry_after_seconds))
        return response

    async def _usable_session(self, request: Request, needs: LoginNeeds) -> Session | None:
        # Any program on the machine can pose as a public client: it gets nothing without
        # the user's own action (RFC 8252 §8.6).
        if "login" in needs.prompt or needs.client.is_public:
            return None
        session = await self.sessions.use(request.cookies.get(SESSION_COOKIE, ""))
        if session is None or needs.max_age_seconds is None:
            return session
        age_seconds = (self.clock() - session.auth_time).total_seconds()
        return session if age_seconds <= needs.max_age_seconds else None

    def _redirect(self, answer: OAuthAnswer) -> Response:
        if answer.error or not answer.location:
            return self._refused(answer)
        _log_authorize(answer.client_id, "code_issued")
        return _see_other(answer.location)

    def _refused(self, answer: OAuthAnswer) -> Response:
        _log_authorize(answer.client_id, answer.error)
        if answer.location:
            return _see_other(answer.location)
        # Never a redirect: the client or its redirect URI is not what was registered (RFC 6749 §4.1.2.1).
        text = "The application that sent you here asked in a way that cannot be answered"
        detail = answer.body.get("error_description") or answer.error
        return self.pages.render(
            "message", status=400, title="This does not work", text=f"{text}: {detail}.", home=""
        )

    def _form(
        self, request: Request, needs: LoginNeeds, *, problem: str = "", email: str = "", status: int = 200
    ) -> Response:
        if not problem:
            _log_authorize(needs.client.client_id, "login_page")
        return self._with_form_cookie(
            request,
            "login",
            status=status,
            form_targets=(needs.redirect_uri,),
            title="Log in",
            client_name=_CLIENT_NAMES.get(needs.client.client_id, needs.client.client_id),
            action=f"/oauth2/authorize?{request.url.query}",
            problem=problem,
            email=email[:254],
        )

    def _with_form_cookie(
        self,
        request: Request,
        page: str,
        *,
        status: int = 200,
        form_targets: Sequence[str] = (),
        **values: object,
    ) -> Response:
        cookie = request.cookies.get(FormGuard.COOKIE) or new_secret()
        response = self.pages.render(
            page, status=status, form_targets=form_targets, csrf_token=self.guard.token(cookie), **values
        )
        set_cookie(response, FormGuard.COOKIE, cookie, secure=self._is_secure)
        return response

    def _logged_out(self, redirect_uri: str) -> Response:
        if redirect_uri:
            return _see_other(redirect_uri)
        return self.pages.render("message", title="Logged out", text="See you soon.", home=f"{self.issuer}/")

    @property
    def _is_secure(self) -> bool:
        return urlsplit(self.issuer).scheme == "https"


def _oauth_request(request: Request) -> OAuthRequest:
    return OAuthRequest(request.method, request.url.path, _no_credentials(request), read_query(request))


def _no_credentials(request: Request) -> Mapping[str, str]:
    # Clients do not authenticate here; an Authorization header is not theirs.
    return {name: value for name, value in request.headers.items() if name != "authorization"}


def _see_other(location: str) -> Response:
    # 303: the browser must not send the password on to the client (RFC 9700 §4.12).
    return RedirectResponse(
        location, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


def _status(problem: Exception) -> int:
    return 429 if isinstance(problem, TooManyAttempts | TooBusy) else 403


def _sentence(problem: Exception) -> str:
    text = str(problem)
    return f"{text[0].upper()}{text[1:]}."


def _log_authorize(client_id: str, outcome: str) -> None:
    log_call("authorize", client_id=client_id, grant_type="authorization_code", outcome=outcome)
