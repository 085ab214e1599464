# SPDX-License-Identifier: Apache-2.0
"""Triggers: the row, its frozen content, the people it names, its errors, and the progress of its resolving."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from clarion.domain.broadcasts import DoubtPolicy, FrozenContent
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.triggers import Flags, Selector, TriggerState
from clarion.store import entries as named_ones
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.entries import NOBODY, Entries
from clarion.store.people import decode, encode


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger as stored. Times in Unix milliseconds; `condition` and `echo` are JSON values."""

    trigger_id: int
    workspace_id: int
    broadcast_id: int
    state: TriggerState
    failure: str | None
    selector: Selector
    condition: dict[str, Any] | None
    echo: dict[str, Any]
    data: dict[str, Any]
    flags: Flags
    content_hash: str
    doubt_policy: DoubtPolicy
    created_ms: int
    processed_ms: int | None
    resolve_fence: int
    resolve_tries: int
    resolved_to: int
    resolve_until: int
    file_sha256: str | None
    next_seq: int
    next_slice: int
    file_offset: int
    file_line: int
    file_done: bool
    next_entry: int
    missing: int
    error_count: int
    audience: int
    recipients: int
    open_slices: int
    priority: int
    paused_ms: int | None
    broken_ms: int | None
    broken_words: str | None
    rate_messages: int | None
    rate_per_ms: int | None
    spread_until_ms: int | None
    scheduled_ms: int | None
    expires_after_s: int
    expires_ms: int | None
    audience_ms: int | None
    joins: int
    cancelled_ms: int | None
    control_by: str | None
    control_ms: int | None

    @property
    def state_word(self) -> str:
        """The state as answers show it: one that waits for its time is `scheduled`."""
        waits = self.scheduled_ms is not None and self.audience_ms is None
        return "scheduled" if waits and self.state is TriggerState.QUEUED else self.state.value

    @property
    def paused_because(self) -> str | None:
        """Why it is paused, where nobody paused it."""
        return self.broken_words if self.paused_ms is not None and self.paused_ms == self.broken_ms else None

    @property
    def people_until_ms(self) -> int:
        """Who was made after this moment is not in the audience."""
        return self.created_ms if self.audience_ms is None else self.audience_ms


@dataclass(frozen=True, slots=True)
class LineError:
    """Why a line of the call or the data file reaches nobody; `line` is None for the whole."""

    line: int | None
    text: str

    @property
    def sentence(self) -> str:
        """As the errors endpoint prints it (contract §3.3)."""
        return self.text if self.line is None else f"line {self.line}: {self.text}"


def _trigger(row: Row) -> Trigger:
    known = {
        name: row[name]
        for name in Trigger.__slots__
        if name not in {"state", "selector", "condition", "echo", "data", "flags", "doubt_policy", "file_done"}
    }
    return Trigger(
        **known,
        state=TriggerState(row["state"]),
        selector=Selector(row["selector"]),
        condition=decode(row["condition"]) if row["condition"] is not None else None,
        echo=decode(row["echo"]),
        data=decode(row["data"]),
        flags=Flags(**decode(row["flags"])),
        doubt_policy=DoubtPolicy(row["doubt_policy"]),
        file_done=bool(row["file_done"]),
    )


def save_content(tx: Transaction, content: FrozenContent) -> str:
    """Store what a trigger sends, once per distinct content; its hash."""
    text = msgspec.json.encode(content, order="deterministic").decode()
    content_hash = hashlib.sha256(text.encode()).hexdigest()
    other = {str(action.action_id): action.kind for action in content.actions if action.kind != "email"}
    conditions = [action.condition for action in content.actions if action.condition]
    tx.execute(
        "insert_content",
        content_hash=content_hash,
        content=text,
        kinds=encode(other) if other else None,
        conditions=encode(conditions) if conditions else None,
    )
    return content_hash


def kind_of(tx: Transaction, key: DeliveryKey) -> str:
    """Of which kind a message's action is (``email``)."""
    row = tx.one("content_kinds", trigger_id=key.trigger_id)
    return kinds_of(row["kinds"]).get(key.action_id, "email") if row else "email"


def kinds_of(text: str | None) -> dict[int, str]:
    """Action → kind of those that are no e-mails, as it is stored with a content."""
    return {int(action_id): kind for action_id, kind in decode(text).items()} if text else {}


def content(tx: Transaction, content_hash: str) -> FrozenContent:
    """The frozen content behind a hash."""
    row = tx.one("content", content_hash=content_hash)
    if row is None:
        raise AssertionError("a trigger's content is never removed before the trigger")
    return msgspec.json.decode(row["content"], type=FrozenContent)


