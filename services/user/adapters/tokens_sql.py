"""Sessions, codes, refresh tokens and revocations in SQL.

What may be used once is used by one conditional UPDATE: of all who race for it,
one changes a row.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from mesh import sql
from mesh.sql.columns import UtcTime
from mesh.sql.rows import changed_rows
from services.user.adapters import tables
from services.user.domain.grant import Code, Family, IssuedToken, Login, Revocation, Session

_REVOCATIONS_BEHIND = sql.Prepared(
    select(tables.revocations)
    .where(
        tables.revocations.c.cursor > bindparam("position"),
        tables.revocations.c.expire_time > bindparam("at"),
    )
    .order_by(tables.revocations.c.cursor)
    .limit(bindparam("limit"))
)
LAST_REVOCATION = "SELECT max(`cursor`) FROM revocations"


class SqlSessionStore:
    """The login sessions of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, session: Session) -> None:
        await self._session.execute(insert(tables.sessions).values(**asdict(session)))

    async def find(self, token_hash: str, *, at: datetime) -> Session | None:
        query = select(tables.sessions).where(
            tables.sessions.c.token_hash == token_hash, tables.sessions.c.expire_time > at
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else Session(**row._mapping)

    async def remove(self, token_hash: str) -> None:
        await self._session.execute(delete(tables.sessions).where(tables.sessions.c.token_hash == token_hash))

    async def remove_all(self, user_id: str, *, but: Login | None) -> None:
        mine = tables.sessions.c.user_id == user_id
        if but is not None and but.auth_time is not None:
            mine &= tables.sessions.c.auth_time != but.auth_time
        await self._session.execute(delete(tables.sessions).where(mine))


class SqlGrantStore:
    """The codes and refresh tokens of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add_code(self, code: Code) -> None:
        await self._session.execute(insert(tables.codes).values(**asdict(code)))

    async def find_code(self, code_hash: str) -> Code | None:
        query = select(tables.codes).where(tables.codes.c.code_hash == code_hash)
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            return None
        return Code(**{name: value for name, value in row._mapping.items() if name != "used_time"})

    async def use_code(self, code_hash: str, *, at: datetime) -> bool:
        this = (tables.codes.c.code_hash == code_hash) & (tables.codes.c.expire_time > at)
        return await self._use(tables.codes, this, at)

    async def add_family(self, family: Family) -> None:
        await self._session.execute(insert(tables.families).values(**asdict(family)))

    async def family(self, family_id: str) -> Family | None:
        return await self._family(tables.families.c.family_id == family_id)

    async def revoke_family(self, family_id: str) -> None:
        await self._revoke(tables.families.c.family_id == family_id)

    async def revoke_families(self, user_id: str, *, but: Login | None) -> None:
        await self._revoke((tables.families.c.user_id == user_id) & _other(tables.families, but))
        unused = (tables.codes.c.user_id == user_id) & _other(tables.codes, but)
        await self._session.execute(delete(tables.codes).where(unused))

    async def revoke_login(self, user_id: str, auth_time: datetime) -> None:
        await self._revoke(
            (tables.families.c.user_id == user_id) & (tables.families.c.auth_time == auth_time)
        )

    async def add_refresh_token(self, token_hash: str, family_id: str) -> None:
        await self._session.execute(
            insert(tables.refresh_tokens).values(token_hash=token_hash, family_id=family_id)
        )

    async def family_of(self, token_hash: str) -> Family | None:
        of_token = select(tables.refresh_tokens.c.family_id).where(
            tables.refresh_tokens.c.token_hash == token_hash
        )
        return await self._family(tables.families.c.family_id == of_token.scalar_subquery())

    async def use_refresh_token(self, token_hash: str, *, at: datetime) -> bool:
        return await self._use(tables.refresh_tokens, tables.refresh_tokens.c.token_hash == token_hash, at)

    async def used_time(self, token_hash: str) -> datetime | None:
        query = select(tables.refresh_tokens.c.used_time).where(
            tables.refresh_tokens.c.token_hash == token_hash
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def _use(self, table: Table, this: ColumnElement[bool], at: datetime) -> bool:
        unused = update(table).where(this, table.c.used_time.is_(None)).values(used_time=at)
        return await changed_rows(self._session, unused) == 1

    async def _family(self, this: ColumnElement[bool]) -> Family | None:
        row = (await self._session.execute(select(tables.families).where(this))).one_or_none()
        return None if row is None else Family(**row._mapping)

    async def _revoke(self, these: ColumnElement[bool]) -> None:
        await self._session.execute(update(tables.families).where(these).values(revoked=True))


class SqlRevocationStore:
    """The living and the revoked access tokens of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def note_issued(self, token: IssuedToken) -> None:
        await self._session.execute(insert(tables.issued_tokens).values(**asdict(token)))

    async def add(self, revocation: Revocation) -> None:
        await self._session.execute(insert(tables.revocations).values(**asdict(revocation)))

    async def end_family(self, family_id: str, *, at: datetime) -> None:
        await self._end(tables.issued_tokens.c.family_id == family_id, at)

    async def end_tokens(self, user_id: str, *, at: datetime, but: Login | None) -> None:
        mine = tables.issued_tokens.c.user_id == user_id
        await self._end(mine & _other(tables.issued_tokens, but), at)

    async def end_login(self, user_id: str, auth_time: datetime, *, at: datetime) -> None:
        issued = tables.issued_tokens
        await self._end((issued.c.user_id == user_id) & (issued.c.auth_time == auth_time), at)

    async def is_revoked(self, token_id: str, subject: str) -> bool:
        query = select(tables.revocations.c.cursor).where(
            or_(
                and_(tables.revocations.c.token_id == token_id, tables.revocations.c.token_id != ""),
                and_(tables.revocations.c.subject == subject, tables.revocations.c.subject != ""),
            )
        )
        return (await self._session.execute(query.limit(1))).first() is not None

    async def after(self, position: int, *, at: datetime, limit: int) -> tuple[Sequence[Revocation], int]:
        asked = {"position": position, "at": at, "limit": limit}
        rows = (await self._session.execute(_REVOCATIONS_BEHIND, asked)).all()
        found = [Revocation(row.token_id, row.subject, row.revoke_time, row.expire_time) for row in rows]
        return found, int(rows[-1].cursor) if rows else position

    async def _end(self, these: ColumnElement[bool], at: datetime) -> None:
        issued = tables.issued_tokens
        living = select(issued.c.token_id, literal(""), literal(at, UtcTime), issued.c.expire_time).where(
            these, issued.c.expire_time > at
        )
        names = ["token_id", "subject", "revoke_time", "expire_time"]
        await self._session.execute(insert(tables.revocations).from_select(names, living))
        await self._session.execute(delete(issued).where(these))


def _other(table: Table, but: Login | None) -> ColumnElement[bool]:
    """Everything but what belongs to one login."""
    if but is None or but.auth_time is None:
        return table.c.client_id.is_not(None)
    return not_((table.c.client_id == but.client_id) & (table.c.auth_time == but.auth_time))
