# SPDX-License-Identifier: Apache-2.0
"""Broadcasts and their actions as they are edited."""

from dataclasses import replace

from clarion.domain.broadcasts import BroadcastState, DoubtPolicy, EmailContent, SendingState
from clarion.store import access, broadcasts
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .ledgers import new_broadcast

CONTENT = EmailContent(
    subject="Grüße {{customer.name}} 100%", body="<p>:x", headers=(("X-A", "1"),), sender="A <a@x>", recipient="{{e}}"
)


def test_made_changed_and_read_back(store: Store, workspace: Workspace) -> None:
    made = store.write(
        lambda tx: broadcasts.create(tx, workspace, "A", recipients={"segment": {"id": 1}}, tags=("x", "ÿ"))
    )
    assert (made.state, made.doubt_policy, made.tags) == (BroadcastState.DRAFT, DoubtPolicy.HOLD, ("x", "ÿ"))
    assert made.first_started_ms is None
    changed = replace(made, name="B", recipients={}, doubt_policy=DoubtPolicy.RESEND, tags=())
    store.write(lambda tx: broadcasts.update(tx, changed))
    stored = store.read(lambda tx: broadcasts.get(tx, workspace, made.broadcast_id))
    assert stored is not None
    assert replace(stored, updated_ms=0) == replace(changed, updated_ms=0, version=made.version + 1)


def test_the_first_start_is_remembered(store: Store, workspace: Workspace) -> None:
    made = new_broadcast(store, workspace)

    def move(state: BroadcastState) -> int | None:
        store.write(lambda tx: broadcasts.set_state(tx, made.broadcast_id, state))
        stored = store.read(lambda tx: broadcasts.get(tx, workspace, made.broadcast_id))
        assert stored is not None
        assert stored.state is state
        return stored.first_started_ms

    assert move(BroadcastState.STOPPED) is None
    first = move(BroadcastState.RUNNING)
    assert first is not None
    assert move(BroadcastState.DRAFT) == first
    assert move(BroadcastState.RUNNING) == first


def test_actions_in_order(store: Store, workspace: Workspace) -> None:
    made = new_broadcast(store, workspace, 2)
    third = store.write(
        lambda tx: broadcasts.add_action(
            tx, made, "Third", CONTENT, sending_state=SendingState.DRAFT, send_to_unsubscribed=True
        )
    )
    stored = store.read(lambda tx: broadcasts.get(tx, workspace, made.broadcast_id))
    assert stored is not None
    assert [action.name for action in stored.actions] == ["Mail 0", "Mail 1", "Third"]
    last = stored.actions[-1]
    assert (last.action_id, last.content, last.sending_state) == (third, CONTENT, SendingState.DRAFT)
    assert last.send_to_unsubscribed

    changed = replace(
        last, name="3", content=EmailContent(), sending_state=SendingState.OFF, send_to_unsubscribed=False
    )

    def work(tx: Transaction) -> None:
        broadcasts.update_action(tx, changed)
        broadcasts.delete_action(tx, stored.actions[0])
        broadcasts.delete_action(tx, replace(stored.actions[1], broadcast_id=999))  # not of that broadcast

    store.write(work)
    again = store.read(lambda tx: broadcasts.get(tx, workspace, made.broadcast_id))
    assert again is not None
    assert [replace(action, updated_ms=0) for action in again.actions] == [
        replace(stored.actions[1], updated_ms=0),
        replace(changed, updated_ms=0),
    ]


def test_newest_first_and_only_ones_own(store: Store, workspace: Workspace) -> None:
    other = store.write(lambda tx: access.create_workspace(tx, "Other", "id", access.random_keys()))
    first, second, foreign = (
        new_broadcast(store, workspace),
        new_broadcast(store, workspace, 3),
        new_broadcast(store, other, 2),
    )
    assert store.read(lambda tx: broadcasts.listing(tx, workspace)) == [second, first]
    assert store.read(lambda tx: broadcasts.listing(tx, other)) == [foreign]
    assert store.read(lambda tx: broadcasts.get(tx, workspace, foreign.broadcast_id)) is None
