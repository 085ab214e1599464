# SPDX-License-Identifier: Apache-2.0
"""Accounts at providers ("outlets"): their numbers, what somebody set about them, their shares of a day."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from clarion.store.engine import Row, Transaction

_KEPT_MS = 3_600_000  # behind the end of a pause: its process asks with the next message, or died
_CHOSEN = ("enabled", "place", "per_second", "per_day", "ramp")


class Grant(NamedTuple):
    """Messages taken out of an account's share of a day (counted from 1970, UTC)."""

    outlet_id: int
    day: int
    messages: int


class Standing(NamedTuple):
    """How a process found an account: why it gives it nothing (None: it does), and for how many seconds at least.

    `failed`: something was wrong with it, which is remembered.
    """

    outlet_id: int
    words: str | None
    seconds: float = 0.0
    failed: bool = True


class Pause(NamedTuple):
    """Why an account gets nothing, since and until when, by so many processes. Then it is asked again, by a message."""

    words: str
    since_ms: int
    until_ms: int
    processes: int


NO_PAUSE = Pause("", 0, 0, 0)


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


def numbered(tx: Transaction, named: str) -> int | None:
    """The number of an account, as `email/ses` or, where no other channel has one of that name, `ses`."""
    channel, _, name = named.rpartition("/")
    found = [row for row in listing(tx) if row["name"] == name and channel in ("", row["channel"])]
    return int(found[0]["outlet_id"]) if len(found) == 1 else None


def note_states(tx: Transaction, holder: str, news: Iterable[Standing]) -> None:
    """How a process found accounts."""
    for one in sorted(news):
        if one.words is None:
            tx.execute("end_outlet_pause", outlet_id=one.outlet_id, holder=holder)
            continue
        said = one.words[:500].replace("\0", "\ufffd")
        pause_ms = int(one.seconds * 1_000)
        tx.execute("note_outlet_pause", outlet_id=one.outlet_id, holder=holder, words=said, pause_ms=pause_ms)
        if one.failed:
            tx.execute("note_outlet_failure", outlet_id=one.outlet_id, words=said)


def end_pauses(tx: Transaction, holder: str) -> None:
    """A process ends: what it found is nobody's any more."""
    tx.execute("end_outlet_pauses", holder=holder, kept_ms=_KEPT_MS)


def pauses(tx: Transaction) -> dict[int, Pause]:
    """The accounts that some process gives nothing, by their numbers; what is said longest is what is said."""
    found: dict[int, Pause] = {}
    for row in tx.all("outlet_pauses", kept_ms=_KEPT_MS):
        number, since_ms = int(row["outlet_id"]), int(row["since_ms"])
        before = found.get(number)
        first_ms, processes = (min(before.since_ms, since_ms), before.processes + 1) if before else (since_ms, 1)
        found[number] = Pause(str(row["words"]), first_ms, int(row["until_ms"]), processes)
    return found


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
