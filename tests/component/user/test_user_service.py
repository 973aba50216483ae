"""The RPCs of accounts, with tokens from the real provider."""

import grpc
import httpx
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from shopmesh.user.v1 import token_service_pb2 as token_pb
from shopmesh.user.v1 import user_service_pb2 as pb
from tests.component.user.calls import (
    PASSWORD,
    Person,
    admin,
    alice,
    alice_elsewhere,
    logged_in,
    notification,
)
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow
from tests.support.serving import reason_of, violations_of

pytestmark = pytest.mark.fast

HOME = pb.Address(
    recipient="Alice", line1="Lindenweg 1", city="Berlin", postal_code="10115", country_code="DE"
)


async def bob(provider: RunningProvider, http: httpx.AsyncClient) -> Person:
    return await logged_in(provider, http, "bob@example.com", provider.password_of("bob"))


async def test_an_owner_changes_what_the_mask_names(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    request = pb.UpdateUserRequest(
        user=pb.User(display_name="Alice B.", locale="de-AT", email="evil@example.com", scopes=["audit"]),
        update_mask=FieldMask(paths=["display_name"]),
    )

    changed = (await person.stub.UpdateUser(request, metadata=person.metadata)).user

    assert (changed.display_name, changed.locale) == ("Alice B.", "en")
    assert changed == await person.user()
    assert (changed.email, list(changed.scopes)) == ("alice@example.com", ["orders", "profile"])


async def test_an_owner_changes_all_that_can_be_changed_at_once(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    request = pb.UpdateUserRequest(
        user=pb.User(display_name="Alice B.", locale="de-AT"),
        update_mask=FieldMask(paths=["display_name", "locale"]),
    )

    changed = (await person.stub.UpdateUser(request, metadata=person.metadata)).user

    assert (changed.display_name, changed.locale) == ("Alice B.", "de-AT")


@pytest.mark.parametrize(
    ("paths", "field"),
    [([], "updateMask"), (["email"], "updateMask"), (["display_name", "scopes"], "updateMask")],
)
async def test_a_mask_without_a_changeable_field_is_refused(
    provider: RunningProvider, http: httpx.AsyncClient, paths: list[str], field: str
) -> None:
    person = await alice(provider, http)
    request = pb.UpdateUserRequest(user=pb.User(display_name="A"), update_mask=FieldMask(paths=paths))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await person.stub.UpdateUser(request, metadata=person.metadata)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in violations_of(refused.value)


@pytest.mark.parametrize(
    ("user", "path", "field"),
    [
        (pb.User(display_name=" "), "display_name", "user.displayName"),
        (pb.User(locale="not a tag"), "locale", "user.locale"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_by_its_field(
    provider: RunningProvider, http: httpx.AsyncClient, user: pb.User, path: str, field: str
) -> None:
    person = await alice(provider, http)
    request = pb.UpdateUserRequest(user=user, update_mask=FieldMask(paths=[path]))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await person.stub.UpdateUser(request, metadata=person.metadata)

    assert list(violations_of(refused.value)) == [field]


async def test_addresses_are_their_owners_alone(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    owner, stranger = await alice(provider, http), await bob(provider, http)
    stub = owner.stub
    created = await stub.CreateAddress(pb.CreateAddressRequest(address=HOME), metadata=owner.metadata)
    address_id = created.address.address_id
    delete = pb.DeleteAddressRequest(address_id=address_id)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.DeleteAddress(delete, metadata=stranger.metadata)
    with pytest.raises(grpc.aio.AioRpcError) as absent:
        await stub.DeleteAddress(
            pb.DeleteAddressRequest(address_id="0192f000-0000-7000-8000-000000000000"),
            metadata=stranger.metadata,
        )

    assert refused.value.code() is absent.value.code() is grpc.StatusCode.NOT_FOUND
    assert reason_of(refused.value) == reason_of(absent.value) == "ADDRESS_NOT_FOUND"
    listed = await stub.ListAddresses(pb.ListAddressesRequest(), metadata=owner.metadata)
    assert [address.line1 for address in listed.addresses] == ["Lindenweg 1"]
    await stub.DeleteAddress(delete, metadata=owner.metadata)
    assert not (await stub.ListAddresses(pb.ListAddressesRequest(), metadata=owner.metadata)).addresses


async def test_addresses_are_paged_newest_first_and_bounded(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    made = []
    for _ in range(50):
        answer = await person.stub.CreateAddress(
            pb.CreateAddressRequest(address=HOME), metadata=person.metadata
        )
        made.append(answer.address.address_id)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await person.stub.CreateAddress(pb.CreateAddressRequest(address=HOME), metadata=person.metadata)
    assert reason_of(refused.value) == "TOO_MANY_ADDRESSES"

    listed, token = list[str](), ""
    while True:
        page = await person.stub.ListAddresses(
            pb.ListAddressesRequest(page_size=20, page_token=token), metadata=person.metadata
        )
        listed += [address.address_id for address in page.addresses]
        token = page.next_page_token
        if not token:
            break

    assert listed == sorted(made, reverse=True)


async def test_a_changed_password_ends_every_other_login(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    here, there = await alice(provider, http), await alice_elsewhere(provider, http)
    change = pb.ChangePasswordRequest(
        current_password=provider.password_of("alice"), new_password="another good one"
    )

    await here.stub.ChangePassword(change, metadata=here.metadata)

    assert (await Flow(http).refresh(here.tokens["refresh_token"])).status_code == 200
    assert (await Flow(http).refresh(there.tokens["refresh_token"])).json()["error"] == "invalid_grant"
    mails = await notification(provider, http)
    listed = await mails.tokens.ListRevocations(token_pb.ListRevocationsRequest(), metadata=mails.metadata)
    assert [revocation.sid for revocation in listed.revocations] == [there.sid]
    again = await mails.tokens.ListRevocations(
        token_pb.ListRevocationsRequest(page_token=listed.next_page_token), metadata=mails.metadata
    )
    assert not again.revocations
    assert again.next_page_token == listed.next_page_token


async def test_a_wrong_current_password_changes_nothing(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await person.stub.ChangePassword(
            pb.ChangePasswordRequest(current_password="guess", new_password=PASSWORD),
            metadata=person.metadata,
        )

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert reason_of(refused.value) == "WRONG_PASSWORD"
    assert (await Flow(http).submit("alice@example.com", provider.password_of("alice"))).status_code == 303


async def test_staff_grants_and_takes_scopes(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    boss, person = await admin(provider, http), await alice(provider, http)
    user_id = (await person.user()).user_id
    stub = boss.stub

    granted = await stub.GrantScopes(
        pb.GrantScopesRequest(user_id=user_id, scopes=["audit"]), metadata=boss.metadata
    )
    promoted = await alice_elsewhere(provider, http)
    revoked = await stub.RevokeScopes(
        pb.RevokeScopesRequest(user_id=user_id, scopes=["audit", "stock:write"]), metadata=boss.metadata
    )

    assert list(granted.user.scopes) == ["audit", "orders", "profile"]
    assert promoted.tokens["scope"] == "audit orders profile"
    assert list(revoked.user.scopes) == ["orders", "profile"]
    assert (await Flow(http).refresh(promoted.tokens["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("scope", ["wms", "root", "openid"])
async def test_accounts_cannot_be_granted_what_is_not_theirs(
    provider: RunningProvider, http: httpx.AsyncClient, scope: str
) -> None:
    boss = await admin(provider, http)
    user_id = (await boss.user()).user_id

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await boss.stub.GrantScopes(
            pb.GrantScopesRequest(user_id=user_id, scopes=["audit", scope]), metadata=boss.metadata
        )

    assert reason_of(refused.value) == "UNKNOWN_SCOPE"
    assert list(violations_of(refused.value)) == ["scopes[1]"]


async def test_customers_cannot_see_each_other(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    person, boss = await alice(provider, http), await admin(provider, http)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await person.stub.ListUsers(pb.ListUsersRequest(), metadata=person.metadata)
    first = await boss.stub.ListUsers(pb.ListUsersRequest(page_size=2), metadata=boss.metadata)
    rest = await boss.stub.ListUsers(
        pb.ListUsersRequest(page_size=2, page_token=first.next_page_token), metadata=boss.metadata
    )

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert [user.display_name for user in [*first.users, *rest.users]] == ["Admin", "Bob", "Alice"]
    assert not rest.next_page_token


async def test_an_export_tells_all_that_is_kept(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    person = await alice(provider, http)
    await person.stub.CreateAddress(pb.CreateAddressRequest(address=HOME), metadata=person.metadata)

    export = await person.stub.ExportUser(pb.ExportUserRequest(), metadata=person.metadata)

    assert export.user.email == "alice@example.com"
    assert [address.city for address in export.addresses] == ["Berlin"]
    assert [activity["kind"] for activity in export.activities] == ["REGISTERED", "LOGIN"]


async def test_mails_about_orders_need_no_link(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    user_id = (await (await alice(provider, http)).user()).user_id
    mails = await notification(provider, http)

    about_order = await mails.prepare(user_id, contact_pb.MAIL_PURPOSE_ORDER)
    about_reset = await mails.prepare(user_id, contact_pb.MAIL_PURPOSE_RESET_PASSWORD)

    assert (about_order.email, about_order.display_name, about_order.locale, about_order.link) == (
        "alice@example.com",
        "Alice",
        "en",
        "",
    )
    assert about_reset.link.startswith("http://localhost:8080/account/reset?token=")
