"""How products change."""

from datetime import timedelta

import pytest

from services.inventory.domain.errors import InvalidProduct
from services.inventory.domain.product import ProductChange, changed, retired
from services.kernel.money import Money
from tests.support.events import MORNING
from tests.support.inventory.shop import product

LATER = MORNING + timedelta(hours=1)


def test_only_named_fields_change() -> None:
    change = ProductChange(name="Red mug", category="gifts", price=Money("EUR", 9))

    mug = changed(product("MUG-RED"), change, fields=("name", "price"), time=LATER)

    assert (mug.name, mug.price, mug.category) == ("Red mug", Money("EUR", 9), "kitchen")
    assert mug.update_time == LATER


def test_a_change_to_the_same_values_leaves_the_time_of_the_last_change() -> None:
    mug = product("MUG-RED")

    assert changed(mug, ProductChange(name=mug.name), fields=("name",), time=LATER) is mug


@pytest.mark.parametrize(
    ("fields", "change", "blamed"),
    [
        ((), ProductChange(), "updateMask"),
        (("sku",), ProductChange(), "updateMask"),
        (("price.units",), ProductChange(), "updateMask"),
        (("name",), ProductChange(name=""), "product.name"),
        (("category",), ProductChange(category=""), "product.category"),
        (("price",), ProductChange(), "product.price"),
        (("price",), ProductChange(price=Money("USD", 1)), "product.price.currencyCode"),
    ],
)
def test_a_change_that_cannot_be_names_the_field(
    fields: tuple[str, ...], change: ProductChange, blamed: str
) -> None:
    with pytest.raises(InvalidProduct) as refused:
        changed(product("MUG-RED"), change, fields=fields, time=LATER)

    assert [field for field, _ in refused.value.fields] == [blamed]


def test_retiring_twice_is_retiring_once() -> None:
    gone = retired(product("MUG-RED"), time=LATER)

    assert gone.retired
    assert retired(gone, time=LATER + timedelta(hours=1)) is gone
