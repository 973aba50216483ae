"""A channel to all workers of a service."""

from collections.abc import Sequence
from pathlib import Path

import grpc

from mesh.client.direct import DIRECT
from mesh.settings import MeshSettings
from mesh.topology import grpc_port

LARGEST_MESSAGE_BYTES = 4 * 1024 * 1024
"""What a service takes as one message."""

_SERVICE_CONFIGS = Path(__file__).with_name("service_configs")
"""Rendered, so that a caller does not read the whole contract for them."""
_KEEPALIVE_MS = 30_000
_MAX_RECONNECT_BACKOFF_MS = 1_000


def open_channel(
    service: str,
    settings: MeshSettings,
    *,
    interceptors: Sequence[grpc.aio.ClientInterceptor] = (),
) -> grpc.aio.Channel:
    """A channel to all workers of a service, with the contract's deadlines and retries."""
    workers = range(settings.workers)
    addresses = ",".join(
        f"127.0.0.1:{grpc_port(service, worker, settings.port_offset)}" for worker in workers
    )
    options = (
        ("grpc.service_config", _SERVICE_CONFIGS.joinpath(f"{service}.json").read_text()),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.max_reconnect_backoff_ms", _MAX_RECONNECT_BACKOFF_MS),
        ("grpc.initial_reconnect_backoff_ms", 100),
        DIRECT,
    )
    return grpc.aio.insecure_channel(f"ipv4:{addresses}", options=options, interceptors=list(interceptors))
