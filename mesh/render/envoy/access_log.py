"""Envoy's access log: a JSON line per request on standard output.

It names the route template, never the path or the query, which hold ids and
what people searched for.
"""

from mesh.render.envoy.xds import Config, typed

_FIELDS = {
    "time": "%START_TIME%",
    "event": "request",
    "trace_id": "%TRACE_ID%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "verb": "%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
    "route": "%ROUTE_NAME%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "cause": "%RESPONSE_CODE_DETAILS%",
    "duration_ms": "%DURATION%",
    "received_bytes": "%BYTES_RECEIVED%",
    "sent_bytes": "%BYTES_SENT%",
    "service": "%UPSTREAM_CLUSTER%",
    "upstream": "%UPSTREAM_HOST%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
}


def access_logs() -> list[Config]:
    """HCM's `access_log`."""
    log = typed(
        "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", {"log_format": {"json_format": _FIELDS}}
    )
    return [{"name": "envoy.access_loggers.stdout", "typed_config": log}]
