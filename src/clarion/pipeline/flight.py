# SPDX-License-Identifier: Apache-2.0
"""The flight record: a small memory-mapped file that knows, after a crash, how far each message of a chunk got.

One file per sending slot, two halves used in turn: the half of the next chunk is written before the
transaction that opens it commits, while the half of the chunk being recorded is still needed. A half is
evidence only when it names exactly the chunk that the ledger has open. The file outlives the process but not
the machine: the marks reach the disk whenever the kernel likes, so a half from before a reboot is ignored.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from clarion.domain.deliveries import DeliveryKey

MAX_ROWS = 1_000
_WORDS = 152
_HEADER = struct.Struct("<8s32sqqqqqi")  # magic, boot id, trigger, slice, fence, lo, hi, rows
_ROW = struct.Struct("<qqhbB")  # seq, action, attempts, mark, length of the words
_MAGIC = b"CLARION1"
_HEADER_SIZE = 128
_ROW_SIZE = 24 + _WORDS
_HALF = _HEADER_SIZE + MAX_ROWS * _ROW_SIZE
_MARK_AT = 18  # offset of the mark within a row


class Mark(IntEnum):
    """How far a message got."""

    UNTOUCHED = 0
    HANDED_OVER = 1
    SENT = 2
    TEMPORARY = 3
    THROTTLED = 4
    PERMANENT = 5


@dataclass(frozen=True, slots=True)
class ChunkName:
    """Names one opening of one chunk."""

    trigger_id: int
    no: int
    fence: int
    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Trace:
    """What the record says of one account; `words` is the start of the server's answer."""

    key: DeliveryKey
    attempts: int
    mark: Mark
    words: str


def boot_id() -> bytes:
    """Identifies the run of this machine's kernel; empty where it cannot be told (then nothing is evidence)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip().replace(b"-", b"")[:32]
    except OSError:
        return b""


class FlightRecord:
    """The record of one slot of this process, locked as long as the process lives."""

    def __init__(self, folder: Path, owner: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / _file_name(owner)
        # Locked before it gets its name: an unlocked record of that name belongs to a dead process.
        unnamed = self.path.with_suffix(".new")
        self._file = os.open(unnamed, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(self._file, 2 * _HALF)
        unnamed.rename(self.path)
        self._map = mmap.mmap(self._file, 2 * _HALF)
        self._boot = boot_id()
        self._next = 0
        self._base = 0

    def prepare(self, name: ChunkName, rows: Sequence[tuple[DeliveryKey, int]]) -> None:
        """Lay out the next chunk, (account, attempts so far) each; call again if its transaction is run again."""
        if len(rows) > MAX_ROWS:
            raise ValueError(f"a chunk has at most {MAX_ROWS} accounts")
        start = self._next * _HALF
        self._map[start : start + 8] = bytes(8)  # not evidence while it is being written
        at = start + _HEADER_SIZE
        for key, attempts in rows:
            _ROW.pack_into(self._map, at, key.seq, key.action_id, attempts, Mark.UNTOUCHED, 0)
            at += _ROW_SIZE
        _HEADER.pack_into(
            self._map,
            start,
            bytes(8),
            self._boot,
            name.trigger_id,
            name.no,
            name.fence,
            name.lo,
            name.hi,
            len(rows),
        )
        self._map[start : start + 8] = _MAGIC

    def activate(self) -> None:
        """The chunk prepared last is the open one: its transaction has committed."""
        self._base = self._next * _HALF + _HEADER_SIZE
        self._next = 1 - self._next

    def mark(self, index: int, mark: Mark, words: str = "") -> None:
        """Note how far account `index` of the open chunk got. The words are written before the mark."""
        at = self._base + index * _ROW_SIZE
        if words:
            text = words.encode("utf-8", "replace")[:_WORDS]
            self._map[at + 24 : at + 24 + len(text)] = text
            self._map[at + _MARK_AT + 1] = len(text)
        self._map[at + _MARK_AT] = mark

    def close(self) -> None:
        """Remove the file: nothing is open any more. A second call does nothing."""
        if self._file < 0:
            return
        self._map.close()
        with suppress(FileNotFoundError):
            self.path.unlink()
        os.close(self._file)
        self._file = -1

    def abandon(self) -> None:
        """Let go without removing the file: something in it is not settled yet."""
        if self._file >= 0:
            self._map.close()
            os.close(self._file)
            self._file = -1


def _file_name(owner: str) -> str:
    return owner.replace("/", "~") + ".flight"


def owner_of(path: Path) -> str:
    """The owner whose record a file is."""
    return path.name.removesuffix(".flight").replace("~", "/")


def read(path: Path) -> dict[ChunkName, list[Trace]]:
    """What a record says, whoever owns it; halves that are unfinished or from before a reboot are left out."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    found: dict[ChunkName, list[Trace]] = {}
    this_boot = boot_id()
    for start in (0, _HALF):
        if len(content) < start + _HALF:
            break
        magic, boot, trigger_id, no, fence, lo, hi, count = _HEADER.unpack_from(content, start)
        if magic != _MAGIC or not this_boot or boot.rstrip(b"\0") != this_boot:
            continue
        traces = []
        for index in range(min(count, MAX_ROWS)):
            at = start + _HEADER_SIZE + index * _ROW_SIZE
            seq, action_id, attempts, mark, length = _ROW.unpack_from(content, at)
            words = content[at + 24 : at + 24 + length].decode("utf-8", "replace")
            traces.append(Trace(DeliveryKey(trigger_id, seq, action_id), attempts, Mark(mark), words))
        found[ChunkName(trigger_id, no, fence, lo, hi)] = traces
    return found


def evidence(folder: Path, owner: str, name: ChunkName) -> list[Trace] | None:
    """What the record of a dead `owner` says of exactly this chunk.

    None: it is not on this machine, says nothing, or its process is alive. One that only slept through its
    lease goes on with its chunk when it wakes up, so what it has not touched yet is not certain to stay so.
    """
    path = folder / _file_name(owner)
    return read(path).get(name) if _is_orphan(path) else None


def orphans(folder: Path) -> list[Path]:
    """Records on this machine whose process is gone."""
    return [path for path in sorted(folder.glob("*.flight")) if _is_orphan(path)]


def _is_orphan(path: Path) -> bool:
    """Whether a record is there and nobody holds its lock."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
