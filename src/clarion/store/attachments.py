# SPDX-License-Identifier: Apache-2.0
"""Files that go with e-mails: kept once in a workspace, by what is in them.

Three things name a file: actions, the versions of broadcasts, and the triggers that froze it. A new action, or one that
gets another file, writes the file's row in its own transaction (`name`), and a trigger takes over what its action names
while that is there (`hold`); so the file that nobody named for a day is nobody's, and `clear` may remove it.
"""

import base64
from collections.abc import Iterable, Iterator
from functools import partial

from clarion.domain.attachments import AttachedFile, Attachment, hash_of
from clarion.domain.broadcasts import Action, FrozenContent
from clarion.domain.errors import InvalidRequest
from clarion.store.engine import Store, Transaction

UNNAMED_MS = 86_400_000
"""How long a file is kept that nobody names: it was sent here for an action that is just being changed."""
_BATCH = 20  # files may be megabytes


def keep(tx: Transaction, workspace_id: int, octets: bytes) -> str:
    """Store what is in a file, unless it is there; its hash."""
    found = hash_of(octets)
    content = base64.b64encode(octets).decode()
    tx.execute("keep_file", workspace_id=workspace_id, hash=found, size=len(octets), content=content)
    return found


def name(tx: Transaction, workspace_id: int, actions: Iterable[Action]) -> None:
    """These actions are about to be stored: from here on their files stay.

    Raises:
        InvalidRequest: one of the files is gone.
    """
    for one in {file.hash: file for action in actions for file in action.attachments}.values():
        if not tx.execute("name_file", workspace_id=workspace_id, hash=one.hash):
            raise InvalidRequest(f"{one.name} is not kept any more: attach it again", "/attachments")


def copy(tx: Transaction, workspace_id: int, to_workspace: int, actions: Iterable[Action]) -> None:
    """Have the files of actions in another workspace, too."""
    for found in sorted({file.hash for action in actions for file in action.attachments}):
        tx.execute("copy_file", workspace_id=workspace_id, to_workspace=to_workspace, hash=found)


def content(tx: Transaction, workspace_id: int, file_hash: str) -> bytes | None:
    """What is in a file; None when it is not kept."""
    row = tx.one("file_content", workspace_id=workspace_id, hash=file_hash)
    return base64.b64decode(row["content"]) if row is not None else None


def hold(tx: Transaction, trigger_id: int, frozen: FrozenContent) -> None:
    """A trigger sends this content: its files stay until its data goes."""
    for found in sorted({file.hash for action in frozen.actions for file in action.attachments}):
        tx.execute("hold_file", trigger_id=trigger_id, hash=found)


def let_go(tx: Transaction, trigger_id: int) -> None:
    """A trigger can send nothing any more."""
    tx.execute("let_files_go", trigger_id=trigger_id)


def of_actions(tx: Transaction, workspace_id: int, actions: Iterable[Action]) -> dict[int, tuple[Attachment, ...]]:
    """Action → its files, as its messages carry them."""
    return {
        action.action_id: tuple(_attachment(tx, workspace_id, file) for file in action.attachments)
        for action in actions
        if action.attachments
    }


def _attachment(tx: Transaction, workspace_id: int, file: AttachedFile) -> Attachment:
    row = tx.one("file_content", workspace_id=workspace_id, hash=file.hash)
    if row is None:
        raise AssertionError("a file is never removed before the last who names it")
    return Attachment(file.name, file.media_type, row["content"])


def clear(store: Store, before_ms: int) -> Iterator[int]:
    """Remove the files that nobody names, and did not before a time; yields how many went, step by step.

    Each is removed in a transaction of its own; if the process dies in between the rest goes at the next turn.
    """
    while True:
        found = store.read(lambda tx: tx.all("files_not_needed", before_ms=before_ms, most=_BATCH))
        gone = 0
        for row in found:
            key = {"workspace_id": row["workspace_id"], "hash": row["hash"], "before_ms": before_ms}
            gone += store.write(partial(_drop, key=key))
        if not gone:
            return
        yield gone


def _drop(tx: Transaction, key: dict[str, object]) -> int:
    return tx.execute("drop_file", **key)
