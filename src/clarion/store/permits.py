# SPDX-License-Identifier: Apache-2.0
"""The time of rate limits of sending, which processes take in pieces; by the database's clock."""

from typing import NamedTuple

from clarion.store.engine import Transaction

_AHEAD_US = 60_000_000
_SPANS_AHEAD = 256  # processes that each have a piece to come
_FULL_MS = 5_000


class Span(NamedTuple):
    """A piece of a limit's time, and what the time was when it was taken; Unix microseconds."""

    start_us: int
    now_us: int


def take(tx: Transaction, name: str, span_us: int) -> Span:
    """The next piece of this length that nobody has; it begins now or later."""
    ahead_us = max(_AHEAD_US, _SPANS_AHEAD * span_us)
    row = tx.one("take_permits", name=name, span_us=span_us, ahead_us=ahead_us)
    if row is None:
        raise AssertionError("take_permits returns a row")
    return Span(int(row["next_us"]) - span_us, int(row["now_ms"]) * 1_000)


def reached(tx: Transaction, broadcast_id: int) -> tuple[str, ...]:
    """The limits that hold a broadcast's messages back at present, by name: channel/provider."""
    rows = tx.all("limits_reached", broadcast_id=broadcast_id, past_ms=_FULL_MS)
    return tuple(str(row["name"]) for row in rows)
