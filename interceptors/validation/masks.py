"""Updates: what the mask of a request names has to be there, since a default is nobody's decision."""

from collections.abc import Iterator
from functools import cache

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from interceptors.validation.bounds import Violation
from mesh.contract.names import json_name

_MASK = "google.protobuf.FieldMask"


def absent_values(message: Message) -> Iterator[Violation]:
    """The fields that the mask of an update names and that have no value in it.

    Names that the resource does not know are for the service to refuse: it knows which can be changed.
    """
    found = _update_of(message.DESCRIPTOR)
    if found is None:
        return
    mask, resource = found
    values = getattr(message, resource)
    for name in dict.fromkeys(getattr(message, mask).paths):
        field = values.DESCRIPTOR.fields_by_name.get(name)
        if field is not None and field.has_presence and not values.HasField(name):
            yield f"{json_name(resource)}.{json_name(name)}", f"is required where {json_name(mask)} names it"


def is_update(kind: Descriptor) -> bool:
    """Whether messages of this kind change what a mask names."""
    return _update_of(kind) is not None


@cache
def _update_of(kind: Descriptor) -> tuple[str, str] | None:
    """The names of an update's mask and of the one message that it is about."""
    masks: list[str] = []
    others: list[str] = []
    for field in kind.fields:
        if field.message_type is not None and not field.is_repeated:
            (masks if field.message_type.full_name == _MASK else others).append(field.name)
    return (masks[0], others[0]) if len(masks) == len(others) == 1 else None
