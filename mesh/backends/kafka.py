"""Kafka on loopback: one broker that is its own controller, from the jars of `kafka_jars/`."""

import asyncio
import os
import re
import shutil
from pathlib import Path

from kafka.errors import KafkaError

from mesh.backends.apt import apt_install
from mesh.backends.backend import BackendError, Place, Say
from mesh.backends.kafka_files import RESOURCES, are_complete, fetch, jars_folder
from mesh.event_log.kafka.client import admin

_BASE_PORT = 50072
_BASE_CONTROLLER_PORT = 50073
_LEAST_JAVA = 17
_PACKAGE_OF = {"java": "openjdk-17-jre-headless", "mvn": "maven"}
_PROBE_MS = 2000
_QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A start takes three fifths of the processor time; the optimising compiler pays off under long loads."""
# Any UUID will do: no two of these brokers ever meet.
_CLUSTER_ID = "c2hvcG1lc2gta2Fma2EtMQ"
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=data
auto.create.topics.enable=false
# After a kill the broker waits for its own former session: 13 s by default, 6 s with these.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""


class KafkaBackend:
    """Starts a broker with a small heap; Maven fetches its jars once per user."""

    name = "kafka"
    variable = "SHOPMESH_KAFKA_URL"
    base_ports = (_BASE_PORT, _BASE_CONTROLLER_PORT)

    def __init__(self, jars: Path | None = None) -> None:
        """Choose where the jars are kept; None: the user's cache."""
        self._jars = jars or jars_folder(os.environ)

    def missing(self) -> tuple[str, ...]:
        complete = are_complete(self._jars)
        jars = () if complete else ("Kafka's jars (44 MB)",)
        return (*_missing_packages(complete=complete), *jars)

    async def install(self, say: Say) -> None:
        complete = await asyncio.to_thread(are_complete, self._jars)
        if packages := _missing_packages(complete=complete):
            await apt_install(packages, say)
        await _check_java()
        if not complete:
            await fetch(self._jars, say)
        say(f"kafka: {self._jars}")

    async def prepare(self, place: Place) -> None:
        data = place.folder / "data"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        broker, controller = place.ports
        # Anew each time: the ports may be others than at the last start.
        _properties(place).write_text(_PROPERTIES.format(broker=broker, controller=controller))
        if not (data / "meta.properties").exists():
            await self._format(place)

    def command(self, place: Place) -> tuple[str, ...]:
        return (
            *(*_java(place), "-Xms256m", "-Xmx512m", "-XX:+ExitOnOutOfMemoryError"),
            f"-Dlog4j2.configurationFile={(RESOURCES / 'log4j2.xml').as_uri()}",
            *("-cp", f"{self._jars}/*", "kafka.Kafka", _properties(place).name),
        )

    async def initialize(self, place: Place) -> bool:
        return await asyncio.to_thread(_answers, self.url(place))

    def url(self, place: Place) -> str:
        return f"kafka://127.0.0.1:{place.ports[0]}"

    async def _format(self, place: Place) -> None:
        tool = (*_java(place), "-cp", f"{self._jars}/*", "kafka.tools.StorageTool", "format")
        code, said = await _run(*tool, "-t", _CLUSTER_ID, "-c", _properties(place).name)
        if code != 0:
            log = place.folder / "format.log"
            log.write_text(said)
            raise BackendError(f"Kafka's storage tool ended with exit code {code}", f"What it said: {log}")


def _java(place: Place) -> tuple[str, ...]:
    """Java, run in the server's folder: Kafka's properties then hold no path that needs quoting."""
    return ("env", f"--chdir={place.folder.absolute()}", "LC_ALL=C.UTF-8", "java", *_QUICK_START)


def _missing_packages(*, complete: bool) -> tuple[str, ...]:
    needed = ("java",) if complete else ("java", "mvn")
    return tuple(_PACKAGE_OF[program] for program in needed if shutil.which(program) is None)


async def _check_java() -> None:
    code, said = await _run("java", "-version")
    version = re.search(r'version "(\d+)', said)
    if code != 0 or version is None or int(version[1]) < _LEAST_JAVA:
        raise BackendError(
            f"Kafka needs Java {_LEAST_JAVA} or newer, here it is {version[1] if version else 'unknown'}",
            f"As root: apt-get install {_PACKAGE_OF['java']}",
        )


async def _run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")


def _answers(url: str) -> bool:
    try:
        with admin(url, timeout_ms=_PROBE_MS) as client:
            client.list_topics()
    except KafkaError:
        return False
    return True


def _properties(place: Place) -> Path:
    return place.folder / "server.properties"
