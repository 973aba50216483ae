"""`users` and `clients` on a running mesh."""

import json

import httpx

from tests.e2e.people import joined, mails_to
from tests.e2e.shop import refused
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until


def test_staff_looks_after_an_account(running_mesh: RunningMesh) -> None:
    with joined(running_mesh, "Dora") as person:
        shown = running_mesh.run("users", "show", person.email).stdout
        assert "can log in" in shown
        assert person.user_id in shown
        assert person.email in running_mesh.run("users", "list").stdout
        (found,) = json.loads(
            running_mesh.run("users", "list", "--email", person.email.upper(), "--json").stdout
        )["users"]
        assert found["userId"] == person.user_id

        running_mesh.run("users", "grant", person.email, "audit")
        assert "audit" in running_mesh.run("users", "revoke", person.email, "stock:write").stdout
        out = running_mesh.run("users", "disable", person.email, "--reason", "asked for it").stdout
        assert "disabled" in out
        # Revocations take seconds to reach the services.
        until(lambda: person.client.get("/v1/users/me").status_code == 401, "the token to end")
        for command in ("enable", "unlock", "log-out", "reset-password"):
            running_mesh.run("users", command, person.email)

        log = json.loads(running_mesh.run("users", "log", person.email, "--json").stdout)["events"]
        kinds = [event["kind"] for event in log]
        assert kinds[:5] == ["RESET_REQUESTED", "SESSIONS_ENDED", "UNLOCKED", "ENABLED", "DISABLED"]
        assert log[4]["detail"] == "asked for it"
        assert log[-1]["address"] == "127.0.0.1"
        assert "asked for it" in running_mesh.run("users", "log", person.email).stdout
        subjects = {"Your rights have changed", "Choose a new password"}
        until(
            lambda: subjects <= {str(mail["subject"]) for mail in mails_to(running_mesh, person.email)},
            "the mails about it",
        )


def test_what_cannot_be_done_is_said(running_mesh: RunningMesh) -> None:
    own = running_mesh.run("users", "grant", "admin@example.com", "audit", check=False)
    rescue = running_mesh.run("users", "rescue", "alice@example.com", check=False)
    nobody = running_mesh.run("clients", "revoke", "nobody", check=False)

    assert own.returncode != 0
    assert "your own account" in own.stderr
    assert (rescue.returncode, nobody.returncode) == (1, 1)
    assert "somebody has users:admin" in rescue.stderr
    assert "no client 'nobody'" in nobody.stderr


def test_a_clients_tokens_are_refused_everywhere_soon(running_mesh: RunningMesh) -> None:
    with running_mesh.http(running_mesh.client_token("wms")) as warehouse:
        answer = warehouse.post("/v1/wms/stock-updates", json={})
        assert answer.status_code == 400

        running_mesh.run("clients", "revoke", "wms")

        def is_refused() -> httpx.Response | None:
            answer = warehouse.post("/v1/wms/stock-updates", json={})
            return answer if answer.status_code == 401 else None

        until(lambda: is_refused() is not None, "the token to end")
        refused(warehouse.post("/v1/wms/stock-updates", json={}), 401, "TOKEN_INVALID")


def test_the_command_line_is_a_device_that_accounts_know(running_mesh: RunningMesh) -> None:
    with joined(running_mesh, "Emil") as person:
        for _ in range(2):
            running_mesh.token(person.email, password=person.password)

        file = running_mesh.home / "cli-devices.txt"
        assert file.stat().st_mode & 0o777 == 0o600
        assert "__Host-device-" in file.read_text()
        assert "__Host-account" not in file.read_text()
        subjects = [str(mail["subject"]) for mail in mails_to(running_mesh, person.email)]
        assert "A new device has logged in" not in subjects
