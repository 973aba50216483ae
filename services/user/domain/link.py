"""One-time links: they belong to an account as it is, and die with any change of it; their hash is kept."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from services.user.domain.account import VERIFICATION_LIFETIME, Account
from services.user.domain.events import MailPurpose

LIFETIMES = {
    MailPurpose.VERIFY_EMAIL: VERIFICATION_LIFETIME,
    MailPurpose.RESET_PASSWORD: timedelta(minutes=30),
    MailPurpose.CONFIRM_DEVICE: timedelta(minutes=30),
    MailPurpose.CONFIRM_EMAIL: timedelta(minutes=30),
}
"""How long a link lives, from the last request for it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link as it is stored."""

    user_id: str
    purpose: MailPurpose
    token_hash: str
    expire_time: datetime


def has_link(purpose: MailPurpose) -> bool:
    """Whether mails of this purpose carry a link."""
    return purpose in LIFETIMES


def token_for(account: Account, purpose: MailPurpose, *, server_key: bytes) -> str:
    """The token of an account's link as the account is now.

    Who asks again gets the same one, so that no stranger who asks takes it from its owner; once what it
    changes has changed, it never comes back.
    """
    state = (account.user_id, account.email, str(account.email_verified), account.password_hash)
    named = "\0".join(("link", purpose.value, *state, *_further_state(account, purpose)))
    return urlsafe_b64encode(hmac.digest(server_key, named.encode(), sha256)).decode().rstrip("=")


def _further_state(account: Account, purpose: MailPurpose) -> tuple[str, ...]:
    match purpose:
        case MailPurpose.CONFIRM_EMAIL:
            return (account.pending_email,)
        case MailPurpose.CONFIRM_DEVICE:
            # Using it changes nothing else of the account.
            return (account.update_time.isoformat(),)
        case _:
            return ()


def new_secret() -> str:
    """256 random bits for a URL or a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored in place of a random secret; one round is enough for 256 random bits."""
    return sha256(secret.encode()).hexdigest()
