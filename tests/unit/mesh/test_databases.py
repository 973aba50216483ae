"""The database URL of a service."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from mesh.settings import MeshSettings
from mesh.sql.databases import database_url, mysql_url, replica_urls


def test_without_a_server_it_is_a_file_below_the_home() -> None:
    settings = MeshSettings(home=Path("/home/mesh"))

    assert database_url(settings, "user") == "sqlite+inline:////home/mesh/embedded/user.db"
    assert replica_urls(settings, "user") == ()


def test_a_file_is_found_whatever_its_folder_is_called() -> None:
    folder = Path("/home/ö %41?mode=ro#'&,;")

    assert make_url(database_url(MeshSettings(home=folder), "user")).database == f"{folder}/embedded/user.db"


@pytest.mark.parametrize(
    ("server", "own"),
    [
        ("mysql://shop:p%40ss@db:3306", "mysql+asyncmy://shop:p%40ss@db:3306/shopmesh_inventory"),
        ("mysql://db/blue", "mysql+asyncmy://db/blue_inventory"),
        ("mysql+aiomysql://db", "mysql+aiomysql://db/shopmesh_inventory"),
    ],
)
def test_on_a_server_each_service_has_its_own(server: str, own: str) -> None:
    assert mysql_url(server, "inventory") == own
