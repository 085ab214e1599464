# SPDX-License-Identifier: Apache-2.0
"""Control of one trigger: pause, priority, rate, stop, and the bucket that all its workers share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clarion.domain import pace
from clarion.domain.pace import Bucket, Rate
from clarion.store.engine import Row, Transaction


@dataclass(frozen=True, slots=True)
class Standings:
    """Unfinished triggers of every workspace: those that send nothing now, those whose time has run out.

    `priorities`: of those that have another than 0.
    """

    held: frozenset[int]
    expired: frozenset[int]
    priorities: Mapping[int, int]


def standings(tx: Transaction) -> Standings:
    """Which unfinished triggers stand still, or come before others or after them; by index."""
    rows = tx.all("standings")
    return Standings(
        frozenset(int(row["trigger_id"]) for row in rows if row["held"]),
        frozenset(int(row["trigger_id"]) for row in rows if row["expired"]),
        {int(row["trigger_id"]): int(row["priority"]) for row in rows if row["priority"]},
    )


def note_turn(tx: Transaction, trigger_id: int) -> None:
    """A slice was claimed: other triggers come first now. Locks the trigger's flow."""
    tx.execute("note_turn", trigger_id=trigger_id)


def _interval_us(tx: Transaction, trigger_id: int, now_ms: int) -> int | None:
    row = tx.one("pace", trigger_id=trigger_id)
    if row is None:
        return None
    if row["spread_until_ms"] is not None:
        return pace.spread(int(row["remaining"]), now_ms, int(row["spread_until_ms"]))
    if row["rate_messages"] is None:
        return None
    return Rate(int(row["rate_messages"]), int(row["rate_per_ms"])).interval_us


def bucket(tx: Transaction, trigger_id: int, now_ms: int, most: int) -> Bucket | None:
    """What a paced trigger may send now, its flow locked; None when nothing holds it back any more."""
    row = tx.all("lock_flow", trigger_id=trigger_id)[0]
    interval_us = _interval_us(tx, trigger_id, now_ms)
    return None if interval_us is None else pace.bucket(int(row["next_us"]), now_ms, interval_us, most)


def spend(tx: Transaction, trigger_id: int, granted: Bucket, messages: int) -> None:
    """So many messages were taken out of a bucket; 0 only says when to look again."""
    next_us, ready_ms = granted.after(messages)
    tx.execute("set_flow", trigger_id=trigger_id, next_us=next_us, ready_ms=ready_ms)


def refund(tx: Transaction, trigger_id: int, messages: int, now_ms: int) -> None:
    """So many of those taken were not sent."""
    interval_us = _interval_us(tx, trigger_id, now_ms)
    if messages and interval_us is not None:
        tx.execute("refund_flow", trigger_id=trigger_id, back_us=messages * interval_us)


def rest(tx: Transaction, trigger_id: int, pause_ms: int) -> None:
    """No worker claims a slice of it for so long, unless it is stopped."""
    tx.execute("rest_trigger", trigger_id=trigger_id, pause_ms=pause_ms)


def pause(tx: Transaction, trigger_id: int, by: str) -> bool:
    """Send nothing more until it is resumed; False when it was paused or is over."""
    return tx.execute("pause_trigger", trigger_id=trigger_id, by=by) > 0


def resume(tx: Transaction, trigger_id: int, by: str) -> bool:
    """Go on; False when it was not paused or is over."""
    return tx.execute("resume_trigger", trigger_id=trigger_id, by=by) > 0


def stop(tx: Transaction, trigger_id: int, by: str) -> bool:
    """Stop for good; False when it is over. `rush` in a transaction of its own afterwards."""
    return tx.execute("stop_trigger", trigger_id=trigger_id, by=by) > 0


def cancel(tx: Transaction, trigger_id: int, by: str) -> bool:
    """Stop one whose audience is not being worked out yet; False for any other."""
    return tx.execute("cancel_trigger", trigger_id=trigger_id, by=by) > 0


def expire(tx: Transaction, trigger_id: int) -> bool:
    """Stop a trigger whose time has run out by the database's clock; False when it has not, or is over."""
    return tx.execute("expire_trigger", trigger_id=trigger_id) > 0


def rush(tx: Transaction, trigger_ids: Iterable[int]) -> None:
    """Let the slices of stopped triggers be claimed at once, in a transaction of its own; see `rush_stopped`."""
    for trigger_id in trigger_ids:
        tx.execute("rush_slices_of", trigger_id=trigger_id)


def change(
    tx: Transaction, trigger_id: int, *, priority: int, rate: Rate | None, spread_until_ms: int | None, by: str
) -> bool:
    """Set priority and pace; False when the trigger is over."""
    # The flow before the trigger, as workers lock them.
    tx.all("lock_flow", trigger_id=trigger_id)
    before = tx.one("pace", trigger_id=trigger_id)
    after = (rate.messages if rate else None, rate.per_ms if rate else None, spread_until_ms)
    if before and (before["rate_messages"], before["rate_per_ms"], before["spread_until_ms"]) != after:
        tx.execute("quicken_flow", trigger_id=trigger_id)
    changed = tx.execute(
        "set_control",
        trigger_id=trigger_id,
        priority=priority,
        rate_messages=rate.messages if rate else None,
        rate_per_ms=rate.per_ms if rate else None,
        spread_until_ms=spread_until_ms,
        by=by,
    )
    return changed > 0


def change_content(tx: Transaction, trigger_id: int, *, before_hash: str, content_hash: str, by: str) -> bool:
    """Send something else from now on, and note since when; False when the trigger is over or was changed meanwhile."""
    changed = tx.execute(
        "change_content", trigger_id=trigger_id, before_hash=before_hash, content_hash=content_hash, by=by
    )
    if changed:
        tx.execute(
            "note_content_change", trigger_id=trigger_id, before_hash=before_hash, content_hash=content_hash, by=by
        )
    return changed > 0


def content_changes(tx: Transaction, trigger_id: int) -> list[Row]:
    """Which edits were applied to a trigger, and when: `before_hash` holds for what was attempted before."""
    return tx.all("content_changes", trigger_id=trigger_id)
