"""The catalogue in the hands of the staff: a spreadsheet, prices and their history."""

import json
from pathlib import Path

import httpx

from tests.e2e.shop import Store, answered, money, new_sku, place
from tests.support.running_mesh import RunningMesh

HEADER = "sku,name,description,category,price,currency,image_url"


def line(sku: str, price: str, currency: str = "EUR") -> str:
    return f"{sku},A thing,,tests,{price},{currency},"


def sheet(folder: Path, *lines: str) -> str:
    file = folder / "products.csv"
    file.write_text("\n".join([HEADER, *lines]), encoding="utf-8")
    return str(file)


def test_a_spreadsheet_becomes_products(
    running_mesh: RunningMesh, anyone: httpx.Client, tmp_path: Path
) -> None:
    sku, other = new_sku(), new_sku()

    tried = running_mesh.run(
        "products", "import", sheet(tmp_path, line(sku, "12.90"), line(other, "3")), "--dry-run"
    )
    assert tried.stdout.strip() == "Would be: 2 created, 0 updated, 0 unchanged."
    assert anyone.get(f"/v1/products/{sku}").status_code == httpx.codes.NOT_FOUND

    running_mesh.run("products", "import", sheet(tmp_path, line(sku, "12.90"), line(other, "3")))
    again = running_mesh.run("products", "import", sheet(tmp_path, line(sku, "14"), line(other, "3")))

    assert again.stdout.strip() == "0 created, 1 updated, 1 unchanged."
    assert answered(anyone.get(f"/v1/products/{sku}"))["product"]["price"] == money(14)


def test_a_spreadsheet_with_bad_lines_changes_nothing_and_names_them_all(
    running_mesh: RunningMesh, anyone: httpx.Client, store: Store, tmp_path: Path
) -> None:
    known, new = store.product(units=5), new_sku()
    file = sheet(tmp_path, line(new, "1"), line(known, "5", "USD"), line("no sku", "1"), line(known, "5,00"))

    refused = running_mesh.run("products", "import", file, check=False)
    for_programs = running_mesh.run("products", "import", file, "--json", check=False)

    assert refused.returncode == for_programs.returncode == 1
    assert [each.split(":")[0] for each in refused.stdout.splitlines()] == ["line 3", "line 4", "line 5"]
    document = json.loads(for_programs.stdout)
    assert not document["imported"]
    assert [(each["line"], each["column"]) for each in document["badLines"]] == [
        (3, "currency"),
        (4, "sku"),
        (5, ""),
    ]
    assert anyone.get(f"/v1/products/{new}").status_code == httpx.codes.NOT_FOUND


def test_rest_imports_all_products_or_none(admin: httpx.Client, anyone: httpx.Client, store: Store) -> None:
    known, new = store.product(units=5), new_sku()
    product = {"name": "A thing", "category": "tests"}
    wanted = [{"sku": new, "price": money(1)} | product, {"sku": known, "price": money(6)} | product]
    wrong = [wanted[0], wanted[1] | {"price": money(6) | {"currencyCode": "USD"}}]

    refused = admin.post("/v1/products:import", json={"products": wrong, "validateOnly": False})

    assert refused.status_code == httpx.codes.BAD_REQUEST
    assert "products[1].price.currencyCode" in refused.text
    assert anyone.get(f"/v1/products/{new}").status_code == httpx.codes.NOT_FOUND
    assert answered(admin.post("/v1/products:import", json={"products": wanted, "validateOnly": False})) == {
        "createdCount": 1,
        "updatedCount": 1,
        "unchangedCount": 0,
        "problems": [],
    }


def test_a_new_price_enters_the_history_and_no_placed_order(
    admin: httpx.Client, alice: httpx.Client, store: Store
) -> None:
    sku = store.product(units=12, berlin=1)
    order = place(alice, (sku, 1))

    wanted = {"sku": sku, "name": "A thing", "category": "tests", "price": money(99)}
    answered(admin.post("/v1/products:import", json={"products": [wanted], "validateOnly": False}))

    prices = answered(admin.get(f"/v1/products/{sku}/prices"))["prices"]
    assert [entry["price"] for entry in prices] == [money(99), money(12)]
    assert answered(alice.get(f"/v1/orders/{order['orderId']}"))["order"]["total"] == money(12)
