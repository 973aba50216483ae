"""A process is known by more than its number."""

import os
from dataclasses import replace

from mesh.launcher.host.processes import process_id


def test_this_process_is_alive() -> None:
    this = process_id(os.getpid())

    assert this is not None
    assert this.alive


def test_a_process_that_started_at_another_time_is_another_one() -> None:
    this = process_id(os.getpid())
    assert this is not None

    assert not replace(this, started="another boot:1").alive


def test_a_number_that_nobody_has_is_no_process() -> None:
    assert process_id(2**22 + 1) is None
