"""Checks of a sheet of products that need no service."""

from collections.abc import Iterator, Mapping

from mesh.cli.sheets.product_sheets import BadLine, Sheet
from shopmesh.inventory.v1.catalog_service_pb2 import Product

_COLUMN_OF_FIELD = {"price.currencyCode": "currency", "imageUrl": "image_url"}


def checked(sheet: Sheet) -> tuple[Mapping[int, Product], list[BadLine]]:
    """The products that keep the rules of the contract, and all lines that do not."""
    bad_lines = [*sheet.bad_lines, *_broken_rules(sheet.products), *_repeated(sheet.products)]
    bad = {each.line for each in bad_lines}
    return {line: product for line, product in sheet.products.items() if line not in bad}, bad_lines


def column_of(field: str) -> str:
    """The column that a product's field comes from."""
    return _COLUMN_OF_FIELD.get(field, field)


def in_options(description: str) -> str:
    """A problem as the command line has it: what a request sets, an option says."""
    return description.replace("set allowZeroPrice", "say --allow-zero-price")


def _broken_rules(products: Mapping[int, Product]) -> Iterator[BadLine]:
    import protovalidate  # noqa: PLC0415 - takes 0.4 s to import, as does what uses it

    from interceptors.validation.judging import violations_of  # noqa: PLC0415
    from interceptors.validation.texts import normalise  # noqa: PLC0415

    validator = protovalidate.Validator()
    for line, product in products.items():
        normalise(product)
        for field, problem in violations_of(validator, product):
            # A price that can be read keeps its rules.
            if field != "price":
                yield BadLine(line, column_of(field), problem)


def _repeated(products: Mapping[int, Product]) -> Iterator[BadLine]:
    first: dict[str, int] = {}
    for line, product in products.items():
        if product.sku and first.setdefault(product.sku, line) != line:
            yield BadLine(line, "sku", f"{product.sku} is on line {first[product.sku]} too")
