"""How a service of the mesh starts, serves, drains and stops."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc
import structlog
import uvloop
from grpc_health.v1 import health_pb2_grpc
from prometheus_client import start_http_server

from interceptors.access_log import CallRecords
from interceptors.auth.keys import KeyFile
from interceptors.auth.revocations import Revocations
from interceptors.auth.tokens import Audiences, TokenVerifier
from interceptors.chain import standard_chain
from interceptors.core.registration import HandlerCollector, InterceptedHandlers
from interceptors.rate_limit.gcra import Limiter, LocalLimiter
from interceptors.rate_limit.limits import LimitsFileError, load_limits
from interceptors.tracing import Traces
from mesh.channels import connect
from mesh.contract import Contract, ContractError, load_contract
from mesh.server import failpoints
from mesh.server.context import ServiceContext, StartupError
from mesh.server.grpc_server import make_grpc_server
from mesh.server.health import Health, Probe
from mesh.server.http import PortInUse, serve_http
from mesh.server.reflection import Reflection
from mesh.server.revocation_feed import RevocationFeed
from mesh.server.scheduling import use_batch_scheduling
from mesh.server.telemetry import configure_logging, log_of_calls, open_traces
from mesh.settings import MeshSettings, SettingError
from mesh.topology import API_AUDIENCE, SERVICES, grpc_port, http_port, metrics_port, service_audience

DRAIN_SECONDS = 10.0
_LEAVE_SECONDS = 3.0
"""In it Envoy, which asks every two seconds, learns that a worker is no longer serving."""
_CLOSE_SECONDS = 10.0
# How many objects more than before make Python look through the youngest, and collections of one generation
# per one of the next: 700, 10 and 10 by themselves.
_COLLECT_AFTER = 2000, 10, 100

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Servicer:
    """A servicer and the generated function that registers it."""

    add: Callable[[Any, Any], None]
    servicer: Any


@dataclass(frozen=True, slots=True)
class Service:
    """A composed service, ready to be served.

    Attributes:
        servicers: What answers its methods; a method that a servicer leaves to the
            generated base answers UNIMPLEMENTED.
        errors: Which status its own errors become.
        hard: Probes of what it cannot work without.
        soft: Probes of what it can do without, by health name.
        tasks: Background work; one that ends with an exception ends the process.
        http: An ASGI application for its plain HTTP endpoints.
    """

    servicers: tuple[Servicer, ...]
    errors: Mapping[type[Exception], grpc.StatusCode]
    hard: Mapping[str, Probe]
    soft: Mapping[str, Probe]
    tasks: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()
    http: Any = None


Compose = Callable[[ServiceContext], AbstractAsyncContextManager[Service]]
"""A service's composition root: chooses adapters and closes them at the end."""


def run(service: str, compose: Compose, *, niceness: int = 0) -> None:
    """Serve until SIGTERM; the whole of a service's `main`.

    Args:
        service: The service's name.
        compose: Puts it together.
        niceness: How far others of this machine go before it.
    """
    use_batch_scheduling()
    os.nice(niceness)
    try:
        settings = MeshSettings.from_environ(os.environ)
        failpoints.arm(settings.environ.get("FAILPOINT", ""))
        configure_logging(service, settings.worker)
        contract = load_contract()
        with (
            open_traces(service, settings) as traces,
            CallRecords.open(
                log=log_of_calls(service, settings.worker),
                personal_fields=contract.personal_fields,
            ) as records,
        ):
            uvloop.run(_serve(service, settings, compose, contract=contract, traces=traces, records=records))
    except (SettingError, LimitsFileError, ContractError, StartupError, PortInUse) as error:
        sys.exit(f"{service} cannot start: {error}")


@asynccontextmanager
async def open_context(
    service: str, settings: MeshSettings, contract: Contract
) -> AsyncIterator[ServiceContext]:
    """Yield what the mesh gives to a service."""
    limits = dict(load_limits(contract, settings.limits_file))
    async with (
        connect(service, settings) as channels,
        _open_limiter(settings) as limiter,
    ):
        yield ServiceContext(
            service=service,
            settings=settings,
            contract=contract,
            limits=limits,
            limiter=limiter,
            channels=channels,
            draining=asyncio.Event(),
            clock=_clock,
        )


