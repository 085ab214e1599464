# SPDX-License-Identifier: Apache-2.0
"""Taking captured mail out of the outbox's file, while others append to it and read it.

Both work in place under the file's lock, since a new file in its place would lose what is being appended. Killed in
the middle they leave at worst a message that is listed twice or a line that readers pass over.
"""

import fcntl
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

_BLOCK = 1 << 20
_AT = re.compile(rb',"at_ms":([0-9]+)\}\Z')


def blank(file: Path, delivery_ids: Collection[str], addresses: Collection[str]) -> int:
    """Blank messages by delivery or by recipient, in lines of the same length; numbers of messages stay.

    Returns how many were blanked. Raises OSError.
    """
    blanked = 0
    folded = {address.casefold() for address in addresses}
    with _Locked(file) as descriptor:
        for start, line in _lines(descriptor):
            fields = _fields(line)
            if fields is None or not fields["content"].strip():
                continue
            to = {str(address).casefold() for address in (fields["recipient"], *fields["copies"])}
            if fields["delivery_id"] in delivery_ids or to & folded:
                os.pwrite(descriptor, _blank_line(fields, len(line)), start)
                blanked += 1
    return blanked


def drop_before(file: Path, before_ms: int) -> int:
    """Remove messages captured before a time (Unix milliseconds) from the file's beginning; how many bytes.

    Raises OSError.
    """
    with _Locked(file) as descriptor:
        keep = None
        for start, line in _lines(descriptor):
            captured = _AT.search(line)
            if captured is None or int(captured[1]) >= before_ms:
                keep = start
                break
        if keep is None:
            keep = os.fstat(descriptor).st_size if descriptor >= 0 else 0
        if not keep:
            return 0
        source, target = keep, 0
        while block := os.pread(descriptor, _BLOCK, source):
            os.pwrite(descriptor, block, target)
            source, target = source + len(block), target + len(block)
        os.ftruncate(descriptor, target)
    return keep


class _Locked:
    """The file under its lock for the duration of a `with`; -1 while it does not exist."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> int:
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return -1
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self._file

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)  # the lock goes with it


def _lines(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """(offset, line without its end) of each line."""
    if descriptor < 0:
        return
    position, rest = 0, b""
    while block := os.pread(descriptor, max(_BLOCK, len(rest)), position + len(rest)):
        block = rest + block
        start = 0
        while (end := block.find(b"\n", start)) >= 0:
            yield position + start, block[start:end]
            start = end + 1
        position, rest = position + start, block[start:]


def _fields(line: bytes) -> dict[str, str] | None:
    try:
        fields = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    known = isinstance(fields, dict) and {"delivery_id", "recipient", "copies", "content", "at_ms"} <= set(fields)
    return fields if known else None


def _blank_line(fields: dict[str, str], length: int) -> bytes:
    bare = {"delivery_id": fields["delivery_id"], "sender": "", "recipient": "", "copies": (), "subject": ""}
    tail = {"content": "", "at_ms": fields["at_ms"]}
    missing = length - len(msgspec.json.encode({**bare, **tail}))
    return msgspec.json.encode({**bare, **tail, "content": " " * missing})
