"""Key-encryption keys: the current one wraps data keys, older ones unwrap until rotation is done."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
_ID_BYTES = 8
_FORMAT = b"\x01"
_PREFIX_BYTES = len(_FORMAT) + _ID_BYTES
# Nonce, data key, tag.
_BARE_BYTES = NONCE_BYTES + 32 + 16


class KeyIsGone(Exception):
    """A data key is wrapped by a key-encryption key that nobody has any more."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Wraps data keys by AES-256-GCM, bound to their customer.

    A wrapped key is a format byte, the id of the key-encryption key, a nonce and the ciphertext; those
    from before rotation have nonce and ciphertext only.

    Attributes:
        keys: The current key-encryption key first; at least one.
    """

    keys: tuple[bytes, ...]

    def wrap(self, customer_id: str, data_key: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        ciphertext = AESGCM(self.keys[0]).encrypt(nonce, data_key, customer_id.encode())
        return self._prefix() + nonce + ciphertext

    def unwrap(self, customer_id: str, wrapped: bytes) -> bytes:
        """The data key.

        Raises:
            KeyIsGone: None of the ring's keys has wrapped it.
        """
        keys, sealed = self._candidates(wrapped)
        for key in keys:
            try:
                return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], customer_id.encode())
            except InvalidTag:
                continue
        raise KeyIsGone(f"no key-encryption key opens the data key of customer {customer_id}")

    def is_current(self, wrapped: bytes) -> bool:
        """Whether the current key has wrapped it."""
        return wrapped.startswith(self._prefix())

    def _prefix(self) -> bytes:
        return _FORMAT + _id_of(self.keys[0])

    def _candidates(self, wrapped: bytes) -> tuple[Sequence[bytes], bytes]:
        if len(wrapped) == _BARE_BYTES:
            return self.keys, wrapped
        key_id, sealed = wrapped[len(_FORMAT) : _PREFIX_BYTES], wrapped[_PREFIX_BYTES:]
        return [key for key in self.keys if _id_of(key) == key_id], sealed


def _id_of(key: bytes) -> bytes:
    return sha256(key).digest()[:_ID_BYTES]
