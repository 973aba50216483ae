"""The backends of the real profile."""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from mesh.backends.backend import Backend, Place
from mesh.backends.kafka import KafkaBackend
from mesh.backends.mariadb import MariadbBackend, MariadbReplicaBackend
from mesh.backends.mongodb import MongodbBackend
from mesh.backends.valkey import ValkeyBackend

_BROUGHT_BY = {"SHOPMESH_MYSQL_REPLICA_URLS": "SHOPMESH_MYSQL_URL"}
"""A server that somebody else runs has replicas of its own, or none."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A backend and where it lives."""

    backend: Backend
    place: Place

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def url(self) -> str:
        return self.backend.url(self.place)


def place_backends(
    folder: Path, *, port_offset: int = 0, given: Container[str] = frozenset()
) -> tuple[Placed, ...]:
    """Every backend in a folder of its own, but those whose URL is given by its variable."""

    def place_of(backend: Backend) -> Place:
        return Place(folder / backend.name, tuple(port + port_offset for port in backend.base_ports))

    mariadb = MariadbBackend()
    known: tuple[Backend, ...] = (
        MongodbBackend(),
        KafkaBackend(),
        ValkeyBackend(),
        mariadb,
        MariadbReplicaBackend(primary=place_of(mariadb)),
    )
    return tuple(Placed(each, place_of(each)) for each in known if not _is_given(each.variable, given))


def _is_given(variable: str, given: Container[str]) -> bool:
    return variable in given or _BROUGHT_BY.get(variable) in given
