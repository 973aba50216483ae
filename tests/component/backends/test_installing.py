"""Every server of the real profile is brought by one command."""

import subprocess
import sys
from pathlib import Path

from mesh.backends.known import place_backends

CHECKOUT = Path(__file__).parents[3]


def test_the_command_says_where_it_keeps_what_it_has_fetched() -> None:
    said = subprocess.run(
        (sys.executable, "-m", "mesh.backends"), cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout

    assert "mongod: " in said
    assert "kafka: " in said
    assert not [backend.name for each in place_backends(Path()) if (backend := each.backend).missing()]
