"""What runs: `run/state.json`, written by the supervisor, read by every command."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from mesh.launcher.errors import LaunchError
from mesh.launcher.host.files import write_private
from mesh.launcher.host.processes import ProcessId
from mesh.launcher.parts import BACKEND_LAYER, SERVICE_LAYER


@dataclass(frozen=True, slots=True)
class PartState:
    """One part as the supervisor sees it.

    Attributes:
        process: None while the part waits to be started again.
        restarts: How often it was started again since `up` after it had ended by itself.
        last_exit: How it last ended by itself: an exit code, or minus the signal's number; None: never.
        log_start: How long its log was, in bytes, when the mesh, or its latest trial of another environment,
            was started.
        trials: How often it was started with another environment since `up`.
        log_end_of_trial: How long its log was when the process of the latest trial ended by itself and the
            part got its former environment back; None: it did not.
    """

    name: str
    ports: tuple[int, ...]
    ready_url: str
    process: ProcessId | None = None
    restarts: int = 0
    last_exit: int | None = None
    metrics_url: str = ""
    layer: int = SERVICE_LAYER
    log_start: int = 0
    trials: int = 0
    log_end_of_trial: int | None = None

    @property
    def is_backend(self) -> bool:
        """Whether it is a server that the services stand on."""
        return self.layer == BACKEND_LAYER


@dataclass(frozen=True, slots=True)
class MeshState:
    """A running mesh."""

    profile: str
    workers: int
    port_offset: int
    supervisor: ProcessId
    parts: tuple[PartState, ...]

    @property
    def running(self) -> bool:
        """Whether somebody still keeps the parts running."""
        return self.supervisor.alive

    @property
    def processes(self) -> tuple[ProcessId, ...]:
        """Every process of the mesh but the supervisor."""
        return tuple(part.process for part in self.parts if part.process)

    def write(self, home: Path) -> None:
        document = {"home": str(home), **asdict(self)}
        write_private(state_file(home), json.dumps(document, indent=2))

    @classmethod
    def read(cls, home: Path) -> Self | None:
        """Read what was running last; None when nothing was, or it was stopped.

        In a copy of a home the file names processes of the original: None as well.

        Raises:
            LaunchError: The file was written by an incompatible version.
        """
        try:
            document = json.loads(state_file(home).read_text())
            return None if _original(home, document) else cls._from(document)
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as error:
            raise LaunchError(
                f"{state_file(home)} was written by another version of shopmesh (it differs in {error!r}).",
                "Stop the mesh with that version, or end its processes and remove the file.",
            ) from error

    @classmethod
    def read_running(cls, home: Path) -> Self:
        """Read what is running.

        Raises:
            LaunchError: No mesh is up.
        """
        state = cls.read(home)
        if state is None or not state.running:
            raise LaunchError(f"No mesh is up in {home}.", "Start it: shopmesh up")
        return state

    @classmethod
    def _from(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            profile=document["profile"],
            workers=document["workers"],
            port_offset=document["port_offset"],
            supervisor=ProcessId(**document["supervisor"]),
            parts=tuple(_part(each) for each in document["parts"]),
        )


def state_file(home: Path) -> Path:
    return home / "run" / "state.json"


def _part(document: Mapping[str, Any]) -> PartState:
    process = document["process"]
    return PartState(
        name=document["name"],
        ports=tuple(document["ports"]),
        ready_url=document["ready_url"],
        process=ProcessId(**process) if process else None,
        restarts=document["restarts"],
        last_exit=document["last_exit"],
        metrics_url=document.get("metrics_url", ""),
        layer=document.get("layer", SERVICE_LAYER),
        log_start=document.get("log_start", 0),
        trials=document.get("trials", 0),
        log_end_of_trial=document.get("log_end_of_trial"),
    )


def copied_from(home: Path) -> Path | None:
    """The home of which this one is a copy that was made while a mesh was up there."""
    try:
        return _original(home, json.loads(state_file(home).read_text()))
    except (FileNotFoundError, ValueError):
        return None


def _original(home: Path, document: Mapping[str, Any]) -> Path | None:
    """The other home that a state file was written for; None where it has only been moved."""
    recorded = Path(document.get("home", home))
    # Compares the folders: the file is another one after each change of a part.
    return recorded if state_file(recorded).exists() and not recorded.samefile(home) else None
