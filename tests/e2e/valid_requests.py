"""Makes a valid request of any type from the rules of its fields (buf.validate)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from tests.e2e.people import new_email
from tests.e2e.shop import new_sku

Known = Mapping[str, Any]
"""Meaningful values by a field's full name, its name, or its message's full name."""

USUAL: Known = {
    "google.type.Money": {"currency_code": "EUR", "units": 1},
    "google.protobuf.FieldMask": "",
    "google.protobuf.Timestamp": "2026-11-23T08:00:00Z",
}
_TEXTS = ("", "A", "AB", "a", "x" * 12, "somebody@example.com", "0192f000-0000-7000-8000-000000000000")
_NUMBERS = (0, 1)


def known_values(**ids: str) -> dict[str, Any]:
    """Values under which a request means something; what has to be new is new at each call.

    Args:
        ids: `sku`, `order_id`, `address_id`, `user_id`, `warehouse` of what is there.
    """
    return {
        "new_email": new_email(),
        "skus": [ids["sku"]],
        "warehouse": "berlin",
        "request_id": uuid4().hex,
        "email": new_email(),
        "password": f"a long passphrase {uuid4().hex}",
        "new_password": f"a long passphrase {uuid4().hex}",
        "scopes": ["stock:write"],
        # Its postal codes may be anything, and no region is on a list.
        "country_code": "BO",
        "city": "La Paz",
        "shopmesh.order.v1.DiffOrderRequest.to_version": 2,
        "shopmesh.inventory.v1.Product.sku": new_sku(),
        "shopmesh.inventory.v1.UpdateProductRequest.update_mask": "price",
        "shopmesh.inventory.v1.ProductChange.price": {"currency_code": "EUR", "units": 2},
        "shopmesh.user.v1.UpdateUserRequest.update_mask": "displayName",
        "shopmesh.user.v1.User.display_name": uuid4().hex,
        "shopmesh.notification.v1.UpdatePreferencesRequest.update_mask": "orderUpdates",
        "shopmesh.notification.v1.Preferences.order_updates": True,
        **ids,
    }


def valid(message_type: type[Message], known: Known) -> Message:
    """A request with what its rules require, and what is known."""
    return ParseDict(_document(message_type.DESCRIPTOR, {**USUAL, **known}), message_type())


def _document(message: Any, known: Known) -> dict[str, Any]:
    return dict(_values(message, known))


def _values(message: Any, known: Known) -> Iterator[tuple[str, Any]]:
    for field in message.fields:
        if field.full_name in known or (field.name in known and field.message_type is None):
            yield field.name, known.get(field.full_name, known.get(field.name))
        elif _is_needed(field):
            yield field.name, _value(field, known)


def _is_needed(field: FieldDescriptor) -> bool:
    rules = _rules(field)
    group = field.containing_oneof
    if group is not None and len(group.fields) > 1:
        required = group.GetOptions().Extensions[validate_pb2.oneof].required
        return bool(required) and group.fields[0] is field
    if field.is_repeated:
        return bool(rules.repeated.min_items)
    if field.message_type is not None:
        return rules.required
    if rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE:
        return False
    return bool(rules.ByteSize())


def _value(field: FieldDescriptor, known: Known) -> Any:
    if not field.is_repeated:
        return _single(field, _rules(field), known)
    rules = _rules(field).repeated
    return [_single(field, rules.items, known)] * rules.min_items


def _single(field: FieldDescriptor, rules: validate_pb2.FieldRules, known: Known) -> Any:
    if field.message_type is not None:
        return known.get(field.message_type.full_name) or _document(field.message_type, known)
    if field.enum_type is not None:
        return field.enum_type.values[1].name
    if field.type == FieldDescriptor.TYPE_BOOL:
        return False
    if field.type == FieldDescriptor.TYPE_STRING:
        return next(text for text in _TEXTS if _is_text(text, rules.string))
    return next(number for number in _NUMBERS if _is_number(number, _number_rules(rules)))


def _is_text(text: str, rules: validate_pb2.StringRules) -> bool:
    return (
        len(text) >= rules.min_len
        and (not rules.HasField("max_len") or len(text) <= rules.max_len)
        and re.search(rules.pattern, text) is not None
        and ("@" in text or not rules.email)
        and (text.count("-") == 4 or not rules.uuid)
    )


def _is_number(number: int, rules: Any) -> bool:
    least = rules.gte if rules.HasField("gte") else number
    return number >= least and number not in rules.not_in


def _number_rules(rules: validate_pb2.FieldRules) -> Any:
    return getattr(rules, str(rules.WhichOneof("type") or "int32"))


def _rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    return field.GetOptions().Extensions[validate_pb2.field]
