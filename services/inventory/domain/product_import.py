"""Many products at once, compared with those that are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.inventory.domain.errors import InvalidProduct
from services.inventory.domain.product import CHANGEABLE_FIELDS, ZERO_PRICE, Product, ProductChange, changed


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """Why a product cannot be imported.

    Attributes:
        index: Its place among the wanted ones, from 0.
        field: Which field of it, as in the contract's JSON.
        description: What is wrong, and what is allowed.
    """

    index: int
    field: str
    description: str


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import comes to: nothing, as long as it has problems."""

    created: tuple[Product, ...]
    updated: tuple[Product, ...]
    unchanged: int
    problems: tuple[ImportProblem, ...]

    def changes(self) -> tuple[Product, ...]:
        """The products to store.

        Raises:
            InvalidProduct: There are problems; all of them are in its `fields`.
        """
        if self.problems:
            raise _refused(self.problems)
        return self.created + self.updated


def import_plan(
    wanted: Sequence[Product], known: Mapping[str, Product], *, allow_zero_price: bool = False
) -> ImportPlan:
    """Compare products as they are to be with those of the same SKUs that are there."""
    created, updated, unchanged, problems = [], [], 0, []
    first: dict[str, int] = {}
    for index, product in enumerate(wanted):
        if first.setdefault(product.sku, index) != index:
            twice = f"{product.sku} is products[{first[product.sku]}] too; each may stand there once"
            problems.append(ImportProblem(index, "sku", twice))
        elif product.price.is_zero and not allow_zero_price:
            problems.append(ImportProblem(index, "price", ZERO_PRICE))
        elif product.sku not in known:
            created.append(product)
        else:
            before = known[product.sku]
            try:
                after = _replaced(before, product)
            except InvalidProduct as refused:
                problems += _problems(index, refused)
            else:
                updated += [] if after == before else [after]
                unchanged += after == before
    return ImportPlan(tuple(created), tuple(updated), unchanged, tuple(problems))


def _replaced(known: Product, wanted: Product) -> Product:
    change = ProductChange(wanted.name, wanted.description, wanted.category, wanted.price, wanted.image_url)
    return changed(known, change, fields=CHANGEABLE_FIELDS, time=wanted.update_time)


def _problems(index: int, refused: InvalidProduct) -> list[ImportProblem]:
    return [ImportProblem(index, field.removeprefix("product."), what) for field, what in refused.fields]


def _refused(problems: Sequence[ImportProblem]) -> InvalidProduct:
    fields = [(f"products[{each.index}].{each.field}", each.description) for each in problems]
    count = len({each.index for each in problems})
    field, what = fields[0]
    return InvalidProduct(
        f"{count} of the products cannot be imported, so none was; the first: {field}: {what}", fields=fields
    )
