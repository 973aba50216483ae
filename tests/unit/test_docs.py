"""What the documentation points at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "README.md"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
ROW = re.compile(r"^\| (?!I want|---)(.+?) \| (.+) \|$", re.MULTILINE)
PATH = re.compile(r"`((?:bench|interceptors|mesh|protos|services|tests|web)/[\w./]*|pyproject\.toml)`")
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def _changes() -> dict[str, list[str]]:
    """The paths of each row of the table."""
    return {wish: PATH.findall(where) for wish, where in ROW.findall(INDEX.read_text())}


def test_the_table_of_changes_has_rows_enough() -> None:
    assert len(_changes()) >= 20


@pytest.mark.parametrize(("wish", "paths"), _changes().items(), ids=lambda value: str(value)[:40])
def test_a_row_of_the_table_names_paths_that_exist(wish: str, paths: list[str]) -> None:
    assert paths, wish
    assert not [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    assert not [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_path_that_is_named_exists(page: Path) -> None:
    assert not [path for path in PATH.findall(page.read_text()) if not (ROOT / path).exists()]


def test_every_page_is_in_the_index() -> None:
    listed = set(LINK.findall(INDEX.read_text()))

    assert not {page.name for page in INDEX.parent.glob("*.md")} - listed - {"README.md"}


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = re.findall(r"^\| (?!Term|---)(.+?) \|", (INDEX.parent / "glossary.md").read_text(), re.MULTILINE)

    assert terms == sorted(terms, key=str.lower)
    assert len(terms) == len(set(terms))
