"""The whole mesh, brought up and down by the shipped command line."""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mesh.topology import SERVICES
from tests.mesh.launcher.started_twice import Started, up_twice
from tests.support.ports import leased_offset
from tests.support.running_mesh import SHOPMESH, RunningMesh
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(400)

_ORDER = {
    "requestId": "launcher-1",
    "lines": [{"sku": "MUG-RED", "quantity": 2}],
    "shippingAddress": {
        "recipient": "Alice Adams",
        "line1": "Main Street 1",
        "city": "Berlin",
        "postalCode": "10115",
        "countryCode": "DE",
    },
}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    with leased_offset() as offset:
        mesh = RunningMesh(tmp_path_factory.mktemp("launcher") / "home", offset)
        try:
            yield Started(mesh, up_twice(mesh))
        finally:
            mesh.run("down")


@pytest.fixture(scope="module")
def mesh(started: Started) -> RunningMesh:
    return started.mesh


@pytest.fixture(scope="module")
def order_id(mesh: RunningMesh) -> str:
    with mesh.http(mesh.token("alice")) as shop:
        answer = shop.post("/v1/orders", json=_ORDER)
    assert answer.json()["order"]["state"] == "ORDER_STATE_CONFIRMED", answer.text
    return str(answer.json()["order"]["orderId"])


