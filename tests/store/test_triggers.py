# SPDX-License-Identifier: Apache-2.0
"""A trigger from its call to the moment its audience is complete, or it has failed, or was stopped."""

from dataclasses import replace

import pytest

from clarion.domain.broadcasts import Broadcast, freeze
from clarion.domain.triggers import Flags, Selector, TriggerState
from clarion.store import triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.entries import Entries, Entry
from clarion.store.triggers import LineError, Trigger

from .ledgers import FAR, LEASE, Played, held, new_broadcast, new_trigger, together


@pytest.fixture
def broadcast(store: Store, workspace: Workspace) -> Broadcast:
    return new_broadcast(store, workspace)


def make(store: Store, workspace: Workspace, broadcast: Broadcast, **others: object) -> int:
    return store.write(lambda tx: new_trigger(tx, workspace, broadcast, **others))


def get(store: Store, trigger_id: int) -> Trigger:
    trigger = store.read(lambda tx: triggers.get(tx, trigger_id))
    assert trigger is not None
    return trigger


def hold(store: Store, trigger_id: int = 0, owner: str = "r1", lease_ms: int = LEASE) -> Trigger | None:
    return store.write(lambda tx: triggers.hold(tx, owner, lease_ms, trigger_id))


def entry_rows(store: Store, trigger_id: int) -> list[tuple[object, ...]]:
    text = "SELECT entry, line, person_id, data FROM trigger_entry WHERE trigger_id = :t ORDER BY entry"
    return [tuple(row.values()) for row in store.read(lambda tx: tx.composed(text, {"t": trigger_id}))]


