"""A request for a page: who visits, from where, and in which language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from starlette.requests import Request

from interceptors.auth.caller import ANONYMOUS, Caller, CallerKind
from mesh.languages import Translations
from services.user.application.logins import Browser
from services.user.domain.account import Account
from services.user.domain.security_event import Origin
from services.user.domain.session import Session
from services.user.entrypoints.device_cookies import device_proofs
from services.user.entrypoints.device_name import device_name

SESSION_COOKIE = "__Host-account"


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a page.

    Attributes:
        fields: Of the form that was sent; empty where a page is asked for.
        session: The visitor's login; None: there is none.
        account: Whose.
    """

    request: Request
    address: str
    language: str
    words: Translations
    fields: Mapping[str, str] = field(default_factory=dict)
    session: Session | None = None
    account: Account | None = None

    @property
    def is_form(self) -> bool:
        return self.request.method == "POST"

    @property
    def browser(self) -> Browser:
        headers, session = self.request.headers, self.request.cookies.get(SESSION_COOKIE, "")
        proofs = device_proofs(headers.get("cookie", ""))
        return Browser(self.address, proofs, session, device_name(headers.get("user-agent", "")))

    def origin(self, actor: str) -> Origin:
        """Who does something here, as the security log names it."""
        browser = self.browser
        return Origin(actor, browser.address, browser.name, browser.cookies)

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def caller(self) -> Caller:
        """The visitor as methods of the contract see them."""
        if self.account is None or self.session is None:
            return ANONYMOUS
        return Caller(
            kind=CallerKind.USER,
            subject=self.account.user_id,
            client_id="account-pages",
            scopes=self.account.scopes,
            auth_time=self.session.auth_time,
            sid=self.session.sid,
        )

    def without_account(self) -> "Visit":
        """The same visit once the account is gone."""
        return replace(self, session=None, account=None)

    def say(self, text: str) -> str:
        """A text in the visitor's language."""
        return self.words.gettext(text)
