# SPDX-License-Identifier: Apache-2.0
"""One connection to an SMTP server: bytes out, replies in, each reply asked for.

It knows the grammar of replies and nothing of what commands mean. A reply nobody asked for ends the
connection: after it, no later "250" could be trusted to belong to the message at hand.
"""

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, cast

from clarion.channels.words import printable

MAX_LINE = 8192  # bytes; RFC 5321 §4.5.3.1.5 says 512, servers say more
MAX_LINES = 256
FAREWELL_SECONDS = 2.0

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete reply (RFC 5321 §4.2): its code and the text of each line.

    `kind` is the first digit: 2 done, 3 go on, 4 not now, 5 no.
    """

    code: int
    lines: tuple[bytes, ...]
    kind: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", self.code // 100)

    @property
    def words(self) -> str:
        """Code and text for people, on one line."""
        return printable(f"{self.code} " + b" ".join(self.lines).decode("utf-8", "replace"))


@lru_cache(maxsize=256)
def _single(line: bytes) -> Reply | None:
    """The reply that this line is by itself, if it is one; servers say the same few lines again and again."""
    match = _REPLY_LINE.fullmatch(line.removesuffix(b"\r"))
    return Reply(int(match[1]), (match[3] or b"",)) if match and match[2] != b"-" else None


@lru_cache(maxsize=256)
def _whole(data: bytes) -> tuple[Reply, ...]:
    """The replies that `data` is, where it is whole lines that are each a reply; else none."""
    *lines, rest = data.split(b"\n")
    replies = tuple([reply for line in lines if (reply := _single(line)) is not None])
    return replies if not rest and len(replies) == len(lines) else ()


class Lost(Exception):
    """The connection is of no further use. `farewell` is the 421 the server left with, if it did."""

    def __init__(self, words: str, *, farewell: Reply | None = None, timed_out: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.farewell = farewell
        self.timed_out = timed_out


class Listener(Protocol):
    """Who is told what happens on a connection; called by the event loop, so nothing here may wait."""

    def heard(self, reply: Reply) -> None:
        """The next of the replies that were asked for."""
        ...

    def lost(self, lost: Lost) -> None:
        """The connection is gone; said once, and nothing after it."""
        ...

    def writable(self) -> None:
        """The peer took most of what was written."""
        ...


class _Nobody:
    """Listens to a connection that was given up."""

    def heard(self, reply: Reply) -> None:
        pass

    def lost(self, lost: Lost) -> None:
        pass

    def writable(self) -> None:
        pass


NOBODY = _Nobody()


class Outflow:
    """Writes what several connections of one event loop have to say one after the other, at the end of its round.

    A write to a server that sleeps costs several times one to a server that is at work already; so the first wakes
    it, and the others find it awake.
    """

    def __init__(self) -> None:
        self._waiting: list[Wire] = []

    def add(self, wire: "Wire") -> None:
        """It has something to write."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flow)
        self._waiting.append(wire)

    def _flow(self) -> None:
        waiting, self._waiting = self._waiting, []
        for wire in waiting:
            wire.flush()


