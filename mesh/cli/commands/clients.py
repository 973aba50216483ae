"""`clients`: the programs that get tokens."""

from typing import Annotated

import typer

from mesh.cli.maintenance import run_module

app = typer.Typer(help="Look after OAuth clients.", no_args_is_help=True)


@app.callback()
def clients() -> None:
    """Keep `revoke` a command of its own."""


@app.command()
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="For example `wms`, `cli` or `checkout`.")],
) -> None:
    """End every token that a client has, for when its secret or a token of it is in the wrong hands.

    Services refuse them within seconds. Works on the machine itself.
    """
    raise typer.Exit(run_module(context, "services.user.maintenance", "revoke-client", name))
