"""Ending logins, refresh tokens and access tokens."""

from datetime import datetime

from services.user.application.ports import Unit
from services.user.domain.grant import USER_TOKEN_LIFETIME, Login, Revocation


async def revoke_access(unit: Unit, user_id: str, *, at: datetime, but: Login | None = None) -> None:
    """End every session and token of an account, but those of the login that goes on."""
    await unit.sessions.remove_all(user_id, but=but)
    await unit.grants.revoke_families(user_id, but=but)
    await unit.revocations.end_tokens(user_id, at=at, but=but)


async def revoke_subject(unit: Unit, user_id: str, *, at: datetime) -> None:
    """End everything of an account that will never get a token again."""
    await revoke_access(unit, user_id, at=at)
    await unit.revocations.add(Revocation("", user_id, at, at + USER_TOKEN_LIFETIME))
