"""What the command line says when there is nothing to talk to, or it was used wrongly."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata

from mesh.cli import channels
from mesh.cli.login.known_devices import KnownDevices
from mesh.cli.login.oauth import Account
from mesh.cli.problems import Problem, report_problem
from mesh.cli.times import utc_time
from mesh.contract.bounds import bounds_of
from mesh.launcher.errors import LaunchError
from shopmesh.inventory.v1.catalog_service_pb2 import ImportProductsRequest
from tests.unit.launcher.conftest import Shopmesh

ORDER = "6a8f3a52-5c1f-5f0e-9d0b-0d8f2f3c7b11"

PRODUCTS = "sku,name,description,category,price,currency,image_url\n"
MOST_PRODUCTS = bounds_of(ImportProductsRequest.DESCRIPTOR)[1].most_items or 0


def test_status_without_a_mesh_fails_and_says_how_to_start(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shopmesh("status") == 1
    assert "shopmesh up" in capsys.readouterr().err


def test_status_for_programs_is_an_empty_list_without_a_mesh(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shopmesh("status", "--json") == 1
    assert capsys.readouterr().out.strip() == "[]"


def test_down_without_a_mesh_succeeds(shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str]) -> None:
    assert shopmesh("down") == 0
    assert "No mesh is up" in capsys.readouterr().out


def test_a_token_needs_a_mesh(shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str]) -> None:
    assert shopmesh("token", "--as", "alice") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "shopmesh up" in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("token",),
        ("token", "--as", "alice", "--client", "wms"),
        ("token", "--as", "alice", "--audience", "order"),
        ("token", "--client", "order"),
        ("token", "--client", "order", "--audience", "nowhere"),
        ("up", "--workers", "0"),
        ("up", "--profile", "imagined"),
        ("restart",),
        ("restart", "order", "envoy"),
        ("orders", "at", "some-order"),
        ("orders", "at", "some-order", "--version", "1"),
        ("orders", "at", ORDER),
        *(
            ("orders", "at", ORDER, "--time", time)
            for time in ("yesterday", "08:00", "2026-13-01T08:00:00Z", "9999-12-31T23:00:00-09:00")
        ),
        ("orders", "history", "some-order"),
        ("orders", "diff", "some-order", "1", "2"),
        ("orders", "verify", "some-order"),
        ("orders", "rebuild", "--from", "nowhere"),
        ("orders", "rebuild", "--from", "kafka", "--to", "kafka"),
        ("events", "parked", "--service", "user"),
        ("events", "redrive", "--service", "nobody"),
        ("nonsense",),
    ],
)
def test_wrong_usage_exits_with_2(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert shopmesh(*arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_time_that_cannot_be_read_is_named_with_one_that_can(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shopmesh("orders", "at", ORDER, "--time", "yesterday") == 2
    complaint = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "'yesterday' is not a time: 2026-11-26T08:00:00.123456Z" in complaint


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26T08:00:00.123456Z",
        "2026-11-26t08:00:00.123456z",
        "2026-11-26T08:00:00.123456",
        "2026-11-26T09:30:00.123456+01:30",
    ],
)
def test_a_time_is_read_as_it_is_printed_and_is_utc_without_an_offset(text: str) -> None:
    assert utc_time(text) == datetime(2026, 11, 26, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("which", [(), (ORDER,)])
def test_what_could_not_be_verified_is_not_taken_for_tampered(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str], which: tuple[str, ...]
) -> None:
    assert shopmesh("orders", "verify", *which) == 3
    assert "shopmesh up" in capsys.readouterr().err


@pytest.mark.parametrize(
    "problem",
    [
        LaunchError("http://localhost:8080 does not answer."),
        AioRpcError(StatusCode.PERMISSION_DENIED, Metadata(), Metadata(), "audit is missing"),
        ConnectionRefusedError(111, "Connection refused"),
    ],
)
def test_a_problem_ends_with_the_code_that_the_command_chose_for_it(problem: Problem) -> None:
    assert (report_problem(problem), report_problem(problem, failed=3)) == (1, 3)


def test_wrong_usage_stays_wrong_usage_whatever_the_command_chose() -> None:
    assert report_problem(LaunchError("There is no demo account 'carol'.", usage=True), failed=3) == 2


def test_a_bad_setting_is_named_with_what_is_allowed(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPMESH_WORKERS", "many")

    assert shopmesh("up") == 2
    assert "SHOPMESH_WORKERS is 'many'; allowed is a whole number" in capsys.readouterr().err


def test_a_restart_needs_a_mesh(shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str]) -> None:
    assert shopmesh("restart", "order") == 1
    assert "shopmesh up" in capsys.readouterr().err


def test_a_restart_of_an_unknown_service_names_those_there_are(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shopmesh("restart", "mailer") == 2
    complaint = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "'mailer' is none of user, order, inventory, notification" in complaint


def test_a_restart_with_a_bad_setting_is_refused_before_anything_is_asked(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPMESH_MAIL_URL", "imap://mail.example.com")

    assert shopmesh("restart", "notification") == 2
    assert "SHOPMESH_MAIL_URL" in capsys.readouterr().err


def test_limits_are_printed_as_a_limits_file(shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str]) -> None:
    assert shopmesh("config", "render", "--limits") == 0
    assert (
        "  register:\n    per: address\n    rate_per_minute: 10\n    burst: 20\n" in capsys.readouterr().out
    )


def test_the_front_proxy_is_rendered_for_the_settings(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPMESH_PORT_OFFSET", "111")

    assert shopmesh("config", "render") == 0
    assert "port_value: 8191" in capsys.readouterr().out


def test_the_front_proxy_believes_the_proxies_of_the_settings(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPMESH_TRUSTED_PROXIES", "192.0.2.0/24")

    assert shopmesh("config", "render") == 0
    assert "address_prefix: 192.0.2.0" in capsys.readouterr().out


def test_logs_of_an_unknown_part_name_the_known_ones(
    shopmesh: Shopmesh, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "logs").mkdir(parents=True)
    (home / "logs" / "order.log").write_text("one\ntwo\n")

    assert shopmesh("logs", "nobody") == 2
    assert "there are: order" in capsys.readouterr().err
    assert shopmesh("logs", "order", "-n", "1") == 0
    assert capsys.readouterr().out == "two\n"


def test_a_file_that_holds_no_numbers_is_refused_as_wrong_usage(
    shopmesh: Shopmesh, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in [("a.json", "{}"), ("b.json", "no"), ("c.csv", "sku,place\nMUG-RED,berlin\n")]:
        (tmp_path / name).write_text(text)

        assert shopmesh("stock", "reconcile", str(tmp_path / name)) == 2
        assert "is no snapshot" in capsys.readouterr().err
    assert shopmesh("stock", "reconcile", str(tmp_path / "missing.json")) == 2


def test_reconciling_and_simulating_need_a_mesh(
    shopmesh: Shopmesh, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "numbers.csv").write_text("sku,warehouse,on_hand\nMUG-RED,berlin,4\n")

    for command in (("stock", "reconcile", str(tmp_path / "numbers.csv")), ("wms", "simulate")):
        assert shopmesh(*command) == 1
        assert "shopmesh up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sheet", "complaint"),
    [
        ("sku,name,cost\n", "unknown: 'cost'"),
        (PRODUCTS, "holds no product"),
        (
            PRODUCTS + "A,Mug,,kitchen,1,EUR,\n" * (MOST_PRODUCTS + 1),
            f"holds {MOST_PRODUCTS + 1} products; at once {MOST_PRODUCTS} can be imported",
        ),
        (
            PRODUCTS + f"A,Mug,{'läng' * 500},kitchen,1,EUR,\n" * MOST_PRODUCTS,
            "at once 4194304 can be imported",
        ),
    ],
)
def test_a_spreadsheet_that_cannot_be_imported_is_wrong_usage(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str], tmp_path: Path, sheet: str, complaint: str
) -> None:
    file = tmp_path / "products.csv"
    file.write_text(sheet, encoding="utf-8")

    assert shopmesh("products", "import", str(file)) == 2
    assert complaint in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize("group", ["events", "mail"])
@pytest.mark.parametrize("command", ["parked", "redrive"])
def test_parked_events_are_asked_of_a_mesh(
    shopmesh: Shopmesh, capsys: pytest.CaptureFixture[str], group: str, command: str
) -> None:
    assert shopmesh(group, command) == 1
    assert "shopmesh up" in capsys.readouterr().err


async def test_a_long_command_logs_in_again_before_its_token_runs_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    logins, now = iter(("first", "second")), 0.0

    async def logged_in(_issuer: str, _account: Account, *, devices: KnownDevices) -> str:
        return next(logins)

    monkeypatch.setattr(channels, "token_of_account", logged_in)
    account = Account("alice@example.com", "secret")
    devices = KnownDevices(tmp_path / "devices")
    login = channels._Login("http://localhost:8080", account, devices=devices, monotonic=lambda: now)

    assert [await login.token(), await login.token()] == ["first", "first"]
    now = 240.0
    assert [await login.token(), await login.token()] == ["second", "second"]
