"""What a run leaves behind: results, and the story's table."""

import json
from pathlib import Path
from typing import Any

from bench.figures import Estimate, Figure, at_least
from bench.report import load, number, row_place, save
from bench.report_text import table_of
from bench.rows import ROWS

_RUN: dict[str, Any] = {
    "time": "2026-11-26T03:00:00+00:00",
    "cores": 2,
    "processor": "a processor",
    "load_average": 0.5,
    "fdatasync_ms": {"p50": 0.25},
}


def figure(row: str, value: float) -> Figure:
    return Figure(row, "lower p99", Estimate(value, value - 1, value + 1, 0.97, 6), "x", at_least(20, 40))


def test_a_run_of_some_rows_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    save([figure("P3", 30), figure("P12", 1)], _RUN, results)

    save([figure("P3", 50)], _RUN | {"cores": 4}, results)

    kept = load(results)
    assert list(kept) == ["P3", "P12"]
    assert [each["estimate"]["value"] for each in kept["P3"]["figures"]] == [50]
    assert (kept["P3"]["run"]["cores"], kept["P12"]["run"]["cores"]) == (4, 2)


def test_the_file_says_bound_and_verdict(tmp_path: Path) -> None:
    save([figure("P3", 30)], _RUN, tmp_path / "results.json")

    (entry,) = json.loads((tmp_path / "results.json").read_text())["P3"]["figures"]

    assert (entry["bound"], entry["verdict"], entry["settled"]) == ("≥ 20 / 40", "pass", True)


def test_numbers_have_three_digits_at_least_where_they_have_them() -> None:
    assert [number(each) for each in (0.12345, 12.345, 1234.5)] == ["0.123", "12.3", "1,234"]


def test_the_story_tells_what_was_measured_and_on_what(tmp_path: Path) -> None:
    save([figure("P3", 30)], _RUN, tmp_path / "results.json")

    lines = list(table_of(load(tmp_path / "results.json"), ["P3"]))

    assert lines[2] == "| P3 | lower p99 | 30 x | 29 … 31 | ≥ 20 / 40 |"
    assert lines[3].strip() == (
        "P3: 2026-11-26, 2 cores (a processor), load average 0.5 before the run, fdatasync p50 0.25 ms."
    )


def test_rows_stand_in_the_order_of_the_table_whichever_was_measured_first(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    for row in ("W1", "P10", "P16b", "P19", "P2", "P16"):
        save([figure(row, 1)], _RUN, results)

    assert list(load(results)) == ["P16", "P16b", "P2", "P10", "P19", "W1"]


def test_every_row_has_a_program_that_says_what_it_measures() -> None:
    assert sorted(ROWS, key=row_place) == list(ROWS)
    assert all((program.__doc__ or "").startswith(row) for row, program in ROWS.items())