def build_server(
    service: Service,
    context: ServiceContext,
    *,
    traces: Traces,
    records: CallRecords,
    revocations: Revocations,
    health: Health,
) -> grpc.aio.Server:
    """A server with every method of the service behind the chain.

    Raises:
        ContractError: A method is not part of the contract.
    """
    server = make_grpc_server(fast_path=context.settings.fast_paths)
    chain = standard_chain(
        traces=traces,
        records=records,
        status_by_error=service.errors,
        verifier=_verifier(context, revocations),
        edge_secret=context.settings.edge_secret,
        limits=context.limits,
        limiter=context.limiter,
        clock=context.clock,
        fast_paths=context.settings.fast_paths,
    )
    methods = {method.full_name: method for method in context.contract.methods_of(context.service)}
    registrations = HandlerCollector()
    for each in service.servicers:
        each.add(each.servicer, registrations)
    missing = registrations.handlers.keys() - methods.keys()
    if missing:
        raise ContractError(f"not part of the contract: {', '.join(sorted(missing))}")
    handlers = InterceptedHandlers(
        registrations.handlers, methods, chain, fast_path=context.settings.fast_paths
    )
    server.add_generic_rpc_handlers((handlers,))
    reflection = Reflection(contract=context.contract, services=registrations.services)
    server.add_generic_rpc_handlers(reflection.handlers())
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    return server


async def _serve(
    name: str,
    settings: MeshSettings,
    compose: Compose,
    *,
    contract: Contract,
    traces: Traces,
    records: CallRecords,
) -> None:
    async with open_context(name, settings, contract) as context, compose(context) as service:
        revocations = Revocations()
        services = {method.service for method in contract.methods_of(name)}
        health = Health(names=(name, *services), hard=service.hard, soft=service.soft)
        server = build_server(
            service, context, traces=traces, records=records, revocations=revocations, health=health
        )
        port = _listen(server, grpc_port(name, settings.worker, settings.port_offset))
        _serve_metrics(metrics_port(name, settings.worker, settings.port_offset))
        # Freeze long-lived objects so that no collection scans them.
        gc.collect()
        gc.freeze()
        _collect_garbage_less_often()
        await server.start()
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(task()) for task in service.tasks]
            background.append(tasks.create_task(health.run()))
            feed = RevocationFeed(revocations, context.channels.to("user"), context.clock)
            background.append(tasks.create_task(feed.run()))
            background.append(tasks.create_task(context.channels.warm_up()))
            if service.http is not None:
                port_of_http = http_port(name, settings.worker, settings.port_offset)
                background.append(tasks.create_task(serve_http(service.http, port_of_http, context.draining)))
            _heed_signals(context.draining)
            _log.info("serving", port=port)
            await _drained(server, context, health)
            for task in background:
                task.cancel()
    _log.info("stopped")


def _collect_garbage_less_often() -> None:
    """Raise the thresholds: a result set makes thousands of objects, none of them garbage.

    A full collection over a full cache takes ten milliseconds, for which all calls wait.
    """
    gc.set_threshold(*_COLLECT_AFTER)


def _heed_signals(draining: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, draining.set)


async def _drained(server: grpc.aio.Server, context: ServiceContext, health: Health) -> None:
    """Wait until the process is asked to end, then let the calls under way end.

    With other workers there are none that come at the last moment: grpc would cancel those.
    """
    await context.draining.wait()
    _log.info("draining")
    _end_at_the_latest(asyncio.get_running_loop())
    await health.drain()
    leave_seconds = _LEAVE_SECONDS if context.settings.workers > 1 else 0
    await asyncio.sleep(leave_seconds)
    await server.stop(DRAIN_SECONDS - leave_seconds)


def _end_at_the_latest(loop: asyncio.AbstractEventLoop) -> None:
    """End the process though something of it does not end: what is acknowledged is stored already."""

    def give_up() -> None:
        waiting = [str(task.get_coro()) for task in asyncio.all_tasks(loop)]
        _log.error("ended_by_force", waiting=waiting)
        os._exit(1)

    timer = threading.Timer(DRAIN_SECONDS + _CLOSE_SECONDS, give_up)
    timer.daemon = True
    timer.start()


def _listen(server: grpc.aio.Server, port: int) -> int:
    try:
        return server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise PortInUse(port) from error


def _serve_metrics(port: int) -> None:
    try:
        start_http_server(port, addr="127.0.0.1")
    except OSError as error:
        raise PortInUse(port) from error


def _verifier(context: ServiceContext, revocations: Revocations) -> TokenVerifier:
    audiences = Audiences(
        issuer=context.settings.issuer,
        api=API_AUDIENCE,
        service=service_audience(context.service),
        mesh_clients=frozenset(SERVICES),
    )
    keys = KeyFile(context.settings.jwks_file)
    return TokenVerifier(keys=keys, audiences=audiences, revocations=revocations, clock=context.clock)


@asynccontextmanager
async def _open_limiter(settings: MeshSettings) -> AsyncIterator[Limiter]:
    local = LocalLimiter(workers=settings.workers)
    if not settings.redis_url:
        yield local
        return
    from interceptors.rate_limit.redis_limiter import RedisLimiter  # noqa: PLC0415 - takes 0.4 s to import

    async with RedisLimiter.connect(settings.redis_url, fallback=local) as limiter:
        yield limiter


def _clock() -> datetime:
    return datetime.now(UTC)
