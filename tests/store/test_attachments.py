# SPDX-License-Identifier: Apache-2.0
"""Files that go with e-mails: kept once, as long as anything names them."""

from dataclasses import replace

import pytest

from clarion.domain.attachments import AttachedFile
from clarion.domain.broadcasts import Broadcast, freeze
from clarion.domain.errors import InvalidRequest
from clarion.domain.triggers import Flags, Selector
from clarion.store import access, attachments, broadcasts, triggers, versions
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.versions import Bounds

from .ledgers import new_broadcast

LATER = 2**60
PDF = b"%PDF-1.7 \x00\xff\r\n.\r\n"


def kept(store: Store, workspace: Workspace, octets: bytes = PDF, name: str = "a.pdf") -> AttachedFile:
    found = store.write(lambda tx: attachments.keep(tx, workspace.workspace_id, octets))
    return AttachedFile(name, "application/pdf", len(octets), found)


def attach(store: Store, workspace: Workspace, number: int, *files: AttachedFile, folds: bool = True) -> Broadcast:
    """As an edit does it."""

    def work(tx: Transaction) -> Broadcast:
        before = broadcasts.get(tx, workspace, number)
        assert before is not None
        action = replace(before.actions[0], attachments=files)
        attachments.name(tx, workspace.workspace_id, [action])
        broadcasts.update_action(tx, action)
        broadcasts.update(tx, before)
        after = broadcasts.get(tx, workspace, number)
        assert after is not None
        versions.record(tx, before, after, bounds=Bounds() if folds else Bounds(folded_ms=0))
        return after

    return store.write(work)


def clear(store: Store, before_ms: int = LATER) -> int:
    return sum(attachments.clear(store, before_ms))


def there(store: Store, workspace: Workspace, file: AttachedFile) -> bytes | None:
    return store.read(lambda tx: attachments.content(tx, workspace.workspace_id, file.hash))


def nameless(store: Store) -> int:
    return len(store.read(lambda tx: tx.all("files_not_needed", before_ms=LATER, most=100)))


def test_what_is_in_a_file_is_kept_once_in_each_workspace(store: Store, workspace: Workspace) -> None:
    other = store.write(lambda tx: access.create_workspace(tx, "Other", "id_email", access.random_keys()))
    one, again, theirs = kept(store, workspace), kept(store, workspace), kept(store, other)
    assert one == again == theirs
    assert nameless(store) == 2
    assert there(store, workspace, one) == PDF


def test_an_action_has_them_in_their_order(store: Store, workspace: Workspace) -> None:
    number = new_broadcast(store, workspace).broadcast_id
    files = (kept(store, workspace, b"2", "b.pdf"), kept(store, workspace, b"1", "a.pdf"))
    stored = attach(store, workspace, number, *files)
    assert stored.actions[0].attachments == files
    actions = stored.actions
    found = store.read(lambda tx: attachments.of_actions(tx, workspace.workspace_id, actions))
    assert [(one.name, one.octets) for one in found[actions[0].action_id]] == [("b.pdf", b"2"), ("a.pdf", b"1")]


def test_a_file_that_is_gone_is_named_by_no_action(store: Store, workspace: Workspace) -> None:
    number = new_broadcast(store, workspace).broadcast_id
    file = kept(store, workspace)
    assert clear(store) == 1
    with pytest.raises(InvalidRequest, match=r"a\.pdf is not kept any more"):
        attach(store, workspace, number, file)


def test_what_an_action_or_a_version_names_stays(store: Store, workspace: Workspace) -> None:
    number = new_broadcast(store, workspace).broadcast_id
    file = kept(store, workspace)
    attach(store, workspace, number, file, folds=False)
    assert clear(store) == 0
    attach(store, workspace, number, folds=False)
    assert clear(store) == 0  # the version before has it
    assert there(store, workspace, file) == PDF


def test_what_was_attached_and_removed_within_a_version_goes_after_its_day(store: Store, workspace: Workspace) -> None:
    number = new_broadcast(store, workspace).broadcast_id
    attach(store, workspace, number)
    file = kept(store, workspace)
    attach(store, workspace, number, file)
    attach(store, workspace, number)
    now_ms = store.read(lambda tx: tx.now_ms())
    assert clear(store, now_ms - attachments.UNNAMED_MS) == 0
    assert clear(store) == 1
    assert there(store, workspace, file) is None


def test_what_somebody_begins_to_name_at_that_moment_stays(store: Store, workspace: Workspace) -> None:
    """Between looking what nobody names and removing it."""
    number = new_broadcast(store, workspace).broadcast_id
    file = kept(store, workspace)
    store.script(f"UPDATE attached_file SET named_ms = 5 WHERE hash = '{file.hash}';")
    assert len(store.read(lambda tx: tx.all("files_not_needed", before_ms=10, most=9))) == 1
    attach(store, workspace, number, file)
    key = {"workspace_id": workspace.workspace_id, "hash": file.hash, "before_ms": 10}
    assert store.write(lambda tx: tx.execute("drop_file", **key)) == 0


def test_a_trigger_keeps_what_it_froze_until_its_data_goes(store: Store, workspace: Workspace) -> None:
    number = new_broadcast(store, workspace).broadcast_id
    attach(store, workspace, number)
    file = kept(store, workspace)
    content = freeze(attach(store, workspace, number, file), {})

    def begin(tx: Transaction) -> int:
        made = triggers.create(
            tx,
            workspace,
            number,
            selector=Selector.DEFAULT,
            condition={},
            echo={},
            data={},
            flags=Flags(),
            content_hash=triggers.save_content(tx, content),
            resolve_until=0,
        )
        attachments.hold(tx, made, content)
        return made

    trigger_id = store.write(begin)
    attach(store, workspace, number)
    assert clear(store) == 0
    frozen = store.read(lambda tx: attachments.of_actions(tx, workspace.workspace_id, content.actions))
    assert [one.octets for one in frozen[content.actions[0].action_id]] == [PDF]
    store.script(f"UPDATE broadcast_trigger SET data_removed_ms = 1 WHERE trigger_id = {trigger_id};")
    assert clear(store) == 1
