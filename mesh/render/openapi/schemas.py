"""Messages of the contract as JSON schemas (OpenAPI 3.1), as proto3's JSON mapping prints them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from mesh.contract import Contract

Schema = dict[str, Any]

_WELL_KNOWN: Mapping[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "examples": ["1.500s"]},
    "google.protobuf.FieldMask": {"type": "string", "examples": ["displayName,locale"]},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
}
_INT64 = {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
_UINT64 = {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"}
_INT32 = {"type": "integer", "format": "int32"}
_UINT32 = {"type": "integer", "format": "uint32", "minimum": 0}
_SCALARS: Mapping[int, Schema] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
}


def reference(message: Descriptor | EnumDescriptor) -> Schema:
    """A reference to the schema of a message or enum."""
    return {"$ref": f"#/components/schemas/{message.full_name}"}


def component_schemas(contract: Contract, roots: Iterable[Descriptor]) -> dict[str, Schema]:
    """The schemas of the given messages and of all that they contain, by full name."""
    found: dict[str, Descriptor | EnumDescriptor] = {}
    for root in roots:
        _collect(root, found)
    return {name: _schema(contract, found[name]) for name in sorted(found)}


def field_schema(contract: Contract, field: FieldDescriptor) -> Schema:
    """A field with its comment and its rules."""
    rules = field.GetOptions().Extensions[validate_pb2.field]
    comment = contract.comments.get(field.full_name, "")
    described = {"description": comment} if comment else {}
    if field.is_repeated:
        items = {**_value(field), **_rule_keywords(rules.repeated.items)}
        return {"type": "array", "items": items, **_repeated_keywords(rules.repeated), **described}
    return {**_value(field), **_rule_keywords(rules), **described}


def fields_of(message: Descriptor) -> Iterator[FieldDescriptor]:
    """A message's fields in the order of their numbers."""
    yield from sorted(message.fields, key=lambda field: field.number)


def _collect(element: Descriptor | EnumDescriptor, found: dict[str, Descriptor | EnumDescriptor]) -> None:
    if element.full_name in found or element.full_name in _WELL_KNOWN:
        return
    found[element.full_name] = element
    if isinstance(element, EnumDescriptor):
        return
    for field in element.fields:
        contained = field.message_type or field.enum_type
        if contained is not None:
            _collect(contained, found)


def _schema(contract: Contract, element: Descriptor | EnumDescriptor) -> Schema:
    comment = contract.comments.get(element.full_name, "")
    described = {"description": comment} if comment else {}
    if isinstance(element, EnumDescriptor):
        return {"type": "string", "enum": [value.name for value in element.values], **described}
    fields = list(fields_of(element))
    required = [field.json_name for field in fields if _is_required(field)]
    return {
        "type": "object",
        **described,
        "properties": {field.json_name: field_schema(contract, field) for field in fields},
        **({"required": required} if required else {}),
    }


def _is_required(field: FieldDescriptor) -> bool:
    rules = field.GetOptions().Extensions[validate_pb2.field]
    return bool(rules.required or rules.string.min_len or rules.repeated.min_items)


def _value(field: FieldDescriptor) -> Schema:
    if field.message_type is not None:
        name = field.message_type.full_name
        return dict(_WELL_KNOWN[name]) if name in _WELL_KNOWN else reference(field.message_type)
    if field.enum_type is not None:
        return reference(field.enum_type)
    return dict(_SCALARS[field.type])


def _rule_keywords(rules: validate_pb2.FieldRules) -> Schema:
    kind = rules.WhichOneof("type")
    keywords: Mapping[str, Callable[[Any], Schema]] = {
        "string": _string_keywords,
        "int32": _number_keywords,
        "double": _number_keywords,
    }
    return keywords[kind](getattr(rules, kind)) if kind is not None and kind in keywords else {}


def _string_keywords(rules: validate_pb2.StringRules) -> Schema:
    formats = {"email": "email", "uuid": "uuid"}
    named = rules.WhichOneof("well_known")
    return {
        **({"minLength": rules.min_len} if rules.min_len else {}),
        **({"maxLength": rules.max_len} if rules.max_len else {}),
        **({"pattern": rules.pattern} if rules.pattern else {}),
        **({"format": formats[named]} if named in formats else {}),
        **({"enum": list(getattr(rules, "in"))} if getattr(rules, "in") else {}),
    }


def _number_keywords(rules: Any) -> Schema:
    names = {"gte": "minimum", "lte": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
    limits = {names[name]: getattr(rules, name) for name in names if rules.HasField(name)}
    refused = {"not": {"enum": list(rules.not_in)}} if rules.not_in else {}
    return {**limits, **refused}


def _repeated_keywords(rules: validate_pb2.RepeatedRules) -> Schema:
    return {
        **({"minItems": rules.min_items} if rules.min_items else {}),
        **({"maxItems": rules.max_items} if rules.max_items else {}),
    }
