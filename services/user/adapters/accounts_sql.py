"""Accounts, addresses, one-time links and attempts in SQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Row,
    String,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)

from mesh import sql
from mesh.sql.rows import changed_rows
from services.user.adapters import tables
from services.user.domain.account import Account, Address
from services.user.domain.errors import UserNotFound
from services.user.domain.events import MailPurpose
from services.user.domain.link import Link

_OWNED = (
    tables.accounts,
    tables.addresses,
    tables.activities,
    tables.links,
    tables.sessions,
    tables.codes,
    tables.issued_tokens,
)

_BATCH = 100

_BY_ID = sql.Prepared(select(tables.accounts).where(tables.accounts.c.user_id == bindparam("named")))
_BY_EMAIL = sql.Prepared(select(tables.accounts).where(tables.accounts.c.email == bindparam("named")))


class SqlAccountStore:
    """The accounts of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, account: Account) -> None:
        await self._session.execute(insert(tables.accounts).values(**asdict(account)))

    async def get(self, user_id: str) -> Account:
        account = await self._find(_BY_ID, user_id)
        if account is None:
            raise UserNotFound(f"there is no account {user_id}")
        return account

    async def find_by_email(self, email: str) -> Account | None:
        return await self._find(_BY_EMAIL, email)

    async def save(self, account: Account) -> None:
        mine = tables.accounts.c.user_id == account.user_id
        await self._session.execute(update(tables.accounts).where(mine).values(**asdict(account)))

    async def page(self, *, before: str | None, size: int) -> Sequence[Account]:
        query = select(tables.accounts).order_by(tables.accounts.c.user_id.desc()).limit(size)
        if before is not None:
            query = query.where(tables.accounts.c.user_id < before)
        return [_account(row) for row in await self._session.execute(query)]

    async def erase(self, user_id: str, *, at: datetime) -> None:
        of_user = select(tables.families.c.family_id).where(tables.families.c.user_id == user_id)
        await self._session.execute(
            delete(tables.refresh_tokens).where(tables.refresh_tokens.c.family_id.in_(of_user))
        )
        for table in (*_OWNED, tables.families):
            await self._session.execute(delete(table).where(table.c.user_id == user_id))
        await self._session.execute(insert(tables.erased_accounts).values(user_id=user_id, erase_time=at))

    async def is_erased(self, user_id: str) -> bool:
        query = select(tables.erased_accounts).where(tables.erased_accounts.c.user_id == user_id)
        return (await self._session.execute(query)).first() is not None

    async def expired(self, *, at: datetime) -> Sequence[str]:
        query = select(tables.accounts.c.user_id).where(tables.accounts.c.expire_time <= at).limit(_BATCH)
        return (await self._session.execute(query)).scalars().all()

    async def count_with_scope(self, scope: str, *, but: str) -> int:
        account = tables.accounts.c
        # Scopes are one text, with spaces between them.
        scopes = literal(" ") + type_coerce(account.scopes, String) + literal(" ")
        query = select(func.count()).where(
            scopes.contains(f" {scope} ", autoescape=True),
            account.email_verified.is_(True),
            account.disabled.is_(False),
            account.user_id != but,
        )
        return int((await self._session.execute(query)).scalar_one())

    async def _find(self, which: sql.Prepared, name: str) -> Account | None:
        row = (await self._session.execute(which, {"named": name})).one_or_none()
        return None if row is None else _account(row)


class SqlAddressStore:
    """The postal addresses of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, address: Address) -> None:
        await self._session.execute(insert(tables.addresses).values(**asdict(address)))

    async def count(self, user_id: str) -> int:
        query = select(func.count()).where(tables.addresses.c.user_id == user_id)
        return int((await self._session.execute(query)).scalar_one())

    async def page(self, user_id: str, *, before: str | None, size: int) -> Sequence[Address]:
        query = select(tables.addresses).where(tables.addresses.c.user_id == user_id)
        if before is not None:
            query = query.where(tables.addresses.c.address_id < before)
        query = query.order_by(tables.addresses.c.address_id.desc()).limit(size)
        return [Address(**row._mapping) for row in await self._session.execute(query)]

    async def remove(self, user_id: str, address_id: str) -> bool:
        mine = (tables.addresses.c.user_id == user_id) & (tables.addresses.c.address_id == address_id)
        return await changed_rows(self._session, delete(tables.addresses).where(mine)) == 1


class SqlLinkStore:
    """The one-time links of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def put(self, link: Link) -> None:
        same = (tables.links.c.user_id == link.user_id) & (tables.links.c.purpose == link.purpose.value)
        older = delete(tables.links).where(same, tables.links.c.expire_time <= link.expire_time)
        await self._session.execute(older)
        newer = await self._session.execute(select(tables.links.c.user_id).where(same))
        if newer.first() is None:
            await self._session.execute(
                insert(tables.links).values(**{**asdict(link), "purpose": link.purpose.value})
            )

    async def find(self, token_hash: str, purpose: MailPurpose, *, at: datetime) -> str | None:
        valid = select(tables.links.c.user_id).where(_is_valid(token_hash, purpose, at))
        return (await self._session.execute(valid)).scalar_one_or_none()

    async def take(self, token_hash: str, purpose: MailPurpose, *, at: datetime) -> bool:
        used = delete(tables.links).where(_is_valid(token_hash, purpose, at))
        return await changed_rows(self._session, used) == 1


def _is_valid(token_hash: str, purpose: MailPurpose, at: datetime) -> ColumnElement[bool]:
    return (
        (tables.links.c.token_hash == token_hash)
        & (tables.links.c.purpose == purpose.value)
        & (tables.links.c.expire_time > at)
    )


class SqlAttemptStore:
    """The attempts of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def times(self, key: str, *, since: datetime) -> Sequence[datetime]:
        attempts = tables.attempts.c
        query = select(attempts.time).where(attempts.key == key, attempts.time > since)
        return (await self._session.execute(query.order_by(attempts.time))).scalars().all()

    async def add(self, key: str, *, at: datetime, expire_time: datetime) -> int:
        added = insert(tables.attempts).values(key=key, time=at, expire_time=expire_time)
        return int((await self._session.execute(added.returning(tables.attempts.c.id))).scalar_one())

    async def remove(self, ids: Sequence[int]) -> None:
        await self._session.execute(delete(tables.attempts).where(tables.attempts.c.id.in_(ids)))

    async def remove_all(self, prefix: str) -> None:
        these = tables.attempts.c.key.startswith(prefix, autoescape=True)
        await self._session.execute(delete(tables.attempts).where(these))


def _account(row: Row[tuple[object, ...]]) -> Account:
    return Account(**row._mapping)
