"""One-time links: only that of the newest request of a purpose is valid, and only its hash is kept."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from services.user.domain.account import Account
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


def link_for(
    account: Account, purpose: MailPurpose, *, notification_id: str, request_time: datetime, server_key: bytes
) -> tuple[Link, str]:
    """The link of a mail; its token is returned beside it and kept nowhere.

    A repeat gets the same one while what it changes is as it was: a used link never comes back.

    Args:
        account: Whose link it is, as the account is now.
        purpose: What it does.
        notification_id: The mail's id.
        request_time: When the mail was asked for; the link's life counts from here.
        server_key: Secret of the MAC.
    """
    state = (account.user_id, account.email, str(account.email_verified), account.password_hash)
    named = "\0".join(("link", purpose.value, notification_id, *state))
    token = urlsafe_b64encode(hmac.digest(server_key, named.encode(), sha256)).decode().rstrip("=")
    return Link(account.user_id, purpose, digest(token), request_time + _LIFETIMES[purpose]), token


def new_secret() -> str:
    """256 random bits for a URL or a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored in place of a random secret; one round is enough for 256 random bits."""
    return sha256(secret.encode()).hexdigest()
