"""Products as people keep them in spreadsheets: CSV in UTF-8, with a header."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from google.type.money_pb2 import Money

from mesh.contract.currencies import MINOR_DIGITS, currency_problem
from shopmesh.inventory.v1.catalog_service_pb2 import Product

COLUMNS = ("sku", "name", "description", "category", "price", "currency", "image_url")

_HIGHEST_UNITS = 10_000_000
_PRICE = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,9}))?")
# What `surrogateescape` makes of bytes that are no UTF-8.
_FOREIGN = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True, order=True)
class BadLine:
    """What is wrong with a line of a file.

    Attributes:
        line: Its number, from 1; where it begins, if it goes over several.
        column: The column, or nothing when it is about the line as a whole.
        problem: What is wrong, and what is allowed.
    """

    line: int
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's products by the numbers of their lines, and what could not be read.

    A product of a bad line has what could be read.
    """

    products: Mapping[int, Product]
    bad_lines: tuple[BadLine, ...]


def read_sheet(file: Path) -> Sheet:
    """Read products.

    Raises:
        BadParameter: The file has not the header of such a file.
    """
    with file.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as text:
        rows = _numbered(text)
        columns = _columns(next(rows, (1, [])))
        products, bad_lines = {}, []
        for number, row in rows:
            product, problems = _product(row, columns)
            bad_lines += [BadLine(number, column, problem) for column, problem in problems]
            if product is not None:
                products[number] = product
    return Sheet(products, tuple(bad_lines))


def _numbered(text: Iterator[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Each row that is not empty, or what is wrong with its quotes, with the number of its first line."""
    reader = csv.reader(text, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"cannot be read as CSV: {error}"
            continue
        if row:
            yield number, row


def _columns(header: tuple[int, list[str] | str]) -> Sequence[str]:
    _, row = header
    names = [] if isinstance(row, str) else [name.strip() for name in row]
    unknown = [name for name in names if name not in COLUMNS]
    problems = {
        "missing": [name for name in COLUMNS if name not in names],
        "unknown": unknown,
        "there twice": sorted({name for name in names if names.count(name) > 1 and name not in unknown}),
    }
    listed = [f"{problem}: {', '.join(map(repr, found))}" for problem, found in problems.items() if found]
    if listed:
        expected = ",".join(COLUMNS)
        raise typer.BadParameter(
            f"the first line has to name the columns {expected}, in any order; {'; '.join(listed)}"
        )
    return names


def _product(row: list[str] | str, columns: Sequence[str]) -> tuple[Product | None, list[tuple[str, str]]]:
    if isinstance(row, str):
        return None, [("", row)]
    if len(row) != len(columns):
        return None, [("", f"has {len(row)} columns; the header names {len(columns)}")]
    cells = {column: cell.strip() for column, cell in zip(columns, row, strict=True)}
    problems = [(column, "is not UTF-8") for column, cell in cells.items() if _FOREIGN.search(cell)]
    if problems:
        return None, problems
    price, problems = _money(cells["price"], cells["currency"])
    product = Product(
        sku=cells["sku"],
        name=cells["name"],
        description=cells["description"],
        category=cells["category"],
        price=price,
        image_url=cells["image_url"],
    )
    return product, problems


def _money(price: str, currency: str) -> tuple[Money | None, list[tuple[str, str]]]:
    problems = []
    found = _PRICE.fullmatch(price)
    if found is None or int(found[1]) > _HIGHEST_UNITS:
        allowed = f"a price is written like 12.90, and is at most {_HIGHEST_UNITS}.99"
        problems.append(("price", f"{price!r} is none; {allowed}"))
    if wrong := currency_problem(currency):
        problems.append(("currency", f"{currency!r} is none: it {wrong}"))
    if found is None or problems:
        return None, problems
    units, decimals, digits = int(found[1]), found[2] or "", MINOR_DIGITS[currency]
    # Zeros too: 12.900 is no price to some and a thousand times as much to others.
    if len(decimals) > digits:
        return None, [("price", f"{price!r} has more decimals than {currency}, which has {digits}")]
    return Money(currency_code=currency, units=units, nanos=int(decimals.ljust(9, "0"))), []
