# SPDX-License-Identifier: Apache-2.0
"""The time of a rate limit is given out once, in pieces, whoever asks; on both engines."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.support.audience import playing

from clarion.store import permits
from clarion.store.access import Workspace
from clarion.store.engine import Store

NAME = "email/smtp"
HOUR_US = 3_600_000_000


def take(store: Store, span_us: int, name: str = NAME) -> permits.Span:
    return store.write(partial(permits.take, name=name, span_us=span_us))


def test_pieces_lie_one_behind_the_other_and_none_in_the_past(store: Store) -> None:
    first, second = take(store, 5_000_000), take(store, 7_000)
    assert first.start_us >= first.now_us - 1_000_000
    assert second.start_us == first.start_us + 5_000_000
    assert take(store, 1).start_us == second.start_us + 7_000
    assert take(store, 1, "sms/twilio").start_us < second.start_us, "another limit has a time of its own"
    store.script("UPDATE permits SET next_us = next_us - 60000000")
    idle = take(store, 1)
    assert idle.start_us >= first.now_us, "what went unused is not made up for"


def test_no_piece_is_given_twice(store: Store) -> None:
    take(store, 1_000_000)
    with ThreadPoolExecutor(4) as threads:
        spans = sorted(threads.map(lambda _: take(store, 1_000).start_us, range(40)))
    assert spans == [spans[0] + 1_000 * n for n in range(40)]


def test_a_clock_that_was_set_back_holds_nobody_up(store: Store) -> None:
    take(store, 1_000)
    store.script(f"UPDATE permits SET next_us = next_us + {HOUR_US}")
    span = take(store, 1_000)
    assert span.start_us <= span.now_us + 1_000_000
    store.script(f"UPDATE permits SET next_us = next_us + {HOUR_US}")
    assert take(store, 100_000_000).start_us > span.now_us + HOUR_US / 2, "a slow limit has pieces as far ahead"


def test_a_limit_that_is_reached_holds_back_the_broadcasts_of_its_channel(store: Store, workspace: Workspace) -> None:
    broadcast_id = playing(store, workspace, size=1).broadcast.broadcast_id

    def reached() -> tuple[str, ...]:
        return store.read(lambda tx: permits.reached(tx, broadcast_id))

    take(store, 10_000_000, "sms/outbox")
    take(store, 10_000_000, "sms/outbox")
    take(store, 10_000_000)
    assert reached() == ()
    take(store, 10_000_000)
    assert reached() == (NAME,)
    store.script("UPDATE permits SET full_ms = full_ms - 10000")
    assert reached() == ()
