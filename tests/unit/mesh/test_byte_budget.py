"""How much may wait for its acknowledgement: bounded, and nobody waits for ever."""

import asyncio

from mesh.event_log.kafka.completions import ByteBudget, Completions, Pending


async def test_who_finds_no_room_waits_until_enough_was_given_back() -> None:
    budget = ByteBudget(limit_bytes=100)
    budget.take(60)
    budget.take(40)
    waiting = asyncio.create_task(budget.wait(50))

    budget.give_back(40)
    await asyncio.sleep(0)
    assert not waiting.done()

    budget.give_back(60)
    await waiting


async def test_what_is_larger_than_all_of_the_room_goes_alone() -> None:
    budget = ByteBudget(limit_bytes=100)
    assert budget.has_room(1000)
    budget.take(1000)
    assert not budget.has_room(1)


async def test_an_answer_gives_the_room_back_also_where_the_caller_has_left() -> None:
    loop = asyncio.get_running_loop()
    budget = ByteBudget(limit_bytes=100)
    budget.take(100)
    left: asyncio.Future[None] = loop.create_future()
    left.cancel()

    await asyncio.to_thread(Completions(loop, budget).complete, Pending(left, size_bytes=100))
    await budget.wait(100)

    assert budget.has_room(100)


async def test_answers_that_come_at_once_reach_everybody() -> None:
    loop = asyncio.get_running_loop()
    answers = Completions(loop, ByteBudget(limit_bytes=100))
    questions = [Pending(loop.create_future()) for _ in range(100)]

    def answer_all() -> None:
        for question in questions:
            answers.complete(question)

    await asyncio.to_thread(answer_all)
    async with asyncio.timeout(5):
        await asyncio.gather(*(question.done for question in questions))
