"""The routes, in the order in which the first match wins.

Raw gRPC → nothing; the session; every binding by path and verb; its path with
another verb → 405; the plain HTTP endpoints; the page; everything else → 404.
"""

from collections.abc import Iterator, Mapping

from mesh.contract import Access, Contract, HttpEndpoint, Idempotency, LimitClass, Method
from mesh.render.envoy import cors, internal_listener
from mesh.render.envoy.clusters import BOUNDED, http_cluster, is_bounded
from mesh.render.envoy.direct_responses import refusal, wrong_verb
from mesh.render.envoy.filters import COMPRESSOR, bounded_body, transcoded
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.headers import (
    removed_request_headers,
    request_headers,
    response_headers,
)
from mesh.render.envoy.jwt import no_token, token_of
from mesh.render.envoy.local_rate_limits import enabled_limits
from mesh.render.envoy.path_templates import bound_paths
from mesh.render.envoy.session import (
    CSRF,
    CSRF_HEADER,
    SESSION_END,
    by_session,
    session_routes,
    session_to_token,
)
from mesh.render.envoy.static_files import page_routes
from mesh.render.envoy.xds import Config, by_verb, duration, off, on

_GRACE_SECONDS = 1
"""Added to the contract's deadlines, so that the service's own answer comes first."""
_LARGEST_PAGE_FILE_BYTES = 4_194_304
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BODY_VERBS = frozenset({"POST", "PUT", "PATCH"})


def route_configuration(contract: Contract, limits: Mapping[str, LimitClass], door: FrontDoor) -> Config:
    """All routes of the public listener."""
    return {
        "name": "public",
        "max_direct_response_body_size_bytes": _LARGEST_PAGE_FILE_BYTES,
        "virtual_hosts": [
            {
                "name": "shop",
                "domains": ["*"],
                "typed_per_filter_config": cors.policy(),
                "request_headers_to_add": request_headers(),
                "request_headers_to_remove": removed_request_headers(),
                "response_headers_to_add": response_headers(),
                "routes": list(_routes(contract, limits, door)),
            }
        ],
    }


def _routes(contract: Contract, limits: Mapping[str, LimitClass], door: FrontDoor) -> Iterator[Config]:
    yield {**internal_listener.raw_grpc_route(), "typed_per_filter_config": no_token()}
    yield cors.preflight_route()
    yield from session_routes(door)
    for path in bound_paths(contract.methods):
        for method in path.methods:
            yield from _method_routes(method, path.match, limits)
        yield wrong_verb(path.template, path.match, path.allow)
    for endpoint in contract.http_endpoints:
        yield _endpoint_route(endpoint, limits)
        yield wrong_verb(endpoint.path, {"path": endpoint.path}, endpoint.verbs)
    if door.static:
        yield from page_routes(door.static)
    yield refusal("nothing here", {"prefix": "/"}, 404)


def _method_routes(method: Method, path: Config, limits: Mapping[str, LimitClass]) -> Iterator[Config]:
    """The routes of a binding; with a session cookie instead of a token it is more careful."""
    assert method.binding is not None
    verb = method.binding.verb
    name = f"{verb} {method.binding.template}"
    verb_only = [by_verb((verb,))]
    run = {
        **token_of(method),
        **enabled_limits(method, limits),
        **transcoded(method, body=verb in _BODY_VERBS),
    }
    if method.policy.access is not Access.PUBLIC:
        writes = verb in _WRITES
        session = [*verb_only, *by_session()]
        if writes:
            forged = [*session, {"name": CSRF_HEADER, "present_match": False}]
            yield refusal(name, {**path, "headers": forged}, 403)
        careful = {**run, **session_to_token(), SESSION_END: on(), **({CSRF: on()} if writes else {})}
        yield _service_route(name, {**path, "headers": session}, method, careful, limits)
    yield _service_route(name, {**path, "headers": verb_only}, method, run, limits)


def _endpoint_route(endpoint: HttpEndpoint, limits: Mapping[str, LimitClass]) -> Config:
    """A plain HTTP endpoint; its answers hold secrets and reflect input, so they are not compressed."""
    match = {
        "path": endpoint.path,
        "headers": [by_verb(endpoint.verbs)],
    }
    action = {
        "cluster": http_cluster(endpoint.mesh_service),
        "timeout": duration(endpoint.deadline_seconds + _GRACE_SECONDS),
        "retry_policy": _retry(Idempotency.UNKNOWN),
    }
    bound = bounded_body(endpoint.max_body_bytes) if endpoint.max_body_bytes else {}
    run = {**no_token(), **enabled_limits(endpoint, limits), **bound, COMPRESSOR: off()}
    return _forward(endpoint.path, match, action, run)


def _forward(name: str, match: Config, action: Config, filters: Mapping[str, Config]) -> Config:
    return {
        "name": name,
        "match": match,
        "route": action,
        "decorator": {"operation": name, "propagate": False},
        "typed_per_filter_config": dict(filters),
    }


def _service_route(
    name: str,
    match: Config,
    method: Method,
    filters: Mapping[str, Config],
    limits: Mapping[str, LimitClass],
) -> Config:
    """To a gRPC service, which has no use for the browser's cookies."""
    action = {
        **({"priority": BOUNDED} if is_bounded(method, limits) else {}),
        "cluster": method.mesh_service,
        "timeout": duration(method.policy.deadline_seconds + _GRACE_SECONDS),
        "retry_policy": _retry(method.idempotency),
    }
    return {
        **_forward(name, match, action, filters),
        "request_headers_to_remove": ["cookie"],
    }


def _retry(idempotency: Idempotency) -> Config:
    """What may be repeated is; anything else only if no service has seen it."""
    unseen = "connect-failure,refused-stream,reset-before-request"
    repeatable = idempotency is not Idempotency.UNKNOWN
    return {
        "retry_on": "connect-failure,refused-stream,reset,unavailable" if repeatable else unseen,
        "num_retries": 2,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/"
                    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        "host_selection_retry_max_attempts": 3,
        "retry_back_off": {"base_interval": duration(0.025), "max_interval": duration(0.25)},
    }
