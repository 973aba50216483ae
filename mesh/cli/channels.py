"""Calls to the services with the token of an account."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from interceptors.client.outgoing import outgoing_interceptors
from mesh.cli.login.credentials import account
from mesh.cli.login.oauth import token_of_account
from mesh.client.channel import open_channel
from mesh.contract import load_contract
from mesh.settings import MeshSettings

ADMIN = "admin"


@asynccontextmanager
async def channel_as(who: str, service: str, settings: MeshSettings) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a service whose calls carry the token of an account.

    Raises:
        LaunchError: The account cannot log in.
    """
    async with channels_as(who, (service,), settings) as channels:
        yield channels[service]


@asynccontextmanager
async def channels_as(
    who: str, services: Iterable[str], settings: MeshSettings
) -> AsyncIterator[Mapping[str, grpc.aio.Channel]]:
    """The same to several services, with one login.

    Raises:
        LaunchError: The account cannot log in.
    """
    token = await token_of_account(settings.issuer, account(settings, who))

    async def known() -> str:
        return token

    contract, interceptors = load_contract(), outgoing_interceptors(known)
    async with AsyncExitStack() as stack:
        yield {
            service: await stack.enter_async_context(
                open_channel(service, settings, contract=contract, interceptors=interceptors)
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
