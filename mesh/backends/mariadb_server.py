"""What a primary and a replica of MariaDB have in common: packages, a folder, a password, options."""

import asyncio
import getpass
import os
import secrets
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from mesh.backends.apt import apt_install
from mesh.backends.backend import BackendError, Place, Say

USER = "shopmesh"
_PACKAGE_OF = {
    "mariadbd": "mariadb-server-core",
    "mariadb-install-db": "mariadb-server-core",
    # What mariadb-install-db calls.
    "my_print_defaults": "mariadb-client-core",
}
_SYSTEM_PROGRAMS = "/usr/sbin:/usr/local/sbin"
_REMEDY = (
    f"apt-get install {' '.join(sorted({*_PACKAGE_OF.values()}))}, "
    "or set SHOPMESH_MYSQL_URL to a server of your own"
)
_INIT = """\
SET sql_log_bin = 0;
CREATE USER IF NOT EXISTS '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT ALL PRIVILEGES ON `{user}%`.* TO '{user}'@'127.0.0.1';
GRANT REPLICATION SLAVE, REPLICATION SLAVE ADMIN, SLAVE MONITOR ON *.* TO '{user}'@'127.0.0.1';
"""
_OPTIONS = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    # Relative to the data folder: a socket's path has to be short.
    "--socket=mariadb.sock",
    "--pid-file=mariadb.pid",
    "--log-bin=binlog",
    "--relay-log=relay",
    "--log-slave-updates",
    "--binlog-format=ROW",
    "--gtid-strict-mode=ON",
    # A commit is on disk when it returns, also when the power fails.
    "--sync-binlog=1",
    # What somebody has had erased is in the log for a day and no longer.
    "--binlog-expire-logs-seconds=86400",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=48M",
    "--performance-schema=OFF",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_bin",
    "--default-time-zone=+00:00",
    "--local-infile=OFF",
)


def missing() -> tuple[str, ...]:
    """Debian's packages of the programs that are not here; the server's comes without a system service."""
    lacking = {package for program, package in _PACKAGE_OF.items() if _found(program) is None}
    return tuple(sorted(lacking))


async def install(say: Say) -> None:
    """Fetch what is missing."""
    if packages := missing():
        await apt_install(packages, say)


async def make_ready(place: Place) -> None:
    """Make the data folder and the password, once, and what the server reads at every start."""
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _password_file(place).exists():
        _write(_password_file(place), secrets.token_urlsafe(24))
    _write(_init_file(place), _INIT.format(user=USER, password=password(place)))
    # Its own: a server that starts removes what others have in a common one.
    _temporary(place).mkdir(exist_ok=True)
    if not _data(place).exists():
        await _make_data(place)


def command(place: Place, *more: str) -> tuple[str, ...]:
    """The server in the foreground; ports differ, so they are its ids as well."""
    port = place.ports[0]
    return (
        *(str(_program("mariadbd")), "--no-defaults", f"--user={getpass.getuser()}"),
        *(f"--datadir={_data(place)}", f"--tmpdir={_temporary(place)}", f"--init-file={_init_file(place)}"),
        *(f"--port={port}", f"--server-id={port}", *_OPTIONS, *more),
    )


def url(place: Place) -> str:
    return f"mysql://{USER}:{password(place)}@127.0.0.1:{place.ports[0]}"


def password(place: Place) -> str:
    """The password of `USER`; safe in URLs and statements."""
    return _password_file(place).read_text()


async def _make_data(place: Place) -> None:
    # Under another name until it is whole: what was interrupted is made anew.
    unfinished = place.folder / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    user = getpass.getuser()
    with TemporaryDirectory() as short:
        # The script splits its arguments at spaces: it sees no path of ours.
        link = Path(short) / "data"
        link.symlink_to(unfinished.absolute())
        # The super-user comes by the socket and as this user of the system only: it has no password to lose.
        await _run(
            *(str(_program("mariadb-install-db")), "--no-defaults", f"--datadir={link}"),
            *("--auth-root-authentication-method=socket", f"--auth-root-socket-user={user}"),
            *("--skip-test-db", f"--user={user}"),
            env=os.environ | {"TMPDIR": str(_temporary(place))},
            remedy=f"Look at {place.folder}: is there space, and may {user} write?",
        )
    unfinished.rename(_data(place))


async def _run(*command: str, env: Mapping[str, str], remedy: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    if process.returncode:
        lines = output.decode(errors="replace").splitlines()
        problem = next((line for line in lines if "ERROR" in line), f"exit code {process.returncode}")
        raise BackendError(f"{Path(command[0]).name} failed: {problem}", remedy)


def _found(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path=_SYSTEM_PROGRAMS)


def _program(name: str) -> str:
    found = _found(name)
    if found is None:
        raise BackendError(f"there is no {name} here", _REMEDY)
    return found


def _write(path: Path, text: str) -> None:
    with open(path, "w", opener=_owner_only) as file:
        file.write(text)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _data(place: Place) -> Path:
    return place.folder / "data"


def _temporary(place: Place) -> Path:
    return place.folder / "tmp"


def _password_file(place: Place) -> Path:
    return place.folder / "password"


def _init_file(place: Place) -> Path:
    return place.folder / "init.sql"