class Wire(asyncio.Protocol):
    """The connection. `timeout` is in seconds, for each answer."""

    def __init__(self, timeout: float, listener: Listener = NOBODY, outflow: Outflow | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._outflow = outflow or Outflow()
        self._unwritten = b""
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.listener = listener
        self.paused = False  # much of what was written has not left yet
        self._timeout = timeout
        self._transport: asyncio.Transport | None = None
        self._rest = b""  # the beginning of a line
        self._lines: list[bytes] = []  # of the reply that is arriving
        self._code = 0
        self._awaited = 1  # the greeting, which may be here before connecting returns
        self._fault = ""
        self._farewell: Reply | None = None
        self._timed_out = False
        self._told = False
        self._retiring = False
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # What the session asks for

    @property
    def sound(self) -> bool:
        """Whether nothing is known against it."""
        return not (self._fault or self._transport is None)

    @property
    def alive(self) -> bool:
        """Whether a new command may be sent: open, nothing half said, no answer still to come."""
        return not (self._awaited or self._fault or self._rest or self._lines or self._transport is None)

    def own_address(self) -> str:
        """This end's address as a literal for EHLO (RFC 5321 §4.1.3)."""
        name = self._transport.get_extra_info("sockname") if self._transport else None
        if not name or not isinstance(name, tuple):
            return "[127.0.0.1]"
        return f"[IPv6:{name[0]}]" if ":" in name[0] else f"[{name[0]}]"

    def send(self, data: bytes, answers: int) -> None:
        """Write bytes, after which the server owes `answers` more replies. Nothing if the connection is gone."""
        if self._fault or self._transport is None:
            return
        self._awaited += answers
        if self._unwritten:
            self._unwritten += data
        elif data:
            self._unwritten = data
            self._outflow.add(self)
        self.wait()

    def flush(self) -> None:
        """Write what is waiting for the end of the event loop's round now; `paused` tells then how it goes."""
        data, self._unwritten = self._unwritten, b""
        if data and not self._fault and self._transport is not None:
            self._transport.write(data)

    def wait(self) -> None:
        """From now on the server has the whole timeout again."""
        # One timer a connection, moved only when it fires: arming one for each wait costs more than the wait.
        self._deadline = self._loop.time() + self._timeout
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._tick)

    def why(self, at: str) -> Lost:
        """What there is to say about a connection that is gone; `at` names the command."""
        words = f"{self._fault or 'connection lost'} ({at})"
        return Lost(printable(words), farewell=self._farewell, timed_out=self._timed_out)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS. Raises Lost, OSError.

        Clear text that came after the reply to STARTTLS would be taken for the server's protected words
        (CVE-2011-0411), so its presence ends the connection.
        """
        if not self.alive or self._transport is None:
            raise Lost("clear text after STARTTLS")
        transport = await self._loop.start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=self._timeout
        )
        if transport is None:
            raise Lost("connection closed during the TLS handshake")
        self._transport = transport

    def abort(self) -> None:
        """Drop the connection now; the listener is not told."""
        self.listener = NOBODY
        self._break("connection dropped")

    def retire(self) -> None:
        """Say QUIT and close when the server answered, at the latest after `FAREWELL_SECONDS`."""
        if not self.alive:
            self.abort()
            return
        self.listener = NOBODY
        self.send(b"QUIT\r\n", 1)
        self._retiring = True
        self._cancel_timer()
        self._timer = self._loop.call_later(FAREWELL_SECONDS, self.abort)

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called once, under TLS after the handshake."""
        self._transport = cast("asyncio.Transport", transport)
        if not self.closed.done():
            self.wait()

    def data_received(self, data: bytes) -> None:
        """Cut what came into lines and those into replies, wherever the pieces were cut."""
        if self._fault:
            return
        if self._retiring:
            self.abort()
            return
        self._take(data)
        if not self.sound:
            self._break(self._fault)

    def _take(self, data: bytes) -> None:
        replies: Sequence[Reply] = () if self._rest or self._lines else _whole(data)
        if not replies:
            *lines, self._rest = (self._rest + data if self._rest else data).split(b"\n")
            replies = self._replies(lines)
        if len(self._rest) > MAX_LINE:
            self._find_fault("unintelligible answer: a line without an end")
        if replies:
            self.wait()
            for reply in self._asked_for(replies):
                self._awaited -= 1
                self.listener.heard(reply)
        elif (self._rest or self._lines) and not self._awaited:
            self._find_fault("answer out of turn")

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
        self.paused = True

    def resume_writing(self) -> None:
        """The peer took it."""
        self.paused = False
        if not self._fault:
            self.wait()
            self.listener.writable()

    # Inside

    def _replies(self, lines: list[bytes]) -> list[Reply]:
        """The replies that are complete with `lines`, up to the first line that makes no sense."""
        replies: list[Reply] = []
        for line in lines:
            reply = None if self._lines else _single(line)
            if reply is None:
                reply = self._of_many(line.removesuffix(b"\r"))
                if self._fault:
                    break
            if reply is not None:
                replies.append(reply)
        return replies

    def _of_many(self, line: bytes) -> Reply | None:
        match = _REPLY_LINE.fullmatch(line)
        code = int(match[1]) if match else 0
        if match is None or (self._lines and code != self._code) or len(self._lines) >= MAX_LINES:
            self._find_fault(printable(f"unintelligible answer: {line.decode('utf-8', 'replace')}"))
            return None
        self._code = code
        self._lines.append(match[3] or b"")
        if match[2] == b"-":
            return None
        reply = Reply(code, tuple(self._lines))
        self._lines.clear()
        return reply

    def _asked_for(self, replies: Sequence[Reply]) -> Sequence[Reply]:
        """Those of `replies` that the server owed; anything beyond is found fault with before they are acted on."""
        more = len(replies) - self._awaited
        if more < 0 or self._fault:
            return replies[: self._awaited]
        if more == 0:
            if self._rest or self._lines:
                self._find_fault("answer out of turn")
            return replies
        stray = replies[self._awaited]
        if stray.code == 421:  # RFC 5321 §3.8: may come at any time, then the server hangs up
            self._farewell = stray
            self._find_fault(stray.words)
        else:
            self._find_fault(printable(f"answer out of turn: {stray.words}"))
        return replies[: self._awaited]

    def _tick(self) -> None:
        self._timer = None
        if not self._awaited and not self.paused:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._tick)
        else:
            self._timed_out = True
            self._break(f"no answer within {self._timeout:g} s")

    def _find_fault(self, words: str) -> None:
        self._fault = self._fault or words

    def _break(self, words: str) -> None:
        self._find_fault(words)
        if self._told:
            return
        self._told = True
        if self._transport is not None:
            self._transport.abort()
        listener, self.listener = self.listener, NOBODY
        listener.lost(Lost(self._fault, farewell=self._farewell, timed_out=self._timed_out))

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
