"""Checks every request against the rules of its proto before the service sees it."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import grpc
from google.protobuf.message import Message

from interceptors.core.call import Behavior, Call, Context, current_call
from interceptors.core.decoding import Malformed
from interceptors.core.hooks import Hook
from interceptors.core.status_error import StatusError
from interceptors.validation.bounds import Violation
from interceptors.validation.judging import Judge
from mesh.contract import Binding
from mesh.contract.names import json_name

ORIGINAL_PATH_KEY = "x-envoy-original-path"

_MAX_REPORTED = 10
_SEGMENT = re.compile(r"\{[a-z0-9_.]+\}")


class ValidationInterceptor(Hook):
    """Refuses what breaks a rule, naming every field, and what names a path field twice."""

    def __init__(self, *, fast_path: bool = True) -> None:
        self._judge = Judge(fast_path=fast_path)

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Let a request pass that keeps the rules; its texts are brought into one form."""
        if isinstance(request_or_iterator, Malformed):
            raise _malformed(request_or_iterator)
        original_path = call.text(ORIGINAL_PATH_KEY)
        if original_path:
            _refuse_repeated_path_fields(call, original_path, request_or_iterator)
        call.raw_request = self._check(request_or_iterator)

    async def intercept(
        self,
        method: Behavior,
        request_or_iterator: Any,
        context: Context,
        method_name: str,
    ) -> Any:
        """Proceed; the requests of a stream are checked as they come."""
        if current_call().method.client_streaming:
            return await method(self._checked(request_or_iterator), context)
        return await super().intercept(method, request_or_iterator, context, method_name)

    async def _checked(self, requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
        async for request in requests:
            if isinstance(request, Malformed):
                raise _malformed(request)
            self._check(request)
            yield request

    def _check(self, request: Message) -> Message | None:
        """Refuse a request that breaks a rule.

        Returns:
            The request as it was sent, where its texts had to be normalised.
        """
        raw, violations = self._judge.judge(request)
        if violations:
            raise _refusal(violations)
        return raw


def _refuse_repeated_path_fields(call: Call, original_path: str, request: Message) -> None:
    binding = call.method.binding
    if binding is None or not binding.path_fields:
        return
    repeated = tuple(_repeated(binding, urlsplit(original_path), request))
    if repeated:
        raise _refusal(
            tuple((json_name(field), "is given by the path; leave it out elsewhere") for field in repeated)
        )


def _repeated(binding: Binding, url: Any, request: Message) -> Iterator[str]:
    elsewhere = {_snake(name) for name, _ in parse_qsl(url.query, keep_blank_values=True)}
    in_path = _path_values(binding, url.path)
    for field in binding.path_fields:
        value = getattr(request, field)
        if field in elsewhere or in_path.get(field, value) != value:
            yield field


def _path_values(binding: Binding, path: str) -> dict[str, str]:
    pattern = "([^/]+)".join(re.escape(part) for part in _SEGMENT.split(binding.template))
    matched = re.fullmatch(pattern, path)
    return dict(zip(binding.path_fields, map(unquote, matched.groups()), strict=True)) if matched else {}


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), name)


def _malformed(request: Malformed) -> StatusError:
    if request.fields:
        return _refusal(tuple((json_name(field), "has to be text in UTF-8") for field in request.fields))
    message = "the request is not a message of this method"
    return StatusError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", message)


def _refusal(fields: tuple[Violation, ...]) -> StatusError:
    message = "; ".join(f"{path} {what}" if path else what for path, what in fields[:_MAX_REPORTED])
    if len(fields) > _MAX_REPORTED:
        message += "; and more"
    return StatusError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", message, fields=fields)
