"""Checks every request against the rules of its proto before the service sees it."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import grpc
import protovalidate
from google.protobuf.message import Message

from interceptors.core.call import Behavior, Call, Context, current_call
from interceptors.core.decoding import Malformed, raw_fields
from interceptors.core.hooks import Hook
from interceptors.core.status_error import StatusError
from interceptors.validation.fast_path import Check, plain_check
from interceptors.validation.times import impossible_times
from mesh.contract import Binding
from mesh.contract.names import json_name

ORIGINAL_PATH_KEY = "x-envoy-original-path"
REPEATED_FIELD_KEY = "x-shopmesh-repeated-field"
"""Where the front proxy names a path field that it found in the body and did not pass on."""

_MAX_REPORTED = 10
_SEGMENT = re.compile(r"\{[a-z0-9_.]+\}")


def broken_rules(validator: protovalidate.Validator, message: Message) -> tuple[tuple[str, str], ...]:
    """What of a message breaks the rules of its proto: (path as JSON callers write it, what is allowed)."""
    return _violations(validator.collect_violations(message))


class ValidationInterceptor(Hook):
    """Refuses what breaks a rule, naming every field, and what names a path field twice."""

    def __init__(self, *, fast_path: bool = True) -> None:
        self._fast_path = fast_path
        self._violations = protovalidate.Validator().collect_violations
        self._keeps_rules: dict[type, Check] = {}

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Let a request pass that keeps the rules."""
        self._check(request_or_iterator)
        original_path = call.text(ORIGINAL_PATH_KEY)
        if original_path:
            _refuse_repeated_path_fields(call, original_path, request_or_iterator)

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
            self._check(request)
            yield request

    def _check(self, request: Message | Malformed) -> None:
        if isinstance(request, Malformed):
            raise _malformed(request)
        kind = type(request)
        keeps_rules = self._keeps_rules.get(kind)
        if keeps_rules is None:
            fast = plain_check(kind) if self._fast_path else None
            keeps_rules = self._keeps_rules[kind] = fast or _undecided
        if keeps_rules(request):
            return
        violations = (*_violations(self._violations(request)), *impossible_times(request))
        if violations:
            raise _refusal(violations)


def _undecided(_request: Message) -> bool:
    return False


def _violations(violations: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((_path(each.proto.field), each.proto.message) for each in violations)


def _path(field: Any) -> str:
    """A violation's place as JSON callers write it, for example `lines[0].unitPrice`."""
    return ".".join(_element(each) for each in field.elements) if field else ""


def _element(element: Any) -> str:
    name = json_name(element.field_name)
    subscript = element.subscript
    return f"{name}[{subscript.value}]" if subscript is not None else name


def _refuse_repeated_path_fields(call: Call, original_path: str, request: Message) -> None:
    binding = call.method.binding
    if binding is None or not binding.path_fields:
        return
    repeated = tuple(_repeated(binding, urlsplit(original_path), request, call))
    if repeated:
        raise _refusal(
            tuple((json_name(field), "is given by the path; leave it out elsewhere") for field in repeated)
        )


def _repeated(binding: Binding, url: Any, request: Message, call: Call) -> Iterator[str]:
    elsewhere = {_snake(name) for name, _ in parse_qsl(url.query, keep_blank_values=True)}
    elsewhere.add(call.text(REPEATED_FIELD_KEY))
    in_path, sent = _path_values(binding, url.path), _sent(call.raw_request)
    for field in binding.path_fields:
        value = getattr(request, field)
        sent_twice = sent[request.DESCRIPTOR.fields_by_name[field].number] > 1
        if field in elsewhere or sent_twice or in_path.get(field, value) != value:
            yield field


def _sent(raw_request: bytes) -> Counter[int]:
    """How often each field stands in a request: Envoy writes path fields behind those of the body."""
    return Counter(number for number, _ in raw_fields(raw_request))


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


def _refusal(fields: tuple[tuple[str, str], ...]) -> StatusError:
    message = "; ".join(f"{path} {what}" if path else what for path, what in fields[:_MAX_REPORTED])
    if len(fields) > _MAX_REPORTED:
        message += f"; and {len(fields) - _MAX_REPORTED} more"
    return StatusError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", message, fields=fields)