def pids(mesh: RunningMesh) -> dict[str, int]:
    return {name: part["pid"] for name, part in mesh.parts().items()}


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _policies(pid: int) -> Iterator[int]:
    """How the threads of a process are scheduled."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        # It may have ended since it was listed.
        with suppress(ProcessLookupError):
            yield os.sched_getscheduler(int(thread.name))


def test_of_two_ups_at_once_one_starts_the_mesh_and_one_finds_it_up(started: Started) -> None:
    assert sorted("already up" in output for output in started.outputs) == [False, True]


def test_up_names_every_part_the_urls_and_how_to_log_in(started: Started) -> None:
    for output in started.outputs:
        for name in ("user", "order", "inventory", "notification", "envoy"):
            assert f"✓ {name}" in output
        assert started.mesh.url in output
        assert str(started.mesh.home / "credentials.json") in output
        assert started.mesh.password("alice") not in output


def test_no_thread_of_a_service_takes_the_core_from_one_that_runs(mesh: RunningMesh) -> None:
    for service in SERVICES:
        assert {*_policies(pids(mesh)[service])} == {os.SCHED_BATCH}, service


def test_a_second_up_changes_nothing(mesh: RunningMesh) -> None:
    before = pids(mesh)

    again = mesh.run("up")

    assert "already up" in again.stdout
    assert pids(mesh) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("up", "--workers", "2"), "The mesh is up with 1 worker(s) per service, not 2."),
        (("up", "--profile", "real"), "The embedded profile is up here; real cannot start beside it."),
    ],
)
def test_another_mesh_in_the_same_home_is_refused(
    mesh: RunningMesh, arguments: tuple[str, ...], message: str
) -> None:
    refused = mesh.run(*arguments, check=False)

    assert refused.returncode == 1
    assert message in refused.stderr
    assert "shopmesh down" in refused.stderr


def test_a_second_mesh_on_the_same_ports_is_refused_and_names_the_first(
    mesh: RunningMesh, tmp_path: Path
) -> None:
    refused = RunningMesh(tmp_path / "other", mesh.port_offset).run("up", check=False)

    assert refused.returncode == 1
    assert f"Port {8080 + mesh.port_offset} (envoy) is taken by the mesh in {mesh.home}." in refused.stderr
    assert f"SHOPMESH_HOME={shlex.quote(str(mesh.home))} shopmesh down" in refused.stderr


def test_a_killed_service_comes_back_and_status_reports_it(mesh: RunningMesh) -> None:
    before = mesh.parts()["notification"]

    os.kill(before["pid"], signal.SIGKILL)

    def is_back() -> bool:
        now = mesh.parts()["notification"]
        return bool(now["state"] == "ready" and now["pid"] != before["pid"])

    until(is_back, "notification is back", seconds=90)
    after = mesh.parts()["notification"]
    assert after["restarts"] == before["restarts"] + 1
    assert after["lastExit"] == -signal.SIGKILL


def test_orders_go_on_while_notification_takes_up_another_setting(mesh: RunningMesh) -> None:
    before, token = pids(mesh), mesh.token("alice")
    with ThreadPoolExecutor(1) as thread, mesh.http(token) as shop:
        changed = replace(mesh, variables={"SHOPMESH_MAIL_URL": f"file://{mesh.home}/other-mails"})
        restarting = thread.submit(changed.run, "restart", "notification")
        orders = [shop.post("/v1/orders", json={**_ORDER, "requestId": f"restart-{n}"}) for n in range(5)]
        said = restarting.result().stdout

    assert [answer.status_code for answer in orders] == [200] * 5
    assert "✓ notification" in said
    after = pids(mesh)
    assert [name for name in before if before[name] != after[name]] == ["notification"]
    environ = Path(f"/proc/{after['notification']}/environ").read_bytes().split(b"\0")
    assert f"SHOPMESH_MAIL_URL=file://{mesh.home}/other-mails".encode() in environ
    as_before = {"SHOPMESH_MAIL_URL": (mesh.home / "mail").as_uri()}
    replace(mesh, variables=as_before).run("restart", "notification")


def test_a_service_that_cannot_use_a_setting_keeps_its_former_one(mesh: RunningMesh) -> None:
    wrong = replace(mesh, variables={"SHOPMESH_MAIL_URL": "ses://eu-central-1"})

    refused = wrong.run("restart", "notification", check=False)

    assert refused.returncode == 1
    assert "notification cannot start: SHOPMESH_MAIL_URL cannot be used" in refused.stderr
    assert "It runs with its former settings." in refused.stderr
    assert mesh.parts()["notification"]["state"] == "ready"


def test_status_fails_while_a_part_does_not_answer(mesh: RunningMesh) -> None:
    pid = mesh.parts()["inventory"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        paused = mesh.run("status", "--json", check=False)
    finally:
        os.kill(pid, signal.SIGCONT)

    states = {part["name"]: part["state"] for part in json.loads(paused.stdout)}
    assert paused.returncode == 1
    assert states["inventory"] == "not ready"
    until(lambda: mesh.run("status", check=False).returncode == 0, "all parts are ready again", seconds=90)


def test_a_token_comes_from_the_real_flow(mesh: RunningMesh) -> None:
    log = mesh.home / "logs" / "user.log"
    before = log.stat().st_size

    printed = mesh.run("token", "--as", "bob@example.com", "--scope", "profile").stdout

    assert printed.count("\n") == 1
    with mesh.http(printed.strip()) as shop:
        assert shop.get("/v1/users/me").json()["user"]["email"] == "bob@example.com"
        assert shop.get("/v1/orders").status_code == 403
    said = [json.loads(line) for line in log.read_text()[before:].splitlines()]
    flow = [line["event"] for line in said if line.get("client_id") == "cli"]
    assert flow == ["authorize", "authorize", "token"]


def test_a_wrong_password_prints_no_token(mesh: RunningMesh) -> None:
    refused = subprocess.run(
        [SHOPMESH, "token", "--as", "nobody@example.com"],
        env={**os.environ, "SHOPMESH_HOME": str(mesh.home)},
        input="not the password\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "nobody@example.com" in refused.stderr


def test_a_services_token_reaches_what_only_services_may_call(mesh: RunningMesh) -> None:
    assert mesh.client_token("order", "inventory").count(".") == 2
    assert mesh.client_token("wms").count(".") == 2


def test_the_history_of_an_order_is_readable(mesh: RunningMesh, order_id: str) -> None:
    shown = mesh.run("orders", "history", order_id).stdout
    events = json.loads(mesh.run("orders", "history", order_id, "--json").stdout)["events"]

    assert shown.index("OrderPlaced") < shown.index("OrderConfirmed")
    assert [event["type"] for event in events] == ["OrderPlaced", "OrderConfirmed"]
    assert events[0]["data"]["lines"][0]["quantity"] == 2


def test_an_order_that_is_not_there_is_a_message(mesh: RunningMesh) -> None:
    absent = mesh.run("orders", "history", "01a20a0e-7aaa-74ea-8dee-c576de9fba7d", check=False)

    assert absent.returncode == 1
    assert "NOT_FOUND" in absent.stderr
    assert "Traceback" not in absent.stderr


def test_the_confirmation_is_in_the_mails(mesh: RunningMesh, order_id: str) -> None:
    def is_listed() -> bool:
        return "alice@example.com" in mesh.run("mail", "list").stdout

    until(is_listed, "the mail is listed", seconds=60)
    assert order_id in mesh.run("mail", "preview").stdout


def test_a_granted_scope_is_in_the_next_token(mesh: RunningMesh, order_id: str) -> None:
    assert mesh.run("orders", "history", order_id, "--as", "bob", check=False).returncode == 1

    granted = mesh.run("users", "grant", "bob@example.com", "audit")

    assert "audit" in granted.stdout
    assert "OrderPlaced" in mesh.run("orders", "history", order_id, "--as", "bob").stdout


def test_the_event_log_is_printed_as_json(mesh: RunningMesh, order_id: str) -> None:
    tail = subprocess.Popen(
        [SHOPMESH, "events", "tail", "--key", order_id],
        env={**os.environ, "SHOPMESH_HOME": str(mesh.home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with tail:
        assert tail.stdout is not None
        events = [json.loads(tail.stdout.readline()) for _ in range(2)]
        tail.terminate()

    assert [event["type"] for event in events] == ["OrderPlaced", "OrderConfirmed"]


def test_status_tells_what_each_service_depends_on(mesh: RunningMesh) -> None:
    parts = mesh.parts()

    assert parts["order"]["dependencies"]["order.event_log"] is True
    assert all(part["port"] and part["pid"] and part["state"] == "ready" for part in parts.values())


def test_doctor_finds_the_running_mesh_well(mesh: RunningMesh) -> None:
    assert "up and ready" in mesh.run("doctor").stdout


def test_down_leaves_no_process_and_state_survives(mesh: RunningMesh, order_id: str) -> None:
    running, password = pids(mesh), mesh.password("alice")

    mesh.run("down")

    assert not any(is_running(pid) for pid in running.values())
    assert mesh.run("status", check=False).returncode == 1
    mesh.run("up")
    assert mesh.password("alice") == password
    with mesh.http(mesh.token("alice")) as shop:
        assert shop.get(f"/v1/orders/{order_id}").json()["order"]["orderId"] == order_id
