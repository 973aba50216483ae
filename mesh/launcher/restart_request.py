"""What `shopmesh restart` asks of the supervisor: a file, which is read and removed at a signal.

It is readable by its owner only: an environment holds secrets.
"""

import json
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from mesh.launcher.host.files import write_private

REQUEST_SIGNAL = signal.SIGURG
"""Has no effect on a supervisor of an earlier version, which SIGHUP would end."""


class Step(StrEnum):
    """A step of a part's way to another environment.

    TRY: end its process, start it with this environment, which is then on trial. KEEP: it is ready, so the
    trial is over. REVERT: it is not, so start it with its former environment, unless it has that already.
    """

    TRY = "try"
    KEEP = "keep"
    REVERT = "revert"


@dataclass(frozen=True, slots=True)
class RestartRequest:
    """A step that a part is to take; only `TRY` has an environment."""

    part: str
    step: Step
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def write(self, home: Path) -> None:
        write_private(request_file(home), json.dumps(asdict(self)))

    @classmethod
    def take(cls, home: Path) -> Self | None:
        """Read a request and remove it; None when there is none."""
        try:
            text = request_file(home).read_text()
        except FileNotFoundError:
            return None
        request_file(home).unlink(missing_ok=True)
        document = json.loads(text)
        return cls(document["part"], Step(document["step"]), document["environment"])


def request_file(home: Path) -> Path:
    return home / "run" / "restart.json"
