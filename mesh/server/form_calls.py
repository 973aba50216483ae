"""Methods of the contract as a web form calls them: in this process, by the same rules as over gRPC."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from interceptors.auth.authorization import authorize
from interceptors.core.call import Call, begin
from interceptors.core.client_address import CLIENT_ADDRESS_KEY
from interceptors.core.hooks import Hook
from interceptors.core.identity import ANONYMOUS, Caller
from interceptors.core.status_error import StatusError
from interceptors.rate_limit.interceptor import RateLimitInterceptor
from interceptors.validation.interceptor import ValidationInterceptor
from mesh.contract import Method
from mesh.server.context import ServiceContext

FormFields = Mapping[str, str]
"""By the JSON names of the request's fields; those of a message within it with a dot: `address.city`.

A yes or no is `true` or `false`.
"""

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class FormVisitor:
    """Who sends a form.

    Attributes:
        address: Their IP address.
        agent: What their browser says it is.
        cookies: Of their browser, as its Cookie header has them.
        caller: Whom they are logged in as.
    """

    address: str
    agent: str
    cookies: str = field(default="", repr=False)
    caller: Caller = ANONYMOUS


class FormCalls:
    """Calls a servicer's methods with the fields of forms.

    Who may call, how often, and what a request may hold is judged as the chain of interceptors does.
    """

    def __init__(
        self,
        *,
        methods: Sequence[Method],
        servicer: object,
        hooks: Sequence[Hook],
        clock: Callable[[], datetime],
    ) -> None:
        self._methods = {method.name: method for method in methods}
        self._servicer = servicer
        self._hooks = hooks
        self._clock = clock

    @classmethod
    def of(cls, context: ServiceContext, servicer: object, *, service: str) -> "FormCalls":
        """The calls of one gRPC service of this process."""
        return cls(
            methods=[method for method in context.contract.methods if method.service == service],
            servicer=servicer,
            hooks=(
                RateLimitInterceptor(limits=context.limits, limiter=context.limiter),
                ValidationInterceptor(fast_path=context.settings.fast_paths),
            ),
            clock=context.clock,
        )

    async def call(self, name: str, fields: FormFields, *, by: FormVisitor) -> Any:
        """Call a method.

        Raises:
            StatusError: The visitor may not call it, or the request breaks a rule.
            Exception: What the method itself raises.
        """
        method = self._methods[name]
        metadata = {CLIENT_ADDRESS_KEY: by.address, "user-agent": by.agent, "cookie": by.cookies}
        call = Call(method, metadata, from_edge=True, caller=by.caller)
        begin(call)
        authorize(method.policy, by.caller, now=self._clock())
        request = _request(method, fields)
        for hook in self._hooks:
            judged = hook.on_start(call, request, None)  # type: ignore[arg-type]
            if judged is not None:
                await judged
        return await getattr(self._servicer, name)(request, None)


def _request(method: Method, fields: FormFields) -> Message:
    message = GetMessageClass(Default().FindMessageTypeByName(method.input.full_name))()
    try:
        return json_format.ParseDict(_nested(fields, method.input), message)
    except json_format.ParseError:
        raise StatusError(
            grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", "the form has a field that is not known here"
        ) from None


def _nested(fields: FormFields, request: Descriptor) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, last = name.split(".")
        place, message = nested, request
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise json_format.ParseError(f"{parent} is no message")
            message = _within(message, parent)
        known = message.fields_by_camelcase_name.get(last)
        is_truth = known is not None and known.type == FieldDescriptor.TYPE_BOOL
        place[last] = _TRUTH.get(value, value) if is_truth else value
    return nested


def _within(message: Descriptor, name: str) -> Descriptor:
    """The message in a field; that with the field where it holds none, which is refused later."""
    known = message.fields_by_camelcase_name.get(name)
    return message if known is None or known.message_type is None else known.message_type
