"""`token`: a real token for curl and grpcurl."""

import asyncio
from typing import Annotated

import typer

from mesh.cli.context import running_settings_of
from mesh.cli.login.credentials import account, client_secret, known_devices
from mesh.cli.login.oauth import token_of_account, token_of_client
from mesh.topology import SERVICES


def token(
    context: typer.Context,
    who: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME|EMAIL", help="Log in as alice, bob, admin or by address."),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Ask for this scope only; may be repeated. [default: all the account has]"),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A client's own token: a service of the mesh, or `wms`."),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option(metavar="|".join(SERVICES), help="With a service as --client: which service it calls."),
    ] = None,
) -> None:
    """Print a token, got by the real flow: a login with PKCE, or client credentials.

    Only the token is on standard output: `curl -H "Authorization: Bearer $(shopmesh token --as alice)" …`
    """
    match who, client:
        case str(), None:
            _refuse(audience, "--audience goes with --client: an account's token is for the whole shop API.")
            settings = running_settings_of(context)
            asked = " ".join(scope or ())
            printed = asyncio.run(
                token_of_account(
                    settings.issuer, account(settings, who), devices=known_devices(settings), scope=asked
                )
            )
        case None, str():
            _refuse(scope, "--scope goes with --as: a client's scopes are fixed.")
            _check_audience(client, audience)
            settings = running_settings_of(context)
            printed = asyncio.run(
                token_of_client(settings.issuer, client, client_secret(settings, client), audience=audience)
            )
        case _:
            raise typer.BadParameter("give either --as NAME or --client NAME")
    typer.echo(printed)


def _refuse(given: object, why: str) -> None:
    if given:
        raise typer.BadParameter(why)


def _check_audience(client: str, audience: str | None) -> None:
    names = ", ".join(SERVICES)
    if audience is None and client in SERVICES:
        raise typer.BadParameter(f"{client} is a service of the mesh: give --audience, one of {names}")
    if audience is not None and audience not in SERVICES:
        raise typer.BadParameter(f"--audience {audience!r} is none of {names}")
