"""The gRPC server of a process."""

from typing import Any

import grpc
import structlog

from mesh.client.channel import LARGEST_MESSAGE_BYTES

TESTED_GRPCIO = ("1.83",)
"""Of which `accept_queue` was tested with the private parts that it uses."""

_MOST_CONCURRENT_CALLS = 4000
_LARGEST_METADATA_BYTES = 32 * 1024
_OPTIONS: dict[str, Any] = {
    "options": (
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES),
        ("grpc.max_metadata_size", _LARGEST_METADATA_BYTES),
    ),
    "maximum_concurrent_rpcs": _MOST_CONCURRENT_CALLS,
}

_log = structlog.get_logger()


def make_grpc_server(*, fast_path: bool) -> grpc.aio.Server:
    """The server of grpc itself; on the fast path one that requests several calls ahead."""
    if not fast_path:
        return grpc.aio.server(**_OPTIONS)
    if not _is_tested():
        _log.warning("grpcio_untested", version=grpc.__version__, tested=TESTED_GRPCIO, loss="calls a second")
        return grpc.aio.server(**_OPTIONS)
    # Only here: another grpcio may lack what it imports.
    from mesh.server.accept_queue import server_accepting_ahead  # noqa: PLC0415

    return server_accepting_ahead(**_OPTIONS)


def _is_tested() -> bool:
    return grpc.__version__.rpartition(".")[0] in TESTED_GRPCIO
