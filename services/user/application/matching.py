"""Whether a password is the one that was hashed."""

from collections.abc import Sequence

from services.user.application.guesses import Guesses
from services.user.application.ports import PasswordHasher, UnitOfWork
from services.user.domain.errors import TooBusy
from services.user.domain.password import normal_password


class PasswordChecks:
    """Looks at passwords that are counted as guesses; one that nobody had time to look at is none."""

    def __init__(self, *, unit_of_work: UnitOfWork, hasher: PasswordHasher, guesses: Guesses) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._guesses = guesses

    async def matching_form(
        self, password: str, password_hash: str, *, attempts: Sequence[int], turn: str
    ) -> str | None:
        """As `matching_form`, of an attempt that `Guesses.begin` has counted.

        Raises:
            TooBusy: Too many passwords are being checked; the attempt does not count.
        """
        try:
            return await matching_form(self._hasher, password, password_hash, turn=turn)
        except TooBusy:
            async with self._unit_of_work.write() as unit:
                await self._guesses.forget(unit, attempts)
            raise


async def matching_form(
    hasher: PasswordHasher, password: str, password_hash: str, *, turn: str
) -> str | None:
    """A password as it came, or in its normal form, whichever was hashed; None: neither was.

    Hashes of before were made of what came. An empty hash is that of no password.
    """
    if await hasher.matches(password, password_hash, turn=turn):
        return password
    normal = normal_password(password)
    if normal != password and await hasher.matches(normal, password_hash, turn=turn):
        return normal
    return None
