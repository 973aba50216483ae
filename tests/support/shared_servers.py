"""Real servers that the workers of a test run share: the first that needs one starts it."""

import asyncio
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from mesh.backends.backend import Backend, Place
from mesh.backends.running import READY_WITHIN_SECONDS, Server
from mesh.launcher.host.processes import ProcessId, end, process_id
from tests.support.ports import leased_offset
from tests.support.temporary import temporary_root

_GRACE_SECONDS = 20.0
_RECORD = ".process"
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class SharedServers:
    """The servers of one test run.

    Attributes:
        folder: What they keep, and who has started them.
        port_offset: Leased for them.
    """

    folder: Path
    port_offset: int

    def server(self, backend: Backend) -> Server:
        """Start a server unless another worker has, and return it."""
        place = self.place(backend)
        record = self.folder / f"{backend.name}{_RECORD}"
        with self._locked(backend.name):
            if not record.exists():
                record.write_text(json.dumps(_started(backend, place)))
        return Server(backend.url(place), json.loads(record.read_text())["pid"], place)

    def place(self, backend: Backend) -> Place:
        """Where a server lives."""
        ports = tuple(port + self.port_offset for port in backend.base_ports)
        return Place(self.folder / backend.name, ports)

    def end(self) -> None:
        """End what was started."""
        records = (json.loads(path.read_text()) for path in self.folder.glob(f"*{_RECORD}"))
        with _runner() as runner:
            runner.run(end([ProcessId(**each) for each in records], grace_seconds=_GRACE_SECONDS))

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self.folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


SHARED = pytest.StashKey[SharedServers]()


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("shared_servers")
    if given:
        config.stash[SHARED] = SharedServers(Path(given["folder"]), given["port_offset"])
        return
    stack = ExitStack()
    config.add_cleanup(stack.close)
    folder = Path(tempfile.mkdtemp(prefix="shopmesh-servers-", dir=temporary_root()))
    stack.callback(shutil.rmtree, folder)
    config.stash[SHARED] = servers = SharedServers(folder, stack.enter_context(leased_offset()))
    stack.callback(servers.end)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the servers are."""
    servers = node.config.stash[SHARED]
    node.workerinput["shared_servers"] = {"folder": str(servers.folder), "port_offset": servers.port_offset}


def _started(backend: Backend, place: Place) -> dict[str, Any]:
    """Start a server that outlives this process, wait until it is ready, and say which process it is."""
    place.folder.mkdir(parents=True, exist_ok=True)
    with _runner() as runner:
        runner.run(backend.install(print))
        runner.run(backend.prepare(place))
        log = place.folder / "server.log"
        process = process_id(_spawned(backend.command(place), log))
        assert process is not None, f"{backend.name} has ended: {log.read_text()}"
        runner.run(_ready(backend, place, process, log))
    return asdict(process)


async def _ready(backend: Backend, place: Place, process: ProcessId, log: Path) -> None:
    async with asyncio.timeout(READY_WITHIN_SECONDS):
        while not await backend.initialize(place):
            assert process.alive, f"{backend.name} has ended; its log: {log}"
            await asyncio.sleep(_PAUSE_SECONDS)


def _runner() -> asyncio.Runner:
    """Leaves alone whichever loop the test's own plugin has set."""
    return asyncio.Runner(loop_factory=asyncio.new_event_loop)


def _spawned(command: tuple[str, ...], log: Path) -> int:
    program = shutil.which(command[0])
    assert program, f"{command[0]} is not installed"
    with log.open("wb") as file:
        return os.posix_spawn(
            program,
            command,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), to) for to in (1, 2)],
            setsid=True,
        )
