# SPDX-License-Identifier: Apache-2.0
"""Work one step behind: in order, never two at once, and nobody leaves while a step is under way."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from threading import Event

import pytest

from clarion.pipeline.behind import Behind


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def fails() -> None:
    raise KeyError("step")


def test_a_step_begins_when_the_one_before_it_is_done(threads: Executor) -> None:
    begun, go_on = Event(), Event()
    done: list[int] = []

    def slow() -> None:
        begun.set()
        assert go_on.wait(20)
        done.append(0)

    with Behind(threads) as behind:
        behind.start(slow)
        assert begun.wait(20)
        assert done == []  # the caller is not held up
        go_on.set()
        for number in range(1, 50):
            behind.start(partial(done.append, number))
    assert done == list(range(50))


def test_what_a_step_raises_comes_with_the_next_one_or_at_the_end(threads: Executor) -> None:
    def work(*steps: Callable[[], None]) -> None:
        with Behind(threads) as behind:
            for step in steps:
                behind.start(step)

    done: list[int] = []
    with pytest.raises(KeyError):
        work(fails, partial(done.append, 1))
    with pytest.raises(KeyError):
        work(partial(done.append, 2), fails)
    assert done == [2]


def test_whoever_is_thrown_out_has_waited_and_keeps_the_reason(threads: Executor) -> None:
    go_on = Event()
    done: list[int] = []

    def slow() -> None:
        assert go_on.wait(20)
        done.append(1)
        fails()

    def work() -> None:
        with Behind(threads) as behind:
            behind.start(slow)
            threads.submit(go_on.set)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert done == [1]
