"""Whether a password is the one that was hashed."""

from services.user.application.ports import PasswordHasher
from services.user.domain.password import normal_password


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
