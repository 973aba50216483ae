"""Links by which who gets a mail chooses which ones to get, without a login."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

_SEPARATOR = "."


@dataclass(frozen=True, slots=True)
class ChoiceLinks:
    """Makes and reads the tokens of these links. They say nothing but whose mails they are about, and hold.

    Attributes:
        site: Where the links lead to, without a slash at its end.
    """

    key: bytes = field(repr=False)
    site: str

    def token(self, user_id: str) -> str:
        mac = hmac.digest(self.key, f"mail-preferences:{user_id}".encode(), sha256)
        return f"{user_id}{_SEPARATOR}{urlsafe_b64encode(mac).decode().rstrip('=')}"

    def owner(self, token: str) -> str | None:
        """Whose mails a token is about; None: it is none of ours."""
        user_id = token.rpartition(_SEPARATOR)[0]
        is_ours = bool(user_id) and hmac.compare_digest(self.token(user_id).encode(), token.encode())
        return user_id if is_ours else None

    def preferences(self, user_id: str) -> str:
        """Where one chooses."""
        return f"{self.site}/mail/preferences?token={self.token(user_id)}"

    def unsubscribe(self, user_id: str, topic: str) -> str:
        """Where one ends the mails of a topic."""
        return f"{self.site}/mail/unsubscribe?token={self.token(user_id)}&topic={topic}"

    @property
    def one_click(self) -> bool:
        """Whether mail providers may unsubscribe for people: they want https (RFC 8058 §3.1)."""
        return self.site.startswith("https://")
