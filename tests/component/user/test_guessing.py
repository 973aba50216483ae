"""Guessing and spraying: strangers are slowed down, owners are not (ASVS 5, 6.3.1)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import httpx
import pytest
from structlog.testing import capture_logs

from services.user.adapters.password_hasher_argon2 import Argon2PasswordHasher
from services.user.domain.errors import TooBusy
from shopmesh.user.v1 import user_service_pb2 as pb
from tests.component.user.calls import PASSWORD, Person, admin, alice, alice_elsewhere
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow
from tests.support.browsing import Browser
from tests.support.serving import reason_of

ALICE = "alice@example.com"
HOME, ELSEWHERE = "198.51.100.7", "203.0.113.9"


@asynccontextmanager
async def browser(provider: RunningProvider, address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without cookies, as the front proxy shows it to the service."""
    seen = {"x-shopmesh-edge": provider.settings.edge_secret, "x-shopmesh-client-address": address}
    async with Browser(provider.url, timeout=30, headers=seen) as client:
        yield client


async def guess(http: httpx.AsyncClient, email: str, times: int) -> list[int]:
    """What parallel guesses are answered, sorted."""
    await Flow(http).open()
    guesses = (Flow(http).submit(email, f"guess number {n}") for n in range(times))
    return sorted(answer.status_code for answer in await asyncio.gather(*guesses))


@pytest.mark.parametrize("email", [ALICE, "nobody@example.com"], ids=["known", "unknown"])
async def test_one_network_has_five_guesses_at_an_account_and_everybody_together_ten(
    provider: RunningProvider, email: str
) -> None:
    for network, expected in enumerate((5, 5, 0, 0)):
        if network == 1:
            # After five failures every further one makes the next wait longer.
            provider.clock.turn_on(seconds=1)
        answered = []
        async with browser(provider, f"203.0.{network}.1") as attacker:
            for _ in range(6):
                answered += await guess(attacker, email, 5)
                provider.clock.turn_on(seconds=17)
        assert answered.count(403) == expected, network


async def test_a_refusal_names_the_wait_and_grows(provider: RunningProvider) -> None:
    waits = []
    async with browser(provider, ELSEWHERE) as attacker, browser(provider, HOME) as other:
        await guess(attacker, ALICE, 5)
        for _ in range(4):
            refused = await Flow(other).submit(ALICE, "a guess")
            assert refused.status_code == 429
            waits.append(int(refused.headers["retry-after"]))
            provider.clock.turn_on(seconds=waits[-1])
            assert (await Flow(other).submit(ALICE, "a guess")).status_code == 403

    assert waits == [1, 2, 4, 8]


async def test_owners_log_in_while_somebody_guesses(provider: RunningProvider) -> None:
    password = provider.password_of("alice")
    async with browser(provider, HOME) as known, browser(provider, ELSEWHERE) as attacker:
        assert (await Flow(known).submit(ALICE, password)).status_code == 303
        for n in range(4):
            async with browser(provider, f"203.1.{n}.1") as another:
                await guess(another, ALICE, 10)
        assert (await guess(attacker, ALICE, 5)) == [429] * 5

        assert (await Flow(known).submit(ALICE, password)).status_code == 303
        assert (await guess(known, ALICE, 6)).count(403) == 5
        assert (await Flow(known).submit(ALICE, password)).status_code == 429

    # One stranger alone cannot shut out a new device elsewhere.
    provider.clock.turn_on(minutes=15)
    async with browser(provider, ELSEWHERE) as attacker, browser(provider, HOME) as new:
        for _ in range(10):
            await guess(attacker, ALICE, 5)
        provider.clock.turn_on(seconds=1)
        assert (await Flow(new).submit(ALICE, password)).status_code == 303


