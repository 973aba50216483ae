"""What a mesh consists of: the plan that the launcher hands to its supervisor."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

FRONT_DOOR = "envoy"
"""The name of the part that is asked whether it reaches all others."""

BACKEND_SCHEME = "backend"
"""Of the `ready_url` of a backend: `backend://name` is ready when its `Backend.initialize` says so."""

SERVICE_LAYER, FRONT_LAYER, BACKEND_LAYER = range(3)
"""Lower layers stop first, so that what calls come through, or go to, outlives those who answer them.

Backends start first: the others wait for `proceed`.
"""

GRACE_SECONDS = 12.0
"""How long a part may take to finish its calls after SIGTERM before it is killed."""

BACKEND_GRACE_SECONDS = 25.0
"""The same for a database: it brings its files in order."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the mesh.

    Attributes:
        name: Unique in the mesh; also the name of its log.
        command: Program and arguments; the program is an absolute path.
        environment: Variables on top of the supervisor's own.
        ports: Where it listens on loopback; the first one is shown.
        ready_url: What is asked whether it is ready: `grpc://host:port` (grpc.health.v1), `http://…` or
            `backend://name`.
        metrics_url: Where its Prometheus metrics are; empty: nowhere.
        layer: When it stops and starts, see `SERVICE_LAYER`.
        grace_seconds: How long it may take to end after SIGTERM.
    """

    name: str
    command: tuple[str, ...]
    ports: tuple[int, ...]
    ready_url: str
    environment: Mapping[str, str]
    metrics_url: str = ""
    layer: int = SERVICE_LAYER
    grace_seconds: float = GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class Plan:
    """All parts of a mesh and where its state lives."""

    home: Path
    profile: str
    workers: int
    port_offset: int
    parts: tuple[Part, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"home": str(self.home)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        document = json.loads(text)
        return cls(
            home=Path(document["home"]),
            profile=document["profile"],
            workers=document["workers"],
            port_offset=document["port_offset"],
            parts=tuple(_part(each) for each in document["parts"]),
        )


def _part(document: Mapping[str, Any]) -> Part:
    return Part(
        name=document["name"],
        command=tuple(document["command"]),
        ports=tuple(document["ports"]),
        ready_url=document["ready_url"],
        environment=document["environment"],
        metrics_url=document["metrics_url"],
        layer=document["layer"],
        grace_seconds=document["grace_seconds"],
    )
