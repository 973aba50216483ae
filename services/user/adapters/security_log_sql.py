"""What happened to accounts, and addresses for one last mail, in SQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, select

from mesh import sql
from services.user.adapters import tables
from services.user.domain.kept_contact import KeptContact
from services.user.domain.security_event import KEPT, Origin, SecurityEvent, SecurityEventKind


class SqlSecurityLog:
    """The security events of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, user_id: str, event: SecurityEvent) -> None:
        if await self._is_erased(user_id):
            return
        await self._session.execute(
            insert(tables.activities).values(
                user_id=user_id,
                kind=event.kind.value,
                occur_time=event.occur_time,
                expire_time=event.occur_time + KEPT,
                actor=event.origin.actor,
                address=event.origin.address,
                device=event.origin.device,
                detail=event.detail,
            )
        )

    async def _is_erased(self, user_id: str) -> bool:
        erased = tables.erased_accounts.c.user_id
        return (await self._session.execute(select(erased).where(erased == user_id))).first() is not None

    async def page(
        self, user_id: str, *, before: int | None, size: int
    ) -> Sequence[tuple[int, SecurityEvent]]:
        log = tables.activities.c
        query = select(tables.activities).where(log.user_id == user_id).order_by(log.id.desc()).limit(size)
        if before is not None:
            query = query.where(log.id < before)
        return [
            (
                row.id,
                SecurityEvent(
                    SecurityEventKind(row.kind),
                    row.occur_time,
                    Origin(row.actor, row.address, row.device),
                    row.detail,
                ),
            )
            for row in await self._session.execute(query)
        ]

    async def has(self, user_id: str, kind: SecurityEventKind) -> bool:
        log = tables.activities.c
        query = select(log.id).where(log.user_id == user_id, log.kind == kind.value).limit(1)
        return (await self._session.execute(query)).first() is not None


class SqlKeptContactStore:
    """The kept contacts of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, contact: KeptContact) -> None:
        await self._session.execute(insert(tables.kept_contacts).values(**asdict(contact)))

    async def find(self, contact_id: str, *, at: datetime) -> KeptContact | None:
        kept = tables.kept_contacts.c
        query = select(tables.kept_contacts).where(kept.contact_id == contact_id, kept.expire_time > at)
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else KeptContact(**row._mapping)
