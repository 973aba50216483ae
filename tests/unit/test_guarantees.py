"""Each promise of `docs/guarantees.md` names tests that are there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"
_ROW = re.compile(r"^\| (?P<promise>.+?) \| (?P<shown>.*?) *\|$", re.MULTILINE)
_FILE_OR_TEST = re.compile(r"\]\((?P<file>[^)]+)\)|`(?P<test>test_\w+)`")


def unshown(page: str) -> Iterator[str]:
    """The promises without a test, and the names of tests that are not in the file before them."""
    for row in _ROW.finditer(page):
        if row["promise"] in ("Promise", "---"):
            continue
        file, named = None, 0
        for reference in _FILE_OR_TEST.finditer(row["shown"]):
            if reference["file"]:
                file = (_PAGE.parent / reference["file"]).resolve()
            else:
                named += 1
                if file is None or reference["test"] not in _tests_of(file):
                    yield f"{row['promise']}: {reference['test']} is not in {file}"
        if not named:
            yield f"{row['promise']}: no test"


def _tests_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text()) if file.exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_promise_is_shown_by_a_test_that_is_there() -> None:
    page = _PAGE.read_text()

    assert len(_ROW.findall(page)) > 50
    assert list(unshown(page)) == []


@pytest.mark.parametrize(
    "row",
    [
        "| Orders are kept | |",
        "| Orders are kept | we believe so |",
        "| Orders are kept | [orders](../tests/e2e/test_orders.py) `test_that_nobody_wrote` |",
        "| Orders are kept | [nowhere](../tests/e2e/test_nowhere.py) `test_an_order_is_confirmed` |",
        "| Orders are kept | `test_an_order_is_confirmed` |",
    ],
)
def test_a_promise_without_one_is_found(row: str) -> None:
    assert len(list(unshown(row))) == 1
