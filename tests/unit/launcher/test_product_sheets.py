"""How products are read from CSV."""

from pathlib import Path

import pytest
import typer

from mesh.cli.sheets.product_checks import checked
from mesh.cli.sheets.product_sheets import BadLine, Sheet, read_sheet

HEADER = "sku,name,description,category,price,currency,image_url"
RED = "MUG-RED,Red mug,Holds 350 ml,kitchen,12.90,EUR,/mug.png"


def sheet(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> Sheet:
    file = tmp_path / "products.csv"
    file.write_bytes("\r\n".join(lines).encode(encoding))
    return read_sheet(file)


def bad_lines(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> list[tuple[int, str]]:
    """The lines behind the header that are bad, with the column."""
    _, bad = checked(sheet(tmp_path, HEADER, *lines, encoding=encoding))
    return [(each.line, each.column) for each in sorted(bad)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_line_is_a_product_with_or_without_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    read = sheet(tmp_path, HEADER, RED, encoding=encoding)

    assert not read.bad_lines
    mug = read.products[2]
    assert (mug.sku, mug.name, mug.description, mug.category) == (
        "MUG-RED",
        "Red mug",
        "Holds 350 ml",
        "kitchen",
    )
    assert (mug.price.units, mug.price.nanos, mug.price.currency_code) == (12, 900_000_000, "EUR")
    assert mug.image_url == "/mug.png"


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    read = sheet(
        tmp_path, "price,currency,sku,name,category,description,image_url", "7,EUR,MUG-RED,Mug,kitchen,,"
    )

    assert (read.products[2].sku, read.products[2].price.units) == ("MUG-RED", 7)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", "missing: 'sku', 'name'"),
        ("sku;name;price", "unknown: 'sku;name;price'"),
        (HEADER.replace("price", "cost"), "missing: 'price'; unknown: 'cost'"),
        (HEADER + ",sku", "there twice: 'sku'"),
        (RED, "unknown: 'MUG-RED'"),
    ],
)
def test_a_wrong_header_is_refused_with_the_names_of_its_columns(
    tmp_path: Path, header: str, told: str
) -> None:
    with pytest.raises(typer.BadParameter, match=told) as refused:
        sheet(tmp_path, header, RED)

    assert HEADER in str(refused.value)


def test_every_bad_line_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    lines = [
        RED,
        "mug red,Mug,,kitchen,1,EUR,",
        "MUG-A,,,Kitchen,1.-,euro,ftp://mug",
        "",
        'MUG-B,"A mug\nof two lines",,kitchen,1,EUR,',
        "MUG-C,Mug,,kitchen,12,90,EUR,",
        'MUG-D,"Mug" red,,kitchen,1,EUR,',
        "MUG-RED,Mug,,kitchen,1,EUR,",
        'MUG-E,"Mug',
    ]

    assert bad_lines(tmp_path, *lines) == [
        (3, "sku"),
        (4, "category"),
        (4, "currency"),
        (4, "image_url"),
        (4, "name"),
        (4, "price"),
        (6, "name"),
        (8, ""),
        (9, ""),
        (10, "sku"),
        (11, ""),
    ]
    right, _ = checked(sheet(tmp_path, HEADER, *lines))
    assert list(right) == [2]


@pytest.mark.parametrize(("price", "currency"), [("12.900", "EUR"), ("12.0", "JPY"), ("1.2345", "KWD")])
def test_a_price_has_no_more_decimals_than_its_currency(tmp_path: Path, price: str, currency: str) -> None:
    line = RED.replace("12.90,EUR", f"{price},{currency}")

    assert bad_lines(tmp_path, line) == [(2, "price")]


@pytest.mark.parametrize("price", ["", "12,90", "12.", "-1", "1e3", " ١٢", "10000001", "EUR 5"])
def test_what_is_no_price_is_told_how_prices_are_written(tmp_path: Path, price: str) -> None:
    read = sheet(tmp_path, HEADER, f'MUG-RED,Mug,,kitchen,"{price}",EUR,')

    (bad,) = read.bad_lines
    assert (bad.line, bad.column) == (2, "price")
    assert "like 12.90" in bad.problem


def test_bytes_that_are_no_utf_8_are_named_with_their_line(tmp_path: Path) -> None:
    lines = (RED, "MUG-B,Blauer Becher für zwei,,kitchen,1,EUR,", "MUG-C,Mug,,kitchen,1,EUR,")

    assert bad_lines(tmp_path, *lines, encoding="latin-1") == [(3, "name")]


def test_a_sku_that_stands_there_twice_names_both_lines(tmp_path: Path) -> None:
    _, bad = checked(sheet(tmp_path, HEADER, RED, RED))

    assert bad == [BadLine(3, "sku", "MUG-RED is on line 2 too")]
