"""What a broken rule looks like."""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class DomainError(Exception):
    """A rule of the domain forbids what was asked for.

    Each rule has a subclass with its `reason`, the stable name by which callers
    distinguish it from others. The message says what, which id, the actual and the
    allowed value; it reaches the caller, so it never holds a secret.

    Attributes:
        fields: What is wrong in the request: (path in the request, description).
        metadata: Further facts for programs, for example the order's state.
        retry_after_seconds: When trying again makes sense, if it does.
    """

    reason: ClassVar[str] = "RULE_BROKEN"

    def __init__(
        self,
        message: str,
        *,
        fields: Sequence[tuple[str, str]] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.fields = tuple(fields)
        self.metadata = dict(metadata or {})
        self.retry_after_seconds = retry_after_seconds
