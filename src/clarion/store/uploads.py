# SPDX-License-Identifier: Apache-2.0
"""Files that were sent to the API, in pieces that every machine can read, until their import is over."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

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


def begin(tx: Transaction, workspace: Workspace, name: str) -> Upload:
    """A file that is being received: nobody finds it before its end. Those that were left behind go."""
    for row in tx.all("uploads_left_behind", kept_ms=_KEPT_MS):
        remove(tx, int(row["upload_id"]))
    made = Upload(numbers.take(tx, "upload"), workspace.workspace_id, name, 0)
    tx.execute("insert_upload", upload_id=made.upload_id, workspace_id=made.workspace_id, name=name)
    return made


def append(tx: Transaction, upload_id: int, first: int, text: str) -> int:
    """More of its text, as pieces from number `first` on; the number after them."""
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        tx.execute("insert_upload_piece", upload_id=upload_id, no=first, content=piece)
        first += 1
    return first


def finish(tx: Transaction, upload: Upload, size: int) -> Upload:
    """All of it is here, `size` bytes as they were sent."""
    tx.execute("finish_upload", upload_id=upload.upload_id, bytes=size)
    return replace(upload, size=size)


def get(tx: Transaction, upload_id: int) -> Upload | None:
    """One whole file, of whatever workspace."""
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


class UploadedText:
    """An upload as lines of UTF-8, of which little more than a piece is held; read within its transaction."""

    def __init__(self, tx: Transaction, upload_id: int) -> None:
        self._pieces = pieces(tx, upload_id)
        self._held, self._at = b"", 0

    def readline(self, most: int, /) -> bytes:
        """The next line with its end, or its first `most` bytes; empty behind the last one."""
        end = self._held.find(b"\n", self._at)
        while end < 0 and len(self._held) - self._at < most and (more := next(self._pieces, "")):
            self._held, self._at = self._held[self._at :] + more.encode(), 0
            end = self._held.find(b"\n")
        stop = min(end + 1 if end >= 0 else len(self._held), self._at + most)
        line, self._at = self._held[self._at : stop], stop
        return line


def named_by(url: str) -> int | None:
    """The upload that the URL of an import names; None for one that is fetched."""
    return int(url.removeprefix(_SCHEME)) if url.startswith(_SCHEME) else None


def remove(tx: Transaction, upload_id: int) -> None:
    """It is not needed any more."""
    tx.execute("delete_upload_pieces", upload_id=upload_id)
    tx.execute("delete_upload", upload_id=upload_id)
