"""Personal data is in no log, no span and no metric, and in the clear in no event."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import httpx
from buf.validate import validate_pb2
from google.protobuf.message import Message

from tests.e2e.calls import over_grpc, over_rest
from tests.e2e.contract_methods import Method, is_personal, methods
from tests.e2e.logs import SERVICES, everything_observable, wait_for_order
from tests.e2e.people import joined, mails_to
from tests.e2e.shop import Login, Store, answered, order_of, place, refused
from tests.e2e.strict import restart
from tests.e2e.valid_requests import known_values, valid
from tests.support.running_mesh import RunningMesh

_TWO_LETTERS = "^[A-Z]{2}$"
"""Of too few letters to be looked for."""


def planted_text() -> str:
    return f"planted{secrets.token_hex(5)}"


def personal_fields(message: Any) -> Iterator[Any]:
    """Every personal field of a message and of the messages in it."""
    for field in message.fields:
        if is_personal(field):
            yield field
        elif field.message_type is not None:
            yield from personal_fields(field.message_type)


def plant(message: Any) -> dict[str, str]:
    """A value of its own for each personal field, by its full name."""
    rules = {field.full_name: _text_rules(field) for field in personal_fields(message)}
    return {
        name: f"{planted_text()}@example.com" if rule.email else planted_text()
        for name, rule in rules.items()
        if rule.pattern != _TWO_LETTERS
    }


def taking_personal_data() -> list[Method]:
    return [method for method in methods() if plant(method.input.DESCRIPTOR)]


def test_some_methods_take_personal_data() -> None:
    assert len(taking_personal_data()) >= 8


def test_planted_values_appear_in_no_log_span_or_metric(
    running_mesh: RunningMesh, admin: httpx.Client, alice: httpx.Client, store: Store
) -> None:
    planted: list[str] = []
    with ExitStack() as stack:
        person = stack.enter_context(
            joined(
                running_mesh,
                name=planted_text(),
                password=planted_text(),
                email=f"{planted_text()}@example.com",
            )
        )
        user = answered(person.client.get("/v1/users/me"))["user"]
        planted += [person.email, person.password, user["displayName"]]
        assert isinstance(person.client.auth, Login)
        ids = {
            "sku": store.product(berlin=50),
            "order_id": place(person.client, (store.product(berlin=1), 1))["orderId"],
            "address_id": person.user_id,
            "user_id": person.user_id,
        }
        for call in _surfaces(stack, running_mesh):
            for method in taking_personal_data():
                values = plant(method.input.DESCRIPTOR)
                planted += values.values()
                request = valid(method.input, {**known_values(**ids), **values})
                for sent in (request, *_broken(request)):
                    call(method, sent, person.client.auth.token())
        admin.get("/v1/users")
        _log_in_wrongly(running_mesh, person.email, planted)
        _send_malformed(person.client, planted)

    last = alice.post("/v1/orders", json=order_of((store.product(berlin=1), 1)))
    wait_for_order(running_mesh, last.headers["x-trace-id"])
    assert mails_to(running_mesh, person.email)
    found = [
        (where, value)
        for where, text in everything_observable(running_mesh)
        for value in planted
        if value in text
    ]
    assert found == []


def test_events_hold_no_address_in_the_clear(
    running_mesh: RunningMesh, alice: httpx.Client, store: Store
) -> None:
    values = {
        name: planted_text() for name in ("recipient", "line1", "line2", "city", "region", "postalCode")
    }
    # Of which anything is a postal code.
    address = values | {"countryCode": "BO"}

    order = place(alice, (store.product(berlin=1), 1), shippingAddress=address)

    assert order["shippingAddress"] == address
    stored = b"".join(path.read_bytes() for path in running_mesh.home.glob("embedded/*.db*"))
    assert order["orderId"].encode() in stored
    assert [value for value in values.values() if value.encode() in stored] == []


def test_only_the_user_service_needs_the_signing_key(strict: RunningMesh) -> None:
    key = strict.home / "secrets" / "signing-key.json"
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    away = key.rename(key.with_suffix(".away"))
    try:
        restart(strict, "order", "inventory", "notification")
        with strict.http(strict.token("alice")) as customer:
            order = place(customer, ("MUG-RED", 1))
    finally:
        away.rename(key)

    assert order["state"] == "ORDER_STATE_CONFIRMED"


def _surfaces(stack: ExitStack, mesh: RunningMesh) -> Iterator[Callable[[Method, Message, str], object]]:
    channels = {
        service: stack.enter_context(grpc.insecure_channel(mesh.grpc(service))) for service in SERVICES
    }
    transport = httpx.HTTPTransport(local_address="127.0.0.55")
    url = mesh.url.replace("localhost", "127.0.0.1")
    client = stack.enter_context(httpx.Client(base_url=url, transport=transport, timeout=20, trust_env=False))
    yield lambda method, request, token: over_grpc(channels[method.service], method, request, token)
    yield lambda method, request, token: over_rest(client, method, request, token)


def _broken(request: Message) -> Iterator[Message]:
    """The same request without each of its fields: refused, and so logged with what it said."""
    for field, _ in request.ListFields():
        broken = type(request)()
        broken.CopyFrom(request)
        broken.ClearField(field.name)
        yield broken


def _log_in_wrongly(mesh: RunningMesh, email: str, planted: list[str]) -> None:
    for name, password in ((email, planted_text()), (f"{planted_text()}@example.com", planted_text())):
        planted += [name, password]
        done = mesh.run("token", "--as", name, check=False, answer=f"{password}\n")
        assert done.returncode != 0


def _send_malformed(client: httpx.Client, planted: list[str]) -> None:
    """The front proxy tells the caller what it could not read; its log must not."""
    for text in ('{{"recipient": "{}", ', '{{"city": ["{}"]}}', '{{"line1": {}}}', '{{"{}": ]'):
        planted.append(planted_text())
        response = client.post(
            "/v1/users/me/addresses",
            content=text.format(planted[-1]),
            headers={"content-type": "application/json"},
        )
        refused(response, 400, "INVALID_REQUEST")


def _text_rules(field: Any) -> validate_pb2.StringRules:
    rules: validate_pb2.FieldRules = field.GetOptions().Extensions[validate_pb2.field]
    return rules.string
