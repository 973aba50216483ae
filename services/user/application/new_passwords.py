"""Passwords that people choose: judged by the one rule, and hashed."""

from services.user.application.ports import PasswordHasher
from services.user.domain.account import Account
from services.user.domain.password import PasswordRule, normal_password


class NewPasswords:
    """The one door for a new password, whichever page or method it came by."""

    def __init__(self, *, hasher: PasswordHasher, rule: PasswordRule) -> None:
        self._hasher = hasher
        self._rule = rule

    async def hashed(self, password: str, account: Account, *, field: str) -> str:
        """The hash of a password for an account.

        Args:
            password: As it was typed.
            account: Whose it will be.
            field: The request's field, for the refusal.

        Raises:
            WeakPassword: It would be guessed first.
            TooBusy: Too many passwords are being hashed.
        """
        normal = normal_password(password)
        self._rule.check(normal, email=account.email, field=field, is_staff=account.is_staff)
        return await self._hasher.hash(normal, turn=account.user_id)
