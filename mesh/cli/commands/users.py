"""`users`: find accounts, their rights and their doors, and what happened to them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh.cli.account_search import user_id_of
from mesh.cli.channels import ADMIN, channel_as, print_json
from mesh.cli.context import running_settings_of
from mesh.cli.maintenance import run_module
from mesh.cli.sheets.user_sheets import show_events, show_user, show_users
from mesh.settings import MeshSettings
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub

if TYPE_CHECKING:
    from shopmesh.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

app = typer.Typer(help="Look after accounts.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The account's address.")]
Scopes = Annotated[list[str], typer.Argument(metavar="SCOPE…", help="For example `orders:fulfil audit`.")]
Who = Annotated[str, typer.Option("--as", metavar="NAME|EMAIL", help="Who does it.")]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as REST would.")]


@app.command("list")
def list_users(
    context: typer.Context,
    *,
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Only the account with this address.")] = "",
    who: Who = ADMIN,
    as_json: Json = False,
) -> None:
    """List the newest accounts, at most 200, or the one with an address."""
    answer = asyncio.run(_listed(running_settings_of(context), who, email))
    if as_json:
        print_json(answer)
    else:
        show_users(answer.users)


@app.command()
def show(context: typer.Context, email: Email, who: Who = ADMIN, as_json: Json = False) -> None:
    """Show an account: its rights, and whether it can log in."""

    async def found(stub: "UserServiceAsyncStub", user_id: str) -> Any:
        return await stub.ListUsers(pb.ListUsersRequest(email=email))

    answer = _called(context, who, email, found)
    if as_json:
        print_json(answer)
    else:
        show_user(answer.users[0])


@app.command()
def grant(context: typer.Context, email: Email, scopes: Scopes, who: Who = ADMIN) -> None:
    """Let an account ask for more scopes; its next token carries them."""
    _report(
        context,
        who,
        email,
        lambda stub, user_id: stub.GrantScopes(pb.GrantScopesRequest(user_id=user_id, scopes=scopes)),
    )


@app.command()
def revoke(context: typer.Context, email: Email, scopes: Scopes, who: Who = ADMIN) -> None:
    """Take scopes from an account and log it out."""
    _report(
        context,
        who,
        email,
        lambda stub, user_id: stub.RevokeScopes(pb.RevokeScopesRequest(user_id=user_id, scopes=scopes)),
    )


@app.command()
def disable(
    context: typer.Context,
    email: Email,
    reason: Annotated[str, typer.Option(help="Why, for the account's log.")],
    who: Who = ADMIN,
) -> None:
    """Keep an account from logging in and log it out; its data and orders stay."""
    _report(
        context,
        who,
        email,
        lambda stub, user_id: stub.DisableUser(pb.DisableUserRequest(user_id=user_id, reason=reason)),
    )


@app.command()
def enable(context: typer.Context, email: Email, who: Who = ADMIN) -> None:
    """Let a disabled account log in again."""
    _report(context, who, email, lambda stub, user_id: stub.EnableUser(pb.EnableUserRequest(user_id=user_id)))


@app.command()
def unlock(context: typer.Context, email: Email, who: Who = ADMIN) -> None:
    """Forget the wrong passwords that were tried for an account."""
    _report(context, who, email, lambda stub, user_id: stub.UnlockUser(pb.UnlockUserRequest(user_id=user_id)))


@app.command()
def log_out(context: typer.Context, email: Email, who: Who = ADMIN) -> None:
    """End all sessions of an account."""
    _report(context, who, email, lambda stub, user_id: stub.LogOutUser(pb.LogOutUserRequest(user_id=user_id)))


@app.command()
def reset_password(context: typer.Context, email: Email, who: Who = ADMIN) -> None:
    """Mail an account the link to set a new password."""
    _report(
        context,
        who,
        email,
        lambda stub, user_id: stub.StartPasswordReset(pb.StartPasswordResetRequest(user_id=user_id)),
    )


@app.command()
def log(context: typer.Context, email: Email, who: Who = ADMIN, as_json: Json = False) -> None:
    """Show what happened to an account, newest first: at most the last 200 things of 90 days."""

    async def events(stub: "UserServiceAsyncStub", user_id: str) -> Any:
        return await stub.ListSecurityEvents(pb.ListSecurityEventsRequest(user_id=user_id, page_size=200))

    answer = _called(context, who, email, events)
    if as_json:
        print_json(answer)
    else:
        show_events(answer.events)


@app.command()
def rescue(context: typer.Context, email: Email) -> None:
    """Let an account give rights when nobody can any more; works on the machine itself, and is logged."""
    raise typer.Exit(run_module(context, "services.user.maintenance", "rescue", email))


Call = Callable[["UserServiceAsyncStub", str], Awaitable[Any]]


def _report(context: typer.Context, who: str, email: str, call: Call) -> None:
    """Change an account and show how it is now."""
    show_user(_called(context, who, email, call).user)


def _called(context: typer.Context, who: str, email: str, call: Call) -> Any:
    return asyncio.run(_call(running_settings_of(context), who, email, call))


async def _call(settings: MeshSettings, who: str, email: str, call: Call) -> Any:
    user_id = await user_id_of(email, who=who, settings=settings)
    async with channel_as(who, "user", settings) as channel:
        return await call(UserServiceStub(channel), user_id)


async def _listed(settings: MeshSettings, who: str, email: str) -> pb.ListUsersResponse:
    async with channel_as(who, "user", settings) as channel:
        return await UserServiceStub(channel).ListUsers(pb.ListUsersRequest(email=email, page_size=200))
