"""A service that was asked to end does so, even when something of it does not."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
STUBBORN = """
import asyncio
from contextlib import asynccontextmanager

from mesh.server import process

process.DRAIN_SECONDS = 0.1
process._CLOSE_SECONDS = 3


async def deaf():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("cancelled", flush=True)


@asynccontextmanager
async def compose(node):
    yield process.Service(servicers=(), errors={}, hard={}, soft={}, tasks=(deaf,))


process.run("notification", compose)
"""


@pytest.mark.timeout(60)
def test_a_task_that_does_not_end_is_named_and_the_process_ends(tmp_path: Path, port_offset: int) -> None:
    environ = {
        **os.environ,
        "SHOPMESH_HOME": str(tmp_path),
        "SHOPMESH_PORT_OFFSET": str(port_offset),
    }
    command = (sys.executable, "-c", STUBBORN)
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if '"serving"' in line:
                process.send_signal(signal.SIGTERM)

    assert process.returncode == 1
    assert "cancelled" in lines
    last = json.loads(lines[-1])
    assert last["event"] == "ended_by_force"
    assert any("deaf" in each for each in last["waiting"])
