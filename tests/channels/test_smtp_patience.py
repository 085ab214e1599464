# SPDX-License-Identifier: Apache-2.0
"""When connecting is tried again, and how many connections come back after an outage."""

from clarion.channels.smtp_patience import Patience


def test_the_first_goes_alone_then_they_double() -> None:
    patience = Patience(10)
    seen = []
    for live in range(1, 12):
        seen.append(patience.room(0.0, live=0, occupied=0))
        patience.succeeded(0.0, live=live)
    assert seen[:6] == [1, 2, 4, 8, 10, 10]


def test_an_outage_is_probed_at_growing_intervals() -> None:
    patience = Patience(10)
    now, waits = 0.0, []
    for _ in range(7):
        assert patience.room(now, live=0, occupied=0) == 1
        patience.failed(now, "no route", started=now, live=0)
        assert patience.refuses(now)
        assert patience.room(now, live=0, occupied=0) == 0
        waits.append(patience.retry_after(now))
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert str(patience.words) == "no route"
    patience.succeeded(now, live=1)
    assert not patience.words
    assert patience.room(now, live=1, occupied=1) == 1  # 2, then 4, not all at once


def test_those_that_set_out_together_count_once() -> None:
    patience = Patience(10)
    for _ in range(5):
        patience.failed(1.0, "no", started=0.0, live=0)
    assert patience.retry_after(1.0) == 1.0
    patience.failed(2.0, "no", started=2.0, live=0, at_once=True)
    assert patience.retry_after(2.0) == 30.0


def test_a_refused_further_connection_leaves_the_others_alone_for_a_while() -> None:
    patience = Patience(10)
    for live in range(1, 6):
        patience.succeeded(0.0, live=live)
    patience.failed(0.0, "too many", started=0.0, live=6)
    assert patience.room(0.5, live=6, occupied=6) == 0
    assert patience.room(0.5, live=5, occupied=5) == 1  # one that ended is replaced at once
    assert patience.room(0.5, live=0, occupied=0) == 6  # and it is no outage when all ended
    assert patience.room(1.0, live=6, occupied=6) == 1  # one more is tried
    patience.failed(1.0, "too many", started=1.0, live=6)
    assert patience.room(2.0, live=6, occupied=6) == 0
    patience.succeeded(3.0, live=7)
    assert patience.room(3.0, live=7, occupied=7) == 3