def create(
    tx: Transaction,
    workspace: Workspace,
    broadcast_id: int,
    *,
    selector: Selector,
    condition: dict[str, Any] | None,
    echo: dict[str, Any],
    data: dict[str, Any],
    flags: Flags,
    content_hash: str,
    resolve_until: int,
    entries: Entries = NOBODY,
    errors: Sequence[LineError] = (),
    failure: str | None = None,
    scheduled_ms: int | None = None,
    expires_after_s: int = 0,
    by: str | None = None,
) -> int:
    """A new trigger with the people it names and the errors found so far; its number.

    `failure` makes it one that failed at once: it exists for its number and its errors (contract §2.6).
    `scheduled_ms`: nothing of it is done before; `expires_after_s` counts from then, 0 is
    never. `by`: who asked for it.
    """
    trigger_id = numbers.take(tx, "trigger")
    tx.execute(
        "insert_trigger",
        trigger_id=trigger_id,
        workspace_id=workspace.workspace_id,
        broadcast_id=broadcast_id,
        state=(TriggerState.FAILED if failure else TriggerState.QUEUED).value,
        finished=int(failure is not None),
        failure=failure,
        selector=selector.value,
        condition=encode(condition) if condition is not None else None,
        echo=encode(echo),
        data=encode(data),
        flags=encode(asdict(flags)),
        content_hash=content_hash,
        resolve_until=resolve_until,
        next_entry=len(entries) + 1,
        missing=0,
        error_count=len(errors),
        scheduled_ms=scheduled_ms,
        expires_after_s=expires_after_s,
        triggered_by=by,
    )
    named_ones.add(tx, trigger_id, entries)
    add_errors(tx, trigger_id, errors, first=0)
    return trigger_id


def get(tx: Transaction, trigger_id: int) -> Trigger | None:
    """One trigger of any workspace."""
    row = tx.one("trigger", trigger_id=trigger_id)
    return _trigger(row) if row else None


def conditions_waiting(tx: Transaction, workspace: Workspace) -> list[dict[str, Any]]:
    """The filters of a workspace's audiences that are still to be worked out, and of their actions, as JSON."""
    found: list[dict[str, Any]] = []
    for row in tx.all("conditions_waiting", workspace_id=workspace.workspace_id):
        found += [decode(row["condition"])] if row["condition"] is not None else []
        found += decode(row["conditions"]) if row["conditions"] is not None else []
    return found


def of_broadcast(tx: Transaction, broadcast_id: int, most: int = 1_000) -> list[Row]:
    """The newest triggers of a broadcast, the small columns only."""
    return tx.all("triggers_of", broadcast_id=broadcast_id, most=most)


def waiting(tx: Transaction, broadcast_id: int) -> int:
    """How many triggers of a broadcast are unfinished."""
    row = tx.one("waiting_triggers", broadcast_id=broadcast_id)
    return int(row["n"]) if row else 0


def add_errors(tx: Transaction, trigger_id: int, errors: Iterable[LineError], *, first: int) -> None:
    """Store errors numbered from `first`."""
    tx.many(
        "insert_errors",
        [
            {"trigger_id": trigger_id, "no": no, "line": error.line, "text": error.text}
            for no, error in enumerate(errors, start=first)
        ],
    )


def errors(tx: Transaction, trigger_id: int, start: int, most: int) -> list[tuple[int, str]]:
    """(number, sentence) of the errors from number `start` on."""
    rows = tx.all("trigger_errors", trigger_id=trigger_id, start=start, most=most)
    return [(int(r["no"]), LineError(r["line"], str(r["text"])).sentence) for r in rows]


def hold(tx: Transaction, owner: str, lease_ms: int, trigger_id: int = 0) -> Trigger | None:
    """Take the resolve lease of a trigger (of any that waits, for 0); None when there is nothing to take."""
    row = tx.one("resolvable", trigger_id=trigger_id)
    if row is None:
        return None
    if row["scheduled_ms"] is not None and row["audience_ms"] is None:
        lowest, highest = numbers.person_range(int(row["workspace_id"]))
        last = tx.one("last_person", lowest=lowest, highest=highest)
        tx.execute("freeze_moment", trigger_id=row["trigger_id"], last_person=last["person_id"] if last else 0)
    tx.execute("hold_trigger", trigger_id=row["trigger_id"], owner=owner, lease_ms=lease_ms)
    return get(tx, int(row["trigger_id"]))


