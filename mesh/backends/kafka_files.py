"""A Kafka broker's jars: fetched once by Maven into the user's cache, and checked against known sums."""

import asyncio
import os
import pwd
import shutil
import tempfile
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path

from mesh.backends.backend import BackendError, Say

KAFKA_VERSION = "4.3.1"
RESOURCES = Path(__file__).parent / "kafka_jars"
_POM = RESOURCES / "pom.xml"
_SUMS = RESOURCES / "sha256sums.txt"


def jars_folder(environ: Mapping[str, str]) -> Path:
    """Where the jars are kept, for all checkouts of a user."""
    cache = environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "shopmesh" / f"kafka-{KAFKA_VERSION}"


def are_complete(folder: Path) -> bool:
    """Whether exactly the known jars are there."""
    return _sums_of(folder) == _known_sums()


async def fetch(folder: Path, say: Say) -> None:
    """Bring the jars into a folder that has none, or wrong ones.

    Raises:
        BackendError: Maven could not, or what it brought is not what is known.
    """
    say("fetching Kafka's jars (44 MB)")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackendError(
            f"{error.filename} cannot be written: {error.strerror}",
            "Set XDG_CACHE_HOME to a folder that can; `make up` and `make test` take the checkout's .cache",
        ) from None
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as temporary:
        fetched = Path(temporary) / "jars"
        await _copy_dependencies(fetched, None if _has_maven_folder() else Path(temporary) / "maven")
        if not are_complete(fetched):
            raise BackendError(
                f"the jars that Maven brought are not those of {_SUMS.name}",
                "Look for a proxy or mirror that changes what it carries",
            )
        _put(fetched, folder)


def _has_maven_folder() -> bool:
    """Whether Maven can keep what it fetches in the home that the system names, as it does by default."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    return any(os.access(folder, os.W_OK) for folder in (home / ".m2", home))


async def _copy_dependencies(to: Path, repository: Path | None) -> None:
    options = ["--batch-mode", "--quiet", "-Dstyle.color=never", "--file", str(_POM)]
    if repository:
        options.append(f"-Dmaven.repo.local={repository}")
    command = ("mvn", *options, "dependency:copy-dependencies", "-DincludeScope=runtime")
    process = await asyncio.create_subprocess_exec(*command, f"-DoutputDirectory={to}")
    if await process.wait() != 0:
        raise BackendError("Maven could not fetch Kafka's jars", f"To see why: {' '.join(command)}")


def _put(fetched: Path, folder: Path) -> None:
    """Rename at once: a reader sees all jars or none."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        fetched.rename(folder)
    except OSError:
        # Another process was quicker; its jars are as good.
        if not are_complete(folder):
            raise


def _known_sums() -> Mapping[str, str]:
    lines = (line.split() for line in _SUMS.read_text().splitlines())
    return {name: digest for digest, name in lines}


def _sums_of(folder: Path) -> Mapping[str, str]:
    return {path.name: _digest(path) for path in folder.glob("*")} if folder.is_dir() else {}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
