# SPDX-License-Identifier: Apache-2.0
"""Files that were sent to the API, in pieces that every machine can read, until their import is over."""

from collections.abc import Iterator
from dataclasses import dataclass

from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_SCHEME = "upload:"
_PIECE = 200_000  # characters
_KEPT_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Upload:
    """One file; `size` in bytes."""

    upload_id: int
    workspace_id: int
    name: str
    size: int

    @property
    def url(self) -> str:
        """How an import names it. No caller can write such a URL: theirs begin with http."""
        return f"{_SCHEME}{self.upload_id}"


def save(tx: Transaction, workspace: Workspace, name: str, text: str, size: int) -> Upload:
    """Keep a file; those that were left behind go."""
    for row in tx.all("uploads_left_behind", kept_ms=_KEPT_MS):
        remove(tx, int(row["upload_id"]))
    made = Upload(numbers.take(tx, "upload"), workspace.workspace_id, name, size)
    tx.execute("insert_upload", upload_id=made.upload_id, workspace_id=made.workspace_id, name=name, bytes=size)
    for no, start in enumerate(range(0, len(text), _PIECE)):
        piece = text[start : start + _PIECE]
        tx.execute("insert_upload_piece", upload_id=made.upload_id, no=no, content=piece)
    return made


def get(tx: Transaction, upload_id: int) -> Upload | None:
    """One file, of whatever workspace."""
    row = tx.one("upload", upload_id=upload_id)
    if row is None:
        return None
    return Upload(int(row["upload_id"]), int(row["workspace_id"]), str(row["name"]), int(row["bytes"]))


def pieces(tx: Transaction, upload_id: int) -> Iterator[str]:
    """Its text, one piece after the other."""
    no = 0
    while (row := tx.one("upload_piece", upload_id=upload_id, no=no)) is not None:
        yield str(row["content"])
        no += 1


def named_by(url: str) -> int | None:
    """The upload that the URL of an import names; None for one that is fetched."""
    return int(url.removeprefix(_SCHEME)) if url.startswith(_SCHEME) else None


def remove(tx: Transaction, upload_id: int) -> None:
    """It is not needed any more."""
    tx.execute("delete_upload_pieces", upload_id=upload_id)
    tx.execute("delete_upload", upload_id=upload_id)
