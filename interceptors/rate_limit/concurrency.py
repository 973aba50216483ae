"""Refuses calls that would only wait: a worker answers so many of a class at the same time."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import grpc

from interceptors.core.call import Call, Context
from interceptors.core.hooks import Hook
from interceptors.core.status_error import StatusError
from mesh.contract import LimitClass

RETRY_SECONDS = 1.0


class ConcurrencyInterceptor(Hook):
    """Counts the calls of all callers that are being answered, by class."""

    def __init__(self, *, limits: Mapping[str, LimitClass]) -> None:
        self._limits = limits
        self._running: Counter[str] = Counter()

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Let a call pass while there is room for it."""
        limit = self._limits[call.method.policy.limit_class]
        if 0 < limit.max_concurrent_calls <= self._running[limit.name]:
            raise StatusError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "OVERLOADED",
                f"{limit.max_concurrent_calls} calls of class {limit.name} are being answered already",
                metadata={"class": limit.name},
                retry_after_seconds=RETRY_SECONDS,
            )
        self._running[limit.name] += 1

    def on_end(self, call: Call, context: Context) -> None:
        """There is room for another one."""
        self._running[call.method.policy.limit_class] -= 1

    def on_error(self, call: Call, context: Context, error: BaseException) -> None:
        """The same."""
        self.on_end(call, context)
