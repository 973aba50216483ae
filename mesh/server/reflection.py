"""Server reflection, v1 and v1alpha, answered from the committed descriptor set.

grpcio's own servicer writes descriptors anew and so loses JSON names, and does not
find a method by its name; this one hands out the files as they were compiled.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import grpc
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from mesh.contract import Contract

HEALTH = "grpc.health.v1.Health"
SERVICE_NAMES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


class Reflection:
    """Answers what a service offers; the messages of v1 and v1alpha are the same."""

    def __init__(self, *, contract: Contract, services: Iterable[str]) -> None:
        files = (*FileDescriptorSet.FromString(contract.descriptor_set).file, *_built_in())
        self._files = {file.name: file for file in files}
        self._file_of = {symbol: file.name for file in files for symbol in _symbols(file)}
        self._pool = contract.pool
        self._services = tuple(sorted({*services, *SERVICE_NAMES, HEALTH}))

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """The handlers to add to a server."""
        behavior: Any = self.ServerReflectionInfo
        handler = grpc.stream_stream_rpc_method_handler(
            behavior,
            reflection_pb2.ServerReflectionRequest.FromString,
            reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        methods = {"ServerReflectionInfo": handler}
        return tuple(grpc.method_handlers_generic_handler(name, methods) for name in SERVICE_NAMES)

    async def ServerReflectionInfo(
        self, requests: AsyncIterator[reflection_pb2.ServerReflectionRequest], context: Any
    ) -> AsyncIterator[reflection_pb2.ServerReflectionResponse]:
        """Answer each question of the stream."""
        async for request in requests:
            response = self._answer(request)
            response.original_request.CopyFrom(request)
            yield response

    def _answer(
        self, request: reflection_pb2.ServerReflectionRequest
    ) -> reflection_pb2.ServerReflectionResponse:
        match request.WhichOneof("message_request"):
            case "list_services":
                return self._list()
            case "file_by_filename":
                return self._file(request.file_by_filename)
            case "file_containing_symbol":
                return self._file(self._file_of.get(request.file_containing_symbol, ""))
            case "file_containing_extension":
                asked = request.file_containing_extension
                return self._extension(asked.containing_type, asked.extension_number)
            case _:
                return self._extension_numbers(request.all_extension_numbers_of_type)

    def _list(self) -> reflection_pb2.ServerReflectionResponse:
        response = reflection_pb2.ServerReflectionResponse()
        for name in self._services:
            response.list_services_response.service.add(name=name)
        return response

    def _file(self, name: str) -> reflection_pb2.ServerReflectionResponse:
        if name not in self._files:
            return _not_found()
        response = reflection_pb2.ServerReflectionResponse()
        needed = self._with_imports(name, {})
        serialized = (file.SerializeToString() for file in needed.values())
        response.file_descriptor_response.file_descriptor_proto.extend(serialized)
        return response

    def _with_imports(
        self, name: str, needed: dict[str, FileDescriptorProto]
    ) -> dict[str, FileDescriptorProto]:
        needed[name] = self._files[name]
        for imported in self._files[name].dependency:
            if imported not in needed:
                self._with_imports(imported, needed)
        return needed

    def _extension(self, message: str, number: int) -> reflection_pb2.ServerReflectionResponse:
        try:
            extension = self._pool.FindExtensionByNumber(self._pool.FindMessageTypeByName(message), number)
        except KeyError:
            return _not_found()
        return self._file(self._file_of.get(extension.full_name, ""))

    def _extension_numbers(self, message: str) -> reflection_pb2.ServerReflectionResponse:
        try:
            extensions = self._pool.FindAllExtensions(self._pool.FindMessageTypeByName(message))
        except KeyError:
            return _not_found()
        response = reflection_pb2.ServerReflectionResponse()
        response.all_extension_numbers_response.base_type_name = message
        numbers = sorted(extension.number for extension in extensions)
        response.all_extension_numbers_response.extension_number.extend(numbers)
        return response


def _built_in() -> Iterator[FileDescriptorProto]:
    """The files of the services that every server has; v1 of reflection is v1alpha by another name."""
    alpha = _file_proto(reflection_pb2)
    yield from (_file_proto(health_pb2), alpha)
    yield text_format.Parse(
        text_format.MessageToString(alpha).replace("v1alpha", "v1"), FileDescriptorProto()
    )


def _file_proto(module: Any) -> FileDescriptorProto:
    return FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)


def _not_found() -> reflection_pb2.ServerReflectionResponse:
    response = reflection_pb2.ServerReflectionResponse()
    response.error_response.error_code = grpc.StatusCode.NOT_FOUND.value[0]
    response.error_response.error_message = "not part of the contract"
    return response


def _symbols(file: FileDescriptorProto) -> Iterator[str]:
    declared = (file.message_type, file.enum_type, file.service, file.extension)
    prefix = f"{file.package}." if file.package else ""
    for name in (element.name for elements in declared for element in elements):
        yield prefix + name
    for message in file.message_type:
        nested = (*(each.name for each in message.nested_type), *(each.name for each in message.enum_type))
        yield from (f"{prefix}{message.name}.{name}" for name in nested)
    for service in file.service:
        yield from (f"{prefix}{service.name}.{method.name}" for method in service.method)
