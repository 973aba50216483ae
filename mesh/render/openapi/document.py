"""The REST interface as an OpenAPI 3.1 document."""

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from mesh.contract import Access, Binding, Contract, LimitClass, Method
from mesh.contract.bounds import most_body_bytes
from mesh.render.envoy.local_rate_limits import enabled_limits
from mesh.render.openapi.error_responses import ERROR_SCHEMAS, ERRORS, error_responses
from mesh.render.openapi.schemas import Schema, component_schemas, field_schema, fields_of, reference
from mesh.topology import ENVOY_PORT

_BODY_VERBS = frozenset({"POST", "PUT", "PATCH"})
_OAUTH, _BEARER = "oauth", "bearer"


def render_openapi(contract: Contract, limits: Mapping[str, LimitClass]) -> dict[str, Any]:
    """The document; `xds.dump` makes YAML of it."""
    bound = [method for method in contract.methods if method.binding is not None]
    messages = [message for method in bound for message in (method.input, method.output)]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "shopmesh",
            "version": "1",
            "summary": "The shop's REST interface.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"http://localhost:{ENVOY_PORT}", "description": "The front proxy"}],
        "tags": [_tag(contract, service) for service in dict.fromkeys(method.service for method in bound)],
        "paths": _paths(contract, bound, limits),
        "components": {
            "schemas": {**component_schemas(contract, messages), **ERROR_SCHEMAS},
            "responses": dict(ERRORS),
            "parameters": {
                "ConsistencyToken": {**_CONSISTENCY, "name": "x-consistency-token", "in": "header"}
            },
            "headers": {"ConsistencyToken": _CONSISTENCY},
            "securitySchemes": _security_schemes(contract),
        },
    }


_CONSISTENCY = {
    "description": "What a write answered; a read that is given it sees that write.",
    "schema": {"type": "string"},
}
_DESCRIPTION = """\
Rendered from the contract by `make render`; do not edit.

Money is `google.type.Money`: `units` is a string, `nanos` billionths of a unit. Times are RFC 3339 in UTC.
Lists page with `pageSize`, `pageToken` and `nextPageToken`. Zero and empty values are printed. Every refusal
is a `google.rpc.Status` at the top level whose `ErrorInfo` has a stable `reason`. A write answers
`x-consistency-token`; a read that is given it sees that write."""


def _tag(contract: Contract, service: str) -> dict[str, str]:
    return {"name": service.rsplit(".", 1)[-1], "description": contract.comments.get(service, "")}


