"""W3C trace context at the edge: continued when sent, else begun here.

Without a collector Envoy still makes and passes on the context, so that the
trace id in its log is the one of the services' spans, the events and the mail.
"""

from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.xds import Config, duration, typed

NO_COLLECTOR = "no_collector"
"""Envoy wants a collector's cluster even where nothing is exported: this one is empty and never asked."""
COLLECTOR = "otlp"


def tracing(door: FrontDoor) -> Config:
    """HCM's `tracing`."""
    cluster = COLLECTOR if door.otlp_endpoint else NO_COLLECTOR
    exported = door.span_ratio if door.otlp_endpoint else 0
    provider = typed(
        "envoy.config.trace.v3.OpenTelemetryConfig",
        {
            "service_name": "envoy",
            "grpc_service": {"envoy_grpc": {"cluster_name": cluster}, "timeout": duration(5)},
            "sampler": _sampler(exported),
        },
    )
    return {
        "provider": {"name": "envoy.tracers.opentelemetry", "typed_config": provider},
        # Spans name the route; the path and the query hold ids and what people searched for.
        "max_path_tag_length": 0,
    }


def _sampler(ratio: float) -> Config:
    """Decides by the trace id alone, as the services do; the sender's flag counts for nothing."""
    per_million = {"numerator": round(ratio * 1_000_000), "denominator": "MILLION"}
    return {
        "name": "envoy.tracers.opentelemetry.samplers.trace_id_ratio_based",
        "typed_config": typed(
            "envoy.extensions.tracers.opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig",
            {"sampling_percentage": per_million},
        ),
    }
