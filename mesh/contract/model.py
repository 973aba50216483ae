"""What the contract says, as immutable values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.descriptor_pool import DescriptorPool

from shopmesh.policy.v1 import policy_pb2


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
    """A token bucket; rates are calls per minute.

    Attributes:
        max_concurrent_calls: How many calls one worker answers at the same time; 0 for any number.
    """

    name: str
    per: LimitPer
    rate_per_minute: int
    burst: int
    undivided: bool
    purpose: str
    max_concurrent_calls: int = 0


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
    """One RPC and everything that the contract says about it.

    Attributes:
        full_name: Its path, for example `/shopmesh.order.v1.OrderService/PlaceOrder`.
        policy: Who may call it, how often and for how long.
        idempotency: Whether it may be repeated.
        client_streaming: Whether the caller sends a stream.
        server_streaming: Whether the service answers a stream.
        binding: Its REST form, if it has one.
        descriptor: What protobuf knows of it; asking it costs more than a field here.
        comment: What its proto says above it.
    """

    full_name: str
    policy: Policy
    idempotency: Idempotency
    client_streaming: bool
    server_streaming: bool
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


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """A plain HTTP endpoint that the front proxy routes to a service's HTTP port.

    Attributes:
        max_body_bytes: The longest body that is passed on; 0: the service bounds it.
    """

    path: str
    verbs: tuple[str, ...]
    limit_class: str
    deadline_seconds: float
    purpose: str
    mesh_service: str
    max_body_bytes: int


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
