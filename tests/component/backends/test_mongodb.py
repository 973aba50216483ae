"""A mongod of our own: ready for change streams, and the same one after a move."""

from collections.abc import Mapping
from typing import Any

from pymongo import AsyncMongoClient

from mesh.backends.mongodb import MongodbBackend
from mesh.backends.running import Server, serving
from tests.support.real_servers import OwnPlace


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


async def test_a_server_that_moves_to_another_port_keeps_its_data(own_place: OwnPlace) -> None:
    async with (
        serving(MongodbBackend(), own_place(MongodbBackend())) as server,
        AsyncMongoClient[dict[str, str]](server.url) as client,
    ):
        await client.shop.mugs.insert_one({"_id": "MUG-RED"})

    async with serving(MongodbBackend(), own_place(MongodbBackend())) as moved:
        assert moved.url != server.url
        assert await stored(moved) == ["MUG-RED"]
