"""Rotating the key-encryption key: under running workers, over an interruption, and never over a loss."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.order.adapters.key_vault.key_records import KeyRecords
from services.order.adapters.key_vault.key_ring import KeyIsGone, KeyRing
from services.order.adapters.key_vault.key_ring_file import FileKeyRing, RotationUnderWay
from services.order.adapters.key_vault.key_rotation import rotate
from services.order.adapters.key_vault.key_vault_aes import AesKeyVault
from services.order.adapters.key_vault.secret_file import new_secret, read_all_or_make
from services.order.application.ports import CustomerIsClosed, SealedField
from tests.contract.order.conftest import OpenRecords
from tests.support.order_world import ALICE, BOB, Crash, MovableClock

ADDRESS = SealedField("order-1", "event-1", "OrderPlaced", 1, "shippingAddressSealed")
CUSTOMERS = [f"customer-{number}" for number in range(5)]


@dataclass
class Dying:
    """Records whose process dies at one of the changes."""

    records: KeyRecords
    changes_left: int

    async def wrapped_keys(self, *, after: str, limit: int) -> object:
        return await self.records.wrapped_keys(after=after, limit=limit)

    async def rewrap(self, customer_id: str, old: bytes, new: bytes) -> None:
        if not self.changes_left:
            raise Crash("rewrap")
        self.changes_left -= 1
        await self.records.rewrap(customer_id, old, new)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "order-kek"


@pytest.fixture
async def records(open_records: OpenRecords) -> AsyncIterator[KeyRecords]:
    async with open_records() as opened:
        yield opened


def vault_of(records: KeyRecords, file: Path) -> AesKeyVault:
    """The vault of a worker that has just started."""
    return AesKeyVault(records, ring=FileKeyRing(file), clock=MovableClock())


async def sealed_by(vault: AesKeyVault, customers: list[str]) -> dict[str, str]:
    """What the worker has sealed for each customer."""
    for customer in customers:
        await vault.require_open(customer)
    return {
        customer: await vault.seal(customer, ADDRESS, f"{customer}, Amselweg 1") for customer in customers
    }


async def assert_readable(vault: AesKeyVault, sealed: dict[str, str]) -> None:
    for customer, text in sealed.items():
        assert await vault.unseal(customer, ADDRESS, text) == f"{customer}, Amselweg 1"


async def test_everything_is_readable_with_the_new_key_and_nothing_with_the_old_one(
    records: KeyRecords, file: Path
) -> None:
    sealed = await sealed_by(vault_of(records, file), CUSTOMERS)
    old = read_all_or_make(file)

    assert await rotate(FileKeyRing(file), records) == len(CUSTOMERS)

    new = read_all_or_make(file)
    assert len(new) == 1
    assert new != old
    await assert_readable(vault_of(records, file), sealed)
    for customer, wrapped in await records.wrapped_keys(after="", limit=10):
        with pytest.raises(KeyIsGone):
            KeyRing(old).unwrap(customer, wrapped)


async def test_a_worker_that_runs_on_reads_and_makes_keys(records: KeyRecords, file: Path) -> None:
    sealed = await sealed_by(vault_of(records, file), [ALICE])
    worker = vault_of(records, file)

    await rotate(FileKeyRing(file), records)

    await assert_readable(worker, sealed)
    await assert_readable(vault_of(records, file), await sealed_by(worker, [BOB]))


async def test_a_key_from_before_rotation_has_no_id_and_is_wrapped_anew(
    records: KeyRecords, file: Path
) -> None:
    vault, clock = vault_of(records, file), MovableClock()
    bare = KeyRing(read_all_or_make(file)).wrap(ALICE, new_secret())[9:]
    await records.insert(ALICE, bare, clock())
    sealed = await sealed_by(vault, [ALICE])

    assert await rotate(FileKeyRing(file), records) == 1

    await assert_readable(vault_of(records, file), sealed)


@pytest.mark.parametrize("changes", range(len(CUSTOMERS)))
async def test_an_interrupted_rotation_leaves_everything_readable_and_is_gone_on_with(
    records: KeyRecords, file: Path, changes: int
) -> None:
    worker = vault_of(records, file)
    sealed = await sealed_by(worker, CUSTOMERS)
    with pytest.raises(Crash):
        await rotate(FileKeyRing(file), Dying(records, changes))  # type: ignore[arg-type]
    sealed |= await sealed_by(worker, [ALICE])
    await assert_readable(vault_of(records, file), sealed)
    begun = read_all_or_make(file)

    assert await rotate(FileKeyRing(file), records) == len(CUSTOMERS) - changes

    assert read_all_or_make(file) == begun[:1]
    await assert_readable(vault_of(records, file), sealed)


async def test_a_customer_stays_erased(records: KeyRecords, file: Path) -> None:
    vault = vault_of(records, file)
    await sealed_by(vault, [ALICE, BOB])
    await vault.erase(ALICE)

    assert await rotate(FileKeyRing(file), records) == 1

    with pytest.raises(CustomerIsClosed):
        await vault_of(records, file).require_open(ALICE)


async def test_nothing_is_dropped_while_a_data_key_cannot_be_read(records: KeyRecords, file: Path) -> None:
    sealed = await sealed_by(vault_of(records, file), [ALICE])
    await records.insert(BOB, KeyRing((new_secret(),)).wrap(BOB, new_secret()), MovableClock()())

    with pytest.raises(KeyIsGone, match=BOB):
        await rotate(FileKeyRing(file), records)

    assert len(read_all_or_make(file)) == 2
    await assert_readable(vault_of(records, file), sealed)


async def test_of_two_rotations_at_once_one_is_refused(records: KeyRecords, file: Path) -> None:
    async with FileKeyRing(file).rotating():
        with pytest.raises(RotationUnderWay):
            await rotate(FileKeyRing(file), records)


async def test_a_new_key_waits_for_those_who_use_the_old_one(records: KeyRecords, file: Path) -> None:
    ring, old = FileKeyRing(file), read_all_or_make(file)
    with ring.steady() as steady:
        rotation = asyncio.create_task(rotate(FileKeyRing(file), records))
        await records.insert(ALICE, steady.wrap(ALICE, new_secret()), MovableClock()())
        assert read_all_or_make(file) == old

    assert await rotation == 1
    await assert_readable(vault_of(records, file), await sealed_by(vault_of(records, file), [ALICE]))


def test_the_command_rotates_what_a_mesh_keeps(tmp_path: Path) -> None:
    environment = {**os.environ, "SHOPMESH_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "services.order.keys", "--rotate"]
    secret = tmp_path / "secrets" / "order-kek"
    first = read_all_or_make(secret)

    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)

    assert "0 data keys" in done.stdout
    assert read_all_or_make(secret) != first
    assert read_all_or_make(secret)[0].hex() not in done.stdout + done.stderr
