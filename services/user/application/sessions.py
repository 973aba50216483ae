"""Sessions: using them, seeing them, ending them."""

from collections.abc import Sequence

from services.kernel.clock import Clock
from services.user.application.access import end_session, revoke_access
from services.user.application.ports import Unit, UnitOfWork
from services.user.domain.errors import UserNotFound
from services.user.domain.link import digest
from services.user.domain.security_event import Origin, SecurityEvent, SecurityEventKind
from services.user.domain.session import OpenSession, Session, cookie_idle


class Sessions:
    """The use cases of sessions."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def use(self, cookie: str) -> Session | None:
        """The session of a cookie, if it is alive; its use is noted."""
        now = self._clock()
        async with self._unit_of_work.read() as unit:
            session = await self._alive(unit, cookie)
        if session is None:
            return None
        used = session.used(at=now)
        if used is not session:
            async with self._unit_of_work.write() as unit:
                await unit.sessions.note_use(used)
        return used

    async def open_of(self, user_id: str) -> Sequence[OpenSession]:
        """An account's sessions, the last used first; at most 100."""
        async with self._unit_of_work.read() as unit:
            account = await unit.accounts.get(user_id)
            idle = cookie_idle(is_staff=account.is_staff)
            return await unit.sessions.of_user(user_id, at=self._clock(), idle=idle)

    async def end(self, user_id: str, sid: str, *, origin: Origin) -> None:
        """End one of an account's sessions, and what every client got from it; another's is passed over."""
        async with self._unit_of_work.write() as unit:
            mine = await unit.sessions.of_user(user_id, at=self._clock(), idle=cookie_idle(is_staff=False))
            if sid in {session.sid for session in mine}:
                await end_session(unit, sid, at=self._clock())
                await self._log(unit, user_id, SecurityEventKind.SESSION_ENDED, origin)

    async def end_others(self, user_id: str, sid: str, *, origin: Origin) -> None:
        """End all of an account's sessions but one; an empty id spares none."""
        async with self._unit_of_work.write() as unit:
            await revoke_access(unit, user_id, at=self._clock(), but=sid)
            await self._log(unit, user_id, SecurityEventKind.SESSIONS_ENDED, origin)

    async def log_out(self, *, sid: str, user_id: str, origin: Origin) -> None:
        """End a session whether its cookie is still alive or not."""
        async with self._unit_of_work.write() as unit:
            await end_session(unit, sid, at=self._clock())
            await self._log(unit, user_id, SecurityEventKind.LOGOUT, origin)

    async def _log(self, unit: Unit, user_id: str, kind: SecurityEventKind, origin: Origin) -> None:
        await unit.security_log.add(user_id, SecurityEvent(kind, self._clock(), origin))

    async def _alive(self, unit: Unit, cookie: str) -> Session | None:
        session = await unit.sessions.find(digest(cookie)) if cookie else None
        if session is None:
            return None
        try:
            account = await unit.accounts.get(session.user_id)
        except UserNotFound:
            return None
        alive = account.may_log_in and session.is_alive(is_staff=account.is_staff, at=self._clock())
        return session if alive else None
