"""An OAuth 2.0 client without a browser: it gets tokens as any other client does."""

import json
import secrets
import socket
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, urljoin, urlsplit

from mesh.cli.login.known_devices import KnownDevices
from mesh.cli.login.login_form import Form, alert, login_form
from mesh.client.loopback import OK, Answer, Browser, NoAnswer
from mesh.launcher.errors import LaunchError

CLIENT_ID = "cli"
_NOBODY: Mapping[str, str] = {}
_MAX_STEPS = 8
_TIMEOUT_SECONDS = 15.0
_USER_AGENT = "shopmesh"
_REMEDY = "The demo accounts' passwords are in credentials.json in the mesh's home."
_ASK_STATUS = "Is the mesh well? shopmesh status"


@dataclass(frozen=True, slots=True)
class Account:
    """With what a person logs in."""

    email: str
    password: str


async def token_of_account(issuer: str, account: Account, *, devices: KnownDevices, scope: str = "") -> str:
    """Log in by the authorization-code grant with PKCE (RFC 6749 §4.1, RFC 7636, RFC 8252 §7.3).

    The code is read from the redirect, which is not followed: nobody has to listen on its port. Scopes are
    separated by spaces; none means all that the account may have.

    Raises:
        LaunchError: The login was refused; says why.
    """
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    redirect_uri = f"http://127.0.0.1:{_free_port()}/callback"
    request = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    } | ({"scope": scope} if scope else {})
    with _browser(issuer) as browser:
        devices.lend(browser.jar)
        callback = await _log_in(browser, issuer, request, account)
        devices.keep(browser.jar)
        code = _code(callback, state)
        return await _redeem(
            browser,
            issuer,
            {
                "grant_type": "authorization_code",
                "client_id": CLIENT_ID,
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            },
        )


async def token_of_client(issuer: str, client_id: str, secret: str, *, audience: str | None) -> str:
    """Get a client's own token (client credentials, RFC 6749 §4.4).

    Raises:
        LaunchError: The client was refused; says why.
    """
    form = {"grant_type": "client_credentials"} | ({"audience": audience} if audience else {})
    basic = b64encode(f"{client_id}:{secret}".encode()).decode()
    with _browser(issuer) as browser:
        return await _redeem(browser, issuer, form, {"authorization": f"Basic {basic}"})


@contextmanager
def _browser(issuer: str) -> Iterator[Browser]:
    try:
        yield Browser.opened(issuer, timeout_seconds=_TIMEOUT_SECONDS)
    except NoAnswer as error:
        raise LaunchError(f"{issuer} does not answer ({error}).", _ASK_STATUS) from error


async def _log_in(browser: Browser, issuer: str, request: Mapping[str, str], account: Account) -> str:
    answer = await browser.get(f"{issuer}/oauth2/authorize", request)
    submitted = False
    for _ in range(_MAX_STEPS):
        if answer.location:
            target = urljoin(answer.url, answer.location)
            if target.startswith(request["redirect_uri"]):
                return target
            answer = await browser.get(target)
            continue
        form = _form(answer)
        if submitted:
            why = alert(answer.text) or "It was refused."
            raise LaunchError(f"Login as {account.email}: {why}", _REMEDY)
        submitted = True
        answer = await browser.post(
            urljoin(answer.url, form.action or answer.url),
            form.filled(name=account.email, password=account.password),
            {"origin": issuer, "user-agent": _USER_AGENT},
        )
    raise LaunchError("The login never came to an end.", _ASK_STATUS)


def _form(answer: Answer) -> Form:
    form = login_form(answer.text)
    if form is None:
        raise LaunchError(f"The login was refused: {_reason(answer)}.", _ASK_STATUS)
    return form


def _code(callback: str, state: str) -> str:
    query = {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}
    if "error" in query:
        why = query.get("error_description", query["error"])
        raise LaunchError(f"The login was refused: {why}.", "Ask for other scopes, or leave --scope out.")
    if query.get("state") != state or "code" not in query:
        raise LaunchError("The answer to the login is not ours.", "Try again.")
    return query["code"]


async def _redeem(
    browser: Browser, issuer: str, form: Mapping[str, str], headers: Mapping[str, str] = _NOBODY
) -> str:
    answer = await browser.post(f"{issuer}/oauth2/token", form, headers)
    if answer.status != OK:
        raise LaunchError(f"No token: {_reason(answer)}.", _ASK_STATUS)
    return str(json.loads(answer.text)["access_token"])


def _reason(answer: Answer) -> str:
    try:
        document = json.loads(answer.text)
    except ValueError:
        return f"HTTP status {answer.status}"
    why = document.get("error_description") or document.get("error") or document.get("message")
    return str(why or f"HTTP status {answer.status}").rstrip(".")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
