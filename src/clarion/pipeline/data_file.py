# SPDX-License-Identifier: Apache-2.0
"""Reading a data file of per-user data: JSON Lines, one entry per line, resumable at any line.

Source: contract §2.4 (format), §2.7 (2 MB per line, 10 GB in all), §3.3 (sentences of bad lines).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from clarion.domain.entries import CONTAINS_NUL, NESTED_TOO_DEEPLY, encode_data, parse_entry
from clarion.domain.errors import ClarionError

_BOM: Final = b"\xef\xbb\xbf"
_LINE_ENDING_AND_BOM: Final = len(b"\r\n") + len(_BOM)
_READ_AHEAD: Final = 2**20
_UNDOUBTED: Final = 37
"""Characters of an id or address that are within the limits in whatever bytes."""
_decode: Final = msgspec.json.Decoder().decode


class DataFileError(ClarionError):
    """The data file could not be had. The text is the sentence the errors endpoint prints.

    `temporary` says whether another attempt may help.
    """

    def __init__(self, sentence: str, *, temporary: bool = False) -> None:
        super().__init__(sentence)
        self.temporary = temporary


# A msgspec.Struct is as frozen as our dataclasses and ten times faster to make; there are millions of these.
class Entry(msgspec.Struct, frozen=True, gc=False):
    """A good line. `line` counts from 1; `end_offset` is the byte after it, where reading can go on.

    Exactly one of `id` and `email` is set; `data` is a JSON object in compact form.
    """

    line: int
    end_offset: int
    id: str | None
    email: str | None
    data: bytes


class _Usual(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What nearly every line is: read as this, it needs no looking at each key."""

    id: str | None = None
    email: str | None = None
    data: dict[str, object] | None = None


_decode_usual: Final = msgspec.json.Decoder(_Usual).decode


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be used; the errors endpoint prints ``line <line>: <text>``."""

    line: int
    end_offset: int
    text: str


Line = Entry | BadLine


def lines(path: Path, *, offset: int = 0, line_no: int = 0, max_line_bytes: int = 2 * 2**20) -> Iterator[Line]:
    """Read the file's lines in order; blank ones are counted but not returned.

    To go on after a line seen earlier, pass its `end_offset` as `offset` and its number as `line_no`. The
    limit is in bytes and leaves out the line ending; memory stays within a small multiple of it.

    Raises:
        OSError: the file is not there or cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        splitter = LineSplitter(offset=offset, line_no=line_no, max_line_bytes=max_line_bytes)
        while block := file.read(_READ_AHEAD):
            yield from splitter.feed(block)
        yield from splitter.end()


class LineSplitter:
    """Bytes in, lines out, wherever the bytes are cut. Offsets and line numbers go on from those given."""

    def __init__(self, *, offset: int = 0, line_no: int = 0, max_line_bytes: int = 2 * 2**20) -> None:
        self._offset = offset
        self._line_no = line_no
        self._most = max_line_bytes
        self._held = bytearray()  # the beginning of a line whose end has not come
        self._passed_over = 0  # bytes of a line that is too long

    def feed(self, block: bytes) -> list[Line]:
        """The lines that end in this block; blank ones are counted but not returned."""
        first, *others = block.split(b"\n")
        if not others:
            self._hold(first)
            return []
        last = others.pop()
        found = [self._ended(first, b"\n")] if self._held or self._passed_over else [self._line(first, b"\n")]
        found += [self._line(raw, b"\n") for raw in others]
        self._hold(last)
        return [line for line in found if line is not None]

    def end(self) -> list[Line]:
        """The last line, when nothing ends it but the end of the file."""
        if not self._held and not self._passed_over:
            return []
        line = self._ended(b"", b"")
        return [] if line is None else [line]

    def _hold(self, raw: bytes) -> None:
        self._held += raw
        if self._passed_over or len(self._held) > self._most + _LINE_ENDING_AND_BOM:
            self._passed_over += len(self._held)
            self._held.clear()

    def _ended(self, raw: bytes, ending: bytes) -> Line | None:
        self._hold(raw)
        if self._passed_over:
            self._line_no += 1
            self._offset += self._passed_over + len(ending)
            self._passed_over = 0
            return BadLine(self._line_no, self._offset, _too_long(self._most))
        whole = bytes(self._held)
        self._held.clear()
        return self._line(whole, ending)

    def _line(self, raw: bytes, ending: bytes) -> Line | None:
        if not self._offset:
            self._offset = len(raw) - len(raw := raw.removeprefix(_BOM))
        self._line_no += 1
        self._offset += len(raw) + len(ending)
        if len(raw) > self._most and len(raw.removesuffix(b"\r")) > self._most:
            return BadLine(self._line_no, self._offset, _too_long(self._most))
        return _read_line(self._line_no, self._offset, raw) if raw and not raw.isspace() else None


def in_words(size_bytes: int) -> str:
    """Write a size the way the contract states its limits: `2 MB`, `10 GB` (powers of 1024)."""
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "KB")):
        if size_bytes and size_bytes % unit == 0:
            return f"{size_bytes // unit} {name}"
    return f"{size_bytes} bytes"


def _read_line(line_no: int, end_offset: int, raw: bytes) -> Line:
    try:
        usual = _decode_usual(raw)
    except (UnicodeDecodeError, RecursionError, msgspec.DecodeError):
        return _read_carefully(line_no, end_offset, raw)
    own_id, email = usual.id, usual.email
    named = own_id if email is None else email if own_id is None else None
    if not named or len(named) > _UNDOUBTED or "\0" in named:
        return _read_carefully(line_no, end_offset, raw)
    data = encode_data(usual.data)
    return (
        BadLine(line_no, end_offset, data) if isinstance(data, str) else Entry(line_no, end_offset, own_id, email, data)
    )


def _read_carefully(line_no: int, end_offset: int, raw: bytes) -> Line:
    """Any line, with the sentence about what is wrong with it."""
    try:
        value = _decode(raw)
    except UnicodeDecodeError:
        return BadLine(line_no, end_offset, "invalid utf-8")
    except RecursionError:
        return BadLine(line_no, end_offset, NESTED_TOO_DEEPLY)
    except msgspec.DecodeError:
        return BadLine(line_no, end_offset, _why_not_json(raw))
    entry = parse_entry(value)
    if isinstance(entry, str):
        return BadLine(line_no, end_offset, entry)
    return Entry(line_no, end_offset, entry.id, entry.email, entry.data)


def _why_not_json(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "invalid utf-8"
    return CONTAINS_NUL if b"\0" in raw else "invalid json"


def _too_long(max_line_bytes: int) -> str:
    return f"line is longer than {in_words(max_line_bytes)}"
