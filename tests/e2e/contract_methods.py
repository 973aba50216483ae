"""The contract as anybody can read it: from the committed descriptor set, with nothing but protobuf."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from shopmesh.policy.v1 import policy_pb2

_PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC.

    Attributes:
        service: Which process answers it, for example `order`.
        path: Its gRPC path.
        verb: The HTTP verb of its binding; empty where the front proxy does not route it.
        template: The path of its binding, for example `/v1/orders/{order_id}`.
        body: What the JSON body holds: `*`, one field's name, or nothing.
        reads: Whether it changes nothing.
    """

    service: str
    path: str
    input: type[Message]
    output: type[Message]
    client_streaming: bool
    server_streaming: bool
    policy: policy_pb2.MethodPolicy
    verb: str
    template: str
    body: str
    reads: bool

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The request fields that the path of its binding gives."""
        return tuple(_PLACEHOLDER.findall(self.template))

    @property
    def name(self) -> str:
        """Service and method, for example `OrderService/PlaceOrder`."""
        return self.path.rpartition(".")[2]

    def __str__(self) -> str:
        return self.name


def descriptor_set() -> descriptor_pb2.FileDescriptorSet:
    return descriptor_pb2.FileDescriptorSet.FromString((files("shopmesh") / "shopmesh.binpb").read_bytes())


def methods() -> tuple[Method, ...]:
    """Every RPC of the shop."""
    return tuple(_methods(descriptor_set()))


def limit_classes() -> tuple[policy_pb2.LimitClass, ...]:
    """Every rate-limit class, with its default."""
    return tuple(
        each for file in descriptor_set().file for each in file.options.Extensions[policy_pb2.limit_class]
    )


def messages() -> tuple[Descriptor, ...]:
    """Every message of the shop."""
    described = descriptor_set()
    pool = _pool(described)
    names = [
        f"{file.package}.{message.name}"
        for file in described.file
        if file.package.startswith("shopmesh.")
        for message in file.message_type
    ]
    return tuple(pool.FindMessageTypeByName(name) for name in names)


def is_personal(field: FieldDescriptor) -> bool:
    return bool(field.GetOptions().Extensions[policy_pb2.personal])


def _methods(described: descriptor_pb2.FileDescriptorSet) -> Iterator[Method]:
    pool = _pool(described)
    for file in described.file:
        for service in file.service:
            for method in service.method:
                rule = method.options.Extensions[annotations_pb2.http]
                verb = str(rule.WhichOneof("pattern") or "")
                yield Method(
                    service=file.package.split(".")[1],
                    path=f"/{file.package}.{service.name}/{method.name}",
                    input=_message(pool, method.input_type),
                    output=_message(pool, method.output_type),
                    client_streaming=method.client_streaming,
                    server_streaming=method.server_streaming,
                    policy=method.options.Extensions[policy_pb2.method],
                    verb=verb.upper(),
                    template=_template(rule, verb),
                    body=rule.body,
                    reads=method.options.idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS,
                )


def _template(rule: http_pb2.HttpRule, verb: str) -> str:
    return str(getattr(rule, verb)) if verb else ""


def _message(pool: descriptor_pool.DescriptorPool, name: str) -> type[Message]:
    return GetMessageClass(pool.FindMessageTypeByName(name.lstrip(".")))


def _pool(described: descriptor_pb2.FileDescriptorSet) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in described.file:
        pool.Add(file)
    return pool
