# SPDX-License-Identifier: Apache-2.0
"""The flight record: a small memory-mapped file that knows, after a crash, how far each message of a chunk got.

One file per held slice, two halves used in turn: the half of the next chunk is written before the transaction that
opens it commits, while the half of the chunk being recorded is still needed. For a slice that is taken over, a half is
evidence when it names exactly the chunk that the ledger has open; later, only when its process knew that the chunk
was open, and only about accounts that are in doubt because of that very holder. The file outlives the process but not
the machine: the marks reach the disk whenever the kernel likes, so a half from before a reboot is ignored.
"""

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import structlog

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import detail_of

_log = structlog.get_logger("clarion.flight")

MAX_ROWS = 1_000
_WORDS = 152
_HEADER = struct.Struct("<8s32sqqqqqi")  # magic, boot id, trigger, slice, fence, lo, hi, rows
_ROW = struct.Struct("<qqhbB")  # seq, action, attempts, mark, length of the words
_MAGIC = b"CLARION1"
_HEADER_SIZE = 128
_ROW_SIZE = 24 + _WORDS
_COMMITTED_AT = 120  # a byte of the header's room: the transaction that opened the chunk has committed
_HALF = _HEADER_SIZE + MAX_ROWS * _ROW_SIZE
_UNNAMED_SECONDS = 60  # between the making of a record and its lock, which nobody can see
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
        try:
            # Allocated, not sparse: on a full disk this fails here, while writing to a hole would kill the process.
            os.posix_fallocate(self._file, 0, 2 * _HALF)
            unnamed.rename(self.path)
        except OSError:
            os.close(self._file)
            unnamed.unlink(missing_ok=True)
            raise
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
        self._map[start + _COMMITTED_AT] = 0
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
        """The chunk prepared last is the open one: its transaction has committed.

        The other half is erased first: what it says is in the ledger, and must never be read as news again.
        """
        other = (1 - self._next) * _HALF
        self._map[other : other + 8] = bytes(8)
        self._map[self._next * _HALF + _COMMITTED_AT] = 1
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


@dataclass(frozen=True, slots=True)
class Half:
    """One chunk of a record. `committed`: the process knew that the ledger has it open."""

    name: ChunkName
    committed: bool
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a record says of one chunk; `alive`: its process still runs."""

    traces: dict[DeliveryKey, Trace]
    alive: bool


def read(path: Path) -> list[Half]:
    """What a record says, whoever owns it; halves that are unfinished or from before a reboot are left out.

    A file that cannot be read, or is no record, says nothing: the accounts it might have cleared stay in doubt.
    """
    try:
        content = path.read_bytes()
        return [half for start in (0, _HALF) if (half := _half(content, start)) is not None]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, struct.error) as error:
        _log.warning("flight_record.unreadable", path=str(path), error=detail_of(error))
        return []


def _half(content: bytes, start: int) -> Half | None:
    if len(content) < start + _HALF:
        return None
    magic, boot, trigger_id, no, fence, lo, hi, count = _HEADER.unpack_from(content, start)
    this_boot = boot_id()
    if magic != _MAGIC or not this_boot or boot.rstrip(b"\0") != this_boot:
        return None
    traces = []
    for index in range(min(count, MAX_ROWS)):
        at = start + _HEADER_SIZE + index * _ROW_SIZE
        seq, action_id, attempts, mark, length = _ROW.unpack_from(content, at)
        words = content[at + 24 : at + 24 + length].decode("utf-8", "replace")
        traces.append(Trace(DeliveryKey(trigger_id, seq, action_id), attempts, Mark(mark), words))
    committed = content[start + _COMMITTED_AT] == 1
    return Half(ChunkName(trigger_id, no, fence, lo, hi), committed, tuple(traces))


def evidence(folder: Path, owner: str, name: ChunkName) -> Evidence | None:
    """What the record of `owner` says of exactly this chunk; None: it is not on this machine, or says nothing.

    The chunk is the one that the ledger has open, so a half whose commit its process did not live to see counts.
    """
    path = folder / _file_name(owner)
    alive = not _is_orphan(path)  # asked before reading: what a dead process wrote does not change any more
    for half in read(path):
        if half.name == name:
            return Evidence({trace.key: trace for trace in half.traces}, alive)
    return None


def orphans(folder: Path) -> list[Path]:
    """Records on this machine whose process is gone. Those that never got their name say nothing: they are removed."""
    for unnamed in folder.glob("*.new"):
        if _is_left(unnamed):
            unnamed.unlink(missing_ok=True)
    return [path for path in sorted(folder.glob("*.flight")) if _is_orphan(path)]


def is_abandoned(path: Path) -> bool:
    """Whether the process of an orphaned record still runs: it let go of a slice whose end it could not write down."""
    process = path.name.removesuffix(".flight").rpartition("~")[0]  # the name without the claim
    presence = path.with_name(f"{process}.flight")
    return presence.exists() and not _is_orphan(presence)


def _is_left(unnamed: Path) -> bool:
    """Whether the process that was making this record is gone."""
    try:
        return _is_orphan(unnamed) and time.time() - unnamed.stat().st_mtime > _UNNAMED_SECONDS
    except FileNotFoundError:
        return False


def locks_work(path: Path) -> bool:
    """Whether the file system of this file keeps one holder of a lock from another."""
    first, second = os.open(path, os.O_RDWR), os.open(path, os.O_RDWR)
    try:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
    except OSError:
        return False
    finally:
        os.close(first)
        os.close(second)


def _is_orphan(path: Path) -> bool:
    """Whether a record is there and nobody holds its lock. The probe is shared: two may look at once."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
