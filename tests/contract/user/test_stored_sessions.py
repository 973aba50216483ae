"""What every unit of work promises of sessions, whichever database is behind it."""

from dataclasses import replace
from datetime import timedelta

from services.kernel.ids import uuid7
from services.user.application.ports import UnitOfWork
from services.user.domain.session import OpenSession
from tests.contract.user.conftest import MINUTE, NOON, family, session


async def test_a_use_that_is_noted_late_does_not_bring_the_old_cookie_back(unit_of_work: UnitOfWork) -> None:
    before = session(uuid7(), "here")
    async with unit_of_work.write() as unit:
        await unit.sessions.add(before)
        await unit.sessions.note_use(before.used(at=NOON + MINUTE))
        again = before.entered_again("another hash", at=NOON + 2 * MINUTE)
        await unit.sessions.save(again)
        await unit.sessions.note_use(before.used(at=NOON + 3 * MINUTE))

    async with unit_of_work.read() as unit:
        assert await unit.sessions.find("another hash") == again
        assert await unit.sessions.find(before.token_hash) is None


async def test_a_session_is_open_while_its_cookie_or_a_client_of_it_is(unit_of_work: UnitOfWork) -> None:
    user_id, later = uuid7(), NOON + timedelta(hours=3)
    used = replace(family(user_id), use_time=later, expire_time=NOON + timedelta(days=30))
    async with unit_of_work.write() as unit:
        for sid in ("here", "there"):
            await unit.sessions.add(session(user_id, sid))
        await unit.grants.add_family(used)

    async with unit_of_work.read() as unit:
        early, late, idle = [
            await unit.sessions.of_user(user_id, at=time, idle=timedelta(hours=2))
            for time in (NOON, later, later + timedelta(days=7))
        ]
    assert [each.sid for each in early] == ["here", "there"]
    assert late == [OpenSession("here", "Firefox, Linux", NOON, later)]
    assert idle == []
