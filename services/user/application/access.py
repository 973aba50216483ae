"""Ending sessions, refresh tokens and access tokens."""

from datetime import datetime

from services.user.application.ports import Unit
from services.user.domain.grant import SERVICE_TOKEN_LIFETIME, USER_TOKEN_LIFETIME, Revocation


async def end_session(unit: Unit, sid: str, *, at: datetime) -> None:
    """End a session, and what every client got from it."""
    await unit.sessions.remove(sid)
    await unit.grants.revoke_session(sid)
    await unit.revocations.end_session(sid, at=at)


async def revoke_access(unit: Unit, user_id: str, *, at: datetime, but: str = "") -> None:
    """End every session of an account with what came from it, but the one that goes on."""
    await unit.sessions.remove_all(user_id, but=but)
    await unit.grants.revoke_families(user_id, but=but)
    await unit.revocations.end_sessions(user_id, at=at, but=but)


async def revoke_subject(unit: Unit, user_id: str, *, at: datetime) -> None:
    """End everything of an account that gets no token any more."""
    await revoke_access(unit, user_id, at=at)
    ended = Revocation(revoke_time=at, expire_time=at + USER_TOKEN_LIFETIME, subject=user_id)
    await unit.revocations.add(ended)


async def revoke_client(unit: Unit, client_id: str, *, at: datetime) -> None:
    """End everything that a client has got until now, for itself or for users."""
    await unit.grants.revoke_client(client_id)
    ended = Revocation(revoke_time=at, expire_time=at + SERVICE_TOKEN_LIFETIME, client_id=client_id)
    await unit.revocations.add(ended)
