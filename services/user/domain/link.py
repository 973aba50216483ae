"""One-time links: only the newest of a purpose is valid, and only its hash is kept."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from services.user.domain.events import MailPurpose

_LIFETIMES = {
    MailPurpose.VERIFY_EMAIL: timedelta(days=1),
    MailPurpose.RESET_PASSWORD: timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link as it is stored."""

    user_id: str
    purpose: MailPurpose
    token_hash: str
    expire_time: datetime


def has_link(purpose: MailPurpose) -> bool:
    """Whether mails of this purpose carry a link."""
    return purpose in _LIFETIMES


def new_link(user_id: str, purpose: MailPurpose, *, at: datetime) -> tuple[Link, str]:
    """Make a link; its token is returned beside it and kept nowhere."""
    token = new_secret()
    return Link(user_id, purpose, digest(token), at + _LIFETIMES[purpose]), token


def new_secret() -> str:
    """256 random bits for a URL or a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored in place of a random secret; one round is enough for 256 random bits."""
    return sha256(secret.encode()).hexdigest()
