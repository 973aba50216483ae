"""Logging in at the provider's own pages."""

from services.kernel.clock import Clock
from services.user.application.budgets import LoginBudget
from services.user.application.matching import matching_form
from services.user.application.ports import PasswordHasher, Unit, UnitOfWork
from services.user.domain.account import Account, normal_email
from services.user.domain.errors import EmailNotVerified, WrongPassword
from services.user.domain.grant import SESSION_LIFETIME, Session
from services.user.domain.link import digest, new_secret
from services.user.domain.password import normal_password


class Logins:
    """The use cases of login sessions."""

    def __init__(
        self, *, unit_of_work: UnitOfWork, hasher: PasswordHasher, budget: LoginBudget, clock: Clock
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._budget = budget
        self._clock = clock

    async def login(self, *, email: str, password: str) -> tuple[Session, str]:
        """Check a password and start a session; returns it and the cookie's value.

        Raises:
            TooManyAttempts: Too many wrong passwords for this address, known or not.
            WrongPassword: No such address or another password; the error does not say which.
            EmailNotVerified: The password is right, the mailed link was not used.
        """
        address = normal_email(email)
        async with self._unit_of_work.write() as unit:
            await self._budget.spend(unit, address)
            account = await unit.accounts.find_by_email(address)
        form = await matching_form(self._hasher, password, account.password_hash if account else None)
        if account is None or form is None:
            raise WrongPassword("this address and this password do not belong together")
        async with self._unit_of_work.write() as unit:
            await self._budget.give_back(unit, address)
        session = await self._start(account)
        if form != normal_password(form) or self._hasher.is_outdated(account.password_hash):
            await self._hash_anew(account, normal_password(form))
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

    async def _start(self, account: Account) -> tuple[Session, str]:
        async with self._unit_of_work.write() as unit:
            await self._check_still_so(unit, account)
            cookie, now = new_secret(), self._clock().replace(microsecond=0)
            session = Session(digest(cookie), account.user_id, now, now + SESSION_LIFETIME)
            await unit.sessions.add(session)
            await unit.accounts.record(account.user_id, "login", at=now)
            return session, cookie

    async def _hash_anew(self, account: Account, password: str) -> None:
        """Replace a hash of before: of a password as it was typed, or with weaker parameters."""
        password_hash = await self._hasher.hash(password)
        async with self._unit_of_work.write() as unit:
            current = await unit.accounts.get(account.user_id)
            if current.password_hash == account.password_hash:
                await unit.accounts.save(current.with_password(password_hash, at=self._clock()))

    async def _check_still_so(self, unit: Unit, account: Account) -> None:
        current = await unit.accounts.get(account.user_id)
        if current.password_hash != account.password_hash:
            raise WrongPassword("the password was changed meanwhile")
        if not current.email_verified:
            raise EmailNotVerified("open the link in the mail that we sent to this address, then log in")
