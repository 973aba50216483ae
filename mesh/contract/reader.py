"""Reads the descriptor set."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from mesh.contract.comments import comments_of
from mesh.contract.model import (
    Access,
    Binding,
    Contract,
    ContractError,
    HttpEndpoint,
    Idempotency,
    LimitClass,
    LimitPer,
    Method,
    Owner,
    Policy,
    mesh_service_of,
)
from mesh.contract.rules import class_problems, declared_methods, method_problems
from shopmesh.policy.v1 import limits_pb2, policy_pb2

_ROOT_PACKAGE = limits_pb2.DESCRIPTOR.package.split(".")[0]
_PATH_FIELD = re.compile(r"\{([a-z0-9_.]+)\}")


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
    comments = dict(comments_of(own))
    classes = tuple(_limit_class(declared) for file in own for declared in _file_options(file).limit_classes)
    endpoints = tuple(_endpoints(own))
    problems = [*class_problems(classes), *method_problems(own, {each.name for each in classes})]
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
        max_concurrent_calls=declared.max_concurrent_calls,
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
                max_body_bytes=declared.max_body_bytes,
            )


def _methods(
    own: Iterable[FileDescriptorProto], pool: DescriptorPool, comments: Mapping[str, str]
) -> Iterator[Method]:
    for service, method in declared_methods(own):
        full_name = f"{service}.{method.name}"
        yield Method(
            full_name=f"/{service}/{method.name}",
            policy=_policy(method.options.Extensions[policy_pb2.method]),
            idempotency=Idempotency(method.options.idempotency_level),
            client_streaming=method.client_streaming,
            server_streaming=method.server_streaming,
            binding=_binding(method.options.Extensions[annotations_pb2.http]),
            descriptor=pool.FindMethodByName(full_name),
            comment=comments.get(full_name, ""),
        )


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


def _seconds(seconds: int, nanos: int) -> float:
    return seconds + nanos / 1_000_000_000
