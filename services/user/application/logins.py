"""Logging in at the provider's own pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.access import end_session
from services.user.application.devices import Devices
from services.user.application.guesses import Guesses
from services.user.application.matching import matching_form
from services.user.application.ports import MailAddresses, PasswordHasher, Unit, UnitOfWork
from services.user.domain.account import Account
from services.user.domain.device import Visitor
from services.user.domain.errors import InvalidEmail, WrongPassword
from services.user.domain.link import digest, new_secret
from services.user.domain.password import normal_password
from services.user.domain.session import Session, new_session


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody logs in.

    Attributes:
        network: The prefix of its address (see `domain.network`).
        cookies: By name: those of devices.
        session: The session's cookie; empty: it has none.
        name: What it says it is.
    """

    network: str
    cookies: Mapping[str, str]
    session: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A login, with what the browser keeps of it.

    Attributes:
        cookie: The value of the session's cookie.
        device: The cookie by which the device is known the next time: its name and its value.
    """

    session: Session
    cookie: str
    device: tuple[str, str]


class Logins:
    """The use cases of login sessions."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        addresses: MailAddresses,
        hasher: PasswordHasher,
        guesses: Guesses,
        devices: Devices,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._hasher = hasher
        self._guesses = guesses
        self._devices = devices
        self._clock = clock
        self._new_id = new_id

    async def login(self, *, email: str, password: str, browser: Browser) -> LoggedIn:
        """Check a password and start a session, or go on with the one that the browser has.

        A session of another account ends: one browser is one person at a time.

        Args:
            email: As it was typed.
            password: As it was typed.
            browser: Where.

        Raises:
            TooManyAttempts: Too many wrong passwords, of an account that exists or not.
            WrongPassword: No such address or another password; the error does not say which.
        """
        address = self._known_form(email)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.find_by_email(address)
            visitor = Visitor(browser.network, self._devices.known(account, browser.cookies))
            attempts = await self._guesses.begin(unit, address, visitor)
        password_hash = account.password_hash if account else ""
        form = await matching_form(self._hasher, password, password_hash, turn=browser.network)
        if account is None or form is None:
            self._guesses.failed()
            raise WrongPassword("this address and this password do not belong together")
        login = await self._start(account, browser, visitor, attempts)
        if form != normal_password(form) or self._hasher.is_outdated(account.password_hash):
            await self._hash_anew(account, normal_password(form), browser.network)
        return login

    def _known_form(self, email: str) -> str:
        """The normal form of an address; one that cannot be is nobody's, as any other unknown one."""
        try:
            return self._addresses.normal(email)
        except InvalidEmail:
            return email

    async def _start(
        self, account: Account, browser: Browser, visitor: Visitor, attempts: Sequence[int]
    ) -> LoggedIn:
        async with self._unit_of_work.write() as unit:
            await self._check_still_so(unit, account)
            await self._guesses.forget(unit, attempts)
            cookie = new_secret()
            session = await self._entered(unit, account, browser, digest(cookie))
            await unit.accounts.record(account.user_id, "login", at=session.auth_time)
            return LoggedIn(session, cookie, self._devices.cookie(account, visitor.device))

    async def _entered(self, unit: Unit, account: Account, browser: Browser, token_hash: str) -> Session:
        # Tokens say the time in seconds.
        now = self._clock().replace(microsecond=0)
        before = await unit.sessions.find(digest(browser.session)) if browser.session else None
        if before is not None and before.user_id == account.user_id:
            again = before.entered_again(token_hash, at=now)
            await unit.sessions.save(again)
            return again
        if before is not None:
            await end_session(unit, before.sid, at=now)
        new = new_session(self._new_id(), token_hash, account.user_id, device=browser.name, at=now)
        await unit.sessions.add(new)
        return new

    async def _hash_anew(self, account: Account, password: str, network: str) -> None:
        """Replace a hash of before: of a password as it was typed, or with weaker parameters."""
        password_hash = await self._hasher.hash(password, turn=network)
        async with self._unit_of_work.write() as unit:
            current = await unit.accounts.get(account.user_id)
            if current.password_hash == account.password_hash:
                await unit.accounts.save(current.with_password(password_hash, at=self._clock()))

    async def _check_still_so(self, unit: Unit, account: Account) -> None:
        current = await unit.accounts.get(account.user_id)
        if current.password_hash != account.password_hash:
            raise WrongPassword("the password was changed in the meantime")
