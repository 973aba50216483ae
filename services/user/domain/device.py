"""Devices that have logged in to an account before, and the cookie by which they prove it."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

_SEPARATOR = "."


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where somebody enters a password.

    Attributes:
        network: The prefix of their address (see `domain.network`).
        device: Names a device or session that has logged in to the account before; empty: none has.
        name: What the device says it is.
    """

    network: str
    device: str = ""
    name: str = ""


def device_proof(device_id: str, user_id: str, *, server_key: bytes) -> str:
    """A cookie's value: the device's id, and the proof that it belongs to the account."""
    mac = hmac.digest(server_key, f"device:{user_id}:{device_id}".encode(), sha256)
    return f"{device_id}{_SEPARATOR}{urlsafe_b64encode(mac).decode().rstrip('=')}"


def proved_device(proof: str, user_id: str, *, server_key: bytes) -> str:
    """The id of a device, if its proof is right; else empty."""
    device_id, _, _ = proof.partition(_SEPARATOR)
    expected = device_proof(device_id, user_id, server_key=server_key)
    return device_id if device_id and hmac.compare_digest(expected.encode(), proof.encode()) else ""


def cookie_name(user_id: str, *, server_key: bytes) -> str:
    """What an account's cookie is called: it reveals the account to nobody else."""
    return hmac.digest(server_key, f"device-cookie:{user_id}".encode(), sha256).hex()[:16]
