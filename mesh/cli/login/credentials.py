"""Who to log in as: a demo account by its name, anybody by their address."""

import json
from pathlib import Path

import typer

from mesh.cli.login.known_devices import KnownDevices
from mesh.cli.login.oauth import Account
from mesh.launcher.errors import LaunchError
from mesh.settings import MeshSettings


def credentials_file(settings: MeshSettings) -> Path:
    return settings.home / "credentials.json"


def known_devices(settings: MeshSettings) -> KnownDevices:
    """What this machine keeps of its logins."""
    return KnownDevices(settings.home / "cli-devices.txt")


def account(settings: MeshSettings, who: str) -> Account:
    """Find the password of a demo account, or ask for it.

    Raises:
        LaunchError: No demo account has this name.
    """
    known = _demo_accounts(credentials_file(settings))
    for name, demo in known.items():
        if who in (name, demo.email):
            return demo
    if "@" not in who:
        names = ", ".join(known) or "none yet"
        raise LaunchError(
            f"There is no demo account {who!r}; there are: {names}.",
            "Give the address of another account; its password is asked for.",
            usage=True,
        )
    return Account(who, typer.prompt(f"Password of {who}", hide_input=True, err=True))


def client_secret(settings: MeshSettings, client: str) -> str:
    """Read the secret of an OAuth client of this mesh.

    Raises:
        LaunchError: No client has this name.
    """
    file = settings.client_secret(client)
    known = sorted(path.stem for path in file.parent.glob("*.secret"))
    if client not in known:
        raise LaunchError(
            f"No secret of a client {client!r} here; there are: {', '.join(known)}.",
            "Give one of these.",
            usage=True,
        )
    return file.read_text().strip()


def _demo_accounts(file: Path) -> dict[str, Account]:
    if not file.exists():
        return {}
    return {name: Account(**entry) for name, entry in json.loads(file.read_text()).items()}
