"""Products to fight for: plenty of most, few of one."""

from tests.support.running_mesh import RunningMesh

LASTING = "FAULT-LASTING"
"""A product of which there is enough, however fast customers order for however long."""
_LASTING_PIECES = 1_000_000
_PLENTY = 5
_WAREHOUSES = ("berlin", "hamburg")


def make_products(mesh: RunningMesh, staff_token: str, *, pieces: int) -> list[str]:
    """Add products, each with so many pieces in each of two warehouses, and one that will not be enough."""
    plenty = [f"FAULT-PLENTY-{number}" for number in range(_PLENTY)]
    stock = dict.fromkeys(plenty, pieces) | {"FAULT-SCARCE": max(1, pieces // 10)}
    for sku, quantity in stock.items():
        make_product(mesh, staff_token, sku, pieces=quantity)
    return list(stock)


def make_lasting_product(mesh: RunningMesh) -> None:
    """Add it; doing so again changes nothing."""
    make_product(mesh, mesh.token("admin"), LASTING, pieces=_LASTING_PIECES)


def make_product(mesh: RunningMesh, staff_token: str, sku: str, *, pieces: int) -> None:
    """Add a product with so many pieces in each of two warehouses; doing it again changes nothing."""
    price = {"currencyCode": "EUR", "units": "12", "nanos": 900_000_000}
    product = {"sku": sku, "name": sku.title(), "description": "To be fought for.", "category": "tests"}
    with mesh.http(staff_token) as staff:
        staff.post("/v1/products", json=product | {"price": price})
        for warehouse in _WAREHOUSES:
            body = {
                "requestId": f"{sku}-{warehouse}",
                "warehouse": warehouse,
                "delta": pieces,
                "reason": "first delivery",
            }
            staff.post(f"/v1/stock/{sku}:adjust", json=body).raise_for_status()