def free_held_by(tx: Transaction, owner: str) -> int:
    """End the resolve leases of an owner that is known to be dead; how many."""
    return tx.execute("free_triggers_of", owner=owner)


def overdue(tx: Transaction, grace_ms: int) -> int:
    """A trigger that nobody has come for since `grace_ms`, or whose time has come; 0 for none."""
    row = tx.one("overdue_trigger", grace_ms=grace_ms)
    return int(row["trigger_id"]) if row else 0


def advance_file(
    tx: Transaction,
    trigger: Trigger,
    *,
    offset: int,
    line: int,
    done: bool,
    entries: Entries,
    errors: Sequence[LineError],
    missing: int,
    lease_ms: int,
) -> bool:
    """Store a stretch of the data file with its checkpoint; False when the lease is lost (nothing to keep)."""
    moved = tx.execute(
        "advance_file",
        trigger_id=trigger.trigger_id,
        fence=trigger.resolve_fence,
        file_offset=offset,
        file_line=line,
        file_done=int(done),
        next_entry=trigger.next_entry + len(entries),
        missing=trigger.missing + missing,
        error_count=trigger.error_count + len(errors),
        lease_ms=lease_ms,
    )
    if not moved:
        return False
    named_ones.add(tx, trigger.trigger_id, entries)
    add_errors(tx, trigger.trigger_id, errors, first=trigger.error_count)
    return True


def renew(tx: Transaction, trigger: Trigger, lease_ms: int) -> bool:
    """Keep the resolve lease during long work elsewhere; False when it is lost."""
    return (
        tx.execute("renew_resolve", trigger_id=trigger.trigger_id, fence=trigger.resolve_fence, lease_ms=lease_ms) > 0
    )


def begin_file(tx: Transaction, trigger: Trigger, sha256: str, lease_ms: int) -> bool:
    """Start staging a data file from its first line; False when the lease is lost."""
    begun = tx.execute(
        "begin_file",
        trigger_id=trigger.trigger_id,
        fence=trigger.resolve_fence,
        sha256=sha256,
        lease_ms=lease_ms,
    )
    if begun:
        tx.execute("drop_entries", trigger_id=trigger.trigger_id)
        tx.execute("drop_errors", trigger_id=trigger.trigger_id)
    return begun > 0


def drop_entries_to(tx: Transaction, trigger: Trigger, upto: int, lease_ms: int) -> bool:
    """Remove staged people up to an entry number and keep the lease; False when it is lost."""
    if not renew(tx, trigger, lease_ms):
        return False
    tx.execute("drop_entries_to", trigger_id=trigger.trigger_id, upto=upto)
    return True


def finish_resolve(tx: Transaction, trigger: Trigger) -> bool:
    """The audience is complete; False when the lease is lost."""
    return tx.execute("finish_resolve", trigger_id=trigger.trigger_id, fence=trigger.resolve_fence) > 0


def release(tx: Transaction, trigger: Trigger) -> None:
    """Give the resolve lease back: whoever takes it goes on behind the checkpoint."""
    tx.execute("release_resolve", trigger_id=trigger.trigger_id, fence=trigger.resolve_fence)


def put_off(tx: Transaction, trigger: Trigger, delay_ms: int, why: str) -> None:
    """Give the resolve lease back and try again after `delay_ms`; until then `why` is the trigger's failure."""
    tx.execute(
        "put_off_resolve",
        trigger_id=trigger.trigger_id,
        fence=trigger.resolve_fence,
        delay_ms=delay_ms,
        failure=why,
    )


def fail(tx: Transaction, trigger: Trigger, failure: str, error: LineError | None = None) -> bool:
    """End a trigger before anything was sent; False when the lease is lost."""
    failed = tx.execute(
        "fail_trigger",
        trigger_id=trigger.trigger_id,
        failure=failure,
        errors=int(error is not None),
        fence=trigger.resolve_fence,
    )
    if failed and error is not None:
        add_errors(tx, trigger.trigger_id, [error], first=trigger.error_count)
    return failed > 0


def stop_all(tx: Transaction, broadcast_id: int) -> int:
    """Stop every unfinished trigger of a broadcast; how many. Their slices are closed by whoever claims them."""
    return tx.execute("stop_triggers", broadcast_id=broadcast_id)


def rush_stopped(tx: Transaction, broadcast_id: int) -> None:
    """Let the slices of stopped triggers be claimed at once, in a transaction of its own after `stop_all`.

    Workers lock a slice before its trigger; to lock both here, the other way round, would deadlock with them. If
    this is never done, the slices are closed when their retries are due.
    """
    tx.execute("rush_slices", broadcast_id=broadcast_id)
