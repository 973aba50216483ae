"""What a run found: a table for people, `results.json` for everybody else."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Verdict
from bench.plan import Program

RESULTS = Path(__file__).with_name("results.json")
_ROW = re.compile(r"([A-Z])(\d+)([a-z]?)")
_WHOLE = ("P16", "P17", "P18")
"""What a person waits for."""
_COLOURS = {
    Verdict.STRETCH: "bold green",
    Verdict.PASS: "green",
    Verdict.MISS: "yellow",
    Verdict.FAILED: "bold red",
    Verdict.NONE: "dim",
}


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table; `?` marks a verdict whose interval reaches over the bound."""
    table = Table("Row", "What", "Figure", "Interval", "Pass / stretch", "Verdict")
    for figure in figures:
        table.add_row(*_cells(figure))
    console.print(table)


def save(figures: Sequence[Figure], run: Mapping[str, Any], path: Path = RESULTS) -> None:
    """Replace what the file says about the rows that were measured; other rows stay with their own run."""
    rows = load(path)
    for row in dict.fromkeys(figure.row for figure in figures):
        rows[row] = {"run": dict(run), "figures": [_entry(each) for each in figures if each.row == row]}
    ordered = {row: rows[row] for row in sorted(rows, key=row_place)}
    path.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n")


def load(path: Path = RESULTS) -> dict[str, Any]:
    """The rows measured so far."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def title_of(program: Program) -> str:
    """What a program says that it measures."""
    return (program.__doc__ or "").partition("\n")[0]


def text_of(figure: Figure) -> str:
    """A figure with all that was seen beside it, in one line."""
    notes = (f"{name} {number(value)}" for name, value in figure.notes.items())
    return f"  {figure.what}: {number(figure.estimate.value)} {figure.unit}; {', '.join(notes)}"


def row_place(row: str) -> tuple[bool, bool, int, str]:
    """Orders rows: the whole mesh in front of its parts, then by number, P1 and its like first."""
    kind, number, part = _ROW.fullmatch(row).groups()  # type: ignore[union-attr]
    return f"{kind}{number}" not in _WHOLE, kind != "P", int(number), part


def number(value: float) -> str:
    """A number with as many digits as it deserves: three."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cells(figure: Figure) -> tuple[str, ...]:
    estimate, colour = figure.estimate, _COLOURS[figure.verdict]
    doubt = "" if figure.is_settled else "?"
    errors = f" ({figure.errors} errors)" if figure.errors else ""
    return (
        figure.row,
        figure.what,
        f"{number(estimate.value)} {figure.unit}",
        f"{number(estimate.low)} … {number(estimate.high)}",
        str(figure.bound or ""),
        f"[{colour}]{figure.verdict.value}{doubt}[/]{errors}",
    )


def _entry(figure: Figure) -> dict[str, Any]:
    return {
        **asdict(figure),
        "bound": str(figure.bound) if figure.bound else None,
        "verdict": figure.verdict.value,
        "settled": figure.is_settled,
    }
