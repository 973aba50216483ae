"""Pieces that leave, as people write them on the command line."""

from dataclasses import dataclass

import typer


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """Pieces of a line that have left."""

    sku: str
    pieces: int


def shipped_line(text: str) -> ShippedLine:
    """Read `MUG-RED=2`."""
    sku, _, pieces = text.partition("=")
    if not (sku and pieces.isascii() and pieces.isdigit() and int(pieces)):
        raise typer.BadParameter(f"{text!r} is not a SKU and how many pieces of it, for example MUG-RED=2")
    return ShippedLine(sku, int(pieces))
