# SPDX-License-Identifier: Apache-2.0
"""Errands are taken up again and again, side by side, and one that fails stops nobody."""

import asyncio
from functools import partial

from clarion.domain.errors import Unavailable
from clarion.pipeline.errands import Errand, run


async def test_an_errand_that_fails_is_asked_again_and_stops_nobody() -> None:
    stopping, turns = asyncio.Event(), {"broken": 0, "away": 0, "fine": 0}

    async def turn(name: str) -> bool:
        turns[name] += 1
        if min(turns.values()) >= 3:
            stopping.set()
        await asyncio.sleep(0)
        if name == "broken":
            raise ValueError("not foreseen")
        if name == "away":
            raise Unavailable("no database")
        return True

    errands = [Errand(name, partial(turn, name), every_seconds=0.001) for name in turns]
    await asyncio.wait_for(run(errands, stopping), 30)
    assert min(turns.values()) >= 3


async def test_stopping_does_not_wait_for_the_next_look() -> None:
    stopping, asked = asyncio.Event(), asyncio.Event()

    async def idle() -> bool:
        asked.set()
        return False

    running = asyncio.create_task(run([Errand("idle", idle, every_seconds=3_600, at_once=2)], stopping))
    await asked.wait()
    stopping.set()
    await asyncio.wait_for(running, 30)
