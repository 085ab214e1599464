# SPDX-License-Identifier: Apache-2.0
"""An SMTP server that does what a script says, right or wrong, and keeps a record of what it heard."""

import asyncio
import ssl
from collections import Counter, deque
from dataclasses import dataclass, field

EHLO = b"250-fault.test\r\n250-8BITMIME\r\n250-SIZE 1000000\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n"
EHLO_LOCKSTEP = EHLO.replace(b"250 PIPELINING\r\n", b"250 HELP\r\n")

DROP = "drop"  # close the connection instead of an answer
HANG = "hang"  # never answer
WAIT = "wait"  # the usual answer, but only after `release`

Action = bytes | str | list[bytes]

USUAL: dict[str, bytes] = {
    "greeting": b"220 fault.test\r\n",
    "EHLO": EHLO,
    "HELO": b"250 fault.test\r\n",
    "MAIL": b"250 2.1.0 sender ok\r\n",
    "RCPT": b"250 2.1.5 recipient ok\r\n",
    "DATA": b"354 go on\r\n",
    "dot": b"250 2.0.0 kept\r\n",
    "RSET": b"250 2.0.0 reset\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
    "AUTH": b"235 2.7.0 welcome\r\n",
}


@dataclass
class Kept:
    sender: str
    recipients: list[str]
    content: bytes


@dataclass
class Transaction:
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class ScriptedServer:
    """`script` gives a stage's answers one after another, then it is `forever`'s or the usual one.

    Stages: greeting, the commands, body (the first byte after a 354), dot. An answer that is a list of
    bytes is sent in pieces. A message is kept when its dot is answered with a 250.
    """

    def __init__(self) -> None:
        self.script: dict[str, deque[Action]] = {}
        self.forever: dict[str, Action] = {}
        self.usual = dict(USUAL)
        self.kept: list[Kept] = []
        self.heard: list[bytes] = []
        self.counts: Counter[str] = Counter()
        self.connections = 0
        self.most = 10**9  # connections at once; further ones are greeted with a 421
        self.turned_away = 0
        self.at_once = 0  # the most there were
        self.tls: ssl.SSLContext | None = None  # for STARTTLS
        self.nested = 0  # MAIL inside a transaction: the client's fault
        self.release = asyncio.Event()
        self.stalled = asyncio.Event()  # a HANG or WAIT was reached
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._readers: list[asyncio.StreamReader] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=1 << 22)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def already_there(self) -> bytes:
        """What the only client sent beyond what was answered."""
        (reader,) = self._readers
        return bytes(reader._buffer)  # type: ignore[attr-defined]

    def hang_up(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for task in list(self._tasks):
            task.cancel()

    def say(self, stage: str, *actions: Action) -> None:
        self.script[stage] = deque(actions)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._readers.append(reader)
        try:
            if len(self._tasks) > self.most:
                self.turned_away += 1
                writer.write(b"421 4.7.0 too many connections\r\n")
                return
            self.at_once = max(self.at_once, len(self._tasks))
            await self._converse(reader, writer)
        except (ConnectionError, EOFError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer("greeting", writer)
        now = Transaction()
        while line := await reader.readline():
            self.heard.append(line)
            words = line.decode().split()
            verb = words[0].upper()
            said = await self._answer(verb, writer)
            path = line[line.find(b"<") + 1 : line.rfind(b">")].decode()
            if verb == "MAIL" and said.startswith(b"2"):
                self.nested += now.sender is not None
                now = Transaction(sender=path)
            elif verb == "RCPT" and said.startswith(b"2"):
                now.recipients.append(path)
            elif verb == "RSET":
                now = Transaction()
            elif verb == "DATA" and said.startswith(b"354"):
                await self._take(reader, writer, now)
                now = Transaction()
            elif verb == "STARTTLS" and self.tls is not None:
                await writer.start_tls(self.tls)
            elif verb == "QUIT":
                return

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, now: Transaction) -> None:
        if "body" in self.script or "body" in self.forever:
            await reader.read(1)
            await self._answer("body", writer)
        lines: list[bytes] = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise EOFError
            lines.append(line[1:] if line.startswith(b".") else line)
        if (await self._answer("dot", writer)).startswith(b"2") and now.recipients:
            self.kept.append(Kept(now.sender or "", now.recipients, b"".join(lines)))

    async def _answer(self, stage: str, writer: asyncio.StreamWriter) -> bytes:
        self.counts[stage] += 1
        if self.script.get(stage):
            action: Action = self.script[stage].popleft()
        else:
            action = self.forever.get(stage, self.usual.get(stage, b"502 5.5.2 what?\r\n"))
        if action == DROP:
            raise ConnectionAbortedError
        if action in (HANG, WAIT):
            self.stalled.set()
            await self.release.wait()
            if action == HANG:
                raise ConnectionAbortedError
            action = self.usual[stage]
        pieces = action if isinstance(action, list) else [action]
        for piece in pieces:
            assert isinstance(piece, bytes)
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return b"".join(piece for piece in pieces if isinstance(piece, bytes))
