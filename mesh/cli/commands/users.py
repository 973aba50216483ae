"""`users`: what accounts may do."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mesh.cli.channels import ADMIN, channel_as
from mesh.cli.console import out
from mesh.cli.context import running_settings_of
from mesh.launcher.errors import LaunchError
from mesh.settings import MeshSettings
from shopmesh.user.v1.user_service_pb2 import GrantScopesRequest, ListUsersRequest, User
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub

if TYPE_CHECKING:
    from shopmesh.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

_PAGE = 200

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
    async with channel_as(who, "user", settings) as channel:
        stub = UserServiceStub(channel)
        user_id = await _user_id(stub, email)
        return (await stub.GrantScopes(GrantScopesRequest(user_id=user_id, scopes=scopes))).user


async def _user_id(stub: "UserServiceAsyncStub", email: str) -> str:
    request = ListUsersRequest(page_size=_PAGE)
    while True:
        page = await stub.ListUsers(request)
        for user in page.users:
            if user.email.lower() == email.lower():
                return user.user_id
        if not page.next_page_token:
            raise LaunchError(f"There is no account {email}.", "See its address in: shopmesh mail list")
        request.page_token = page.next_page_token
