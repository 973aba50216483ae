"""What the mask of an update names has to be there."""

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from interceptors.validation.masks import absent_values
from mesh.contract import Method, load_contract
from mesh.contract.names import json_name
from services.inventory.domain import product
from services.notification.domain import preferences
from services.user.domain import account

UPDATES = [each for each in load_contract().methods if "update_mask" in each.input.fields_by_name]
CHANGEABLE = {
    "UpdateProduct": tuple(product.CHANGEABLE_FIELDS),
    "UpdatePreferences": tuple(preferences.CHANGEABLE_FIELDS),
    "UpdateUser": tuple(account.CHANGEABLE_FIELDS),
}


def resource_of(kind: Descriptor) -> FieldDescriptor:
    (resource,) = (each for each in kind.fields if each.message_type and each.name != "update_mask")
    return resource


def cases() -> list[tuple[Method, str]]:
    return [(method, name) for method in UPDATES for name in CHANGEABLE[method.name]]


def test_every_update_is_looked_at() -> None:
    assert {each.name for each in UPDATES} == CHANGEABLE.keys()


@pytest.mark.parametrize(("method", "name"), cases())
def test_a_field_that_can_be_changed_says_whether_it_is_there(method: Method, name: str) -> None:
    resource, request = resource_of(method.input), GetMessageClass(method.input)()
    values = getattr(request, resource.name)
    values.SetInParent()
    assert values.DESCRIPTOR.fields_by_name[name].has_presence
    request.update_mask.paths.append(name)  # type: ignore[attr-defined]

    assert [path for path, _ in absent_values(request)] == [f"{resource.name}.{json_name(name)}"]


@pytest.mark.parametrize("method", UPDATES, ids=lambda method: method.name)
def test_values_that_are_there_pass_even_if_they_are_empty(method: Method) -> None:
    resource, request = resource_of(method.input), GetMessageClass(method.input)()
    values = getattr(request, resource.name)
    for name in CHANGEABLE[method.name]:
        field = values.DESCRIPTOR.fields_by_name[name]
        if field.message_type is not None:
            getattr(values, name).SetInParent()
        else:
            setattr(values, name, field.default_value)
        request.update_mask.paths.append(name)  # type: ignore[attr-defined]

    assert not list(absent_values(request))
