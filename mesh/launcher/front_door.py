"""The front proxy of a mesh on this machine: its secrets and its configuration."""

import secrets
from pathlib import Path

import mesh
from mesh.contract import load_contract
from mesh.launcher.host.files import make_private_folder, write_private
from mesh.launcher.host.open_files import connections_for, most_files
from mesh.launcher.limits import limits_of
from mesh.launcher.planning import envoy_config
from mesh.render.envoy.config import render_envoy
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.session import CLIENT, HMAC_SECRET, TOKEN_SECRET, secret_file
from mesh.render.envoy.xds import dump
from mesh.settings import MeshSettings


def write_front_door(settings: MeshSettings) -> None:
    """Write what Envoy reads when it starts; the client's secret has to be there."""
    folder = settings.secrets / "envoy"
    make_private_folder(folder)
    client_secret = settings.client_secret(CLIENT).read_text().strip()
    write_private(folder / f"{TOKEN_SECRET}.yaml", secret_file(TOKEN_SECRET, client_secret))
    cookie_key = folder / f"{HMAC_SECRET}.yaml"
    if not cookie_key.exists():
        write_private(cookie_key, secret_file(HMAC_SECRET, secrets.token_urlsafe(32)))
    write_private(envoy_config(settings.home), front_door_yaml(settings))


def front_door_yaml(settings: MeshSettings) -> str:
    """Envoy's configuration for these settings.

    Raises:
        LaunchError: The limits file cannot be used.
    """
    contract = load_contract()
    door = FrontDoor.of(settings, static=_page(), connections=connections_for(most_files()))
    return dump(render_envoy(contract, limits_of(settings, contract), door))


def _page() -> Path | None:
    """The web page: built, or as it stands in the checkout; an installed mesh has none."""
    web = Path(mesh.__path__[0]).parent / "web"
    return next((folder for folder in (web / "dist", web) if (folder / "index.html").exists()), None)
