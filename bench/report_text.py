"""Writes the figures of the last run into pages of `docs/`, between their two marks."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.report import load, number

_DOCS = Path(__file__).parents[1] / "docs"
PAGES = {
    _DOCS / "inventory-performance.md": ("P3", "P4", "P5", "P6", "P7"),
    _DOCS / "order-performance.md": (
        "P16",
        "P16b",
        "P17",
        "P18",
        "P19",
        "P20",
        "P21",
        "P22",
        "P22r",
        "P23",
        "P25",
    ),
    _DOCS / "input.md": ("P24",),
}
"""The rows of each page."""
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write_report(page: Path, rows: Sequence[str]) -> Path:
    """Replace what stands between a page's marks."""
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    table = "\n".join(table_of(load(), rows))
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")
    return page


def table_of(results: Mapping[str, Any], rows: Sequence[str]) -> Iterator[str]:
    """Some rows as a table, and on what they were measured."""
    yield "| Row | What | Figure | Interval | Bound / stretch |"
    yield "|---|---|---|---|---|"
    measured = [results[row] for row in rows if row in results]
    for row in measured:
        yield from map(_line, row["figures"])
    by_machine: dict[str, list[str]] = {}
    for row in measured:
        by_machine.setdefault(_machine(row["run"]), []).append(row["figures"][0]["row"])
    for machine, names in by_machine.items():
        yield f"\n{', '.join(names)}: {machine}"


def _line(figure: Mapping[str, Any]) -> str:
    estimate = figure["estimate"]
    cells = (
        figure["row"],
        figure["what"],
        f"{number(estimate['value'])} {figure['unit']}".strip(),
        f"{number(estimate['low'])} … {number(estimate['high'])}",
        figure["bound"] or "",
    )
    return f"| {' | '.join(cells)} |"


def _machine(run: Mapping[str, Any]) -> str:
    made_durable = run["fdatasync_ms"]["p50"]
    return (
        f"{run['time'][:10]}, {run['cores']} cores ({run['processor']}), load average "
        f"{run['load_average']:.1f} before the run, fdatasync p50 {made_durable:.2f} ms."
    )
