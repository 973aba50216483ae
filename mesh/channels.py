"""How a client of the mesh connects: balanced, with deadlines, retries, token and trace."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from types import MappingProxyType

import grpc

from interceptors.client.outgoing import outgoing_interceptors
from mesh.client.channel import open_channel
from mesh.client.tokens import ClientCredentials, TokenUnavailable
from mesh.settings import MeshSettings
from mesh.topology import SERVICES, http_port

_WARM_UP_RETRY_SECONDS = 0.5


class Channels:
    """One channel to each service of the mesh, for one client.

    A channel spreads its calls over all workers, takes deadlines and retries from
    the contract, and sends with every call a token for the called service, the
    trace, what remains of the caller's deadline, and the consistency token.
    """

    def __init__(
        self,
        *,
        channels: Mapping[str, grpc.aio.Channel],
        credentials: Mapping[str, ClientCredentials] = MappingProxyType({}),
    ) -> None:
        self._channels = channels
        self._credentials = credentials
        self._used: set[str] = set()

    def to(self, service: str) -> grpc.aio.Channel:
        """The channel to a service, for a generated stub."""
        self._used.add(service)
        return self._channels[service]

    async def warm_up(self) -> None:
        """Connect to the services that are called, and have tokens for them, before the first call."""
        for service in sorted(self._used):
            self._channels[service].get_state(try_to_connect=True)
            if service in self._credentials:
                await _until_there(self._credentials[service])


@asynccontextmanager
async def connect(
    client_id: str,
    settings: MeshSettings,
    *,
    services: Sequence[str] = SERVICES,
) -> AsyncIterator[Channels]:
    """Connect a client to services of the mesh.

    Nothing is sent before the first call, so it does not matter who starts first.

    Args:
        client_id: The OAuth client; its secret is a file below the mesh's home.
        settings: Where the mesh is.
        services: Which services.
    """
    async with AsyncExitStack() as stack:
        channels = {}
        credentials = {service: _credentials(client_id, service, settings) for service in services}
        for service, own in credentials.items():
            stack.push_async_callback(own.aclose)
            interceptors = outgoing_interceptors(partial(_token_or_silence, own), own.refused)
            channel = open_channel(service, settings, interceptors=interceptors)
            channels[service] = await stack.enter_async_context(channel)
        yield Channels(channels=channels, credentials=credentials)


def _credentials(client_id: str, service: str, settings: MeshSettings) -> ClientCredentials:
    return ClientCredentials(
        token_url=f"http://127.0.0.1:{http_port('user', 0, settings.port_offset)}/oauth2/token",
        client_id=client_id,
        secret_file=settings.client_secret(client_id),
        audience=service if client_id in SERVICES else None,
    )


async def _until_there(credentials: ClientCredentials) -> None:
    while True:
        try:
            await credentials.token()
        except TokenUnavailable:
            await asyncio.sleep(_WARM_UP_RETRY_SECONDS)
        else:
            return


async def _token_or_silence(credentials: ClientCredentials) -> str:
    try:
        return await credentials.token()
    except TokenUnavailable as unavailable:
        raise grpc.aio.AioRpcError(
            grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), str(unavailable)
        ) from None
