"""How a command talks: results on standard output, everything else on standard error."""

import typer


def show_problem(message: str, remedy: str = "", *, is_coloured: bool | None = None) -> None:
    """Print what is wrong and what to do about it, by default in colours where a terminal shows them."""
    sign = typer.style("✗ ", fg=typer.colors.RED, bold=True)
    typer.echo(f"{sign}{message}", err=True, color=is_coloured)
    if remedy:
        typer.secho(remedy, fg=typer.colors.CYAN, err=True, color=is_coloured)


def note(message: str) -> None:
    """Say something that is no result."""
    typer.secho(message, dim=True, err=True)
