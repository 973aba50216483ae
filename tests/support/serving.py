"""Serves a service in this process, behind the real chain, on a free port."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import structlog
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from interceptors.access_log import CallRecords
from interceptors.auth.revocations import Revocations
from interceptors.core.status_error import DETAILS_KEY
from mesh.contract import Contract, load_contract
from mesh.server.context import ServiceContext
from mesh.server.health import Health
from mesh.server.process import Compose, build_server, open_context
from mesh.settings import MeshSettings
from tests.support.minting import Mint
from tests.support.tracing import recording_traces


@dataclass(frozen=True, slots=True)
class Served:
    """A service that listens."""

    context: ServiceContext
    channel: grpc.aio.Channel
    port: int
    mint: Mint
    revocations: Revocations
    records: CallRecords
    exported: InMemorySpanExporter

    def spans(self) -> Sequence[ReadableSpan]:
        """The spans of the calls that have ended."""
        self.records.flush()
        return self.exported.get_finished_spans()


@asynccontextmanager
async def serve(
    name: str,
    compose: Compose,
    home: Path,
    *,
    contract: Contract | None = None,
    port: int = 0,
    **settings: Any,
) -> AsyncIterator[Served]:
    """Serve what `compose` makes of a node, with tokens of a mint of its own."""
    mint = Mint(home)
    mint.publish()
    spans = InMemorySpanExporter()
    traces = recording_traces(spans)
    described = contract or load_contract()
    async with (
        open_context(name, MeshSettings(home=home, **settings), described) as context,
        compose(context) as service,
    ):
        revocations = Revocations()
        health = Health(names=(name,), hard=service.hard, soft=service.soft)
        await health.refresh()
        records = CallRecords(log=_print, personal_fields=described.personal_fields)
        server = build_server(
            service, context, traces=traces, records=records, revocations=revocations, health=health
        )
        port = server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Served(context, channel, port, mint, revocations, records, spans)
        finally:
            context.draining.set()
            await server.stop(None)
            spans.shutdown()


def _print(lines: Sequence[Mapping[str, Any]]) -> None:
    for line in lines:
        structlog.get_logger().info(**line)


def status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """The `google.rpc.Status` of a refused call."""
    details = dict(error.trailing_metadata() or ()).get(DETAILS_KEY)
    assert isinstance(details, bytes), f"no details: {error}"
    return status_pb2.Status.FromString(details)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The stable reason of a refused call."""
    info = error_details_pb2.ErrorInfo()
    assert status_of(error).details[0].Unpack(info)
    return info.reason


def violations_of(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """What a refused call says of its fields."""
    bad = error_details_pb2.BadRequest()
    for detail in status_of(error).details:
        if detail.Unpack(bad):
            break
    return {violation.field: violation.description for violation in bad.field_violations}
