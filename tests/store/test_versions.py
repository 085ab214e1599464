# SPDX-License-Identifier: Apache-2.0
"""The history of a broadcast: what is folded, what is kept, what is dropped."""

from dataclasses import replace

import pytest

from clarion.domain.broadcasts import Broadcast, BroadcastState
from clarion.domain.versions import Reason
from clarion.store import broadcasts, versions
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.versions import Bounds, Version

from .ledgers import new_broadcast

BOUNDS = Bounds()
NEVER_FOLDED = Bounds(folded_ms=0)


@pytest.fixture
def made(store: Store, workspace: Workspace) -> Broadcast:
    return new_broadcast(store, workspace)


def edit(
    store: Store, workspace: Workspace, number: int, by: str = "ada", bounds: Bounds = BOUNDS, **changes: object
) -> Broadcast:
    def work(tx: Transaction) -> Broadcast:
        before = broadcasts.get(tx, workspace, number)
        assert before is not None
        broadcasts.update(tx, replace(before, changed_by=by, **changes))  # type: ignore[arg-type]
        if "state" in changes:
            broadcasts.set_state(tx, number, BroadcastState.RUNNING)
        after = broadcasts.get(tx, workspace, number)
        assert after is not None
        versions.record(tx, before, after, bounds=bounds)
        return after

    return store.write(work)


def history(store: Store, number: int) -> list[Version]:
    return store.read(lambda tx: versions.listing(tx, number, before=2**53, most=500))


def told(store: Store, number: int) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(one.reason.value, one.changed_by, one.changed) for one in history(store, number)]


def test_what_was_there_before_the_history_is_its_first_version(
    store: Store, workspace: Workspace, made: Broadcast
) -> None:
    edit(store, workspace, made.broadcast_id, name="B")
    assert told(store, made.broadcast_id) == [("edited", "ada", ("name",)), ("found", None, ())]
    found = store.read(lambda tx: versions.get(tx, made.broadcast_id, made.version))
    assert found is not None
    assert found[0].holds.name == made.name
    assert found[1] is None


def test_changes_of_one_person_within_minutes_are_one_version(
    store: Store, workspace: Workspace, made: Broadcast
) -> None:
    number = made.broadcast_id
    edit(store, workspace, number, name="B")
    edit(store, workspace, number, tags=("x",))
    assert told(store, number)[0] == ("edited", "ada", ("name", "tags"))
    edit(store, workspace, number, by="bob", name="C")
    edit(store, workspace, number, name="D")
    assert [one[:2] for one in told(store, number)] == [
        ("edited", "ada"), ("edited", "bob"), ("edited", "ada"), ("found", None),
    ]  # fmt: skip
    edit(store, workspace, number, bounds=NEVER_FOLDED, name="E")
    assert len(history(store, number)) == 5


def test_what_is_taken_back_at_once_leaves_no_version(store: Store, workspace: Workspace, made: Broadcast) -> None:
    number = made.broadcast_id
    edit(store, workspace, number, name="B")
    after = edit(store, workspace, number, name=made.name)
    assert [(one.version, one.reason) for one in history(store, number)] == [(after.version, Reason.FOUND)]
    after = edit(store, workspace, number, archived=True)
    assert [one.version for one in history(store, number)] == [after.version], "nothing of it has changed"


def test_a_version_that_a_trigger_took_stays_as_it_is(store: Store, workspace: Workspace, made: Broadcast) -> None:
    number = made.broadcast_id
    sent = edit(store, workspace, number, name="B")
    store.write(lambda tx: versions.taken(tx, sent, 7))
    store.write(lambda tx: versions.taken(tx, sent, 8))
    edit(store, workspace, number, name="C")
    newest, before, _ = history(store, number)
    assert (newest.changed, newest.triggers) == (("name",), 0)
    assert (before.version, before.triggers, before.last_trigger_id) == (sent.version, 2, 8)


def test_a_trigger_before_any_edit_keeps_what_it_sends(store: Store, workspace: Workspace, made: Broadcast) -> None:
    store.write(lambda tx: versions.taken(tx, made, 7))
    (only,) = history(store, made.broadcast_id)
    assert (only.version, only.reason, only.triggers) == (made.version, Reason.FOUND, 1)


def test_activating_is_a_version_of_its_own(store: Store, workspace: Workspace, made: Broadcast) -> None:
    number = made.broadcast_id
    edit(store, workspace, number, name="B")
    edit(store, workspace, number, state=BroadcastState.RUNNING)
    edit(store, workspace, number, name="C")
    assert [one[0] for one in told(store, number)] == ["edited", "activated", "edited", "found"]


def test_a_change_by_a_program_without_a_history_is_found(store: Store, workspace: Workspace, made: Broadcast) -> None:
    number = made.broadcast_id
    edit(store, workspace, number, name="B")
    old = store.read(lambda tx: broadcasts.get(tx, workspace, number))
    assert old is not None
    store.write(lambda tx: broadcasts.update(tx, replace(old, name="by an older program", changed_by="eve")))
    edit(store, workspace, number, tags=("x",))
    assert told(store, number)[:2] == [("edited", "ada", ("tags",)), ("found", "eve", ())]


def test_only_so_many_are_kept_and_only_so_much(store: Store, workspace: Workspace, made: Broadcast) -> None:
    number = made.broadcast_id
    for no in range(6):
        edit(store, workspace, number, bounds=Bounds(folded_ms=0, versions=4), name=f"N{no}")
    kept = history(store, number)
    assert len(kept) == 4
    holds = store.read(lambda tx: versions.get(tx, number, kept[0].version))
    assert holds is not None
    assert holds[0].holds.name == "N5"
    edit(store, workspace, number, bounds=Bounds(folded_ms=0, bytes=1), name="last")
    assert len(history(store, number)) == 1, "the newest stays, however large"


def test_a_change_that_is_not_committed_leaves_no_version(store: Store, workspace: Workspace, made: Broadcast) -> None:
    def work(tx: Transaction) -> None:
        broadcasts.update(tx, replace(made, name="B"))
        after = broadcasts.get(tx, workspace, made.broadcast_id)
        assert after is not None
        versions.record(tx, made, after)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.write(work)
    assert history(store, made.broadcast_id) == []
