"""`users`: what accounts may do."""

import asyncio
from typing import Annotated

import typer
from rich.markup import escape

from mesh.cli.account_search import user_id_of
from mesh.cli.channels import ADMIN, channel_as
from mesh.cli.console import out
from mesh.cli.context import running_settings_of
from mesh.settings import MeshSettings
from shopmesh.user.v1.user_service_pb2 import GrantScopesRequest, User
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub

app = typer.Typer(help="Look after accounts.", no_args_is_help=True)


@app.callback()
def users() -> None:
    """Keep `grant` a command of its own."""


@app.command()
def grant(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The account's address.")],
    scopes: Annotated[list[str], typer.Argument(metavar="SCOPE…", help="For example `orders:fulfil audit`.")],
    who: Annotated[str, typer.Option("--as", metavar="NAME|EMAIL", help="Who grants.")] = ADMIN,
) -> None:
    """Let an account ask for more scopes; its next token carries them."""
    user = asyncio.run(_grant(running_settings_of(context), who, email, scopes))
    out.print(f"{escape(user.email)} may now: {' '.join(user.scopes)}")


async def _grant(settings: MeshSettings, who: str, email: str, scopes: list[str]) -> User:
    user_id = await user_id_of(email, who=who, settings=settings)
    async with channel_as(who, "user", settings) as channel:
        request = GrantScopesRequest(user_id=user_id, scopes=scopes)
        return (await UserServiceStub(channel).GrantScopes(request)).user
