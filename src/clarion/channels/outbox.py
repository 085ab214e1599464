# SPDX-License-Identifier: Apache-2.0
"""The captured outbox: messages go to a file on this machine and nowhere else, and can be read back.

One line of JSON for each message in `messages.jsonl`, in a folder for each workspace; any number of processes may
append and read.
"""

import asyncio
import base64
import fcntl
import os
import re
import threading
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage as MimeLetter
from email.policy import SMTP
from pathlib import Path
from typing import Any

import msgspec

from clarion.channels.base import Capabilities, Handover, Source
from clarion.domain.errors import Permanent, SendError, SetupError, Temporary, Unknown, detail_of
from clarion.domain.messages import CallMessage, EmailMessage, PartsMessage

FILE_NAME = "messages.jsonl"
BLOCK = 1 << 20  # bytes read at once
_LONGEST_SUBJECT = 200  # characters
HEAD = 128  # bytes of the file's beginning by which the reader knows it again

# `at_ms` stands last: a quote inside a JSON string is never preceded by a comma, so this proves a whole line.
_WHOLE_LINE = re.compile(rb',"at_ms":[0-9]+\}\Z')
_TAIL = 40


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One captured message. `index` counts from 0; `at_ms` is milliseconds UTC."""

    index: int
    delivery_id: str
    sender: str
    recipient: str
    copies: tuple[str, ...]
    subject: str
    content: bytes
    at_ms: int


class OutboxProvider:
    """Keeps messages in `directory`, which is made if it is missing. Raises SetupError if that fails."""

    name = "outbox"

    def __init__(self, directory: Path, channel: str = "email") -> None:
        self.capabilities = Capabilities(channel=channel, connections=10)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"outbox: directory {directory} cannot be used: {detail_of(error)}") from error
        self._directory = directory
        self._files: dict[int | None, int] = {}

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`. Writes in the event loop: an append to the page cache takes microseconds.

        One message begins when the one before it has its end, so at most one is in doubt when the process dies.
        """
        taken = 0
        while (handover := source.take()) is not None:
            self._keep(handover)
            taken += 1
            if taken % self.capabilities.connections == 0:
                await asyncio.sleep(0)  # others have work to do, too

    def _keep(self, handover: Handover) -> None:
        message = handover.message
        try:
            line = _line(message if isinstance(message, EmailMessage) else _letter(message))
            file = self._open(message.workspace_id)
        except UnicodeEncodeError as error:
            handover.failed(Permanent(f"the message is not Unicode: {detail_of(error)}", "bad_content"))
            return
        except OSError as error:
            handover.failed(Temporary(f"outbox: {detail_of(error)}"))
            return
        if not handover.begin():
            handover.untouched()
            return
        failure = _append(file, line)  # no call to others within: one that dawdles must not keep the lock
        if failure is None:
            handover.sent("kept in the outbox")
        else:
            handover.failed(failure)

    async def close(self) -> None:
        """Close the files; a later send opens them again."""
        while self._files:
            os.close(self._files.popitem()[1])

    def _open(self, workspace_id: int | None) -> int:
        file = self._files.get(workspace_id)
        if file is not None and not os.fstat(file).st_nlink:  # somebody removed it
            os.close(self._files.pop(workspace_id))
            file = None
        if file is None:
            folder = folder_of(self._directory, workspace_id)
            if workspace_id is not None:
                folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            file = self._files[workspace_id] = os.open(folder / FILE_NAME, flags, 0o600)
        return file


def folder_of(directory: Path, workspace_id: int | None) -> Path:
    """Where a workspace's messages are; those that belong to none are in the directory itself."""
    return directory if workspace_id is None else directory / f"workspace-{workspace_id}"


