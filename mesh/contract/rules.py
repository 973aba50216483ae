"""What every method and limit class of the contract has to keep."""

from collections.abc import Iterable, Iterator

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodDescriptorProto

from mesh.contract.model import LimitClass
from shopmesh.policy.v1 import policy_pb2


def class_problems(classes: Iterable[LimitClass]) -> Iterator[str]:
    seen: set[str] = set()
    for each in classes:
        if each.name in seen:
            yield f"limit class {each.name!r} is declared twice"
        if each.rate_per_minute < 1 or each.burst < 1:
            yield f"limit class {each.name!r} has to admit at least one call: rate_per_minute and burst >= 1"
        seen.add(each.name)


def method_problems(own: Iterable[FileDescriptorProto], classes: set[str]) -> Iterator[str]:
    for service, method in declared_methods(own):
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


def declared_methods(own: Iterable[FileDescriptorProto]) -> Iterator[tuple[str, MethodDescriptorProto]]:
    for file in own:
        for service in file.service:
            for method in service.method:
                yield f"{file.package}.{service.name}", method
