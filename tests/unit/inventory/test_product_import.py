"""What many products at once come to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.inventory.domain.errors import InvalidProduct
from services.inventory.domain.product_import import import_plan
from services.kernel.money import Money
from tests.support.events import MORNING
from tests.support.inventory.shop import product

LATER = MORNING + timedelta(days=1)
RED, BLUE = product("MUG-RED"), product("MUG-BLUE")


def test_new_changed_and_equal_products_are_told_apart() -> None:
    cheaper = replace(BLUE, price=Money("EUR", 9), update_time=LATER)
    wanted = [replace(RED, update_time=LATER), cheaper, product("MUG-NEW")]

    plan = import_plan(wanted, {"MUG-RED": RED, "MUG-BLUE": BLUE})

    assert (plan.created, plan.updated, plan.unchanged) == ((product("MUG-NEW"),), (cheaper,), 1)
    assert plan.changes() == (product("MUG-NEW"), cheaper)


def test_a_retired_product_stays_retired() -> None:
    gone = replace(RED, retired=True)

    plan = import_plan([replace(RED, name="Red mug")], {"MUG-RED": gone})

    assert plan.updated == (replace(gone, name="Red mug"),)


def test_every_problem_is_named_with_its_place() -> None:
    dollars = replace(RED, price=Money("USD", 12))

    plan = import_plan([BLUE, dollars, BLUE, product("MUG-NEW")], {"MUG-RED": RED})

    assert [(each.index, each.field) for each in plan.problems] == [(1, "price.currencyCode"), (2, "sku")]
    with pytest.raises(InvalidProduct, match="2 of the products cannot be imported, so none was") as refused:
        plan.changes()
    assert [field for field, _ in refused.value.fields] == [
        "products[1].price.currencyCode",
        "products[2].sku",
    ]
