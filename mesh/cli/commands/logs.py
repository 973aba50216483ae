"""`logs`: what the parts have written."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from mesh.cli.console import note
from mesh.cli.context import settings_of
from mesh.launcher.errors import LaunchError
from mesh.launcher.host.logfiles import last_lines

_POLL_SECONDS = 0.2


def logs(
    context: typer.Context,
    part: Annotated[str | None, typer.Argument(help="For example `order` or `envoy`. [default: all]")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing what comes.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 20,
) -> None:
    """Show the last lines of a part's log, or of all."""
    files = _files(settings_of(context).logs, part)
    for file in files:
        _print(file, last_lines(file, lines), named=part is None)
    if follow:
        asyncio.run(_follow(files, named=part is None))


def _files(folder: Path, part: str | None) -> tuple[Path, ...]:
    known = {file.stem: file for file in sorted(folder.glob("*.log"))}
    if part is None:
        if not known:
            note(f"There are no logs in {folder}.")
        return tuple(known.values())
    if part not in known:
        names = ", ".join(known) or "none yet"
        raise LaunchError(
            f"There is no log of {part!r}; there are: {names}.", "Name one of these.", usage=True
        )
    return (known[part],)


async def _follow(files: Iterable[Path], *, named: bool) -> None:
    """Print what is appended, also after a log was emptied because it was long."""
    positions = {file: file.stat().st_size for file in files}
    while True:
        for file, position in positions.items():
            positions[file] = _print_from(file, position, named=named)
        await asyncio.sleep(_POLL_SECONDS)


def _print_from(file: Path, position: int, *, named: bool) -> int:
    with file.open("rb") as source:
        source.seek(position if position <= file.stat().st_size else 0)
        complete = [line for line in source if line.endswith(b"\n")]
        _print(file, (line.decode(errors="replace").rstrip("\n") for line in complete), named=named)
        start = position if position <= file.stat().st_size else 0
    return start + sum(len(line) for line in complete)


def _print(file: Path, lines: Iterable[str], *, named: bool) -> None:
    prefix = f"{file.stem:<14} " if named else ""
    for line in lines:
        typer.echo(f"{prefix}{line}")
