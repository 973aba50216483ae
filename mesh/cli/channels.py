"""Calls to the services with the token of an account."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from interceptors.client.outgoing import outgoing_interceptors
from mesh.cli.login.credentials import account, known_devices
from mesh.cli.login.known_devices import KnownDevices
from mesh.cli.login.oauth import Account, token_of_account
from mesh.client.channel import open_channel
from mesh.settings import MeshSettings

ADMIN = "admin"
_RENEW_SECONDS = 120.0
"""Tokens live for five minutes."""


@asynccontextmanager
async def channel_as(who: str, service: str, settings: MeshSettings) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a service whose calls carry the token of an account.

    Raises:
        LaunchError: The account cannot log in.
    """
    async with channels_as(who, (service,), settings) as channels:
        yield channels[service]


class _Login:
    """Logs in, and again before the token runs out: verifying all orders may take longer."""

    def __init__(
        self,
        issuer: str,
        who: Account,
        *,
        devices: KnownDevices,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._devices = devices
        self._who = who
        self._monotonic = monotonic
        self._token = ""
        self._renew_time = 0.0

    async def token(self) -> str:
        """A token that is good for a while.

        Raises:
            LaunchError: The account cannot log in.
        """
        if self._monotonic() >= self._renew_time:
            self._renew_time = self._monotonic() + _RENEW_SECONDS
            self._token = await token_of_account(self._issuer, self._who, devices=self._devices)
        return self._token


@asynccontextmanager
async def channels_as(
    who: str, services: Iterable[str], settings: MeshSettings
) -> AsyncIterator[Mapping[str, grpc.aio.Channel]]:
    """The same to several services, with one login.

    Raises:
        LaunchError: The account cannot log in.
    """
    login = _Login(settings.issuer, account(settings, who), devices=known_devices(settings))
    await login.token()
    interceptors = outgoing_interceptors(login.token)
    async with AsyncExitStack() as stack:
        yield {
            service: await stack.enter_async_context(
                open_channel(service, settings, interceptors=interceptors)
            )
            for service in services
        }


def print_json(message: Message) -> None:
    """Print an answer as REST would."""
    document = MessageToDict(message, always_print_fields_with_no_presence=True)
    typer.echo(json.dumps(whole_numbers(document), indent=2, ensure_ascii=False))


def whole_numbers(value: Any) -> Any:
    """Undo that `google.protobuf.Struct` knows no whole numbers."""
    match value:
        case dict():
            return {name: whole_numbers(each) for name, each in value.items()}
        case list():
            return [whole_numbers(each) for each in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
