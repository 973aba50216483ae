"""What bodies may hold, as tables of Lua: rendered from the contract."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import protovalidate
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from mesh.contract import Method
from mesh.contract.names import json_name

_ANY = "google.protobuf.Any"
_TEXTS = frozenset({"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"})
_STRUCT = "google.protobuf.Struct"
_INTEGERS = frozenset(
    {
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_SINT64,
        FieldDescriptor.TYPE_FIXED64,
        FieldDescriptor.TYPE_SFIXED64,
    }
)
_STRINGS = frozenset({FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_ENUM})
_SAMPLE = {"string": '"A-1é"', "number": "12", "integer": '"12"', "boolean": "true", "any": "null"}


class NotStrict(Exception):
    """A body may hold what cannot be judged by the contract."""


def tables(methods: Iterable[Method]) -> str:
    """KINDS, ROOTS and SAMPLES, as the walker and the handler need them."""
    kinds: dict[str, Mapping[str, Any]] = {}
    roots: dict[str, Mapping[str, Any]] = {}
    for method in methods:
        kind = _root(method, kinds)
        roots[method.full_name] = {"kind": kind, "required": _required(method)}
    samples = [{"kind": root["kind"], "body": _sample(kinds, root["kind"])} for root in roots.values()]
    rendered = {"KINDS": kinds, "ROOTS": roots, "SAMPLES": samples}
    return "\n".join(f"local {name} = {_lua(value)}" for name, value in rendered.items())


def _root(method: Method, kinds: dict[str, Mapping[str, Any]]) -> str:
    """The kind of a method's body; where the path gives some of its fields, it is one of its own."""
    binding = method.binding
    assert binding is not None
    if binding.body != "*":
        return _kind(method.input.fields_by_name[binding.body].message_type, kinds)
    kind = _kind(method.input, kinds)
    if not binding.path_fields:
        return kind
    given = {json_name(name): {**kinds[kind][json_name(name)], "given": True} for name in binding.path_fields}
    kinds[method.full_name] = {**kinds[kind], **given}
    return method.full_name


def _kind(message: Descriptor | None, kinds: dict[str, Mapping[str, Any]]) -> str:
    assert message is not None
    if message.full_name == _ANY:
        raise NotStrict(f"{_ANY} may hold anything; a request body must not have one")
    if message.full_name not in kinds:
        # Before its fields: a kind may hold itself.
        fields: dict[str, Any] = {}
        kinds[message.full_name] = fields
        fields.update({json_name(field.name): _field(field, kinds) for field in message.fields})
    return message.full_name


def _field(field: FieldDescriptor, kinds: dict[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        raise NotStrict(f"{field.full_name} is a map; a request body must not have one")
    described: dict[str, Any] = {"type": _type(field)}
    if described["type"] == "object":
        described["kind"] = _kind(message, kinds)
    if field.is_repeated:
        described["list"] = True
    if field.containing_oneof is not None and len(field.containing_oneof.fields) > 1:
        described["oneof"] = field.containing_oneof.name
    return described


def _type(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        name = field.message_type.full_name
        return "string" if name in _TEXTS else "any" if name == _STRUCT else "object"
    if field.type in _STRINGS:
        return "string"
    if field.type == FieldDescriptor.TYPE_BOOL:
        return "boolean"
    return "integer" if field.type in _INTEGERS else "number"


def _required(method: Method) -> Sequence[str]:
    """The fields without which a body breaks a rule, and that nothing else gives."""
    binding = method.binding
    assert binding is not None
    broken = protovalidate.Validator().collect_violations(GetMessageClass(method.input)())
    fields = {each.proto.field.elements[0].field_name for each in broken if each.proto.field}
    given = set(binding.path_fields) if binding.body == "*" else fields - {binding.body}
    return [json_name(field.name) for field in method.input.fields if field.name in fields - given]


def _sample(kinds: Mapping[str, Mapping[str, Any]], kind: str, deep: int = 3) -> str:
    """A body with every field that may stand beside the others."""
    members, chosen = [], set[str]()
    for name, field in kinds[kind].items():
        if field.get("given") or field.get("oneof") in chosen or (not deep and "kind" in field):
            continue
        chosen |= {field["oneof"]} if "oneof" in field else set()
        one = _sample(kinds, field["kind"], deep - 1) if "kind" in field else _SAMPLE[field["type"]]
        members.append(f'"{name}": {f"[{one}, {one}]" if field.get("list") else one}')
    return "{" + ", ".join(members) + "}"


def _lua(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case Mapping():
            return "{" + ", ".join(f"[{_quoted(name)}] = {_lua(each)}" for name, each in value.items()) + "}"
        case _:
            return "{" + ", ".join(map(_lua, value)) + "}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
