"""Quarantined updates of the warehouse system, seen over REST and from the command line."""

import json
from uuid import uuid4

import httpx

from tests.support.running_mesh import RunningMesh


def test_what_was_set_aside_is_shown_with_its_reason(
    running_mesh: RunningMesh, wms: httpx.Client, admin: httpx.Client
) -> None:
    sku = f"GONE-{uuid4().hex[:8].upper()}"
    update = {"sku": sku, "warehouse": "berlin", "sequence": 7, "delta": {"quantity": -5}}
    pushed = wms.post("/v1/wms/stock-updates", json={"updates": [update]}).json()
    assert [ack["result"] for ack in pushed["acks"]] == ["STOCK_UPDATE_RESULT_QUARANTINED"]
    reason = f"there is no product {sku}"

    answer = wms.get("/v1/wms/quarantined-updates", params={"sku": sku}).json()
    (kept,) = answer["updates"]
    assert (kept["reason"], kept["actor"], kept["update"]["sequence"]) == (reason, "client:wms", "7")
    assert admin.get("/v1/wms/quarantined-updates", params={"sku": sku}).json() == answer

    command = ("stock", "quarantine", "--sku", sku)
    assert json.loads(running_mesh.run(*command, "--json").stdout) == answer
    header, row = running_mesh.run(*command).stdout.splitlines()
    assert header.split() == ["since", "sku", "warehouse", "epoch", "sequence", "says", "by", "reason"]
    epoch = str(kept["update"]["epoch"])
    assert row.split()[1:] == [sku, "berlin", epoch, "7", "-5", "client:wms", *reason.split()]


def test_that_nothing_was_set_aside_is_said(running_mesh: RunningMesh) -> None:
    shown = running_mesh.run("stock", "quarantine", "--sku", f"FINE-{uuid4().hex[:8].upper()}")

    assert (shown.stdout, shown.stderr.strip()) == ("", "Nothing was set aside.")
