"""Making accounts and verifying their addresses."""

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.budgets import MailBudget
from services.user.application.links import OneTimeLinks
from services.user.application.pace import even_pace
from services.user.application.ports import PasswordHasher, Unit, UnitOfWork
from services.user.domain.account import Account, normal_email
from services.user.domain.events import EmailVerified, MailPurpose, MailRequested, UserRegistered
from services.user.domain.password import PasswordRule, normal_password


class Registrations:
    """The use cases before the first login."""

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

    async def register(self, *, email: str, password: str, display_name: str) -> None:
        """Make an account, or notify the owner of a known address by mail.

        Nothing that a caller sees, the time included, distinguishes the two: both
        take one hash, one budget and one transaction, and are answered at an even pace.
        """
        address = normal_email(email)
        password = normal_password(password)
        self._rule.check(password, email=address, field="password")
        async with even_pace():
            await self._register(address, password, display_name)

    async def verify(self, token: str) -> None:
        """Use a verification link up.

        Raises:
            LinkInvalid: It is unknown, used or expired, or the account has changed since.
        """
        async with self._unit_of_work.write() as unit:
            account = await self._links.use(unit, token, MailPurpose.VERIFY_EMAIL)
            user_id = account.user_id
            await unit.accounts.save(account.verified(at=self._clock()))
            await unit.accounts.record(user_id, "email_verified", at=self._clock())
            await unit.events.publish(EmailVerified(user_id), actor=f"customer:{user_id}")

    async def _register(self, address: str, password: str, display_name: str) -> None:
        password_hash = await self._hasher.hash(password)
        async with self._unit_of_work.write() as unit:
            may_mail = await self._mail_budget.spend(unit, address)
            known = await unit.accounts.find_by_email(address)
            if known is None:
                await self._add(unit, address, password_hash, display_name)
            elif may_mail:
                await self._request_mail(unit, known.user_id, MailPurpose.ALREADY_REGISTERED, actor="system")

    async def _add(self, unit: Unit, email: str, password_hash: str, display_name: str) -> None:
        user_id, now = self._new_id(), self._clock()
        account = Account(
            user_id=user_id,
            email=email,
            display_name=display_name.strip() or email.partition("@")[0],
            password_hash=password_hash,
            create_time=now,
            update_time=now,
        )
        await unit.accounts.add(account)
        await unit.accounts.record(user_id, "registered", at=now)
        await unit.events.publish(UserRegistered(user_id), actor=f"customer:{user_id}")
        await self._request_mail(unit, user_id, MailPurpose.VERIFY_EMAIL, actor=f"customer:{user_id}")

    async def _request_mail(self, unit: Unit, user_id: str, purpose: MailPurpose, *, actor: str) -> None:
        await unit.events.publish(MailRequested(user_id, purpose, self._new_id()), actor=actor)
