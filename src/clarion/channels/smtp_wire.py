# SPDX-License-Identifier: Apache-2.0
"""One connection to an SMTP server: bytes out, replies in, each reply asked for.

It knows the grammar of replies and nothing of what commands mean. A reply nobody asked for ends the
connection: after it, no later "250" could be trusted to belong to the message at hand.
"""

import asyncio
import re
import ssl
from collections import deque
from dataclasses import dataclass
from typing import cast

MAX_WORDS = 500  # characters of the server's words that are kept
MAX_LINE = 8192  # bytes; RFC 5321 §4.5.3.1.5 says 512, servers say more
MAX_LINES = 256
FAREWELL_SECONDS = 2.0

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")


def printable(text: str) -> str:
    """`text` on one line, without control characters, at most `MAX_WORDS` characters."""
    return _BLANKS.sub(" ", text[: 2 * MAX_WORDS]).strip()[:MAX_WORDS]


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete reply (RFC 5321 §4.2): its code and the text of each line."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def kind(self) -> int:
        """The first digit: 2 done, 3 go on, 4 not now, 5 no."""
        return self.code // 100

    @property
    def words(self) -> str:
        """Code and text for people, on one line."""
        return printable(f"{self.code} " + b" ".join(self.lines).decode("utf-8", "replace"))


class Lost(Exception):
    """The connection is of no further use. `farewell` is the 421 the server left with, if it did."""

    def __init__(self, words: str, *, farewell: Reply | None = None, timed_out: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.farewell = farewell
        self.timed_out = timed_out


class Wire(asyncio.Protocol):
    """The connection. One coroutine at a time may wait on it; `timeout` is in seconds, for each wait."""

    def __init__(self, timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._timeout = timeout
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._lines: list[bytes] = []  # of the reply that is arriving
        self._code = 0
        self._replies: deque[Reply] = deque()
        self._awaited = 1  # the greeting, which may be here before connecting returns
        self._paused = False
        self._fault = ""
        self._farewell: Reply | None = None
        self._timed_out = False
        self._retiring = False
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # What the session asks for

    @property
    def alive(self) -> bool:
        """Whether a new command may be sent: open, nothing half said, no answer still to come or be read."""
        unfinished = self._awaited or self._replies or self._buffer or self._lines
        return not (self._fault or unfinished or self._transport is None)

    @property
    def answered(self) -> bool:
        """Whether a reply is waiting to be read."""
        return bool(self._replies)

    def own_address(self) -> str:
        """This end's address as a literal for EHLO (RFC 5321 §4.1.3)."""
        name = self._transport.get_extra_info("sockname") if self._transport else None
        if not name or not isinstance(name, tuple):
            return "[127.0.0.1]"
        return f"[IPv6:{name[0]}]" if ":" in name[0] else f"[{name[0]}]"

    def check(self) -> None:
        """Raise Lost if the connection is known to be gone."""
        if self._fault:
            raise Lost(self._fault, farewell=self._farewell, timed_out=self._timed_out)

    def expect(self, answers: int) -> None:
        """From now on the server owes `answers` more replies."""
        self._awaited += answers

    def write(self, data: bytes) -> None:
        """Send bytes. Raises Lost if the connection is known to be gone."""
        self.check()
        if self._transport is not None:
            self._transport.write(data)

    async def reply(self, to: str) -> Reply:
        """The next reply. `to` names the command for the words of Lost."""
        while not self._replies:
            if self._fault:
                raise Lost(f"{self._fault} ({to})", farewell=self._farewell, timed_out=self._timed_out)
            await self._wait()
        return self._replies.popleft()

    async def drain(self) -> None:
        """Wait until the peer took most of what was written, or answered. Raises Lost."""
        while self._paused and not self._replies:
            self.check()
            await self._wait()
        self.check()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS. Raises Lost, OSError.

        Clear text that came after the reply to STARTTLS would be taken for the server's protected words
        (CVE-2011-0411), so its presence ends the connection.
        """
        if not self.alive or self._transport is None:
            self._break("clear text after STARTTLS")
            raise Lost(self._fault)
        transport = await self._loop.start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=self._timeout
        )
        if transport is None:
            raise Lost("connection closed during the TLS handshake")
        self._transport = transport

    def abort(self) -> None:
        """Drop the connection now."""
        self._break("connection dropped")

    def retire(self) -> None:
        """Say QUIT and close when the server answered, at the latest after `FAREWELL_SECONDS`."""
        if not self.alive:
            self.abort()
            return
        self.write(b"QUIT\r\n")
        self._retiring = True
        self._cancel_timer()
        self._timer = self._loop.call_later(FAREWELL_SECONDS, self.abort)

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called once, under TLS after the handshake."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Cut what came into lines and those into replies, wherever the pieces were cut."""
        if self._fault:
            return
        if self._retiring:
            self.abort()
            return
        buffer = self._buffer
        buffer += data
        start = 0
        while not self._fault and (end := buffer.find(b"\n", start)) >= 0:
            self._take_line(bytes(buffer[start:end]).removesuffix(b"\r"))
            start = end + 1
        del buffer[:start]
        if len(buffer) > MAX_LINE:
            self._break("unintelligible answer: a line without an end")
        if self._replies:
            self._wake()

    def eof_received(self) -> None:
        """The server closed its side."""
        self._break("connection closed by the server")

    def connection_lost(self, exc: Exception | None) -> None:
        """The last call."""
        self._break(f"connection lost: {exc}" if exc else "connection lost")
        self._cancel_timer()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Too much is waiting to be taken by the peer."""
        self._paused = True

    def resume_writing(self) -> None:
        """The peer took it."""
        self._paused = False
        self._wake()

    # Inside

    def _take_line(self, line: bytes) -> None:
        match = _REPLY_LINE.fullmatch(line)
        code = int(match[1]) if match else 0
        if match is None or (self._lines and code != self._code) or len(self._lines) >= MAX_LINES:
            self._break(printable(f"unintelligible answer: {line.decode('utf-8', 'replace')}"))
            return
        self._code = code
        self._lines.append(match[3] or b"")
        if match[2] == b"-":
            return
        reply = Reply(code, tuple(self._lines))
        self._lines.clear()
        if self._awaited:
            self._awaited -= 1
            self._replies.append(reply)
        elif code == 421:  # RFC 5321 §3.8: may come at any time, then the server hangs up
            self._farewell = reply
            self._break(reply.words)
        else:
            self._break(printable(f"answer out of turn: {reply.words}"))

    async def _wait(self) -> None:
        # One timer a connection, moved only when it fires: arming one for each wait costs more than the wait.
        self._deadline = self._loop.time() + self._timeout
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._tick)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _tick(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._tick)
        else:
            self._timed_out = True
            self._break(f"no answer within {self._timeout:g} s")

    def _break(self, words: str) -> None:
        if not self._fault:
            self._fault = words
            if self._transport is not None:
                self._transport.abort()
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
