"""What every key vault promises; run over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.order.adapters.key_vault.key_ring_file import FileKeyRing
from services.order.adapters.key_vault.key_vault_aes import AesKeyVault
from services.order.application.ports import CustomerIsClosed, KeyVault, SealedField
from tests.contract.order.conftest import OpenRecords
from tests.support.order_world import ALICE, BOB, MovableClock

Open = Callable[[Path, MovableClock], AbstractAsyncContextManager[KeyVault]]
ADDRESS = SealedField("order-1", "event-1", "OrderPlaced", 1, "shippingAddressSealed")


@pytest.fixture
def open_vault(open_records: OpenRecords) -> Open:
    @asynccontextmanager
    async def opened(home: Path, clock: MovableClock) -> AsyncIterator[KeyVault]:
        async with open_records() as records:
            ring = FileKeyRing(home / "order-kek")
            yield AesKeyVault(records, ring=ring, clock=clock, timer=lambda: clock().timestamp())

    return opened


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def vault(open_vault: Open, tmp_path: Path, clock: MovableClock) -> AsyncIterator[KeyVault]:
    async with open_vault(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def other(open_vault: Open, tmp_path: Path, clock: MovableClock) -> AsyncIterator[KeyVault]:
    """The vault of another process."""
    async with open_vault(tmp_path, clock) as opened:
        yield opened


async def test_what_was_sealed_is_read_by_every_process(vault: KeyVault, other: KeyVault) -> None:
    await vault.require_open(ALICE)

    sealed = await vault.seal(ALICE, ADDRESS, "Amselweg 1, Jägerhof")

    assert "Amselweg" not in sealed
    assert await other.unseal(ALICE, ADDRESS, sealed) == "Amselweg 1, Jägerhof"


async def test_processes_that_make_a_key_at_once_get_the_same(vault: KeyVault, other: KeyVault) -> None:
    await asyncio.gather(*((vault, other)[number % 2].require_open(ALICE) for number in range(10)))

    assert await vault.digest(ALICE, b"command") == await other.digest(ALICE, b"command")


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(ADDRESS, order_id="order-2"),
        replace(ADDRESS, event_id="event-2"),
        replace(ADDRESS, event_type="OrderShipped"),
        replace(ADDRESS, version=2),
        replace(ADDRESS, path="note"),
    ],
)
async def test_a_ciphertext_opens_in_its_own_place_only(vault: KeyVault, elsewhere: SealedField) -> None:
    await vault.require_open(ALICE)
    sealed = await vault.seal(ALICE, ADDRESS, "Amselweg 1")

    with pytest.raises(ValueError, match="was not sealed here"):
        await vault.unseal(ALICE, elsewhere, sealed)


async def test_a_ciphertext_opens_for_its_own_customer_only(vault: KeyVault) -> None:
    await vault.require_open(ALICE)
    await vault.require_open(BOB)
    sealed = await vault.seal(ALICE, ADDRESS, "Amselweg 1")

    with pytest.raises(ValueError, match="was not sealed here"):
        await vault.unseal(BOB, ADDRESS, sealed)


async def test_a_digest_depends_on_the_content_and_the_customer(vault: KeyVault) -> None:
    await vault.require_open(ALICE)
    await vault.require_open(BOB)

    digest = await vault.digest(ALICE, b"command")

    assert digest == await vault.digest(ALICE, b"command")
    assert digest != await vault.digest(ALICE, b"Command")
    assert digest != await vault.digest(BOB, b"command")


async def test_a_mark_is_seen_at_once_by_every_process(vault: KeyVault, other: KeyVault) -> None:
    await vault.require_open(ALICE)
    await other.close(ALICE, "mark")

    with pytest.raises(CustomerIsClosed):
        await vault.require_open(ALICE)


async def test_a_customer_is_open_again_without_any_mark(vault: KeyVault) -> None:
    await vault.close(ALICE, "one")
    await vault.close(ALICE, "two")
    await vault.reopen(ALICE, "one")
    with pytest.raises(CustomerIsClosed):
        await vault.require_open(ALICE)

    await vault.reopen(ALICE, "two")

    await vault.require_open(ALICE)


async def test_old_marks_are_listed_until_they_are_gone(vault: KeyVault, clock: MovableClock) -> None:
    await vault.close(ALICE, "old")
    clock.advance(minutes=10)
    await vault.close(BOB, "new")

    assert await vault.marks_before(clock() - timedelta(minutes=5)) == [(ALICE, "old")]
    await vault.erase(ALICE)
    assert await vault.marks_before(clock() - timedelta(minutes=5)) == []


async def test_an_erased_key_is_gone_for_every_process_within_a_minute(
    vault: KeyVault, other: KeyVault, clock: MovableClock
) -> None:
    await vault.require_open(ALICE)
    sealed = await vault.seal(ALICE, ADDRESS, "Amselweg 1")
    await other.unseal(ALICE, ADDRESS, sealed)

    await vault.erase(ALICE)
    assert await vault.unseal(ALICE, ADDRESS, sealed) is None

    clock.advance(seconds=60)
    assert await other.unseal(ALICE, ADDRESS, sealed) is None


async def test_no_key_is_ever_made_for_an_erased_customer(vault: KeyVault, other: KeyVault) -> None:
    await vault.erase(ALICE)
    await vault.erase(ALICE)

    for each in (vault, other):
        with pytest.raises(CustomerIsClosed):
            await each.require_open(ALICE)
        with pytest.raises(CustomerIsClosed):
            await each.seal(ALICE, ADDRESS, "Amselweg 1")
        with pytest.raises(CustomerIsClosed):
            await each.digest(ALICE, b"command")


async def test_a_vault_that_answers_is_reachable(vault: KeyVault) -> None:
    assert await vault.is_reachable()
