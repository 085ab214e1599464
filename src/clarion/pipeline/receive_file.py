# SPDX-License-Identifier: Apache-2.0
"""Receiving a file for an import, piece by piece, as text: it may be larger than memory.

Committed: the upload, which nobody finds yet; then stretches of its text, as they arrive; at the end that it is whole.
If the caller goes away, what was stored is taken away; if the process dies, it goes with the uploads that were left
behind, a day later. An import can be asked for only of a whole file.
"""

import codecs
from functools import partial

from clarion.pipeline.csv_rows import BadFile
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.store import uploads
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.uploads import Upload

ENCODINGS = ("utf-8", "utf-16", "windows-1252", "iso-8859-1")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_MARK = 3  # bytes
_STRETCH = 2**20  # characters in a transaction


class BadEncoding(BadFile):
    """It is no text in the encoding that it is read as."""


class Receiving:
    """One file. `encoding`: one of `ENCODINGS`, or "" for what its first bytes say, UTF-8 where they say nothing."""

    def __init__(
        self, store: Store, workspace: Workspace, name: str, encoding: str = "", failpoint: Failpoint = nothing
    ) -> None:
        self._store = store
        self._encoding = encoding
        self._failpoint = failpoint
        self._decoder: codecs.IncrementalDecoder | None = None
        self._head = b""
        self._text: list[str] = []
        self._characters = 0
        self._lines = self._pieces = self.size = 0
        self.read_as = ""
        self.upload = store.write(lambda tx: uploads.begin(tx, workspace, name))

    def feed(self, data: bytes) -> None:
        """More of it.

        Raises:
            BadEncoding: it is no text in this encoding; the sentence names the line.
        """
        self.size += len(data)
        if self._decoder is None:
            self._head += data
            if len(self._head) < _LONGEST_MARK:
                return
            data = self._begin()
        self._take(data, final=False)

    def finish(self) -> Upload:
        """It ended.

        Raises:
            BadEncoding: as for `feed`.
        """
        self._take(self._begin() if self._decoder is None else b"", final=True)
        self._store_text()
        self._failpoint("upload.stored")
        self.upload = self._store.write(lambda tx: uploads.finish(tx, self.upload, self.size))
        return self.upload

    def abandon(self) -> None:
        """It does not come to its end, or is none."""
        self._store.write(lambda tx: uploads.remove(tx, self.upload.upload_id))

    def _begin(self) -> bytes:
        """Decide what it is read as; what is left of the first bytes."""
        head, self._head = self._head, b""
        marked = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), None)
        if marked is not None and (not self._encoding or marked[1].startswith(self._encoding)):
            self.read_as = marked[1]
            head = head[len(marked[0]) :]
        else:
            self.read_as = {"utf-16": "utf-16-le"}.get(self._encoding, self._encoding or "utf-8")
        self._decoder = codecs.getincrementaldecoder(self.read_as)("strict")
        return head

    def _take(self, data: bytes, *, final: bool) -> None:
        if self._decoder is None:
            raise AssertionError("the encoding is decided first")
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            line = self._lines + error.object[: error.start].decode(self.read_as, "replace").count("\n") + 1
            raise BadEncoding(f"line {line} is not {self.read_as.upper()}{self._advice()}") from None
        at = text.find("\0")
        if at >= 0:
            line = self._lines + text.count("\n", 0, at) + 1
            raise BadEncoding(
                f"line {line} has a NUL character: it is no text in {self.read_as.upper()}{self._advice()}"
            )
        self._lines += text.count("\n")
        self._text.append(text)
        self._characters += len(text)
        if self._characters >= _STRETCH:
            self._store_text()

    def _advice(self) -> str:
        others = ", ".join(one for one in ENCODINGS if not self.read_as.startswith(one))
        return "" if self._encoding else f"; where it is in another encoding ({others}), say so"

    def _store_text(self) -> None:
        text = "".join(self._text)
        self._text, self._characters = [], 0
        if text:
            append = partial(uploads.append, upload_id=self.upload.upload_id, first=self._pieces, text=text)
            self._pieces = self._store.write(append)
            self._failpoint("upload.piece_in")
