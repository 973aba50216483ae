"""The contract as Python values: the only reader of the descriptor set.

Everything else about a call (routes, limits, deadlines, documentation, the
interceptors' policy table) is derived from what `load_contract` returns.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    MethodOptions,
)
from google.protobuf.descriptor_pool import DescriptorPool

from shopmesh.policy.v1 import limits_pb2, policy_pb2

__all__ = ["Access", "Binding", "Contract", "ContractError", "HttpEndpoint", "LimitClass", "Method", "Policy"]

_ROOT_PACKAGE = limits_pb2.DESCRIPTOR.package.split(".")[0]
_PATH_FIELD = re.compile(r"\{([a-z0-9_.]+)\}")


class ContractError(Exception):
    """The descriptor set breaks a rule of the contract; the message lists every place."""


class Access(Enum):
    """Who may call a method."""

    PUBLIC = policy_pb2.ACCESS_PUBLIC
    SCOPES = policy_pb2.ACCESS_SCOPES
    INTERNAL = policy_pb2.ACCESS_INTERNAL


class LimitPer(Enum):
    """Whose calls share a token bucket."""

    ADDRESS = policy_pb2.LIMIT_PER_ADDRESS
    CALLER = policy_pb2.LIMIT_PER_CALLER
    ACCOUNT = policy_pb2.LIMIT_PER_ACCOUNT
    CLIENT = policy_pb2.LIMIT_PER_CLIENT


class Idempotency(Enum):
    """Whether a call may be repeated (protobuf's own `idempotency_level`)."""

    UNKNOWN = MethodOptions.IDEMPOTENCY_UNKNOWN
    NO_SIDE_EFFECTS = MethodOptions.NO_SIDE_EFFECTS
    IDEMPOTENT = MethodOptions.IDEMPOTENT


@dataclass(frozen=True, slots=True)
class LimitClass:
    """A token bucket; rates are calls per minute."""

    name: str
    per: LimitPer
    rate_per_minute: int
    burst: int
    undivided: bool
    purpose: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose the object is; an empty `field` means: always the caller's own."""

    field: str
    bypass_scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may call, how often and for how long."""

    access: Access
    scopes: frozenset[str]
    owner: Owner | None
    limit_class: str
    deadline_seconds: float
    max_login_age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Binding:
    """The REST form of a method (`google.api.http`)."""

    verb: str
    template: str
    body: str
    path_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC and everything that the contract says about it."""

    full_name: str
    policy: Policy
    idempotency: Idempotency
    binding: Binding | None
    descriptor: MethodDescriptor
    comment: str

    @property
    def name(self) -> str:
        """The short name, for example `PlaceOrder`."""
        return self.descriptor.name

    @property
    def service(self) -> str:
        """The gRPC service, for example `shopmesh.order.v1.OrderService`."""
        return self.descriptor.containing_service.full_name

    @property
    def mesh_service(self) -> str:
        """The service of the mesh that answers it, for example `order`."""
        return mesh_service_of(self.service)

    @property
    def input(self) -> Descriptor:
        """The request message."""
        return self.descriptor.input_type

    @property
    def output(self) -> Descriptor:
        """The response message."""
        return self.descriptor.output_type

    @property
    def client_streaming(self) -> bool:
        """Whether the caller sends a stream."""
        return bool(self.descriptor.client_streaming)

    @property
    def server_streaming(self) -> bool:
        """Whether the service answers a stream."""
        return bool(self.descriptor.server_streaming)


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """A plain HTTP endpoint that the front proxy routes to a service's HTTP port."""

    path: str
    verbs: tuple[str, ...]
    limit_class: str
    deadline_seconds: float
    purpose: str
    mesh_service: str


@dataclass(frozen=True, slots=True)
class Contract:
    """The whole contract of the mesh."""

    descriptor_set: bytes
    pool: DescriptorPool
    methods: tuple[Method, ...]
    limit_classes: Mapping[str, LimitClass]
    http_endpoints: tuple[HttpEndpoint, ...]
    personal_fields: frozenset[str]
    comments: Mapping[str, str]

    @property
    def services(self) -> tuple[str, ...]:
        """The gRPC services, in the order of the files."""
        return tuple(dict.fromkeys(method.service for method in self.methods))

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that a method asks for, sorted."""
        return tuple(sorted({scope for method in self.methods for scope in method.policy.scopes}))

    def methods_of(self, mesh_service: str) -> tuple[Method, ...]:
        """The methods that one service of the mesh answers."""
        return tuple(method for method in self.methods if method.mesh_service == mesh_service)


def mesh_service_of(grpc_service: str) -> str:
    """`shopmesh.order.v1.OrderService` → `order`."""
    return grpc_service.split(".")[1]


def load_contract(descriptor_set: bytes | None = None) -> Contract:
    """Read the contract.

    Args:
        descriptor_set: A serialized `FileDescriptorSet` with imports and source
            info; by default the one that is installed with the stubs.

    Raises:
        ContractError: A method has no policy, or a policy makes no sense.
    """
    serialized = descriptor_set or files(_ROOT_PACKAGE).joinpath(f"{_ROOT_PACKAGE}.binpb").read_bytes()
    described = FileDescriptorSet.FromString(serialized).file
    pool = DescriptorPool()
    for file in described:
        pool.Add(file)
    own = tuple(file for file in described if file.package.startswith(f"{_ROOT_PACKAGE}."))
    comments = dict(_comments(own))
    classes = tuple(_limit_class(declared) for file in own for declared in _file_options(file).limit_classes)
    endpoints = tuple(_endpoints(own))
    problems = [*_class_problems(classes), *_method_problems(own, {each.name for each in classes})]
    if problems:
        raise ContractError("The contract has to be mended:\n" + "\n".join(f"- {each}" for each in problems))
    return Contract(
        descriptor_set=serialized,
        pool=pool,
        methods=tuple(_methods(own, pool, comments)),
        limit_classes={each.name: each for each in classes},
        http_endpoints=endpoints,
        personal_fields=frozenset(_personal_fields(own)),
        comments=comments,
    )


@dataclass(frozen=True, slots=True)
class _FileOptions:
    limit_classes: tuple[policy_pb2.LimitClass, ...]
    endpoints: tuple[policy_pb2.HttpEndpoint, ...]


def _file_options(file: FileDescriptorProto) -> _FileOptions:
    extensions = file.options.Extensions
    return _FileOptions(
        tuple(extensions[policy_pb2.limit_class]), tuple(extensions[policy_pb2.http_endpoint])
    )


def _limit_class(declared: policy_pb2.LimitClass) -> LimitClass:
    if declared.per == policy_pb2.LIMIT_PER_UNSPECIFIED:
        raise ContractError(f"limit class {declared.name!r} does not say per what it counts")
    return LimitClass(
        name=declared.name,
        per=LimitPer(declared.per),
        rate_per_minute=declared.rate_per_minute,
        burst=declared.burst,
        undivided=declared.undivided,
        purpose=declared.purpose,
    )


def _endpoints(own: Iterable[FileDescriptorProto]) -> Iterator[HttpEndpoint]:
    for file in own:
        for declared in _file_options(file).endpoints:
            yield HttpEndpoint(
                path=declared.path,
                verbs=tuple(declared.methods),
                limit_class=declared.limit_class,
                deadline_seconds=_seconds(declared.deadline.seconds, declared.deadline.nanos),
                purpose=declared.purpose,
                mesh_service=mesh_service_of(file.package),
            )


def _methods(
    own: Iterable[FileDescriptorProto], pool: DescriptorPool, comments: Mapping[str, str]
) -> Iterator[Method]:
    for service, method in _declared_methods(own):
        full_name = f"{service}.{method.name}"
        yield Method(
            full_name=f"/{service}/{method.name}",
            policy=_policy(method.options.Extensions[policy_pb2.method]),
            idempotency=Idempotency(method.options.idempotency_level),
            binding=_binding(method.options.Extensions[annotations_pb2.http]),
            descriptor=pool.FindMethodByName(full_name),
            comment=comments.get(full_name, ""),
        )


def _declared_methods(own: Iterable[FileDescriptorProto]) -> Iterator[tuple[str, MethodDescriptorProto]]:
    for file in own:
        for service in file.service:
            for method in service.method:
                yield f"{file.package}.{service.name}", method


def _policy(declared: policy_pb2.MethodPolicy) -> Policy:
    owner = declared.owner
    return Policy(
        access=Access(declared.access),
        scopes=frozenset(declared.scopes),
        owner=Owner(owner.field, frozenset(owner.bypass_scopes)) if declared.HasField("owner") else None,
        limit_class=declared.limit_class,
        deadline_seconds=_seconds(declared.deadline.seconds, declared.deadline.nanos),
        max_login_age_seconds=_seconds(declared.max_login_age.seconds, declared.max_login_age.nanos) or None,
    )


def _binding(rule: http_pb2.HttpRule) -> Binding | None:
    verb = rule.WhichOneof("pattern")
    if verb is None:
        return None
    template = str(getattr(rule, verb))
    return Binding(verb.upper(), template, rule.body, tuple(_PATH_FIELD.findall(template)))


def _class_problems(classes: Iterable[LimitClass]) -> Iterator[str]:
    seen: set[str] = set()
    for each in classes:
        if each.name in seen:
            yield f"limit class {each.name!r} is declared twice"
        if each.rate_per_minute < 1 or each.burst < 1:
            yield f"limit class {each.name!r} has to admit at least one call: rate_per_minute and burst >= 1"
        seen.add(each.name)


def _method_problems(own: Iterable[FileDescriptorProto], classes: set[str]) -> Iterator[str]:
    for service, method in _declared_methods(own):
        for problem in _policy_problems(method, classes):
            yield f"{service}.{method.name} {problem}"


def _policy_problems(method: MethodDescriptorProto, classes: set[str]) -> Iterator[str]:
    if not method.options.HasExtension(policy_pb2.method):
        yield "has no policy: add option (shopmesh.policy.v1.method)"
        return
    policy = method.options.Extensions[policy_pb2.method]
    if policy.access == policy_pb2.ACCESS_UNSPECIFIED:
        yield "does not say who may call: access has to be ACCESS_PUBLIC, ACCESS_SCOPES or ACCESS_INTERNAL"
    if (policy.access == policy_pb2.ACCESS_SCOPES) != bool(policy.scopes):
        yield "has to name scopes with ACCESS_SCOPES, and only then"
    if policy.access == policy_pb2.ACCESS_INTERNAL and method.options.HasExtension(annotations_pb2.http):
        yield "is ACCESS_INTERNAL and must not have a google.api.http binding"
    if policy.limit_class not in classes:
        yield f"has the unknown limit class {policy.limit_class!r}; declared are {', '.join(sorted(classes))}"
    if policy.deadline.seconds <= 0 and policy.deadline.nanos <= 0:
        yield "has no deadline"


def _personal_fields(own: Iterable[FileDescriptorProto]) -> Iterator[str]:
    for file in own:
        for message in file.message_type:
            yield from _personal_fields_of(f"{file.package}.{message.name}", message)


def _personal_fields_of(name: str, message: DescriptorProto) -> Iterator[str]:
    for field in message.field:
        if field.options.Extensions[policy_pb2.personal]:
            yield f"{name}.{field.name}"
    for nested in message.nested_type:
        yield from _personal_fields_of(f"{name}.{nested.name}", nested)


def _comments(own: Iterable[FileDescriptorProto]) -> Iterator[tuple[str, str]]:
    for file in own:
        for location in file.source_code_info.location:
            if location.leading_comments:
                yield _element_name(file, tuple(location.path)), _text(location.leading_comments)


def _element_name(file: FileDescriptorProto, path: tuple[int, ...]) -> str:
    """The full name of what a source location's path points to (descriptor.proto)."""
    names, element = [file.package], file
    for number, index in zip(path[::2], path[1::2], strict=False):
        field = element.DESCRIPTOR.fields_by_number[number]
        if not field.is_repeated or field.message_type is None:
            break
        element = getattr(element, field.name)[index]
        names.append(getattr(element, "name", ""))
    return ".".join(names)


def _text(comment: str) -> str:
    paragraphs = "\n".join(line.strip() for line in comment.strip().splitlines()).split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _seconds(seconds: int, nanos: int) -> float:
    return seconds + nanos / 1_000_000_000
