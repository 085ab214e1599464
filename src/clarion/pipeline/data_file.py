# SPDX-License-Identifier: Apache-2.0
"""Reading a data file of per-user data: JSON Lines, one entry per line, resumable at any line.

Source: contract §2.4 (format), §2.7 (2 MB per line, 10 GB in all), §3.3 (sentences of bad lines).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec

from clarion.domain.entries import CONTAINS_NUL, NESTED_TOO_DEEPLY, parse_entry
from clarion.domain.errors import ClarionError

_BOM: Final = b"\xef\xbb\xbf"
_LINE_ENDING_AND_BOM: Final = len(b"\r\n") + len(_BOM)
_READ_AHEAD: Final = 2**20
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
    with path.open("rb", buffering=_READ_AHEAD) as file:
        file.seek(offset)
        readline, limit = file.readline, max_line_bytes + _LINE_ENDING_AND_BOM
        while raw := readline(limit):
            line_no += 1
            started_at = offset
            offset += len(raw)
            if len(raw) == limit and not raw.endswith(b"\n"):
                offset += _skip_rest_of_line(file)
                yield BadLine(line_no, offset, _too_long(max_line_bytes))
                continue
            if started_at == 0:
                raw = raw.removeprefix(_BOM)
            if len(raw) > max_line_bytes and len(_without_ending(raw)) > max_line_bytes:
                yield BadLine(line_no, offset, _too_long(max_line_bytes))
            elif raw and not raw.isspace():
                yield _read_line(line_no, offset, raw)


def in_words(size_bytes: int) -> str:
    """Write a size the way the contract states its limits: `2 MB`, `10 GB` (powers of 1024)."""
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "KB")):
        if size_bytes and size_bytes % unit == 0:
            return f"{size_bytes // unit} {name}"
    return f"{size_bytes} bytes"


def _read_line(line_no: int, end_offset: int, raw: bytes) -> Line:
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


def _without_ending(raw: bytes) -> bytes:
    return raw.removesuffix(b"\n").removesuffix(b"\r")


def _too_long(max_line_bytes: int) -> str:
    return f"line is longer than {in_words(max_line_bytes)}"


def _skip_rest_of_line(file: IO[bytes]) -> int:
    """Read on to the end of the line, a piece at a time; how many bytes that was."""
    skipped = 0
    while piece := file.readline(_READ_AHEAD):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped
