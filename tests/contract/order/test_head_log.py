"""What the log of signed heads promises."""

import asyncio
from pathlib import Path

from services.order.adapters.head_log_file import FileHeadLog
from services.order.application.ports import Head, SignedHead

KEY = bytes(range(32))


async def test_heads_are_read_back_by_order_in_their_sequence(tmp_path: Path) -> None:
    log = FileHeadLog(tmp_path / "heads.log", key=KEY)
    for order_id, version in (("order-1", 1), ("order-2", 1), ("order-1", 2)):
        await log.append([Head(order_id, version, f"hash {version}")])

    assert await log.of_order("order-1") == (SignedHead(1, "hash 1", True), SignedHead(2, "hash 2", True))
    assert await log.of_order("order-3") == ()


async def test_orders_are_listed_with_their_heads_by_id_page_by_page(tmp_path: Path) -> None:
    path = tmp_path / "heads.log"
    log, other = FileHeadLog(path, key=KEY), FileHeadLog(path, key=KEY)
    for order_id, version in (("order-3", 1), ("order-1", 1), ("order-1", 2)):
        await other.append([Head(order_id, version, f"hash {version}")])

    first = await log.orders(after=None, limit=1)
    await other.append([Head("order-2", 1, "hash 1")])
    rest = await log.orders(after="order-1", limit=5)

    assert first == {"order-1": (SignedHead(1, "hash 1", True), SignedHead(2, "hash 2", True))}
    assert list(rest) == ["order-2", "order-3"]
    assert await log.orders(after="order-3", limit=5) == {}


async def test_a_log_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert await FileHeadLog(tmp_path / "heads.log", key=KEY).of_order("order-1") == ()


async def test_processes_append_at_once_and_read_each_others_heads(tmp_path: Path) -> None:
    logs = [FileHeadLog(tmp_path / "heads.log", key=KEY) for _ in range(3)]
    await logs[0].of_order("order-1")

    await asyncio.gather(
        *(logs[number % 3].append([Head("order-1", number, "hash")]) for number in range(60))
    )

    for log in logs:
        assert sorted(head.version for head in await log.of_order("order-1")) == list(range(60))


async def test_a_head_that_was_changed_or_signed_by_another_key_is_not_genuine(tmp_path: Path) -> None:
    path = tmp_path / "heads.log"
    await FileHeadLog(path, key=KEY).append([Head("order-1", 1, "hash 1")])
    await FileHeadLog(path, key=bytes(32)).append([Head("order-1", 2, "hash 2")])
    path.write_bytes(path.read_bytes().replace(b"hash 1", b"hash 9"))

    heads = await FileHeadLog(path, key=KEY).of_order("order-1")

    assert [head.genuine for head in heads] == [False, False]


async def test_a_line_that_was_cut_off_harms_no_other(tmp_path: Path) -> None:
    path = tmp_path / "heads.log"
    log = FileHeadLog(path, key=KEY)
    await log.append([Head("order-1", 1, "hash 1")])
    with path.open("ab") as file:
        file.write(b'\n{"orderId": "order-1", "vers')
    await log.append([Head("order-1", 2, "hash 2")])

    assert [head.version for head in await log.of_order("order-1")] == [1, 2]


async def test_a_log_that_became_shorter_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "heads.log"
    log = FileHeadLog(path, key=KEY)
    await log.append([Head("order-1", 1, "hash 1")])
    await log.of_order("order-1")
    path.write_bytes(b"")

    assert await log.of_order("order-1") == ()


async def test_the_file_is_the_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "heads.log"
    await FileHeadLog(path, key=KEY).append([Head("order-1", 1, "hash 1")])

    assert path.stat().st_mode & 0o777 == 0o600


async def test_reading_goes_on_though_who_asked_has_no_more_time(tmp_path: Path) -> None:
    path = tmp_path / "heads.log"
    log, other = FileHeadLog(path, key=KEY), FileHeadLog(path, key=KEY)
    await other.append([Head("order-1", 1, "hash 1")])
    asked = asyncio.create_task(log.of_order("order-1"))
    await asyncio.sleep(0)
    asked.cancel()
    await other.append([Head("order-1", 2, "hash 2")])

    assert [head.version for head in await log.of_order("order-1")] == [1, 2]


async def test_a_line_that_is_written_otherwise_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "heads.log"
    log = FileHeadLog(path, key=KEY)
    order_id = "4f4f2e51-77cd-5fd1-aed2-1cb0dfdaf48d"
    await log.append([Head(order_id, 1, "hash 1")])
    path.write_bytes(path.read_bytes() + path.read_bytes().replace(b'"orderId":', b' "orderId" : '))

    assert await log.of_order(order_id) == (SignedHead(1, "hash 1", True), SignedHead(1, "hash 1", True))


async def test_a_line_that_was_cut_off_anywhere_says_nothing(tmp_path: Path) -> None:
    order_id = "4f4f2e51-77cd-5fd1-aed2-1cb0dfdaf48d"
    whole = tmp_path / "whole.log"
    await FileHeadLog(whole, key=KEY).append([Head(order_id, 1, "hash 1")])
    line = whole.read_bytes().strip()
    for length in range(len(line)):
        path = tmp_path / f"{length}.log"
        path.write_bytes(b"\n" + line[:length])
        log = FileHeadLog(path, key=KEY)
        await log.append([Head(order_id, 2, "hash 2")])

        assert await log.of_order(order_id) == (SignedHead(2, "hash 2", True),)
