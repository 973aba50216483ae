"""How the command talks: results on standard output, everything else on standard error."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show_problem(message: str, remedy: str = "") -> None:
    """Print what is wrong and what to do about it; neither is taken for markup."""
    err.print(Text("✗ ", style="bold red"), Text(message), sep="")
    if remedy:
        err.print(Text(remedy, style="cyan"))


def show_table(header: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print columns as wide as they need to be, whatever the terminal: nothing is cut off."""
    lines = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in (header, *rows)]
    widths = [max(cell.cell_len for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        for cell, width in zip(line[:-1], widths, strict=False):
            cell.pad_right(width - cell.cell_len)
        out.print(Text("  ").join(line))


def note(message: str) -> None:
    """Say something that is no result."""
    err.print(Text(message, style="dim"))
