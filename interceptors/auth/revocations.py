"""Which tokens ended before they expired."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TokenNames:
    """By what a token can be revoked.

    Attributes:
        token_id: Its `jti`.
        sid: The session that it came from; empty: none.
        client_id: Whom it was issued to.
        subject: Whom it stands for.
        issue_time: When it was issued.
    """

    token_id: str
    sid: str
    client_id: str
    subject: str
    issue_time: datetime


@dataclass(slots=True)
class Revocations:
    """What the user service has revoked and could still be valid.

    Filled by a task that watches the user service. While that cannot be asked,
    tokens live on until they expire: five minutes at most.
    """

    _by_token: dict[str, datetime] = field(default_factory=dict)
    _by_session: dict[str, datetime] = field(default_factory=dict)
    _by_client: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    _by_subject: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def revoke_token(self, token_id: str, *, expire_time: datetime) -> None:
        """The token with this `jti` has ended."""
        self._by_token[token_id] = expire_time

    def revoke_session(self, sid: str, *, expire_time: datetime) -> None:
        """All tokens of a session have ended."""
        self._by_session[sid] = expire_time

    def revoke_client(self, client_id: str, *, issued_before: datetime, expire_time: datetime) -> None:
        """All tokens of a client that were issued before a moment have ended."""
        self._by_client[client_id] = (issued_before, expire_time)

    def revoke_subject(self, subject: str, *, issued_before: datetime, expire_time: datetime) -> None:
        """All tokens of a subject that were issued before a moment have ended."""
        self._by_subject[subject] = (issued_before, expire_time)

    def is_revoked(self, token: TokenNames) -> bool:
        return (
            token.token_id in self._by_token
            or token.sid in self._by_session
            or _is_before(token, self._by_client.get(token.client_id))
            or _is_before(token, self._by_subject.get(token.subject))
        )

    def forget_expired(self, now: datetime) -> None:
        """Drop what concerns only tokens that have expired anyway."""
        self._by_token = {key: end for key, end in self._by_token.items() if end > now}
        self._by_session = {key: end for key, end in self._by_session.items() if end > now}
        self._by_client = {key: both for key, both in self._by_client.items() if both[1] > now}
        self._by_subject = {key: both for key, both in self._by_subject.items() if both[1] > now}


def _is_before(token: TokenNames, revoked: tuple[datetime, datetime] | None) -> bool:
    return revoked is not None and token.issue_time < revoked[0]
