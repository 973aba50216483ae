"""What every unit of work promises, whichever database is behind it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.kernel.ids import uuid7
from services.user.application.ports import UnitOfWork
from services.user.domain.account import Account
from services.user.domain.errors import UserNotFound
from services.user.domain.events import MailPurpose, UserRegistered
from services.user.domain.grant import Code, Family, IssuedToken, Revocation
from services.user.domain.link import Link
from services.user.domain.security_event import Origin, SecurityEvent, SecurityEventKind
from tests.contract.user.conftest import MINUTE, NOON, family, session


def alice() -> Account:
    return Account(uuid7(), "alice@example.com", "Alice", "$argon2id$", NOON, NOON)


def new_code() -> Code:
    ids = uuid7(), "here", "cli", uuid7()
    return Code("hash", *ids, "http://x", frozenset(), "", "c" * 43, NOON, NOON + MINUTE)


def claims(one: Family, *, client_id: str = "cli", issued: datetime = NOON) -> dict[str, object]:
    return {
        "jti": _jti(one),
        "sid": one.sid,
        "client_id": client_id,
        "sub": one.user_id,
        "iat": int(issued.timestamp()),
    }


async def test_what_was_written_is_read_back_to_the_microsecond(unit_of_work: UnitOfWork) -> None:
    account = replace(alice(), scopes=frozenset({"audit", "orders"}), locale="de-AT")
    async with unit_of_work.write() as unit:
        await unit.accounts.add(account)

    async with unit_of_work.read() as unit:
        assert await unit.accounts.get(account.user_id) == account
        assert await unit.accounts.find_by_email("alice@example.com") == account
        assert await unit.accounts.find_by_email("bob@example.com") is None


async def test_an_exception_undoes_state_and_events_alike(unit_of_work: UnitOfWork) -> None:
    account = alice()

    async def fail_midway() -> None:
        async with unit_of_work.write() as unit:
            await unit.accounts.add(account)
            await unit.events.publish(UserRegistered(account.user_id), actor="system")
            await unit.accounts.get("nobody")

    with pytest.raises(UserNotFound):
        await fail_midway()

    async with unit_of_work.write() as unit:
        assert await unit.accounts.find_by_email(account.email) is None
        await unit.events.publish(UserRegistered(account.user_id), actor="system")


async def test_an_erased_account_leaves_only_the_fact(unit_of_work: UnitOfWork) -> None:
    account, kept = alice(), family(uuid7())
    lost = family(account.user_id)
    async with unit_of_work.write() as unit:
        await unit.accounts.add(account)
        event = SecurityEvent(SecurityEventKind.REGISTERED, NOON, Origin("anonymous"))
        await unit.security_log.add(account.user_id, event)
        for each in (lost, kept):
            await unit.grants.add_family(each)
            await unit.grants.add_refresh_token(f"hash of {each.family_id}", each.family_id)

        await unit.accounts.erase(account.user_id, at=NOON)

    async with unit_of_work.read() as unit:
        assert await unit.accounts.is_erased(account.user_id)
        assert await unit.security_log.page(account.user_id, before=None, size=10) == []
        assert await unit.grants.family_of(f"hash of {lost.family_id}") is None
        assert await unit.grants.family_of(f"hash of {kept.family_id}") == kept


async def test_a_newer_link_replaces_the_older_and_works_once(unit_of_work: UnitOfWork) -> None:
    user_id, purpose = uuid7(), MailPurpose.RESET_PASSWORD
    async with unit_of_work.write() as unit:
        await unit.links.put(Link(user_id, purpose, "older", NOON + MINUTE))
        await unit.links.put(Link(user_id, purpose, "newer", NOON + MINUTE))

    async with unit_of_work.write() as unit:
        for token, meant, now in (
            ("older", purpose, NOON),
            ("newer", MailPurpose.VERIFY_EMAIL, NOON),
            ("newer", purpose, NOON + MINUTE),
        ):
            assert await unit.links.find(token, meant, at=now) is None
            assert not await unit.links.take(token, meant, at=now)
        assert await unit.links.find("newer", purpose, at=NOON) == user_id
        assert await unit.links.take("newer", purpose, at=NOON)
        assert not await unit.links.take("newer", purpose, at=NOON)


async def test_of_many_who_race_for_a_code_one_gets_it(unit_of_work: UnitOfWork) -> None:
    code = Code(
        "hash", uuid7(), "here", "cli", uuid7(), "http://x", frozenset(), "", "c" * 43, NOON, NOON + MINUTE
    )
    async with unit_of_work.write() as unit:
        await unit.grants.add_code(code)

    async def use() -> bool:
        async with unit_of_work.write() as unit:
            return await unit.grants.use_code("hash", at=NOON)

    assert sorted(await asyncio.gather(*(use() for _ in range(20)))) == [False] * 19 + [True]
    async with unit_of_work.read() as unit:
        assert await unit.grants.find_code("hash") == code


async def test_an_expired_code_is_nobodys(unit_of_work: UnitOfWork) -> None:
    code = Code(
        "hash", uuid7(), "here", "cli", uuid7(), "http://x", frozenset(), "", "c" * 43, NOON, NOON + MINUTE
    )
    async with unit_of_work.write() as unit:
        await unit.grants.add_code(code)

        assert not await unit.grants.use_code("hash", at=NOON + MINUTE)


async def test_a_refresh_token_remembers_when_it_was_used_first(unit_of_work: UnitOfWork) -> None:
    one = family(uuid7())
    async with unit_of_work.write() as unit:
        await unit.grants.add_family(one)
        await unit.grants.add_refresh_token("hash", one.family_id)

        assert await unit.grants.used_time("hash") is None
        assert await unit.grants.use_refresh_token("hash", at=NOON)
        assert not await unit.grants.use_refresh_token("hash", at=NOON + MINUTE)
        assert await unit.grants.used_time("hash") == NOON


async def test_all_sessions_but_one_can_be_ended(unit_of_work: UnitOfWork) -> None:
    user_id = uuid7()
    mine, theirs = family(user_id), family(uuid7(), sid="a stranger's")
    others = [family(user_id, sid="there"), family(user_id, sid="there")]
    async with unit_of_work.write() as unit:
        for each in (mine, theirs, *others):
            await unit.grants.add_family(each)
            await unit.revocations.note_issued(_token(each))
        await unit.sessions.add(session(user_id, "here"))
        await unit.sessions.add(session(user_id, "there"))

        await unit.grants.revoke_families(user_id, but="here")
        await unit.revocations.end_sessions(user_id, at=NOON, but="here")
        await unit.sessions.remove_all(user_id, but="here")

    async with unit_of_work.read() as unit:
        stored = [await unit.grants.family(each.family_id) for each in (mine, theirs, *others)]
        assert [each.revoked for each in stored if each] == [False, False, True, True]
        revoked = [await unit.revocations.is_revoked(claims(each)) for each in (mine, theirs, *others)]
        assert revoked == [False, False, True, True]
        assert await unit.sessions.find("hash of here") == session(user_id, "here")
        assert await unit.sessions.find("hash of there") is None
        (listed,), _ = await unit.revocations.after(0, at=NOON, limit=10)
        assert (listed.sid, listed.token_id) == ("there", "")


@pytest.mark.parametrize(
    ("named", "issued", "revoked"),
    [
        ({"token_id": "jti"}, NOON, True),
        ({"sid": "here"}, NOON + MINUTE, True),
        ({"client_id": "cli"}, NOON - MINUTE, True),
        ({"client_id": "cli"}, NOON + MINUTE, False),
        ({"subject": "alice"}, NOON - MINUTE, True),
        ({"subject": "alice"}, NOON + MINUTE, False),
        ({"subject": "jti"}, NOON - MINUTE, False),
        ({"sid": "alice"}, NOON - MINUTE, False),
    ],
)
async def test_a_revocation_ends_what_it_names(
    unit_of_work: UnitOfWork, named: dict[str, str], issued: datetime, revoked: bool
) -> None:
    token = {"jti": "jti", "sid": "here", "client_id": "cli", "sub": "alice", "iat": int(issued.timestamp())}
    async with unit_of_work.write() as unit:
        await unit.revocations.add(Revocation(NOON, NOON + MINUTE, **named))

    async with unit_of_work.read() as unit:
        assert await unit.revocations.is_revoked(token) is revoked


async def test_revocations_are_listed_behind_a_cursor_while_they_matter(unit_of_work: UnitOfWork) -> None:
    soon, later = NOON + MINUTE, NOON + 2 * MINUTE
    async with unit_of_work.write() as unit:
        await unit.revocations.add(Revocation(NOON, soon, token_id="a"))
        await unit.revocations.add(Revocation(NOON, later, subject="alice"))
        await unit.revocations.add(Revocation(NOON, later, token_id="b"))

    async with unit_of_work.read() as unit:
        first, cursor = await unit.revocations.after(0, at=NOON, limit=2)
        rest, end = await unit.revocations.after(cursor, at=NOON, limit=2)
        nothing, same = await unit.revocations.after(end, at=NOON, limit=2)
        late, _ = await unit.revocations.after(0, at=soon, limit=10)

    assert [each.token_id or each.subject for each in first] == ["a", "alice"]
    assert [each.token_id for each in rest] == ["b"]
    assert (nothing, same) == ([], end)
    assert [each.token_id or each.subject for each in late] == ["alice", "b"]


async def test_a_purge_forgets_what_has_expired_and_nothing_else(unit_of_work: UnitOfWork) -> None:
    old, young = family(uuid7()), replace(family(uuid7()), expire_time=NOON + 2 * MINUTE)
    async with unit_of_work.write() as unit:
        for each in (old, young):
            await unit.grants.add_family(each)
            await unit.grants.add_refresh_token(each.family_id, each.family_id)
        await unit.attempts.add("old", at=NOON, expire_time=NOON + MINUTE)
        await unit.attempts.add("young", at=NOON, expire_time=NOON + 2 * MINUTE)

    await unit_of_work.purge(at=NOON + MINUTE)

    async with unit_of_work.read() as unit:
        assert await unit.grants.family(old.family_id) is None
        assert await unit.grants.family_of(young.family_id) == young
        assert await unit.grants.used_time(old.family_id) is None
        assert await unit.attempts.times("old", since=NOON - MINUTE) == []
        assert await unit.attempts.times("young", since=NOON - MINUTE) == [NOON]


async def test_attempts_are_counted_by_key_and_time_until_they_are_taken_back(
    unit_of_work: UnitOfWork,
) -> None:
    late = NOON + timedelta(days=1)
    async with unit_of_work.write() as unit:
        first = await unit.attempts.add("alice", at=NOON, expire_time=late)
        await unit.attempts.add("alice", at=NOON + MINUTE, expire_time=late)
        await unit.attempts.add("bob", at=NOON, expire_time=late)

    async with unit_of_work.write() as unit:
        assert await unit.attempts.times("alice", since=NOON - MINUTE) == [NOON, NOON + MINUTE]
        assert await unit.attempts.times("alice", since=NOON) == [NOON + MINUTE]
        await unit.attempts.remove([first])
        assert await unit.attempts.times("alice", since=NOON - MINUTE) == [NOON + MINUTE]
        await unit.attempts.remove_all("ali")
        assert await unit.attempts.times("alice", since=NOON - MINUTE) == []
        assert await unit.attempts.times("bob", since=NOON - MINUTE) == [NOON]


async def test_accounts_end_that_were_never_verified(unit_of_work: UnitOfWork) -> None:
    verified, new = alice(), Account.registered(uuid7(), "carol@example.com", locale=None, at=NOON)
    async with unit_of_work.write() as unit:
        await unit.accounts.add(verified)
        await unit.accounts.add(new)

    async with unit_of_work.read() as unit:
        assert await unit.accounts.expired(at=NOON + timedelta(hours=23)) == []
        assert await unit.accounts.expired(at=NOON + timedelta(days=1)) == [new.user_id]


def _token(one: Family) -> IssuedToken:
    return IssuedToken(_jti(one), one.user_id, one.family_id, one.sid, one.expire_time)


def _jti(one: Family) -> str:
    return one.family_id[::-1]
