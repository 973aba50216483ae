"""Accounts that are erased, and those that cannot be yet."""

import grpc
import httpx
import pytest

from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from shopmesh.user.v1 import token_service_pb2 as token_pb
from shopmesh.user.v1 import user_service_pb2 as pb
from tests.component.user.calls import Person, admin, alice, notification
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow
from tests.component.user.outbox import types_of
from tests.component.user.test_endpoints import checkout
from tests.support.serving import reason_of

pytestmark = pytest.mark.fast


async def test_an_erased_account_is_gone_for_good(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    person = await alice(provider, http)
    user_id = (await person.user()).user_id
    mails = await notification(provider, http)

    await person.stub.EraseUser(pb.EraseUserRequest(), metadata=person.metadata)

    assert provider.orders.closed_customers == {user_id}
    assert types_of(provider, user_id)[-1] == "UserErased"
    assert (await Flow(http).refresh(person.tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await Flow(http).submit("alice@example.com", provider.password_of("alice"))).status_code == 403
    state = contact_pb.GetAccountStateRequest(user_id=user_id)
    answer = await mails.contacts.GetAccountState(state, metadata=mails.metadata)
    assert answer.state == contact_pb.ACCOUNT_STATE_ERASED
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await mails.prepare(user_id, contact_pb.MAIL_PURPOSE_ORDER)
    assert reason_of(refused.value) == "USER_NOT_FOUND"
    listed = await mails.tokens.ListRevocations(token_pb.ListRevocationsRequest(), metadata=mails.metadata)
    assert {revocation.subject for revocation in listed.revocations} == {"", user_id}


async def test_an_account_with_an_order_on_its_way_stays(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    user_id = (await person.user()).user_id
    provider.orders.open_customers.add(user_id)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await person.stub.EraseUser(pb.EraseUserRequest(), metadata=person.metadata)

    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(refused.value) == "OPEN_ORDERS"
    assert (await person.user()).user_id == user_id


async def test_what_comes_after_the_end_is_not_remembered(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    boss = await admin(provider, http)
    http.cookies.clear()
    tokens = await checkout(provider, http).tokens("alice@example.com", provider.password_of("alice"))
    person = Person(boss.stub, tokens)
    user_id = (await person.user()).user_id
    await person.stub.EraseUser(pb.EraseUserRequest(), metadata=person.metadata)

    hint = {"id_token_hint": person.tokens["id_token"]}
    assert (await http.get("/oauth2/logout", params=hint)).status_code in {200, 303}

    request = pb.ListSecurityEventsRequest(user_id=user_id)
    assert not (await boss.stub.ListSecurityEvents(request, metadata=boss.metadata)).events
