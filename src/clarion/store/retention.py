# SPDX-License-Identifier: Apache-2.0
"""What goes with time, in small steps: accounts of finished triggers, people's own data in them, events."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial

from clarion.domain.errors import Conflict
from clarion.store import attachments, segment_rules
from clarion.store.engine import Store, Transaction

BATCH = 2_000
_FILES = 20  # attachments may be megabytes


@dataclass(frozen=True, slots=True)
class Removed:
    """When parts of a trigger began to be removed, Unix milliseconds; None: they are there."""

    data_ms: int | None
    details_ms: int | None


def take_turn(store: Store, task: str, every_ms: int) -> bool:
    """Whether a periodic task is due and this process is to do it; a look that finds nothing due writes nothing."""
    if store.read(lambda tx: tx.one("turn_taken", task=task)):
        return False
    return store.write(lambda tx: tx.execute("take_turn", task=task, every_ms=every_ms)) > 0


def removed(tx: Transaction, trigger_id: int) -> Removed:
    """What of a trigger cannot be shown or sent again any more."""
    row = tx.one("removed_when", trigger_id=trigger_id)
    return Removed(row["data_removed_ms"], row["details_removed_ms"]) if row else Removed(None, None)


def refuse_removed(tx: Transaction, trigger_id: int) -> None:
    """Whatever would send a trigger's messages needs all of it.

    Raises:
        Conflict: its accounts, or people's own data in it, were removed.
    """
    gone = removed(tx, trigger_id)
    what = "accounts" if gone.details_ms is not None else "data" if gone.data_ms is not None else ""
    if what:
        raise Conflict(f"the {what} of the trigger were removed when their time was over: it can not be sent again")


def clear_accounts(store: Store, before_ms: int, batch: int = BATCH) -> Generator[int, None, None]:
    """Remove the accounts of triggers that ended before a time; yields the rows gone after each transaction.

    The mark on the trigger comes first, then ranges of its audience with the checkpoint, entries and errors, the
    slices last; whoever finds a mark without an end goes on. Counters, content and the trigger stay.
    """
    while found := store.read(lambda tx: tx.all("triggers_to_clear", before_ms=before_ms, most=20)):
        for row in found:
            if not (yield from _clear(store, row["trigger_id"], row["removed_to"], row["next_seq"] - 1, batch)):
                return
            yield from _ranges(store, "clear_entries", row["trigger_id"], row["next_entry"], batch)
            yield from _ranges(store, "clear_errors", row["trigger_id"], row["error_count"], batch)

            def end(tx: Transaction, trigger_id: int = row["trigger_id"]) -> int:
                slices = tx.execute("clear_slices", trigger_id=trigger_id)
                tx.execute("clear_override", trigger_id=trigger_id)
                attachments.let_go(tx, trigger_id)
                tx.execute("end_clearing", trigger_id=trigger_id)
                return slices

            yield store.write(end)


def _clear(store: Store, trigger_id: int, done: int, last: int, batch: int) -> Generator[int, None, bool]:
    """False: it was reopened in time, or another process is at it."""
    store.write(lambda tx: tx.execute("begin_clearing", trigger_id=trigger_id))
    while done < last:
        until = min(done + batch, last)

        def step(tx: Transaction, after: int = done, until: int = until) -> int:
            if not tx.execute("cleared_accounts", trigger_id=trigger_id, after=after, until=until):
                return -1
            for of_accounts in (
                "clear_delivery_metrics",
                "clear_delivery_events",
                "clear_delivery_links",
                "clear_drafts",
                "clear_conversions",
                "clear_acted",
            ):
                tx.execute(of_accounts, trigger_id=trigger_id, after=after, until=until)
            return tx.execute("clear_accounts", trigger_id=trigger_id, after=after, until=until)

        rows = store.write(step)
        if rows < 0:
            return False
        yield rows
        done = until
    return store.read(lambda tx: removed(tx, trigger_id)).details_ms is not None


def _step(query: str, **parameters: object) -> Callable[[Transaction], int]:
    return lambda tx: tx.execute(query, **parameters)


def _ranges(store: Store, query: str, trigger_id: int, last: int, batch: int) -> Iterator[int]:
    for after in range(0, last, batch):
        yield store.write(_step(query, trigger_id=trigger_id, after=after, until=after + batch))


def clear_data(
    store: Store, before_ms: int, batch: int = BATCH, *, failpoint: Callable[[str], None] = lambda _: None
) -> Iterator[int]:
    """Remove people's own data from triggers that ended before a time; yields as `clear_accounts` does.

    The mark on the trigger comes first, so that nobody sends it again with half its data; whoever finds a mark without
    an end begins that trigger anew, which changes nothing twice.
    """
    yield from _clear_data(store, "triggers_with_data", before_ms, batch, failpoint)


def forget(store: Store, _: int, batch: int = BATCH) -> Iterator[int]:
    """The same of messages whose call said that nothing of them may be kept, as soon as they are settled.

    Attachments of other messages go then too, unless the message failed and may be sent again.
    """
    while gone := store.write(_step("drop_attachments", most=_FILES)):
        yield gone
    yield from _clear_data(store, "triggers_to_forget", 0, batch, lambda _: None)


def _clear_data(
    store: Store, which: str, before_ms: int, batch: int, failpoint: Callable[[str], None]
) -> Iterator[int]:
    while found := store.read(lambda tx: tx.all(which, before_ms=before_ms, most=20)):
        for row in found:
            trigger_id = int(row["trigger_id"])
            store.write(_step("begin_clearing_data", trigger_id=trigger_id))
            if store.read(partial(removed, trigger_id=trigger_id)).data_ms is None:
                return  # it was reopened in time
            failpoint("retention.data_marked")
            yield from _ranges(store, "clear_data", trigger_id, row["next_entry"], batch)

            def end(tx: Transaction, trigger_id: int = trigger_id) -> int:
                tx.execute("clear_override", trigger_id=trigger_id)
                attachments.let_go(tx, trigger_id)
                tx.execute("clear_drafts_of_trigger", trigger_id=trigger_id)  # made of the data that is gone
                return tx.execute("end_clearing_data", trigger_id=trigger_id)

            yield store.write(end)


def _clear_events(tx: Transaction, parameters: dict[str, object]) -> int:
    gone = tx.tuples("clear_events", **parameters)
    segment_rules.events_are_gone(tx, gone)
    return len(gone)


def clear_events(store: Store, before_ms: int, batch: int = BATCH) -> Iterator[int]:
    """Remove events older than a time, walking the table once; yields as `clear_accounts` does."""
    person_id, event_id = 0, ""
    while True:

        def stretch(tx: Transaction, person_id: int = person_id, event_id: str = event_id) -> tuple[int, str] | None:
            row = tx.one("event_after", person_id=person_id, event_id=event_id, count=batch)
            return (int(row["person_id"]), str(row["event_id"])) if row else None

        until = store.read(stretch)
        last = until or (2**62, "")
        key = {"person_id": person_id, "event_id": event_id}
        ends = {"until_person": last[0], "until_event": last[1]}
        yield store.write(partial(_clear_events, parameters={**key, **ends, "before_ms": before_ms}))
        if until is None:
            return
        person_id, event_id = until