class OutboxReader:
    """Reads what was captured, in the order it was captured. Keeps 8 bytes of memory for each message.

    Safe to use from several threads. Raises OSError when the file cannot be read; a missing one is empty.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME
        self._starts = array("Q")  # byte offset of each whole line
        self._scanned = 0  # all before this offset is known; always right after a line end
        self._head = b""
        self._lock = threading.Lock()

    def count(self) -> int:
        """How many messages were captured."""
        with self._lock, _Reading(self._path) as file:
            self._refresh(file)
            return len(self._starts)

    def page(
        self, start: int, limit: int, recipient: str | None = None, delivery_id: str | None = None
    ) -> list[OutboxEntry]:
        """At most `limit` entries from index `start` on, the oldest first.

        `recipient` matches exactly, also a copy. For the next page `start` is the last entry's index + 1.
        """
        found: list[OutboxEntry] = []
        needles = [msgspec.json.encode(text) for text in (recipient, delivery_id) if text is not None]
        with self._lock, _Reading(self._path) as file:
            self._refresh(file)
            if limit <= 0:
                return found
            for index, line in self._lines(file, max(0, start)):
                if not all(needle in line for needle in needles):
                    continue
                entry = _entry(index, line)
                if recipient is not None and recipient not in (entry.recipient, *entry.copies):
                    continue
                if delivery_id is not None and delivery_id != entry.delivery_id:
                    continue
                found.append(entry)
                if len(found) >= limit:
                    break
        return found

    def get(self, index: int) -> OutboxEntry | None:
        """The entry at `index`, None if there is none."""
        with self._lock, _Reading(self._path) as file:
            self._refresh(file)
            if not 0 <= index < len(self._starts):
                return None
            start = self._starts[index]
            end = self._starts[index + 1] if index + 1 < len(self._starts) else self._scanned
            block = os.pread(file, end - start, start)
            return _entry(index, block.partition(b"\n")[0]) if len(block) == end - start else None

    def raw(self, index: int) -> bytes | None:
        """The RFC 5322 message at `index` as it was handed over, None if there is none."""
        entry = self.get(index)
        return None if entry is None else entry.content

    def clear(self) -> None:
        """Forget all messages. A provider may go on appending meanwhile."""
        with self._lock:
            try:
                file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                return
            try:
                fcntl.flock(file, fcntl.LOCK_EX)  # released with the descriptor
                os.ftruncate(file, 0)
            finally:
                os.close(file)

    def _refresh(self, file: int) -> None:
        if not self._is_continued(file):
            self._starts, self._scanned, self._head = array("Q"), 0, b""
        if file < 0:
            return
        if len(self._head) < HEAD:
            self._head = os.pread(file, HEAD, 0).partition(b"\n")[0]
        position, rest = self._scanned, b""
        while block := os.pread(file, max(BLOCK, len(rest)), position):  # growing: a long line stays linear
            position += len(block)
            block = rest + block
            start = 0
            while (end := block.find(b"\n", start)) >= 0:
                if _is_whole(block, start, end):
                    self._starts.append(self._scanned + start)
                start = end + 1
            self._scanned += start
            rest = block[start:]

    def _is_continued(self, file: int) -> bool:
        """Whether the file is the one scanned before, only longer."""
        if not self._scanned:
            return True
        if file < 0 or os.fstat(file).st_size < self._scanned:
            return False
        return os.pread(file, len(self._head), 0) == self._head and os.pread(file, 1, self._scanned - 1) == b"\n"

    def _lines(self, file: int, first: int) -> Iterator[tuple[int, bytes]]:
        index, total = first, len(self._starts)
        while index < total:
            start, after = self._starts[index], index + 1
            while after < total and self._starts[after] - start < BLOCK:
                after += 1
            end = self._starts[after] if after < total else self._scanned
            block = os.pread(file, end - start, start)
            if len(block) < end - start:
                return  # cleared by another process meanwhile
            for number in range(index, after):
                begin = self._starts[number] - start
                yield number, block[begin : block.index(b"\n", begin)]
            index = after


class _Reading:
    """A descriptor for the duration of a `with`; -1 while the file does not exist."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> int:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._file = -1
        return self._file

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)


def _letter(message: CallMessage | PartsMessage) -> EmailMessage:
    """What is no mail as a mail to its address: a call's request as it would have gone out, or the texts by name."""
    letter = MimeLetter(policy=SMTP)
    if isinstance(message, CallMessage):
        channel, headers = "webhook", [f"{name}: {value}" for name, value in message.headers]
        subject = message.subject
        text = "\n".join([subject, *headers, "", message.body])
    else:
        channel, subject = message.channel, " ".join(message.subject.split())[:_LONGEST_SUBJECT]
        text = "\n".join(f"{name}: {value}" for name, value in message.parts.items() if value)
    letter["From"], letter["Subject"] = f"{channel}@localhost", subject
    letter.set_content(text, cte="base64")
    return EmailMessage(
        message.delivery_id,
        f"{channel}@localhost",
        message.recipient,
        subject,
        letter.as_bytes(),
        workspace_id=message.workspace_id,
    )


def _line(message: EmailMessage) -> bytes:
    fields: dict[str, Any] = {
        "delivery_id": message.delivery_id,
        "sender": message.sender,
        "recipient": message.recipient,
        "copies": message.copies,
        "subject": message.subject,
    }
    try:
        fields["content"] = message.content.decode("utf-8")
    except UnicodeDecodeError:
        fields["content"] = base64.b64encode(message.content).decode("ascii")
        fields["encoding"] = "base64"
    fields["at_ms"] = time.time_ns() // 1_000_000
    return msgspec.json.encode(fields) + b"\n"


def _entry(index: int, line: bytes) -> OutboxEntry:
    fields = msgspec.json.decode(line)
    content: str = fields["content"]
    return OutboxEntry(
        index=index,
        delivery_id=fields["delivery_id"],
        sender=fields["sender"],
        recipient=fields["recipient"],
        copies=tuple(fields["copies"]),
        subject=fields["subject"],
        content=base64.b64decode(content) if fields.get("encoding") == "base64" else content.encode("utf-8"),
        at_ms=fields["at_ms"],
    )


def _append(file: int, line: bytes) -> SendError | None:
    """Add one line, whole or not at all; why it was not done."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        return Temporary(f"outbox: {detail_of(error)}")
    size = None
    written = 0
    try:
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            line = b"\n" + line  # another process died in the middle of its line
        while written < len(line):
            written += os.write(file, line[written:])
    except OSError as error:
        try:
            if written and size is not None:
                os.ftruncate(file, size)
        except OSError:
            return Unknown(f"outbox: {detail_of(error)}")
        return Temporary(f"outbox: {detail_of(error)}")
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
    return None


def _is_whole(block: bytes, start: int, end: int) -> bool:
    if not block.startswith(b'{"delivery_id":', start, end):
        return False
    return _WHOLE_LINE.search(block, max(start, end - _TAIL), end) is not None
