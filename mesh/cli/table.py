"""Tables for people, without rich's console: it takes longer to load than most of them to be asked for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import typer
from rich.cells import cell_len


class Part(NamedTuple):
    """Coloured text in a cell."""

    text: str
    colour: str


Cell = str | Sequence[Part]


def show_table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print columns as wide as their widest cell; a narrow terminal cuts nothing off."""
    lines: list[Sequence[Cell]] = [header, *rows]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = [_text(cell) + " " * (most - _width(cell)) for cell, most in zip(line, widths, strict=True)]
        typer.echo("  ".join((*padded[:-1], _text(line[-1]))))


def _width(cell: Cell) -> int:
    return cell_len(cell) if isinstance(cell, str) else sum(cell_len(part.text) for part in cell)


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return "".join(typer.style(part.text, fg=part.colour) for part in cell)
