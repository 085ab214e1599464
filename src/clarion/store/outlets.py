# SPDX-License-Identifier: Apache-2.0
"""Accounts at providers ("outlets"): their numbers, what somebody set about them, their shares of a day."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from clarion.store.engine import Row, Transaction

_CHOSEN = ("enabled", "place", "per_second", "per_day", "ramp")


class Grant(NamedTuple):
    """Messages taken out of an account's share of a day (counted from 1970, UTC)."""

    outlet_id: int
    day: int
    messages: int


def register(tx: Transaction, channel: str, name: str) -> int:
    """The number of an account; it gets one when it is first seen."""
    row = tx.one("outlet_named", channel=channel, name=name)
    if row is None:
        tx.execute("insert_outlet", channel=channel, name=name)
        row = tx.one("outlet_named", channel=channel, name=name)
    if row is None:
        raise AssertionError("insert_outlet makes one")
    return int(row["outlet_id"])


def listing(tx: Transaction) -> list[Row]:
    """All there ever were, with what was set about them and how they fared; see the table."""
    return tx.all("outlets")


def names(tx: Transaction) -> dict[int, str]:
    """What they are called."""
    return {int(row["outlet_id"]): str(row["name"]) for row in listing(tx)}


def note_states(tx: Transaction, news: Iterable[tuple[int, str | None, float]]) -> None:
    """How a worker found accounts: why one takes none (None: it takes messages), and for how many seconds at least."""
    for outlet_id, words, seconds in news:
        said = None if words is None else words[:500].replace("\0", "\ufffd")
        tx.execute("note_outlet_state", outlet_id=outlet_id, words=said, pause_ms=int(seconds * 1_000))


def used(tx: Transaction, outlet_id: int, day: int, ramp_from: int) -> tuple[int, int]:
    """What is taken out of a day's share, and on how many days before it, of the ramp, something was."""
    row = tx.one("outlet_used", outlet_id=outlet_id, day=day, ramp_from=ramp_from)
    return (int(row["used"]), int(row["days"])) if row else (0, 0)


def take(tx: Transaction, outlet_id: int, day: int, count: int, share: int) -> int:
    """Take up to `count` messages out of a day's share of `share` in all; how many there were."""
    if count <= 0 or share <= 0:
        return 0
    row = tx.one("lock_outlet_day", outlet_id=outlet_id, day=day)
    granted = max(0, min(count, share - (int(row["used"]) if row else 0)))
    if granted:
        tx.execute("add_to_outlet_day", outlet_id=outlet_id, day=day, count=granted)
    return granted


def give_back(tx: Transaction, grants: Iterable[Grant]) -> None:
    """Put back what was taken and not used."""
    for one in grants:
        if one.messages:
            tx.execute("add_to_outlet_day", outlet_id=one.outlet_id, day=one.day, count=-one.messages)


def change(tx: Transaction, outlet_id: int, values: Mapping[str, object]) -> None:
    """Set what somebody chose about an account, by the columns of the table; None: as the settings say."""
    row = tx.one("outlet", outlet_id=outlet_id)
    if row is None:
        raise AssertionError(outlet_id)
    tx.execute("set_outlet", outlet_id=outlet_id, **{name: values.get(name, row[name]) for name in _CHOSEN})


def restart_ramp(tx: Transaction, outlet_id: int, day: int) -> None:
    """Begin the ramp of an account anew, with this day as its first."""
    tx.execute("restart_ramp", outlet_id=outlet_id, day=day)


def channels_of(tx: Transaction, broadcast_id: int) -> list[str]:
    """The channels of a broadcast's actions."""
    return [str(row["kind"]) for row in tx.all("channels_of_broadcast", broadcast_id=broadcast_id)]
