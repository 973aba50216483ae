"""The servers that a mesh has of its own, as parts of it; the embedded profile has none."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mesh.backends.backend import BackendError
from mesh.launcher.errors import LaunchError
from mesh.launcher.host.files import make_private_folder, write_private
from mesh.launcher.parts import BACKEND_GRACE_SECONDS, BACKEND_LAYER, BACKEND_SCHEME, Part
from mesh.launcher.state import MeshState
from mesh.settings import REAL, MeshSettings

if TYPE_CHECKING:
    from mesh.backends.known import Placed


class Backends:
    """Backends in their places; whose URL the environment gives is not among them."""

    def __init__(self, home: Path, placed: Iterable["Placed"] = ()) -> None:
        self._home = home
        self._placed = {each.name: each for each in placed}

    @classmethod
    def planned(cls, settings: MeshSettings, environment: Mapping[str, str]) -> Self:
        """Those that a mesh of these settings has to start."""
        if settings.profile != REAL:
            return cls(settings.home)
        given = {variable for variable, value in environment.items() if value}
        return cls(settings.home, _placed(settings.home, settings.port_offset, given))

    @classmethod
    def running(cls, home: Path, state: MeshState) -> Self:
        """Those that are parts of a mesh which was started."""
        names = {part.name for part in state.parts if part.is_backend}
        if not names:
            return cls(home)
        return cls(home, (each for each in _placed(home, state.port_offset) if each.name in names))

    async def prepare(self, say: Callable[[str], None]) -> None:
        """Bring the servers onto this machine, and make their folders ready.

        Raises:
            LaunchError: One cannot be had, with what to do about it.
        """
        if not self._placed:
            return
        make_private_folder(_folder(self._home))
        for each in self._placed.values():
            make_private_folder(each.place.folder)
            try:
                await each.backend.install(say)
                await each.backend.prepare(each.place)
            except BackendError as error:
                raise LaunchError(f"{each.name}: {error}", error.remedy) from error
        write_private(urls_file(self._home), _lines(self.urls()))

    def parts(self, environment: Mapping[str, str]) -> tuple[Part, ...]:
        """The processes of prepared backends."""
        return tuple(_part(each, environment) for each in self._placed.values())

    def urls(self) -> dict[str, str]:
        """What the settings of the services have to be. May carry passwords."""
        return {each.backend.variable: each.url for each in self._placed.values()}

    async def initialize(self, name: str) -> bool:
        """Configure a started server; return whether it can be used."""
        each = self._placed.get(name)
        return each is not None and await each.backend.initialize(each.place)


def urls_file(home: Path) -> Path:
    """The URLs with their passwords, for its owner's shell."""
    return _folder(home) / "urls.env"


def _folder(home: Path) -> Path:
    return home / REAL / "backends"


def _placed(home: Path, port_offset: int, given: Iterable[str] = ()) -> tuple["Placed", ...]:
    # Here, since the drivers take a second to import and the embedded profile needs none.
    from mesh.backends.known import place_backends  # noqa: PLC0415

    return place_backends(_folder(home), port_offset=port_offset, given=frozenset(given))


def _lines(urls: Mapping[str, str]) -> str:
    return "".join(f"export {variable}='{url}'\n" for variable, url in urls.items())


def _part(each: "Placed", environment: Mapping[str, str]) -> Part:
    program, *arguments = each.backend.command(each.place)
    return Part(
        name=each.name,
        command=(shutil.which(program) or program, *arguments),
        ports=each.place.ports,
        ready_url=f"{BACKEND_SCHEME}://{each.name}",
        environment=environment,
        layer=BACKEND_LAYER,
        grace_seconds=BACKEND_GRACE_SECONDS,
    )
