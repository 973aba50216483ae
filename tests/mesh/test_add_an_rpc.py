"""Adding an RPC touches its proto and its servicer; everything else follows."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROTO = "shopmesh/notification/v1/notification_service.proto"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What is seen of the documented example after it was added to a copy of the contract, and the log."""
    away = tmp_path_factory.mktemp("added")
    shutil.copytree(ROOT / "protos", away / "protos")
    _add(away / "protos" / PROTO)
    generate = (sys.executable, ROOT / "protos" / "generate.py", away / "protos", away / "generated")
    subprocess.run(generate, check=True, capture_output=True, timeout=60)
    environ = {**os.environ, "PYTHONPATH": f"{away / 'generated'}:{ROOT}"}
    command = (sys.executable, "-m", "tests.mesh.added_rpc", away / "home")
    ran = subprocess.run(
        command, env=environ, cwd=away, capture_output=True, text=True, timeout=90, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout), ran.stderr


def _add(proto: Path) -> None:
    """Put the example of docs/add-an-rpc.md, with a small burst, where it belongs."""
    page = ROOT.joinpath("docs/add-an-rpc.md").read_text()
    (example,) = re.findall(r"```proto\n(.*?)```", page, re.DOTALL)
    example = (
        example.replace("\n   ", "\n").replace("burst: 5", "burst: 2").replace("seconds: 2", "seconds: 1")
    )
    option, rest = example.split("service NotificationService {")
    rpc, messages = re.split(r"^}$", rest, maxsplit=1, flags=re.MULTILINE)
    response = "\n// The mail.\nmessage PreviewMailResponse {\n  // Its text.\n  string text = 1;\n}\n"
    text = proto.read_text().replace("// Notifications.\nservice", f"{option}\n// Notifications.\nservice")
    start = text.index("service NotificationService {") + len("service NotificationService {")
    proto.write_text(text[:start] + rpc + text[start:] + messages + response)


def test_envoy_routes_it_and_asks_for_a_token(seen: tuple[dict[str, Any], str]) -> None:
    assert seen[0]["anonymous"] == 401
    assert seen[0]["answer"] == {"text": "Dear Planted Name"}


def test_the_service_checks_scope_rules_deadline_and_limit(seen: tuple[dict[str, Any], str]) -> None:
    assert seen[0]["without_scope"] == 403
    assert "template" in seen[0]["broken_rule"]
    assert seen[0]["slow"] == 504
    assert seen[0]["burst"] == [200, 200, 429]


def test_the_documents_list_it(seen: tuple[dict[str, Any], str]) -> None:
    assert "/v1/notifications/templates/{template}:preview" in seen[0]["openapi"]
    assert "Looking at mails before they are sent." in seen[0]["limits_page"]


def test_the_log_leaves_its_personal_field_out(seen: tuple[dict[str, Any], str]) -> None:
    lines = [line for line in seen[1].splitlines() if "PreviewMail" in line]

    assert any("[redacted]" in line for line in lines)
    assert "Planted Name" not in seen[1]
