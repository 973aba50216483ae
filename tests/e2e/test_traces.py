"""One order is one trace, from the front proxy to the mail."""

import json
import secrets

import httpx

from tests.e2e.logs import accesses, lines, spans, wait_for_order
from tests.e2e.people import mails_to
from tests.e2e.shop import Store, answered, order_of
from tests.e2e.stores import rows
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until


def trace_of(traceparent: str) -> str:
    return traceparent.split("-")[1]


def test_one_order_is_one_trace(running_mesh: RunningMesh, alice: httpx.Client, store: Store) -> None:
    response = alice.post("/v1/orders", json=order_of((store.product(berlin=5), 1)))
    order_id, trace_id = answered(response)["order"]["orderId"], response.headers["x-trace-id"]

    wait_for_order(running_mesh, trace_id)

    assert [line["route"] for line in accesses(running_mesh, trace_id)] == ["POST /v1/orders"]
    assert _traces(running_mesh, "order", order_id) == {trace_id}
    assert _traces(running_mesh, "event_log", order_id) == {trace_id}
    history = answered(alice.get(f"/v1/orders/{order_id}/history"))["events"]
    assert {event["traceId"] for event in history} == {trace_id}
    for service, method in (("order", "PlaceOrder"), ("inventory", "ReserveStock")):
        assert any(
            line.get("trace_id") == trace_id and line["method"].endswith(f"/{method}")
            for line in lines(running_mesh, f"{service}.log")
            if line["event"] == "call"
        )
    until(lambda: _mailed(running_mesh, trace_id) == 1, "one mail carries the trace")


def test_a_callers_own_trace_goes_on(running_mesh: RunningMesh, alice: httpx.Client, store: Store) -> None:
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}

    response = alice.post("/v1/orders", json=order_of((store.product(berlin=5), 1)), headers=headers)

    assert response.headers["x-trace-id"] == trace_id
    wait_for_order(running_mesh, trace_id)


def test_a_refusal_has_a_trace_too(running_mesh: RunningMesh, alice: httpx.Client) -> None:
    response = alice.post("/v1/orders", json={})

    until(lambda: spans(running_mesh, response.headers["x-trace-id"]) == {"order"}, "the refusal's span")


def test_the_access_log_and_spans_have_neither_query_nor_path_values(
    running_mesh: RunningMesh, anyone: httpx.Client, alice: httpx.Client, store: Store
) -> None:
    planted = f"PLANTED-{secrets.token_hex(6).upper()}"
    anyone.get(f"/v1/products/{planted}")
    anyone.get("/v1/products", params={"query": planted})
    anyone.get(f"/v1/nothing/{planted}", params={"q": planted})
    anyone.get("/account/verify", params={"token": planted})
    anyone.get("/oauth2/authorize", params={"login_hint": planted, "state": planted})
    order = alice.post("/v1/orders", json=order_of((store.product(berlin=5), 1)))

    wait_for_order(running_mesh, order.headers["x-trace-id"])

    for name in ("envoy.log", "spans.jsonl"):
        assert planted not in running_mesh.home.joinpath("logs", name).read_text()


def test_shopmesh_token_is_an_authorize_and_a_token_call_of_the_user_service(
    running_mesh: RunningMesh,
) -> None:
    def calls() -> list[tuple[str, str, str]]:
        return [
            (line["event"], line["outcome"], line["client_id"])
            for line in lines(running_mesh, "user.log")
            if line["event"] in {"authorize", "token"}
        ]

    before = len(calls())

    running_mesh.token("alice")

    until(lambda: len(calls()) >= before + 3, "the calls are logged")
    assert calls()[before:] == [
        ("authorize", "login_page", "cli"),
        ("authorize", "code_issued", "cli"),
        ("token", "issued", "cli"),
    ]


def _traces(mesh: RunningMesh, database: str, order_id: str) -> set[str]:
    table, column = ("events", "order_id") if database == "order" else ("records", '"key"')
    query = f"SELECT CAST(body AS TEXT) FROM {table} WHERE {column} = ?"  # noqa: S608
    bodies = [json.loads(str(body)) for (body,) in rows(mesh, database, query, order_id)]
    assert [body["version"] for body in bodies] == [1, 2]
    return {trace_of(body["trace"]) for body in bodies}


def _mailed(mesh: RunningMesh, trace_id: str) -> int:
    return sum(mail["x-trace-id"] == trace_id for mail in mails_to(mesh, "alice@example.com"))
