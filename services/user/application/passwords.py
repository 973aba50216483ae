"""Changing and resetting passwords."""

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.access import revoke_access
from services.user.application.budgets import MailBudget
from services.user.application.links import OneTimeLinks
from services.user.application.matching import matching_form
from services.user.application.pace import even_pace
from services.user.application.ports import PasswordHasher, Unit, UnitOfWork
from services.user.domain.account import Account, normal_email
from services.user.domain.errors import WrongPassword
from services.user.domain.events import EmailVerified, MailPurpose, MailRequested, PasswordChanged
from services.user.domain.grant import Login
from services.user.domain.password import PasswordRule, normal_password
from services.user.domain.scopes import CUSTOMER_SCOPES


class Passwords:
    """The use cases of passwords."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        hasher: PasswordHasher,
        rule: PasswordRule,
        links: OneTimeLinks,
        mail_budget: MailBudget,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._rule = rule
        self._links = links
        self._mail_budget = mail_budget
        self._clock = clock
        self._new_id = new_id

    async def change(self, user_id: str, *, current: str, new: str, login: Login) -> None:
        """Set a new password and end every other login.

        Raises:
            WrongPassword: The current one differs.
            WeakPassword: The new one would be guessed first.
        """
        async with self._unit_of_work.read() as unit:
            account = await unit.accounts.get(user_id)
        new = self._checked(new, account)
        if await matching_form(self._hasher, current, account.password_hash) is None:
            raise WrongPassword("currentPassword is not the password of the account")
        password_hash = await self._hasher.hash(new)
        async with self._unit_of_work.write() as unit:
            await self._set(unit, user_id, password_hash, but=login)

    async def request_reset(self, email: str) -> None:
        """Ask for a mailed link; unknown addresses take as long and get nothing."""
        address = normal_email(email)
        async with even_pace(), self._unit_of_work.write() as unit:
            may_mail = await self._mail_budget.spend(unit, address)
            account = await unit.accounts.find_by_email(address)
            if account is not None and may_mail:
                event = MailRequested(account.user_id, MailPurpose.RESET_PASSWORD, self._new_id())
                await unit.events.publish(event, actor="system")

    async def reset(self, token: str, *, new: str) -> None:
        """Set a new password with a mailed link and end every login.

        The link proves the address too, so that an unverified account becomes a
        verified one.

        Raises:
            LinkInvalid: The link is unknown, used or expired, or the account has changed since.
            WeakPassword: The new password would be guessed first; the link stays valid.
        """
        async with self._unit_of_work.read() as unit:
            account = await self._links.owner(unit, token, MailPurpose.RESET_PASSWORD)
        password_hash = await self._hasher.hash(self._checked(new, account))
        async with self._unit_of_work.write() as unit:
            account = await self._links.use(unit, token, MailPurpose.RESET_PASSWORD)
            await self._verify(unit, account)
            await self._set(unit, account.user_id, password_hash, but=None)

    def _checked(self, password: str, account: Account) -> str:
        """A password as it is hashed."""
        password = normal_password(password)
        is_staff = not account.scopes <= CUSTOMER_SCOPES
        self._rule.check(password, email=account.email, field="newPassword", is_staff=is_staff)
        return password

    async def _verify(self, unit: Unit, account: Account) -> None:
        if not account.email_verified:
            await unit.accounts.save(account.verified(at=self._clock()))
            await unit.events.publish(EmailVerified(account.user_id), actor=f"customer:{account.user_id}")

    async def _set(self, unit: Unit, user_id: str, password_hash: str, *, but: Login | None) -> None:
        now = self._clock()
        account = await unit.accounts.get(user_id)
        await unit.accounts.save(account.with_password(password_hash, at=now))
        await unit.accounts.record(user_id, "password_changed", at=now)
        await revoke_access(unit, user_id, at=now, but=but)
        await unit.events.publish(PasswordChanged(user_id), actor=f"customer:{user_id}")
