"""Logging in at the provider's own pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.access import end_session
from services.user.application.devices import Devices
from services.user.application.guesses import Guesses
from services.user.application.mails import Mails
from services.user.application.matching import PasswordChecks
from services.user.application.ports import MailAddresses, PasswordHasher, Unit, UnitOfWork
from services.user.domain.account import Account
from services.user.domain.device import Visitor
from services.user.domain.errors import AccountDisabled, InvalidEmail, WrongPassword
from services.user.domain.events import MailPurpose
from services.user.domain.link import digest, new_secret
from services.user.domain.network import network_prefix
from services.user.domain.password import normal_password
from services.user.domain.security_event import KEPT, Origin, SecurityEvent, SecurityEventKind
from services.user.domain.session import Session, new_session


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody logs in.

    Attributes:
        address: Its IP address.
        cookies: By name: those of devices.
        session: The session's cookie; empty: it has none.
        name: What it says it is.
    """

    address: str
    cookies: Mapping[str, str]
    session: str = ""
    name: str = ""

    @property
    def network(self) -> str:
        return network_prefix(self.address)


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
    """The use cases of a login."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        addresses: MailAddresses,
        hasher: PasswordHasher,
        guesses: Guesses,
        checks: PasswordChecks,
        devices: Devices,
        mails: Mails,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._hasher = hasher
        self._guesses = guesses
        self._checks = checks
        self._devices = devices
        self._mails = mails
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
            TooBusy: Too many passwords are being checked.
            WrongPassword: No such address or another password; the error does not say which.
            AccountDisabled: The password is right, but staff keeps the account from logging in.
        """
        address = self._known_form(email)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.find_by_email(address)
            visitor = Visitor(browser.network, self._devices.known(account, browser.cookies))
            attempts = await self._guesses.begin(unit, address, visitor)
        password_hash = account.password_hash if account else ""
        form = await self._checks.matching_form(
            password, password_hash, attempts=attempts, turn=browser.network
        )
        if account is None or form is None:
            await self._note_failure(account, browser)
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

    async def _note_failure(self, account: Account | None, browser: Browser) -> None:
        """Log it, of nobody where the address is unknown: that takes as long."""
        self._guesses.failed()
        origin = Origin("anonymous", browser.address, browser.name)
        event = SecurityEvent(SecurityEventKind.LOGIN_FAILED, self._clock(), origin)
        async with self._unit_of_work.write() as unit:
            await unit.security_log.add(account.user_id if account else "", event)

    async def _start(
        self, account: Account, browser: Browser, visitor: Visitor, attempts: Sequence[int]
    ) -> LoggedIn:
        async with self._unit_of_work.write() as unit:
            account = await self._still_so(unit, account)
            await self._guesses.forget(unit, attempts)
            cookie = new_secret()
            session = await self._entered(unit, account, browser, digest(cookie))
            origin = Origin(f"customer:{account.user_id}", browser.address, browser.name)
            if not visitor.device and await self._has_logged_in(unit, account):
                await self._mails.send(unit, account, MailPurpose.NEW_DEVICE)
            event = SecurityEvent(SecurityEventKind.LOGIN, session.auth_time, origin)
            await unit.security_log.add(account.user_id, event)
            return LoggedIn(session, cookie, self._devices.cookie(account, visitor.device))

    async def _has_logged_in(self, unit: Unit, account: Account) -> bool:
        """Whether it is not the first login; of an older account than what is remembered nobody knows."""
        is_old = account.create_time <= self._clock() - KEPT
        return is_old or await unit.security_log.has(account.user_id, SecurityEventKind.LOGIN)

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

    async def _still_so(self, unit: Unit, account: Account) -> Account:
        """The account as it is now, while its password is the one that was checked."""
        current = await unit.accounts.get(account.user_id)
        if current.password_hash != account.password_hash:
            raise WrongPassword("the password was changed in the meantime")
        if current.disabled:
            raise AccountDisabled("this account is closed for now; write to the shop")
        return current