async def test_one_network_fails_twenty_times_a_minute_over_all_accounts(provider: RunningProvider) -> None:
    with capture_logs() as lines:
        async with browser(provider, "203.0.113.1") as one, browser(provider, "203.0.113.77") as neighbour:
            tried = [await Flow(one).submit(f"someone{n}@example.com", "Summer2026!") for n in range(15)]
            tried += [await Flow(neighbour).submit(f"other{n}@example.com", "Summer2026!") for n in range(9)]
            bob = await Flow(neighbour).submit("bob@example.com", provider.password_of("bob"))
        async with browser(provider, HOME) as elsewhere:
            alice = await Flow(elsewhere).submit(ALICE, provider.password_of("alice"))

    assert [answer.status_code for answer in tried] == [403] * 20 + [429] * 4
    assert (bob.status_code, alice.status_code) == (429, 303)
    sprays = [line for line in lines if line["event"] == "password_spray"]
    assert {line["network"] for line in sprays} == {"203.0.113.0/24"}


@pytest.mark.parametrize("forged", ["x-forwarded-for", "x-shopmesh-client-address", "forwarded", "x-real-ip"])
async def test_a_header_does_not_make_a_new_network(
    provider: RunningProvider, http: httpx.AsyncClient, forged: str
) -> None:
    answered = [
        (await Flow(http).submit(f"someone{n}@example.com", "Summer2026!")).status_code for n in range(20)
    ]
    http.headers[forged] = "192.0.2.99"
    http.headers["x-shopmesh-edge"] = "a guess"

    assert answered == [403] * 20
    assert (await Flow(http).submit(ALICE, provider.password_of("alice"))).status_code == 429


async def test_a_device_is_known_to_its_account_only(provider: RunningProvider) -> None:
    async with browser(provider, HOME) as shared:
        await Flow(shared).submit("bob@example.com", provider.password_of("bob"))
        await guess(shared, ALICE, 5)

        assert (await Flow(shared).submit(ALICE, provider.password_of("alice"))).status_code == 429
        assert (await Flow(shared).submit("bob@example.com", provider.password_of("bob"))).status_code == 303


async def test_right_passwords_cost_nothing(provider: RunningProvider) -> None:
    for _ in range(12):
        async with browser(provider, HOME) as new:
            assert (await Flow(new).submit(ALICE, provider.password_of("alice"))).status_code == 303


async def test_guesses_at_the_form_that_changes_a_password_count_by_their_session(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    thief = await alice(provider, http)
    owner = await alice_elsewhere(provider, http)
    reasons = [await change(thief, f"guess number {number}") for number in range(8)]
    user_id = (await owner.user()).user_id

    assert reasons[:5] == ["WRONG_PASSWORD"] * 5
    assert set(reasons[5:]) == {"TOO_MANY_ATTEMPTS"}
    assert await change(owner, provider.password_of("alice")) == ""
    boss = await admin(provider, http)
    request = pb.ListSecurityEventsRequest(user_id=user_id, page_size=50)
    log = (await boss.stub.ListSecurityEvents(request, metadata=boss.metadata)).events
    assert [event.kind for event in log].count("LOGIN_FAILED") == 5


async def test_a_right_password_costs_nothing_whatever_the_new_one_is(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    owner, own = await alice(provider, http), provider.password_of("alice")

    reasons = [await change(owner, own, "password1234") for _ in range(8)]

    assert reasons == ["WEAK_PASSWORD"] * 8
    assert await change(owner, own) == ""


async def test_a_password_that_nobody_had_time_to_look_at_does_not_count(
    provider: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> bool:
        raise TooBusy("too many passwords are being checked now", retry_after_seconds=1)

    async with browser(provider, HOME) as owner:
        with monkeypatch.context() as busy:
            busy.setattr(Argon2PasswordHasher, "matches", full)
            answers = [(await Flow(owner).submit(ALICE, "her own")).status_code for _ in range(12)]
        answers.append((await Flow(owner).submit(ALICE, provider.password_of("alice"))).status_code)

    assert answers == [429] * 12 + [303]


async def change(person: Person, current: str, new: str = PASSWORD) -> str:
    """Change a password; why it is refused, empty where it is not."""
    request = pb.ChangePasswordRequest(current_password=current, new_password=new)
    try:
        await person.stub.ChangePassword(request, metadata=person.metadata)
    except grpc.aio.AioRpcError as refused:
        return reason_of(refused)
    return ""
