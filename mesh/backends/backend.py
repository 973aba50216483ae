"""What every backend of the real profile can do: come onto this machine, start, and get ready."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Say = Callable[[str], None]
"""Told what takes long, one line each."""


class BackendError(Exception):
    """A backend cannot be installed or prepared; says why.

    Attributes:
        remedy: What to do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Place:
    """Where one server lives.

    Attributes:
        folder: Its data, configuration and secrets; its own.
        ports: Where it listens on 127.0.0.1, as many as `Backend.base_ports` has.
    """

    folder: Path
    ports: tuple[int, ...]


class Backend(Protocol):
    """A server of the real profile. Nothing here starts a process that outlives the call."""

    @property
    def name(self) -> str:
        """The part's name, for example `mongodb`."""
        ...

    @property
    def variable(self) -> str:
        """The setting whose URL stands in for this server, for example `SHOPMESH_MONGODB_URL`."""
        ...

    @property
    def base_ports(self) -> tuple[int, ...]:
        """Where it listens when the port offset is 0."""
        ...

    def missing(self) -> tuple[str, ...]:
        """What `install` would fetch, in words for people; nothing: all is here."""
        ...

    async def install(self, say: Say) -> None:
        """Fetch what this machine lacks; a second call does nothing.

        Raises:
            BackendError: It cannot be had here.
        """
        ...

    async def prepare(self, place: Place) -> None:
        """Make its folder ready for the first start; a second call does nothing.

        Raises:
            BackendError: Its own tool refused.
        """
        ...

    def command(self, place: Place) -> tuple[str, ...]:
        """Program and arguments that run it in the foreground; it ends cleanly on SIGTERM."""
        ...

    async def initialize(self, place: Place) -> bool:
        """Configure a running server; a second call changes nothing.

        Returns:
            Whether clients can use it now; False, within a few seconds, while it is starting.
        """
        ...

    def url(self, place: Place) -> str:
        """What the setting `variable` has to be for clients of this server."""
        ...
