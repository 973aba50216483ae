"""Brings up a mesh whose services have clocks of their own: `python -m tests.faults.clocked FOLDER up …`.

What follows the folder is what the shipped command line takes.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mesh.launcher.parts import Part
from mesh.topology import SERVICES
from tests.faults.patched_mesh import shopmesh_with

_ROOT = Path(__file__).parents[2]
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time of day of each service; what measures durations, Envoy and backends know nothing of it."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        for service in SERVICES:
            self.set_wrong(service, hours=0)

    @property
    def program(self) -> Sequence[str]:
        """What brings the mesh up."""
        return (sys.executable, "-m", "tests.faults.clocked", str(self.folder))

    def set_wrong(self, service: str, *, hours: int) -> None:
        """Set a clock ahead, or back; 0 sets it right."""
        new = self.folder / f"{service}.new"
        new.write_text(f"{_SECONDS_PER_HOUR * hours:+d}")
        new.rename(self.folder / service)


def _clocked(folder: Path, part: Part) -> Part:
    if part.name not in SERVICES:
        return part
    *_, module = part.command
    return replace(
        part,
        command=(sys.executable, "-m", "tests.faults.clocked_service", str(folder / part.name), module),
        environment={**part.environment, "PYTHONPATH": str(_ROOT)},
    )


if __name__ == "__main__":
    shopmesh_with(partial(_clocked, Path(sys.argv.pop(1))))
