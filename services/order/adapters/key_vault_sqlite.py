"""The customers' data keys in a SQLite file of their own, encrypted by a key-encryption key.

Kept apart from the events so that backups part too: whoever restores an old copy
of the events still cannot read what was erased.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cachetools import TTLCache
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, delete, select
from sqlalchemy import text as statement
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mesh import sql
from services.kernel.clock import Clock
from services.order.application.ports import CustomerIsClosed, SealedField

_KEY_BYTES = 32
_NONCE_BYTES = 12
_CACHE_SECONDS = 60
_CACHED_KEYS = 10_000
_DIGEST_PURPOSE = b"shopmesh order command digest"

metadata = MetaData()
_keys = Table(
    "customer_keys",
    metadata,
    Column("customer_id", String(64), primary_key=True),
    # NULL is the tombstone of an erased customer.
    Column("wrapped_key", LargeBinary, nullable=True),
    Column("create_time", String(32), nullable=False),
    Column("erase_time", String(32), nullable=True),
)
_marks = Table(
    "closed_marks",
    metadata,
    Column("customer_id", String(64), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Column("mark_time", String(32), nullable=False),
)


@dataclass(frozen=True, slots=True)
class _Record:
    """A key record as read; `key` is None behind a tombstone."""

    key: bytes | None


class SqliteKeyVault:
    """AES-256-GCM under a key per customer; keys are cached for at most 60 seconds."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        key_encryption_key: bytes,
        clock: Clock,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._wrapping = AESGCM(key_encryption_key)
        self._clock = clock
        self._cache: TTLCache[str, _Record] = TTLCache(_CACHED_KEYS, _CACHE_SECONDS, timer=timer)

    async def require_open(self, customer_id: str) -> None:
        async with sql.read(self._engine) as session:
            await _require_unmarked(session, customer_id)
            record = await self._read(session, customer_id)
        if record is None:
            record = await self._made(customer_id)
        self._cache[customer_id] = record
        _key_of(record, customer_id)

    async def seal(self, customer_id: str, field: SealedField, text: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = AESGCM(await self._key(customer_id)).encrypt(nonce, text.encode(), _additional(field))
        return base64.b64encode(nonce + ciphertext).decode()

    async def unseal(self, customer_id: str, field: SealedField, sealed: str) -> str | None:
        record = await self._record(customer_id)
        if record is None or record.key is None:
            return None
        content = base64.b64decode(sealed)
        nonce, ciphertext = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
        try:
            return AESGCM(record.key).decrypt(nonce, ciphertext, _additional(field)).decode()
        except InvalidTag:
            raise ValueError(f"{field.path} of order {field.order_id} was not sealed here") from None

    async def digest(self, customer_id: str, content: bytes) -> str:
        # A key of its own for this purpose, derived so that neither use tells of the other.
        purpose_key = hmac.new(await self._key(customer_id), _DIGEST_PURPOSE, sha256).digest()
        return hmac.new(purpose_key, content, sha256).hexdigest()

    async def close(self, customer_id: str, mark: str) -> None:
        row = {"customer_id": customer_id, "mark": mark, "mark_time": _text(self._clock())}
        async with sql.write(self._engine) as session:
            await session.execute(insert(_marks).values(row).on_conflict_do_nothing())

    async def reopen(self, customer_id: str, mark: str) -> None:
        mine = (_marks.c.customer_id == customer_id) & (_marks.c.mark == mark)
        async with sql.write(self._engine) as session:
            await session.execute(delete(_marks).where(mine))

    async def marks_before(self, time: datetime) -> Sequence[tuple[str, str]]:
        old = select(_marks.c.customer_id, _marks.c.mark).where(_marks.c.mark_time < _text(time))
        async with sql.read(self._engine) as session:
            return [(row.customer_id, row.mark) for row in await session.execute(old)]

    async def erase(self, customer_id: str) -> None:
        now = _text(self._clock())
        tombstone = {"wrapped_key": None, "erase_time": now}
        row = insert(_keys).values(customer_id=customer_id, create_time=now, **tombstone)
        overwritten = row.on_conflict_do_update(index_elements=["customer_id"], set_=tombstone)
        async with sql.write(self._engine) as session:
            # Without it SQLite leaves the old bytes in the file's free places.
            await session.execute(statement("PRAGMA secure_delete=ON"))
            await session.execute(overwritten)
            await session.execute(delete(_marks).where(_marks.c.customer_id == customer_id))
        self._cache.pop(customer_id, None)

    async def is_reachable(self) -> bool:
        try:
            return await sql.is_reachable(self._engine)
        except DBAPIError:
            return False

    async def _key(self, customer_id: str) -> bytes:
        return _key_of(await self._record(customer_id), customer_id)

    async def _record(self, customer_id: str) -> _Record | None:
        cached = self._cache.get(customer_id)
        if cached is not None:
            return cached
        async with sql.read(self._engine) as session:
            record = await self._read(session, customer_id)
        if record is not None:
            self._cache[customer_id] = record
        return record

    async def _made(self, customer_id: str) -> _Record:
        """The customer's key: ours, or that of whoever was first."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        key = AESGCM.generate_key(bit_length=8 * _KEY_BYTES)
        wrapped = nonce + self._wrapping.encrypt(nonce, key, customer_id.encode())
        row = {"customer_id": customer_id, "wrapped_key": wrapped, "create_time": _text(self._clock())}
        async with sql.write(self._engine) as session:
            await session.execute(insert(_keys).values(row).on_conflict_do_nothing())
        # Read back in a transaction of its own: nothing is sealed with a key that is not stored.
        async with sql.read(self._engine) as session:
            record = await self._read(session, customer_id)
        assert record is not None
        return record

    async def _read(self, session: AsyncSession, customer_id: str) -> _Record | None:
        stored = select(_keys.c.wrapped_key).where(_keys.c.customer_id == customer_id)
        row = (await session.execute(stored)).one_or_none()
        if row is None:
            return None
        wrapped = row.wrapped_key
        if wrapped is None:
            return _Record(None)
        nonce, ciphertext = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        return _Record(self._wrapping.decrypt(nonce, ciphertext, customer_id.encode()))


async def _require_unmarked(session: AsyncSession, customer_id: str) -> None:
    marks = select(_marks.c.mark).where(_marks.c.customer_id == customer_id).limit(1)
    if (await session.execute(marks)).first() is not None:
        raise CustomerIsClosed(customer_id)


def _key_of(record: _Record | None, customer_id: str) -> bytes:
    if record is None or record.key is None:
        raise CustomerIsClosed(customer_id)
    return record.key


def _additional(field: SealedField) -> bytes:
    """What a ciphertext is bound to: the one place where it opens."""
    names = [field.order_id, field.event_id, field.event_type, field.version, field.path]
    return json.dumps(names).encode()


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")
