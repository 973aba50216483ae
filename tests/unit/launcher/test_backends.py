"""Which servers a mesh starts of its own, and what it tells whom about them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh.backends import mariadb_server
from mesh.backends.backend import BackendError, Place, Say
from mesh.backends.known import Placed, place_backends
from mesh.cli.next_steps import without_password
from mesh.launcher.backends import Backends, urls_file
from mesh.launcher.errors import LaunchError
from mesh.launcher.host.processes import ProcessId
from mesh.launcher.parts import BACKEND_LAYER, GRACE_SECONDS, Plan
from mesh.launcher.planning import part_environment, plan_mesh
from mesh.launcher.state import MeshState, PartState
from mesh.settings import MAX_WORKERS, REAL, MeshSettings

MONGODB, MYSQL = "SHOPMESH_MONGODB_URL", "SHOPMESH_MYSQL_URL"
PASSWORD = "hush"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A backend that is a program of every machine."""

    name: str = "shelf"
    variable: str = "SHOPMESH_SHELF_URL"
    base_ports: tuple[int, ...] = (50079,)
    problem: str = ""

    def missing(self) -> tuple[str, ...]:
        return ()

    async def install(self, say: Say) -> None:
        if self.problem:
            raise BackendError(self.problem, "Buy one")
        say("fetching a shelf")

    async def prepare(self, place: Place) -> None:
        (place.folder / "password").write_text(PASSWORD)

    def command(self, place: Place) -> tuple[str, ...]:
        return ("sleep", str(place.ports[0]))

    async def initialize(self, place: Place) -> bool:
        return (place.folder / "password").exists()

    def url(self, place: Place) -> str:
        return f"shelf://shopmesh:{PASSWORD}@127.0.0.1:{place.ports[0]}"


def settings(home: Path, *, workers: int = 1) -> MeshSettings:
    return MeshSettings(home=home, profile=REAL, workers=workers)


def shelf(home: Path, *, problem: str = "") -> Backends:
    return Backends(home, [Placed(Shelf(problem=problem), Place(home / "shelf", (50079,)))])


def plan(home: Path, backends: Backends, *, workers: int = 1) -> Plan:
    real = settings(home, workers=workers)
    return plan_mesh(real, backends=backends.parts(part_environment(real)))


def test_every_backend_has_a_folder_and_a_variable_of_its_own() -> None:
    placed = place_backends(Path("/backends"))

    assert len({each.place.folder for each in placed}) == len(placed)
    assert len({each.backend.variable for each in placed}) == len(placed)


def test_no_backend_listens_where_another_part_of_the_largest_mesh_does() -> None:
    mesh = plan_mesh(MeshSettings(home=Path("/mesh"), workers=MAX_WORKERS))
    backends = [port for each in place_backends(Path("/backends")) for port in each.place.ports]

    assert len(set(backends)) == len(backends)
    assert not {port for part in mesh.parts for port in part.ports} & set(backends)


def test_the_offset_moves_every_backend() -> None:
    here, there = (place_backends(Path("/backends"), port_offset=offset) for offset in (0, 5000))

    moved = [tuple(port + 5000 for port in each.place.ports) for each in here]
    assert [each.place.ports for each in there] == moved


def test_the_embedded_profile_starts_no_backend(tmp_path: Path) -> None:
    assert Backends.planned(MeshSettings(home=tmp_path), {}).urls() == {}


def part_names(backends: Backends) -> set[str]:
    return {part.name for part in backends.parts({})}


@pytest.fixture
def mariadbd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name, also where the server is not installed."""
    program = tmp_path / "bin" / "mariadbd"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


@pytest.mark.usefixtures("mariadbd")
def test_a_server_whose_url_is_given_is_not_started(tmp_path: Path) -> None:
    own = part_names(Backends.planned(settings(tmp_path), {}))
    beside = part_names(Backends.planned(settings(tmp_path), {MONGODB: "mongodb://db.example.com"}))

    assert own - beside == {"mongodb"}


@pytest.mark.usefixtures("mariadbd")
def test_an_empty_variable_gives_no_url(tmp_path: Path) -> None:
    assert "mongodb" in part_names(Backends.planned(settings(tmp_path), {MONGODB: ""}))


def test_a_given_primary_is_followed_by_no_replica_of_ours() -> None:
    names = {each.name for each in place_backends(Path("/backends"), given={MYSQL})}

    assert not {name for name in names if name.startswith("mariadb")}


def test_a_backend_stops_last_and_has_longer_to_end_than_others(tmp_path: Path) -> None:
    parts = {part.name: part for part in plan(tmp_path, shelf(tmp_path)).parts}

    backend = parts.pop("shelf")
    assert all(backend.layer > each.layer for each in parts.values())
    assert backend.grace_seconds > GRACE_SECONDS


def test_the_program_of_a_backend_is_found_by_its_path(tmp_path: Path) -> None:
    (part,) = shelf(tmp_path).parts({})

    assert Path(part.command[0]).is_absolute()
    assert part.command[1:] == ("50079",)


def test_every_part_is_told_the_profile(tmp_path: Path) -> None:
    profiles = {part.environment["SHOPMESH_PROFILE"] for part in plan(tmp_path, shelf(tmp_path)).parts}

    assert profiles == {REAL}


async def test_no_password_is_part_of_the_plan(tmp_path: Path) -> None:
    backends = shelf(tmp_path)
    await backends.prepare(lambda _: None)

    whole = plan(tmp_path, backends)
    assert PASSWORD in str(backends.urls())
    assert PASSWORD not in whole.to_json()


async def test_the_urls_are_kept_for_the_owner_only(tmp_path: Path) -> None:
    await shelf(tmp_path).prepare(lambda _: None)

    file = urls_file(tmp_path)
    assert file.read_text() == f"export SHOPMESH_SHELF_URL='shelf://shopmesh:{PASSWORD}@127.0.0.1:50079'\n"
    assert file.stat().st_mode & 0o077 == 0


async def test_a_server_that_cannot_be_had_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LaunchError) as refused:
        await shelf(tmp_path, problem="no wood here").prepare(lambda _: None)

    assert refused.value.message == "shelf: no wood here"
    assert refused.value.remedy == "Buy one"


def test_a_program_that_another_one_calls_is_missed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for program in ("mariadbd", "mariadb-install-db"):
        (tmp_path / program).touch(mode=0o755)
    assert mariadb_server.missing() == ("mariadb-client-core",)

    (tmp_path / "my_print_defaults").touch(mode=0o755)

    assert mariadb_server.missing() == ()


async def test_a_backend_is_ready_when_it_says_so(tmp_path: Path) -> None:
    backends = shelf(tmp_path)
    assert not await backends.initialize("shelf")

    await backends.prepare(lambda _: None)

    assert await backends.initialize("shelf")
    assert not await backends.initialize("table")


def test_a_running_mesh_has_the_backends_that_are_parts_of_it(tmp_path: Path) -> None:
    mongodb = PartState("mongodb", (50081,), "backend://mongodb", layer=BACKEND_LAYER)
    order = PartState("order", (50062,), "grpc://127.0.0.1:50062")
    state = MeshState(REAL, 1, 10, ProcessId(1, "boot:0"), (mongodb, order))

    urls = Backends.running(tmp_path, state).urls()

    assert urls.keys() == {MONGODB}
    assert "127.0.0.1:50081" in urls[MONGODB]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://shopmesh:hush@127.0.0.1:50075", "mysql://shopmesh:…@127.0.0.1:50075"),
        ("kafka://127.0.0.1:50072", "kafka://127.0.0.1:50072"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
