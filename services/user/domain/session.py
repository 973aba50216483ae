"""Logins: how long they last, and where they were."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

SESSION_LIFETIME = timedelta(hours=12)
_COOKIE_IDLE, _STAFF_COOKIE_IDLE = timedelta(hours=2), timedelta(minutes=30)
_USES_ARE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A login of an account in one browser; everything that clients get from it carries its `sid`.

    Attributes:
        sid: Names it in tokens.
        token_hash: Hash of the cookie's value.
        auth_time: When the password was entered, the last time.
        use_time: When the cookie was used last, to a minute.
        expire_time: When the cookie ends however often it is used.
        device: What the browser says it is.
    """

    sid: str
    token_hash: str
    user_id: str
    create_time: datetime
    auth_time: datetime
    use_time: datetime
    expire_time: datetime
    device: str = ""

    def is_alive(self, *, is_staff: bool, at: datetime) -> bool:
        return at < min(self.expire_time, self.use_time + cookie_idle(is_staff=is_staff))

    def entered_again(self, token_hash: str, *, at: datetime) -> Self:
        """The same session after its password was entered once more: the old cookie is worth nothing."""
        return replace(
            self, token_hash=token_hash, auth_time=at, use_time=at, expire_time=at + SESSION_LIFETIME
        )

    def used(self, *, at: datetime) -> Self:
        """The session once its cookie was used; unchanged where that was noted a moment ago."""
        return replace(self, use_time=at) if at - self.use_time >= _USES_ARE_NOTED_EVERY else self


def cookie_idle(*, is_staff: bool) -> timedelta:
    """How long a cookie lives without being used."""
    return _STAFF_COOKIE_IDLE if is_staff else _COOKIE_IDLE


def new_session(sid: str, token_hash: str, user_id: str, *, device: str, at: datetime) -> Session:
    """A session that begins."""
    return Session(sid, token_hash, user_id, at, at, at, at + SESSION_LIFETIME, device)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it.

    Attributes:
        use_time: When it was used last, by the browser or by a client.
    """

    sid: str
    device: str
    create_time: datetime
    use_time: datetime