def _paths(contract: Contract, bound: Iterable[Method], limits: Mapping[str, LimitClass]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for method in bound:
        assert method.binding is not None
        path = _public_template(method, method.binding)
        paths.setdefault(path, {})[method.binding.verb.lower()] = _operation(
            contract, method, method.binding, limits
        )
    return {path: paths[path] for path in sorted(paths)}


def _public_template(method: Method, binding: Binding) -> str:
    """The template with field names as JSON callers know them."""
    template = binding.template
    for field in binding.path_fields:
        template = template.replace(f"{{{field}}}", f"{{{method.input.fields_by_name[field].json_name}}}")
    return template


def _operation(
    contract: Contract, method: Method, binding: Binding, limits: Mapping[str, LimitClass]
) -> dict[str, Any]:
    summary, _, _ = method.comment.partition(". ")
    service = method.service.rsplit(".", 1)[-1]
    body = _request_body(contract, method, binding)
    return {
        "operationId": f"{service}_{method.name}",
        "tags": [service],
        "summary": summary.rstrip("."),
        "description": "\n\n".join((method.comment, *_notes(method, limits))),
        "security": _security(method),
        "parameters": _parameters(contract, method, binding),
        **({"requestBody": body} if body else {}),
        "responses": {"200": _success(method), **error_responses(method)},
    }


def _notes(method: Method, limits: Mapping[str, LimitClass]) -> Iterable[str]:
    limit = limits[method.policy.limit_class]
    where = "at the front proxy and in the service" if enabled_limits(method, limits) else "in the service"
    yield (
        f"Limit class `{limit.name}`: {limit.rate_per_minute} a minute, burst {limit.burst}, "
        f"per {limit.per.name.lower()}, counted {where}. Deadline {method.policy.deadline_seconds:g} s."
    )
    owner = method.policy.owner
    if owner is not None and owner.field:
        others = f", or with {_scopes(owner.bypass_scopes)} anybody's" if owner.bypass_scopes else ""
        yield f"Only the caller's own object{others}; somebody else's answers as if there were none."
    if method.policy.max_login_age_seconds:
        yield f"The password must have been entered within {method.policy.max_login_age_seconds:g} s."


def _scopes(scopes: Iterable[str]) -> str:
    return " or ".join(f"`{scope}`" for scope in sorted(scopes))


def _security(method: Method) -> list[dict[str, list[str]]]:
    """Any of the scopes will do; a public method takes a token too."""
    if method.policy.access is Access.PUBLIC:
        return [{}, {_BEARER: []}]
    scopes = sorted(method.policy.scopes)
    return [*({_OAUTH: [scope]} for scope in scopes), {_BEARER: []}]


def _security_schemes(contract: Contract) -> dict[str, Any]:
    scopes = {
        scope: "Needed by "
        + ", ".join(method.name for method in contract.methods if scope in method.policy.scopes)
        for scope in contract.scopes
    }
    code = {
        "authorizationUrl": f"http://localhost:{ENVOY_PORT}/oauth2/authorize",
        "tokenUrl": f"http://localhost:{ENVOY_PORT}/oauth2/token",
        "refreshUrl": f"http://localhost:{ENVOY_PORT}/oauth2/token",
        "scopes": scopes,
    }
    client = {"tokenUrl": f"http://localhost:{ENVOY_PORT}/oauth2/token", "scopes": scopes}
    return {
        _OAUTH: {
            "type": "oauth2",
            "description": "Authorization code with PKCE (S256) for users, client credentials for machines.",
            "flows": {"authorizationCode": code, "clientCredentials": client},
        },
        _BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }


def _parameters(contract: Contract, method: Method, binding: Binding) -> list[dict[str, Any]]:
    fields = {field.name: field for field in fields_of(method.input)}
    in_path = [_parameter(contract, fields[name], "path") for name in binding.path_fields]
    in_query = [] if binding.body == "*" else [name for name in fields if _is_query(name, binding)]
    return [
        *in_path,
        *(_parameter(contract, fields[name], "query") for name in in_query),
        {"$ref": "#/components/parameters/ConsistencyToken"},
    ]


def _is_query(name: str, binding: Binding) -> bool:
    return name not in binding.path_fields and name != binding.body


def _parameter(contract: Contract, field: FieldDescriptor, place: str) -> dict[str, Any]:
    schema = field_schema(contract, field)
    description = schema.pop("description", "")
    return {
        "name": field.json_name,
        "in": place,
        "description": description,
        **({"required": True} if place == "path" else {}),
        "schema": schema,
    }


def _request_body(contract: Contract, method: Method, binding: Binding) -> dict[str, Any] | None:
    if binding.verb not in _BODY_VERBS:
        return None
    if binding.body == "*":
        schema = _without(contract, method.input, binding.path_fields)
    else:
        schema = field_schema(contract, method.input.fields_by_name[binding.body])
    return {
        "description": f"{most_body_bytes(method.input):,} bytes at most.",
        "required": bool(schema.get("required") or "$ref" in schema),
        "content": {"application/json": {"schema": schema}},
    }


def _without(contract: Contract, message: Descriptor, path_fields: tuple[str, ...]) -> Schema:
    """A message without the fields that the path gives; a body that repeats one is refused."""
    if not path_fields:
        return reference(message)
    whole = component_schemas(contract, [message])[message.full_name]
    given = {message.fields_by_name[name].json_name for name in path_fields}
    required = [name for name in whole.get("required", []) if name not in given]
    return {
        "type": "object",
        "properties": {name: schema for name, schema in whole["properties"].items() if name not in given},
        **({"required": required} if required else {}),
    }


def _success(method: Method) -> dict[str, Any]:
    if not method.server_streaming:
        return {
            "description": "Done.",
            "headers": {"x-consistency-token": {"$ref": "#/components/headers/ConsistencyToken"}},
            "content": {"application/json": {"schema": reference(method.output)}},
        }
    return {
        "description": "Server-sent events; the data of each is one message. "
        "A stream that ends without `closed` broke: connect again.",
        "content": {"text/event-stream": {"schema": reference(method.output)}},
    }
