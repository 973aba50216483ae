"""Which tokens ended before they expired."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Revocations:
    """What the user service has revoked and could still be valid.

    Filled by a task that watches the user service. While that cannot be asked,
    tokens live on until they expire: five minutes at most.
    """

    _by_token: dict[str, datetime] = field(default_factory=dict)
    _by_subject: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def revoke_token(self, token_id: str, *, expire_time: datetime) -> None:
        """The token with this `jti` has ended."""
        self._by_token[token_id] = expire_time

    def revoke_subject(self, subject: str, *, issued_before: datetime, expire_time: datetime) -> None:
        """All tokens of a subject that were issued before a moment have ended."""
        self._by_subject[subject] = (issued_before, expire_time)

    def is_revoked(self, token_id: str, subject: str, issue_time: datetime) -> bool:
        if token_id in self._by_token:
            return True
        issued_before, _ = self._by_subject.get(subject, (None, None))
        return issued_before is not None and issue_time < issued_before

    def forget_expired(self, now: datetime) -> None:
        """Drop what concerns only tokens that have expired anyway."""
        self._by_token = {key: end for key, end in self._by_token.items() if end > now}
        self._by_subject = {key: both for key, both in self._by_subject.items() if both[1] > now}