def test_made_with_entries_and_errors(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    entries = [Entry(1, 1, 50, '{"a":1}'), Entry(2, 3, 51, None)]
    trigger_id = make(
        store,
        workspace,
        broadcast,
        selector=Selector.EMAILS,
        condition=None,
        echo={"emails": ["ü"]},
        data={"k": [1, None]},
        flags=Flags(email_ignore_missing=True),
        resolve_until=2,
        entries=Entries.of(entries),
        errors=[LineError(2, 'email "x" not found'), LineError(None, "the whole")],
    )
    trigger = get(store, trigger_id)
    assert trigger.state is TriggerState.QUEUED
    assert (trigger.selector, trigger.condition, trigger.echo) == (Selector.EMAILS, None, {"emails": ["ü"]})
    assert (trigger.data, trigger.flags) == ({"k": [1, None]}, Flags(email_ignore_missing=True))
    assert (trigger.next_entry, trigger.missing, trigger.error_count, trigger.resolve_until) == (3, 0, 2, 2)
    assert trigger.processed_ms is None
    assert entry_rows(store, trigger_id) == [(1, 1, 50, '{"a":1}'), (2, 3, 51, None)]
    sentences = [(0, 'line 2: email "x" not found'), (1, "the whole")]
    assert store.read(lambda tx: triggers.errors(tx, trigger_id, 0, 10)) == sentences
    assert store.read(lambda tx: triggers.errors(tx, trigger_id, 1, 10)) == sentences[1:]
    assert store.read(lambda tx: triggers.errors(tx, trigger_id, 0, 1)) == sentences[:1]
    assert store.read(lambda tx: triggers.get(tx, trigger_id + 1)) is None


def test_one_that_failed_at_once(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    trigger_id = make(store, workspace, broadcast, failure="nobody", errors=[LineError(1, "x")])
    trigger = get(store, trigger_id)
    assert (trigger.state, trigger.failure) == (TriggerState.FAILED, "nobody")
    assert trigger.processed_ms is not None
    assert hold(store) is None
    assert store.read(lambda tx: triggers.waiting(tx, broadcast.broadcast_id)) == 0


def test_content_is_kept_once(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    content = freeze(broadcast, {"b": "2", "a": "1"})
    same = freeze(broadcast, {"a": "1", "b": "2"})
    first, second, third = store.write(
        lambda tx: [triggers.save_content(tx, c) for c in (content, same, replace(same, broadcast_name="other"))]
    )
    assert first == second != third
    assert store.read(lambda tx: triggers.content(tx, first)) == content


def test_listed_newest_first_and_counted(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    made = [make(store, workspace, broadcast) for _ in range(3)]
    make(store, workspace, new_broadcast(store, workspace))
    rows = store.read(lambda tx: triggers.of_broadcast(tx, broadcast.broadcast_id))
    assert [row["trigger_id"] for row in rows] == made[::-1]
    assert len(store.read(lambda tx: triggers.of_broadcast(tx, broadcast.broadcast_id, 2))) == 2
    assert store.read(lambda tx: triggers.waiting(tx, broadcast.broadcast_id)) == 3


def test_held_by_one(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    first, second = make(store, workspace, broadcast), make(store, workspace, broadcast)
    holding = hold(store)
    assert holding is not None
    assert (holding.trigger_id, holding.state, holding.resolve_fence) == (first, TriggerState.RESOLVING, 1)
    assert hold(store, first) is None
    other = hold(store)
    assert other is not None
    assert other.trigger_id == second
    assert hold(store) is None


def test_an_expired_lease_is_taken_over(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    trigger_id = make(store, workspace, broadcast)
    old = store.write(lambda tx: held(tx, trigger_id, lease_ms=-1))
    new = store.write(lambda tx: held(tx, trigger_id, "r2"))
    assert (old.resolve_fence, new.resolve_fence) == (1, 2)
    assert not store.write(lambda tx: triggers.finish_resolve(tx, old))
    assert not store.write(lambda tx: triggers.fail(tx, old, "late", LineError(1, "late")))
    store.write(lambda tx: triggers.put_off(tx, old, 0, "late"))
    assert not advance(store, old)
    assert get(store, trigger_id) == new
    assert entry_rows(store, trigger_id) == []
    assert store.read(lambda tx: triggers.errors(tx, trigger_id, 0, 9)) == []
    assert advance(store, new)


def test_many_resolvers_each_get_another(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    made = [make(store, workspace, broadcast) for _ in range(12)]

    def work() -> list[int]:
        taken: list[int] = []
        while (trigger := hold(store)) is not None:
            taken.append(trigger.trigger_id)
        return taken

    taken = [number for some in together(*[work] * 4) for number in some]
    assert sorted(taken) == made


def advance(store: Store, trigger: Trigger, **others: object) -> bool:
    parts: dict[str, object] = {
        "offset": 100,
        "line": 7,
        "done": False,
        "entries": Entries(trigger.next_entry, [5, 6], [60, 61], [None, b"{}"]),
        "errors": [LineError(7, "bad")],
        "missing": 1,
        "lease_ms": LEASE,
        **others,
    }
    return store.write(lambda tx: triggers.advance_file(tx, trigger, **parts))  # type: ignore[arg-type]


def test_a_data_file_is_staged_in_stretches(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    trigger_id = make(store, workspace, broadcast, selector=Selector.DATA_FILE, resolve_until=0)
    assert advance(store, store.write(lambda tx: held(tx, trigger_id)))
    between = get(store, trigger_id)
    assert (between.file_offset, between.file_line, between.file_done) == (100, 7, False)
    assert (between.next_entry, between.resolve_until, between.missing, between.error_count) == (3, 2, 1, 1)
    assert advance(store, between, offset=200, line=14, done=True, errors=[], missing=0)
    after = get(store, trigger_id)
    assert (after.file_done, after.next_entry, after.resolve_until, after.error_count) == (True, 5, 4, 1)
    assert [row[0] for row in entry_rows(store, trigger_id)] == [1, 2, 3, 4]


def test_a_stretch_and_its_checkpoint_are_one(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    trigger_id = make(store, workspace, broadcast, selector=Selector.DATA_FILE)
    trigger = store.write(lambda tx: held(tx, trigger_id))

    def work(tx: Transaction) -> None:
        triggers.advance_file(
            tx,
            trigger,
            offset=9,
            line=9,
            done=True,
            entries=Entries(1, [1], [1], [None]),
            errors=[],
            missing=0,
            lease_ms=9,
        )
        raise KeyError

    with pytest.raises(KeyError):
        store.write(work)
    assert get(store, trigger_id) == trigger
    assert entry_rows(store, trigger_id) == []


def test_failing_counts_its_error(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    trigger_id = make(store, workspace, broadcast, errors=[LineError(1, "a")])
    trigger = store.write(lambda tx: held(tx, trigger_id))
    assert store.write(lambda tx: triggers.fail(tx, trigger, "download", LineError(None, "no file")))
    failed = get(store, trigger_id)
    assert (failed.state, failed.failure, failed.error_count) == (TriggerState.FAILED, "download", 2)
    assert failed.processed_ms is not None
    assert store.read(lambda tx: triggers.errors(tx, trigger_id, 1, 9)) == [(1, "no file")]
    assert not store.write(lambda tx: triggers.fail(tx, trigger, "again"))
    assert hold(store) is None


def test_put_off_until_later(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    trigger_id = make(store, workspace, broadcast)
    store.write(lambda tx: triggers.put_off(tx, held(tx, trigger_id), FAR, "no answer"))
    assert hold(store) is None
    assert (get(store, trigger_id).resolve_tries, get(store, trigger_id).failure) == (1, "no answer")
    other = make(store, workspace, broadcast)
    store.write(lambda tx: triggers.put_off(tx, held(tx, other), 0, "no answer"))
    again = hold(store)
    assert again is not None
    assert (again.trigger_id, again.resolve_tries, again.resolve_fence) == (other, 1, 2)


def test_an_audience_of_nobody_is_done_at_once(store: Store, workspace: Workspace) -> None:
    played = Played.start(store, workspace)
    assert played.finish()
    trigger = played.trigger()
    assert trigger.state is TriggerState.DONE
    assert trigger.processed_ms is not None
    assert not played.finish()


def test_stopping_all_of_a_broadcast(store: Store, workspace: Workspace, broadcast: Broadcast) -> None:
    queued, resolving = make(store, workspace, broadcast), make(store, workspace, broadcast)
    failed = make(store, workspace, broadcast, failure="x")
    other = make(store, workspace, new_broadcast(store, workspace))
    holder = store.write(lambda tx: held(tx, resolving))
    assert store.write(lambda tx: triggers.stop_all(tx, broadcast.broadcast_id)) == 2
    states = [get(store, trigger_id).state.value for trigger_id in (queued, resolving, failed, other)]
    assert states == ["stopped", "stopped", "failed", "queued"]
    assert get(store, queued).processed_ms is not None
    assert not store.write(lambda tx: triggers.finish_resolve(tx, holder))
    assert not advance(store, holder)
    assert not store.write(lambda tx: triggers.fail(tx, holder, "x"))
    left = hold(store)
    assert left is not None
    assert left.trigger_id == other
    assert store.write(lambda tx: triggers.stop_all(tx, broadcast.broadcast_id)) == 0
