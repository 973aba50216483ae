"""Calls any method of the contract, over its gRPC port or through the front proxy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from tests.e2e.contract_methods import Method

_DETAILS = "grpc-status-details-bin"
_TIMEOUT_SECONDS = 20
OK = "OK"


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended: a gRPC status by name or an HTTP status, and the reason of a refusal."""

    status: str | int
    reason: str = ""


def over_grpc(channel: grpc.Channel, method: Method, request: Message, token: str) -> Answer:
    """Call a method on its service's port; of a stream, only the first message is read."""
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    call = _multi_callable(channel, method)
    sent = iter((request,)) if method.client_streaming else request
    try:
        answer = call(sent, metadata=metadata, timeout=_TIMEOUT_SECONDS)
        if method.server_streaming:
            next(answer, None)
            answer.cancel()
    except grpc.RpcError as error:
        return Answer(_code(error), reason_of(error))
    return Answer(OK)


def over_rest(client: httpx.Client, method: Method, request: Message, token: str) -> Answer:
    """Call a method through the front proxy; one without a binding is tried by its gRPC path."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    verb, path, query, body = rest(method, request)
    with client.stream(verb, path, params=query, json=body, headers=headers) as response:
        if response.status_code == httpx.codes.OK:
            next(response.iter_bytes(1), b"")
            return Answer(response.status_code)
        status = json.loads(response.read())
        return Answer(response.status_code, status["details"][0]["reason"])


def rest(method: Method, request: Message) -> tuple[str, str, dict[str, Any], Any]:
    """Verb, path, query and body of a request (google.api.http)."""
    document = MessageToDict(request)
    if not method.verb:
        return "POST", method.path, {}, document
    in_path = {name: document.pop(json_name(name)) for name in method.path_fields}
    path = method.template.format_map(in_path)
    if method.body == "*":
        return method.verb, path, {}, document
    body = document.pop(json_name(method.body), {}) if method.body else None
    return method.verb, path, document, body


def _multi_callable(channel: grpc.Channel, method: Method) -> Any:
    kind: Mapping[tuple[bool, bool], Any] = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }
    return kind[method.client_streaming, method.server_streaming](
        method.path,
        request_serializer=method.input.SerializeToString,
        response_deserializer=method.output.FromString,
    )


def reason_of(error: Any) -> str:
    """The reason of a refused gRPC call."""
    details = dict(error.trailing_metadata() or ()).get(_DETAILS, b"")
    info = error_details_pb2.ErrorInfo()
    for detail in status_pb2.Status.FromString(details).details[:1]:
        assert detail.Unpack(info)
    return info.reason or _code(error)


def _code(error: Any) -> str:
    return str(error.code().name)


def json_name(field: str) -> str:
    first, *others = field.split("_")
    return first + "".join(each.capitalize() for each in others)
