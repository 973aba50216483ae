"""Whether an account still exists."""

from enum import Enum
from typing import Protocol


class AccountState(Enum):
    """What the user service says about an account."""

    ACTIVE = "ACTIVE"
    ERASED = "ERASED"
    UNKNOWN = "UNKNOWN"


class AccountsUnreachable(Exception):
    """The user service does not answer."""


class Accounts(Protocol):
    """The accounts, asked only when an erasure was never finished."""

    async def state(self, user_id: str) -> AccountState:
        """Whether the account exists.

        Raises:
            AccountsUnreachable: No answer.
        """
        ...
