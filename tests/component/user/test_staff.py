"""What staff does with accounts, and what nobody can (ASVS 5, 8.2, 16.3)."""

import asyncio
import sqlite3
from collections.abc import Awaitable
from contextlib import closing

import grpc
import httpx
import pytest

from services.user.domain.errors import AdminExists, UnknownClient, UserNotFound
from services.user.maintenance import run
from shopmesh.user.v1 import user_service_pb2 as pb
from tests.component.user.calls import Person, admin, alice, alice_elsewhere, logged_in, notification
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow
from tests.component.user.outbox import events_of
from tests.component.user.test_endpoints import client_token, introspected
from tests.support.serving import reason_of

ALICE = "alice@example.com"


async def refused(call: Awaitable[object]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return reason_of(error.value)


async def events(boss: Person, user_id: str) -> list[pb.SecurityEvent]:
    request = pb.ListSecurityEventsRequest(user_id=user_id, page_size=200)
    return list((await boss.stub.ListSecurityEvents(request, metadata=boss.metadata)).events)


def purposes(provider: RunningProvider, user_id: str) -> list[str]:
    found = events_of(provider, user_id)
    return [event["payload"]["purpose"] for event in found if event["type"] == "MailRequested"]


async def test_a_disabled_account_is_out_until_it_is_enabled(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person, boss = await alice(provider, http), await admin(provider, http)
    user_id = (await person.user()).user_id
    disable = pb.DisableUserRequest(user_id=user_id, reason="chargebacks")

    disabled = (await boss.stub.DisableUser(disable, metadata=boss.metadata)).user
    again = (await boss.stub.DisableUser(disable, metadata=boss.metadata)).user

    assert disabled.disabled
    assert again == disabled
    assert (await Flow(http).refresh(person.tokens["refresh_token"])).json()["error"] == "invalid_grant"
    closed = await Flow(http).submit(ALICE, provider.password_of("alice"))
    assert closed.status_code == 403
    assert "closed for now" in closed.text
    assert "closed for now" not in (await Flow(http).submit(ALICE, "a wrong password")).text
    revoked = await (await notification(provider, http)).revocations()
    assert user_id in {revocation.subject for revocation in revoked}

    await boss.stub.EnableUser(pb.EnableUserRequest(user_id=user_id), metadata=boss.metadata)
    assert (await Flow(http).submit(ALICE, provider.password_of("alice"))).status_code == 303
    kinds = {event.kind: event for event in await events(boss, user_id)}
    assert kinds["DISABLED"].detail == "chargebacks"
    assert kinds["DISABLED"].actor == f"staff:{(await boss.user()).user_id}"
    assert "ENABLED" in kinds


async def test_unlocking_forgets_the_wrong_passwords(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    boss, person = await admin(provider, http), await alice(provider, http)
    user_id = (await person.user()).user_id
    http.cookies.clear()
    for _ in range(5):
        await Flow(http).submit(ALICE, "a guess")
    assert (await Flow(http).submit(ALICE, provider.password_of("alice"))).status_code == 429

    await boss.stub.UnlockUser(pb.UnlockUserRequest(user_id=user_id), metadata=boss.metadata)

    assert (await Flow(http).submit(ALICE, provider.password_of("alice"))).status_code == 303
    found = await events(boss, user_id)
    assert [event.kind for event in found][:3] == ["LOGIN", "UNLOCKED", "LOGIN_FAILED"]
    assert (found[2].actor, found[2].address) == ("anonymous", "127.0.0.1")


async def test_staff_logs_out_and_starts_a_reset(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    person, boss = await alice(provider, http), await admin(provider, http)
    user_id = (await person.user()).user_id

    await boss.stub.LogOutUser(pb.LogOutUserRequest(user_id=user_id), metadata=boss.metadata)
    request = pb.StartPasswordResetRequest(user_id=user_id)
    await boss.stub.StartPasswordReset(request, metadata=boss.metadata)

    assert (await Flow(http).refresh(person.tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert purposes(provider, user_id) == ["RESET_PASSWORD"]


async def test_nobody_decides_about_their_own_rights(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    boss = await admin(provider, http)
    own = (await boss.user()).user_id
    stub, metadata = boss.stub, boss.metadata

    calls = (
        stub.GrantScopes(pb.GrantScopesRequest(user_id=own, scopes=["audit"]), metadata=metadata),
        stub.RevokeScopes(pb.RevokeScopesRequest(user_id=own, scopes=["audit"]), metadata=metadata),
        stub.DisableUser(pb.DisableUserRequest(user_id=own, reason="x"), metadata=metadata),
    )

    assert [await refused(call) for call in calls] == ["OWN_ACCOUNT"] * 3


async def test_two_admins_cannot_take_each_others_rights_at_once(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person, boss = await alice(provider, http), await admin(provider, http)
    alices, bosses = (await person.user()).user_id, (await boss.user()).user_id
    grant = pb.GrantScopesRequest(user_id=alices, scopes=["users:admin"])
    await boss.stub.GrantScopes(grant, metadata=boss.metadata)
    second = await alice_elsewhere(provider, http)

    def take(whose: str, by: Person) -> Awaitable[pb.RevokeScopesResponse]:
        request = pb.RevokeScopesRequest(user_id=whose, scopes=["users:admin"])
        return by.stub.RevokeScopes(request, metadata=by.metadata)

    outcomes = await asyncio.gather(take(alices, boss), take(bosses, second), return_exceptions=True)

    failed = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert [reason_of(error) for error in failed] == ["LAST_ADMIN"]
    assert purposes(provider, alices)[0] == "RIGHTS_CHANGED"


async def test_the_last_admin_stays(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    boss = await admin(provider, http)

    assert await refused(boss.stub.EraseUser(pb.EraseUserRequest(), metadata=boss.metadata)) == "LAST_ADMIN"
    assert not provider.orders.closed_customers


async def test_rights_need_a_login_of_a_moment_ago(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    provider.clock.turn_on(minutes=-6)
    boss = await admin(provider, http)
    provider.clock.turn_on(minutes=6)
    user_id = (await person.user()).user_id
    refreshed = await Flow(http).refresh(boss.tokens["refresh_token"])
    stale = Person(boss.stub, refreshed.json())

    grant = pb.GrantScopesRequest(user_id=user_id, scopes=["audit"])
    assert await refused(stale.stub.GrantScopes(grant, metadata=stale.metadata)) == "LOGIN_TOO_OLD"
    take = pb.RevokeScopesRequest(user_id=user_id, scopes=["audit"])
    assert await refused(stale.stub.RevokeScopes(take, metadata=stale.metadata)) == "LOGIN_TOO_OLD"


async def test_a_rescue_makes_an_admin_only_when_there_is_none(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    with pytest.raises(AdminExists):
        await run(provider.settings, "rescue", ALICE)
    with closing(sqlite3.connect(provider.settings.database("user"))) as database, database:
        database.execute("UPDATE accounts SET disabled = 1 WHERE email = 'admin@example.com'")

    with pytest.raises(UserNotFound):
        await run(provider.settings, "rescue", "nobody@example.com")
    rescued = await run(provider.settings, "rescue", "Alice@Example.com")

    assert rescued == "alice@example.com may now: orders profile users:admin"
    person = await logged_in(provider, http, ALICE, provider.password_of("alice"))
    user_id = (await person.user()).user_id
    log = await events(person, user_id)
    assert ("SCOPES_GRANTED", "machine", "users:admin") in {(e.kind, e.actor, e.detail) for e in log}
    assert purposes(provider, user_id) == ["RIGHTS_CHANGED"]


async def test_a_clients_tokens_end_at_once(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    person, service = await alice(provider, http), await notification(provider, http)
    provider.clock.turn_on(seconds=-2)
    before = await client_token(provider, http, "wms")
    provider.clock.turn_on(seconds=2)

    with pytest.raises(UnknownClient):
        await run(provider.settings, "revoke-client", "nobody")
    await run(provider.settings, "revoke-client", "wms")
    await run(provider.settings, "revoke-client", "cli")

    assert await introspected(provider, http, before.json()["access_token"]) == {"active": False}
    assert (await Flow(http).refresh(person.tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert {each.client_id for each in await service.revocations()} == {"wms", "cli"}


async def test_the_log_is_read_in_pages_and_holds_no_secret(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    boss, person = await admin(provider, http), await alice(provider, http)
    user_id = (await person.user()).user_id
    for _ in range(4):
        await alice(provider, http)

    seen, token = list[str](), ""
    while True:
        request = pb.ListSecurityEventsRequest(user_id=user_id, page_size=2, page_token=token)
        page = await boss.stub.ListSecurityEvents(request, metadata=boss.metadata)
        seen += [event.kind for event in page.events]
        assert provider.password_of("alice") not in str(page)
        token = page.next_page_token
        if not token:
            break

    assert seen == ["LOGIN"] * 5 + ["REGISTERED"]


async def test_the_log_is_kept_for_90_days(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    person, boss = await alice(provider, http), await admin(provider, http)
    user_id = (await person.user()).user_id

    provider.clock.turn_on(days=90)
    await provider.housekeeping.clean_up()

    assert await events(boss, user_id) == []
