# SPDX-License-Identifier: Apache-2.0
"""How many calls at once, how long to wait after trouble, and how slowly it comes back."""

import asyncio

import pytest

from clarion.channels.http_gate import MAX_BACK_OFF_SECONDS, Gate


class Clock:
    """A clock that stands still until it is moved; seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate(4, clock)


def wait_of(gate: Gate) -> float:
    away = gate.away()
    return 0.0 if away is None else away.retry_after


async def inside(gate: Gate) -> int:
    """How many get in now; they leave again."""
    tries = [asyncio.create_task(gate.enter()) for _ in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
    got_in = sum(task.done() for task in tries)
    for task in tries:
        task.cancel()
    await asyncio.gather(*tries, return_exceptions=True)
    for _ in range(got_in):
        gate.leave()
    return got_in


async def test_one_goes_first_and_each_success_lets_one_more_in(gate: Gate) -> None:
    seen = [await inside(gate)]
    for _ in range(6):
        gate.worked(gate.now())
        seen.append(await inside(gate))
    assert seen == [1, 2, 3, 4, 4, 4, 4]


async def test_trouble_waits_longer_each_time_up_to_a_limit(gate: Gate, clock: Clock) -> None:
    waits = []
    for _ in range(9):
        gate.troubled("away", gate.now())
        waits.append(wait_of(gate))
        clock.now += waits[-1] + 0.001
        assert gate.away() is None
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, MAX_BACK_OFF_SECONDS, 60, 60])
    gate.worked(gate.now())
    assert gate.health is None
    gate.troubled("away", gate.now())
    assert wait_of(gate) == pytest.approx(1)


async def test_those_that_were_under_way_together_count_once(gate: Gate, clock: Clock) -> None:
    began = gate.now()
    clock.now += 5
    for _ in range(10):
        gate.troubled("away", began)
    assert wait_of(gate) == pytest.approx(1)
    gate.worked(began)  # it set out before the trouble
    assert gate.health == "away"
    assert wait_of(gate) == pytest.approx(1)


async def test_after_trouble_one_goes_first(gate: Gate, clock: Clock) -> None:
    for _ in range(4):
        gate.worked(gate.now())
    gate.troubled("away", gate.now())
    clock.now += 2
    assert await inside(gate) == 1


async def test_a_first_lost_answer_makes_nobody_wait_a_second_does(gate: Gate, clock: Clock) -> None:
    gate.troubled("lost", gate.now(), spare_first=True)
    assert gate.away() is None
    assert await inside(gate) == 1
    clock.now += 1
    gate.troubled("lost", gate.now(), spare_first=True)
    assert wait_of(gate) == pytest.approx(1)


async def test_told_how_long(gate: Gate, clock: Clock) -> None:
    gate.told("wait", 30)
    assert wait_of(gate) == pytest.approx(30)
    gate.told("wait", 10)
    assert wait_of(gate) == pytest.approx(30)
    clock.now += 31
    assert gate.away() is None


async def test_first_come_first_served_and_a_cancelled_one_keeps_no_place(gate: Gate) -> None:
    order: list[int] = []

    async def pass_through(number: int) -> None:
        await gate.enter()
        order.append(number)

    await gate.enter()
    tasks = [asyncio.create_task(pass_through(number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    gate.leave()  # the turn of number 1
    tasks[1].cancel()  # which does not want it any more
    for _ in range(5):
        await asyncio.sleep(0)
    assert order == [2]
    gate.leave()
    await tasks[3]
    assert order == [2, 3]
    gate.leave()
    assert await inside(gate) == 1


async def test_nobody_waits_behind_those_who_gave_up(gate: Gate) -> None:
    await gate.enter()
    given_up = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    gate.leave()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    async with asyncio.timeout(5):
        await gate.enter()
