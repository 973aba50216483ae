"""Two workers over one database, and a database that fails."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import grpc
import httpx
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from mesh.sql import sqlite_driver
from services.user.server import compose
from shopmesh.user.v1 import user_service_pb2 as pb
from tests.component.user.calls import alice
from tests.component.user.conftest import RunningProvider, served
from tests.component.user.flow import Flow
from tests.support.browsing import Browser
from tests.support.serving import reason_of

ALICE = "alice@example.com"


@pytest.fixture
async def other_worker(provider: RunningProvider) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        compose(provider.context) as service,
        served(service.http) as url,
        Browser(url, timeout=30) as client,
    ):
        yield client


async def test_a_code_is_redeemed_once_over_both_workers(
    provider: RunningProvider, http: httpx.AsyncClient, other_worker: httpx.AsyncClient
) -> None:
    here = Flow(http)
    there = Flow(other_worker, verifier=here.verifier)
    code = await here.code(ALICE, provider.password_of("alice"))

    answers = await asyncio.gather(*(flow.redeem(code) for flow in (here, there) for _ in range(25)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49


async def test_both_workers_give_the_same_successor(
    provider: RunningProvider, http: httpx.AsyncClient, other_worker: httpx.AsyncClient
) -> None:
    tokens = await Flow(http).tokens(ALICE, provider.password_of("alice"))

    answers = await asyncio.gather(
        *(Flow(worker).refresh(tokens["refresh_token"]) for worker in (http, other_worker) for _ in range(25))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_guesses_are_counted_over_both_workers(
    provider: RunningProvider, http: httpx.AsyncClient, other_worker: httpx.AsyncClient
) -> None:
    for worker in (http, other_worker, http, other_worker, http):
        assert (await Flow(worker).submit(ALICE, "a wrong password")).status_code == 403

    assert (await Flow(http).submit(ALICE, provider.password_of("alice"))).status_code == 429


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A waiter for a lock is refused at once."""
    monkeypatch.setattr(sqlite_driver, "BUSY_TIMEOUT_MS", 0)


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_cannot_answer_is_said_to_be_unavailable(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    renaming = pb.UpdateUserRequest(
        user=pb.User(display_name="Al"), update_mask=FieldMask(paths=["display_name"])
    )
    with closing(sqlite3.connect(provider.settings.database("user"))) as somebody_else:
        somebody_else.execute("BEGIN IMMEDIATE")

        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await person.stub.UpdateUser(renaming, metadata=person.metadata)
        token = await Flow(http).refresh(person.tokens["refresh_token"])

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(refused.value) == "STORE_UNAVAILABLE"
    assert (token.status_code, token.json()) == (503, {"error": "temporarily_unavailable"})
