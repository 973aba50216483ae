"""Logging in at the provider's own pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.kernel.clock import Clock
from services.user.application.devices import Devices
from services.user.application.guesses import Guesses
from services.user.application.matching import matching_form
from services.user.application.ports import MailAddresses, PasswordHasher, Unit, UnitOfWork
from services.user.domain.account import Account
from services.user.domain.device import Visitor
from services.user.domain.errors import InvalidEmail, WrongPassword
from services.user.domain.grant import SESSION_LIFETIME, Session
from services.user.domain.link import digest, new_secret
from services.user.domain.password import normal_password


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
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._hasher = hasher
        self._guesses = guesses
        self._devices = devices
        self._clock = clock

    async def login(self, *, email: str, password: str, network: str, cookies: Mapping[str, str]) -> LoggedIn:
        """Check a password and start a session.

        Args:
            email: As it was typed.
            password: As it was typed.
            network: From where.
            cookies: Those of the browser, by name.

        Raises:
            TooManyAttempts: Too many wrong passwords, of an account that exists or not.
            WrongPassword: No such address or another password; the error does not say which.
        """
        address = self._known_form(email)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.find_by_email(address)
            visitor = Visitor(network, self._devices.known(account, cookies))
            attempts = await self._guesses.begin(unit, address, visitor)
        password_hash = account.password_hash if account else ""
        form = await matching_form(self._hasher, password, password_hash, turn=network)
        if account is None or form is None:
            self._guesses.failed()
            raise WrongPassword("this address and this password do not belong together")
        session = await self._start(account, visitor, attempts)
        if form != normal_password(form) or self._hasher.is_outdated(account.password_hash):
            await self._hash_anew(account, normal_password(form), network)
        return session

    async def find(self, cookie: str) -> Session | None:
        """The session of a cookie, if it has not ended."""
        async with self._unit_of_work.read() as unit:
            return await unit.sessions.find(digest(cookie), at=self._clock())

    async def logout(self, cookie: str) -> None:
        """End a session, and what every client got from it."""
        async with self._unit_of_work.write() as unit:
            session = await unit.sessions.find(digest(cookie), at=self._clock())
            if session is None:
                return
            await unit.sessions.remove(session.token_hash)
            await unit.grants.revoke_login(session.user_id, session.auth_time)
            await unit.revocations.end_login(session.user_id, session.auth_time, at=self._clock())
            await unit.accounts.record(session.user_id, "logout", at=self._clock())

    def _known_form(self, email: str) -> str:
        """The normal form of an address; one that cannot be is nobody's, as any other unknown one."""
        try:
            return self._addresses.normal(email)
        except InvalidEmail:
            return email

    async def _start(self, account: Account, visitor: Visitor, attempts: Sequence[int]) -> LoggedIn:
        async with self._unit_of_work.write() as unit:
            await self._check_still_so(unit, account)
            await self._guesses.forget(unit, attempts)
            cookie, now = new_secret(), self._clock().replace(microsecond=0)
            session = Session(digest(cookie), account.user_id, now, now + SESSION_LIFETIME)
            await unit.sessions.add(session)
            await unit.accounts.record(account.user_id, "login", at=now)
            return LoggedIn(session, cookie, self._devices.cookie(account, visitor.device))

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
