"""The key vault: AES-256-GCM under a data key per customer, which a key-encryption key wraps.

Kept apart from the events so that their backups are too: restoring an old copy
of the events still cannot read what was erased.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cachetools import TTLCache
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.kernel.clock import Clock
from services.order.adapters.key_vault.key_records import KeyRecord, KeyRecords
from services.order.adapters.key_vault.key_ring import NONCE_BYTES
from services.order.adapters.key_vault.key_ring_file import FileKeyRing
from services.order.adapters.key_vault.secret_file import new_secret
from services.order.application.ports import CustomerIsClosed, SealedField

_CACHE_SECONDS = 60
_CACHED_KEYS = 10_000
_DIGEST_PURPOSE = b"shopmesh order command digest"


@dataclass(frozen=True, slots=True)
class _DataKey:
    """A data key, unwrapped; None behind a tombstone."""

    key: bytes | None


class AesKeyVault:
    """Seals and unseals; keys are cached for at most 60 seconds."""

    def __init__(
        self,
        records: KeyRecords,
        *,
        ring: FileKeyRing,
        clock: Clock,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._ring = ring
        self._clock = clock
        self._cache: TTLCache[str, _DataKey] = TTLCache(_CACHED_KEYS, _CACHE_SECONDS, timer=timer)

    async def require_open(self, customer_id: str) -> None:
        record, is_marked = await self._records.find_with_mark(customer_id)
        if is_marked:
            raise CustomerIsClosed(customer_id)
        _key_of(self._remembered(customer_id, record or await self._made(customer_id)), customer_id)

    async def seal(self, customer_id: str, field: SealedField, text: str) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        ciphertext = AESGCM(await self._key(customer_id)).encrypt(nonce, text.encode(), _additional(field))
        return base64.b64encode(nonce + ciphertext).decode()

    async def unseal(self, customer_id: str, field: SealedField, sealed: str) -> str | None:
        found = await self._data_key(customer_id)
        if found is None or found.key is None:
            return None
        content = base64.b64decode(sealed)
        nonce, ciphertext = content[:NONCE_BYTES], content[NONCE_BYTES:]
        try:
            return AESGCM(found.key).decrypt(nonce, ciphertext, _additional(field)).decode()
        except InvalidTag:
            raise ValueError(f"{field.path} of order {field.order_id} was not sealed here") from None

    async def digest(self, customer_id: str, content: bytes) -> str:
        # A key of its own for this purpose, derived so that neither use reveals the other.
        purpose_key = hmac.new(await self._key(customer_id), _DIGEST_PURPOSE, sha256).digest()
        return hmac.new(purpose_key, content, sha256).hexdigest()

    async def close(self, customer_id: str, mark: str) -> None:
        await self._records.mark(customer_id, mark, self._clock())

    async def reopen(self, customer_id: str, mark: str) -> None:
        await self._records.unmark(customer_id, mark)

    async def marks_before(self, time: datetime) -> Sequence[tuple[str, str]]:
        return await self._records.marks_before(time)

    async def erase(self, customer_id: str) -> None:
        await self._records.erase(customer_id, self._clock())
        self._cache.pop(customer_id, None)

    async def is_reachable(self) -> bool:
        return await self._records.is_reachable()

    async def _key(self, customer_id: str) -> bytes:
        return _key_of(await self._data_key(customer_id), customer_id)

    async def _data_key(self, customer_id: str) -> _DataKey | None:
        cached = self._cache.get(customer_id)
        if cached is not None:
            return cached
        record = await self._records.find(customer_id)
        return None if record is None else self._remembered(customer_id, record)

    async def _made(self, customer_id: str) -> KeyRecord:
        """The customer's key: ours, or that of the process that was first."""
        with self._ring.steady() as ring:
            wrapped = ring.wrap(customer_id, new_secret())
            return await self._records.insert(customer_id, wrapped, self._clock())

    def _remembered(self, customer_id: str, record: KeyRecord) -> _DataKey:
        wrapped = record.wrapped_key
        data_key = _DataKey(None if wrapped is None else self._ring.unwrap(customer_id, wrapped))
        self._cache[customer_id] = data_key
        return data_key


def _key_of(found: _DataKey | None, customer_id: str) -> bytes:
    if found is None or found.key is None:
        raise CustomerIsClosed(customer_id)
    return found.key


def _additional(field: SealedField) -> bytes:
    """What a ciphertext is bound to: the one place where it opens."""
    names = [field.order_id, field.event_id, field.event_type, field.version, field.path]
    return json.dumps(names).encode()
