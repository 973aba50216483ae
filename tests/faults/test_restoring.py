"""An event store or a topic is lost; each comes back from the other, and orders go on."""

import pytest

from tests.faults.injecting import Fault, Injector
from tests.faults.ordering import Customers
from tests.faults.stores import KAFKA, MONGODB, Stores
from tests.faults.stores_kafka import delete_topic
from tests.faults.stores_mongo import orders_database
from tests.support.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(900)


def test_a_lost_store_comes_back_from_the_topic_and_a_lost_topic_from_the_store(
    mesh: RunningMesh, stores: Stores
) -> None:
    customers, injector = Customers(mesh, "bob"), Injector(mesh)
    for number in range(3):
        customers.order(f"kept-{number}")
    customers.wait_until_quiet()
    stored = stores.stored()

    with orders_database(stores.url(MONGODB) or "") as database:
        database.client.drop_database(database)
    for worker in ("order", "order-1"):
        injector.inject(Fault(worker, "restart"))
    mesh.run("orders", "rebuild", "--from", "kafka")
    assert stores.stored() == stored
    mesh.run("orders", "verify")
    mesh.run("orders", "rebuild")

    delete_topic(stores.url(KAFKA) or "")
    mesh.run("orders", "rebuild", "--to", "kafka")
    assert {(each.order_id, each.version, each.hash) for each in stores.published()} == {
        (each.order_id, each.version, each.hash) for each in stored
    }
    customers.order("afterwards")
    customers.wait_until_quiet()
