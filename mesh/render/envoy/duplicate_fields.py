"""Reports to a service that a JSON body repeats a field that the path gives.

Where both say the same under the proto name, the transcoder passes on one, and the
service could not refuse the other. So Envoy looks into the body and names in a
header what it found; clients cannot send that header (`early_mutations`).
"""

from collections.abc import Iterable, Iterator

from mesh.contract import Method
from mesh.contract.names import json_name
from mesh.render.envoy.xds import Config, header, http_filter, on

REPEATED_FIELD = "x-shopmesh-repeated-field"
_NAMESPACE = "shopmesh.body"
_FOUND = f"metadata.filter_metadata['{_NAMESPACE}']"
_ANY = ".*"


def body_field_filters(methods: Iterable[Method]) -> list[Config]:
    """A filter, off by default, for each field that a path gives and a body may repeat."""
    return [_finder(field) for field in sorted({field for each in methods for field in _fields(each)})]


def duplicates_found(method: Method) -> dict[str, Config]:
    """Which of them a binding's route enables."""
    return {_name(field): on() for field in _fields(method)}


def duplicates_reported(method: Method) -> list[Config]:
    """The header that the route adds; none where nothing was found."""
    found = "".join(f"'{field}' in {_FOUND} ? '{field}' : " for field in _fields(method))
    return [header(REPEATED_FIELD, f"%CEL({found}'')%")] if found else []


def _fields(method: Method) -> tuple[str, ...]:
    binding = method.binding
    return binding.path_fields if binding is not None and binding.body == "*" else ()


def _finder(field: str) -> Config:
    return http_filter(
        _name(field),
        "envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata",
        {
            "request_rules": {
                "rules": list(_rules(field)),
                "allow_content_types_regex": {"regex": _ANY},
            }
        },
        disabled=True,
    )


def _rules(field: str) -> Iterator[Config]:
    found = {"metadata_namespace": _NAMESPACE, "key": field}
    for spelling in sorted({field, json_name(field)}):
        yield {"selectors": [{"key": spelling}], "on_present": found}


def _name(field: str) -> str:
    return f"shopmesh.body.{field}"
