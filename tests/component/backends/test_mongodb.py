"""A mongod of our own: ready for change streams, and the same one after a move."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from mesh.backends.mongodb import MongodbBackend
from mesh.backends.running import Server, running


async def stored(server: Server) -> list[str]:
    async with AsyncMongoClient[dict[str, str]](server.url) as client:
        return [row["_id"] async for row in client.shop.mugs.find()]


async def test_a_server_carries_change_streams(mongodb: Server) -> None:
    async with AsyncMongoClient[dict[str, str]](mongodb.url) as client:
        try:
            async with await client.changing.mugs.watch() as stream:
                await client.changing.mugs.insert_one({"_id": "MUG-RED"})
                change: Mapping[str, Any] = await stream.next()

                assert change["documentKey"] == {"_id": "MUG-RED"}
        finally:
            await client.drop_database("changing")


async def test_a_server_that_moves_to_another_port_keeps_its_data(tmp_path: Path) -> None:
    async with (
        running(MongodbBackend(), tmp_path, say=print) as server,
        AsyncMongoClient[dict[str, str]](server.url) as client,
    ):
        await client.shop.mugs.insert_one({"_id": "MUG-RED"})

    async with running(MongodbBackend(), tmp_path, say=print) as moved:
        assert moved.url != server.url
        assert await stored(moved) == ["MUG-RED"]
