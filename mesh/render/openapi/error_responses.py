"""The refusals of the REST interface in OpenAPI's terms."""

from collections.abc import Mapping
from typing import Any

from mesh.contract import Access, Method

_BODY_VERBS = frozenset({"POST", "PUT", "PATCH"})

DESCRIPTIONS: Mapping[int, str] = {
    400: "The request breaks a rule (INVALID_ARGUMENT) or the state does not allow it (FAILED_PRECONDITION).",
    401: "No access token, or one that is not good (UNAUTHENTICATED).",
    403: "The token's scopes do not allow it (PERMISSION_DENIED).",
    404: "There is no such object, or it is somebody else's (NOT_FOUND).",
    409: "It exists already, or it changed meanwhile (ALREADY_EXISTS, ABORTED).",
    413: "The body is longer than this method takes.",
    415: "The body is not `application/json`.",
    429: "Too many calls; `RetryInfo` says when to try again (RESOURCE_EXHAUSTED).",
    500: "Internal error; the message has a trace id (INTERNAL).",
    501: "This method is not built yet (UNIMPLEMENTED).",
    503: "The service cannot be reached now; trying again is right (UNAVAILABLE).",
    504: "The service did not answer in time (DEADLINE_EXCEEDED).",
}

_STRING = {"type": "string"}
ERROR_SCHEMAS: dict[str, Any] = {
    "Status": {
        "type": "object",
        "description": "`google.rpc.Status`: why a call was refused.",
        "required": ["code", "message", "details"],
        "properties": {
            "code": {"type": "integer", "format": "int32", "description": "The number of the gRPC status."},
            "message": {"type": "string", "description": "What is wrong and what is allowed, for people."},
            "details": {
                "type": "array",
                "items": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/ErrorInfo"},
                        {"$ref": "#/components/schemas/BadRequest"},
                        {"$ref": "#/components/schemas/RetryInfo"},
                        {"$ref": "#/components/schemas/RequestInfo"},
                    ]
                },
            },
        },
    },
    "ErrorInfo": {
        "type": "object",
        "description": "The cause, for programs.",
        "required": ["@type", "reason", "domain"],
        "properties": {
            "@type": {"const": "type.googleapis.com/google.rpc.ErrorInfo"},
            "reason": {"type": "string", "description": "Stable, for example `ORDER_ALREADY_SHIPPED`."},
            "domain": {"const": "shopmesh"},
            "metadata": {"type": "object", "additionalProperties": _STRING},
        },
    },
    "BadRequest": {
        "type": "object",
        "description": "The fields that break a rule.",
        "required": ["@type", "fieldViolations"],
        "properties": {
            "@type": {"const": "type.googleapis.com/google.rpc.BadRequest"},
            "fieldViolations": {
                "type": "array",
                "items": {"type": "object", "properties": {"field": _STRING, "description": _STRING}},
            },
        },
    },
    "RetryInfo": {
        "type": "object",
        "description": "When trying again makes sense.",
        "required": ["@type", "retryDelay"],
        "properties": {
            "@type": {"const": "type.googleapis.com/google.rpc.RetryInfo"},
            "retryDelay": {"type": "string", "examples": ["6s"]},
        },
    },
    "RequestInfo": {
        "type": "object",
        "description": "The trace id by which the log knows the call.",
        "required": ["@type", "requestId"],
        "properties": {
            "@type": {"const": "type.googleapis.com/google.rpc.RequestInfo"},
            "requestId": _STRING,
        },
    },
}

_RETRY_AFTER = {
    "retry-after": {"description": "Seconds until the next call is admitted.", "schema": {"type": "integer"}}
}
ERRORS: dict[str, Any] = {
    f"Error{status}": {
        "description": description,
        **({"headers": _RETRY_AFTER} if status == 429 else {}),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}},
    }
    for status, description in DESCRIPTIONS.items()
}


def error_responses(method: Method) -> dict[str, Any]:
    """The refusals that a method can answer, by HTTP status."""
    assert method.binding is not None
    statuses = set(DESCRIPTIONS)
    if method.binding.verb not in _BODY_VERBS:
        statuses -= {413, 415}
    if method.policy.access is Access.PUBLIC:
        statuses -= {403}
    return {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in sorted(statuses)}
