"""Sessions, codes, refresh tokens and revocations in SQL.

What may be used once is used by one conditional UPDATE: of all who race for it,
one changes a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from mesh import sql
from mesh.sql.columns import UtcTime
from mesh.sql.rows import changed_rows
from services.user.adapters import tables
from services.user.domain.grant import FAMILY_IDLE, USER_TOKEN_LIFETIME, Code, Family, IssuedToken, Revocation
from services.user.domain.session import OpenSession, Session

_KINDS = ("token_id", "sid", "client_id", "subject")
_REVOCATIONS_BEHIND = sql.Prepared(
    select(tables.revocations)
    .where(
        tables.revocations.c.cursor > bindparam("position"),
        tables.revocations.c.expire_time > bindparam("at"),
    )
    .order_by(tables.revocations.c.cursor)
    .limit(bindparam("limit"))
)
_MOST_SESSIONS = 100
_SEEN = [tables.sessions.c[name] for name in ("sid", "device", "create_time", "use_time")]
LAST_REVOCATION = "SELECT max(`cursor`) FROM revocations"


class SqlSessionStore:
    """The login sessions of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, session: Session) -> None:
        await self._session.execute(insert(tables.sessions).values(**asdict(session)))

    async def find(self, token_hash: str) -> Session | None:
        query = select(tables.sessions).where(tables.sessions.c.token_hash == token_hash)
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else Session(**row._mapping)

    async def save(self, session: Session) -> None:
        this = tables.sessions.c.sid == session.sid
        await self._session.execute(update(tables.sessions).where(this).values(**asdict(session)))

    async def note_use(self, session: Session) -> None:
        as_seen = and_(
            tables.sessions.c.sid == session.sid, tables.sessions.c.token_hash == session.token_hash
        )
        await self._session.execute(update(tables.sessions).where(as_seen).values(use_time=session.use_time))

    async def remove(self, sid: str) -> None:
        await self._session.execute(delete(tables.sessions).where(tables.sessions.c.sid == sid))

    async def remove_all(self, user_id: str, *, but: str) -> None:
        await self._session.execute(delete(tables.sessions).where(_others(tables.sessions, user_id, but)))

    async def of_user(self, user_id: str, *, at: datetime, idle: timedelta) -> Sequence[OpenSession]:
        session, family = tables.sessions.c, tables.families.c
        alive = and_(
            family.sid == session.sid,
            family.revoked.is_(False),
            family.expire_time > at,
            family.use_time > at - FAMILY_IDLE,
        )
        by_client = func.max(family.use_time)
        query = (
            select(*_SEEN, by_client.label("by_client"))
            .select_from(tables.sessions.outerjoin(tables.families, alive))
            .where(session.user_id == user_id)
            .group_by(*tables.sessions.c)
            .having(
                or_(
                    by_client.is_not(None),
                    and_(session.expire_time > at, session.use_time > at - idle),
                )
            )
            .order_by(func.max(func.coalesce(family.use_time, session.use_time)).desc())
            .limit(_MOST_SESSIONS)
        )
        return [
            OpenSession(
                row.sid, row.device, row.create_time, max(row.use_time, row.by_client or row.use_time)
            )
            for row in await self._session.execute(query)
        ]


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

    async def note_use(self, family_id: str, *, at: datetime) -> None:
        this = tables.families.c.family_id == family_id
        await self._session.execute(update(tables.families).where(this).values(use_time=at))

    async def revoke_families(self, user_id: str, *, but: str) -> None:
        await self._revoke(_others(tables.families, user_id, but))
        await self._session.execute(delete(tables.codes).where(_others(tables.codes, user_id, but)))

    async def revoke_client(self, client_id: str) -> None:
        await self._revoke(tables.families.c.client_id == client_id)
        await self._session.execute(delete(tables.codes).where(tables.codes.c.client_id == client_id))

    async def revoke_session(self, sid: str) -> None:
        await self._revoke(tables.families.c.sid == sid)
        await self._session.execute(delete(tables.codes).where(tables.codes.c.sid == sid))

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
        issued = tables.issued_tokens
        these = issued.c.family_id == family_id
        living = select(issued.c.token_id, literal(at, UtcTime), issued.c.expire_time).where(
            these, issued.c.expire_time > at
        )
        await self._end("token_id", living, these)

    async def end_sessions(self, user_id: str, *, at: datetime, but: str) -> None:
        issued = tables.issued_tokens
        these = _others(issued, user_id, but)
        living = (
            select(issued.c.sid, literal(at, UtcTime), literal(at + USER_TOKEN_LIFETIME, UtcTime))
            .where(these, issued.c.expire_time > at)
            .distinct()
        )
        await self._end("sid", living, these)

    async def end_session(self, sid: str, *, at: datetime) -> None:
        await self.add(Revocation(at, at + USER_TOKEN_LIFETIME, sid=sid))

    async def is_revoked(self, claims: Mapping[str, Any]) -> bool:
        revoked, issue_time = tables.revocations.c, datetime.fromtimestamp(claims["iat"], UTC)
        query = select(revoked.cursor).where(
            or_(
                _is(revoked.token_id, claims["jti"]),
                _is(revoked.sid, claims.get("sid", "")),
                _is(revoked.client_id, claims["client_id"]) & (revoked.revoke_time > issue_time),
                _is(revoked.subject, claims["sub"]) & (revoked.revoke_time > issue_time),
            )
        )
        return (await self._session.execute(query.limit(1))).first() is not None

    async def after(self, position: int, *, at: datetime, limit: int) -> tuple[Sequence[Revocation], int]:
        asked = {"position": position, "at": at, "limit": limit}
        rows = (await self._session.execute(_REVOCATIONS_BEHIND, asked)).all()
        found = [
            Revocation(**{name: value for name, value in row._mapping.items() if name != "cursor"})
            for row in rows
        ]
        return found, int(rows[-1].cursor) if rows else position

    async def _end(self, kind: str, living: Select[Any], these: ColumnElement[bool]) -> None:
        """Revoke what a query names: its kind, when it was revoked, until when that matters."""
        others = [name for name in _KINDS if name != kind]
        named = living.add_columns(*(literal("") for _ in others))
        names = [kind, "revoke_time", "expire_time", *others]
        await self._session.execute(insert(tables.revocations).from_select(names, named))
        await self._session.execute(delete(tables.issued_tokens).where(these))


def _others(table: Table, user_id: str, but: str) -> ColumnElement[bool]:
    """Everything of an account but what belongs to one session."""
    mine = table.c.user_id == user_id
    return mine & (table.c.sid != but) if but else mine


def _is(column: ColumnElement[str], named: str) -> ColumnElement[bool]:
    """Whether a revocation is of this kind and names it."""
    return and_(column == named, column != "")
