"""Whatever is logged, a line is written."""

import json
import subprocess
import sys

import pytest

LOG_ONE = """
import structlog
from mesh.server.telemetry import configure_logging

configure_logging("order", 0)
structlog.get_logger().info("seen", value={value})
"""


@pytest.mark.parametrize(
    ("value", "logged"),
    [("'é'", "é"), ("'\\ud800'", "\ud800"), ("2**70", 2**70), ("{1}", "{1}"), ("{1: 'a'}", {"1": "a"})],
)
def test_every_value_can_be_logged(value: str, logged: object) -> None:
    done = subprocess.run(
        (sys.executable, "-c", LOG_ONE.replace("{value}", value)), capture_output=True, check=True
    )

    line = json.loads(done.stderr)
    assert (line["event"], line["service"], line["value"]) == ("seen", "order", logged)
