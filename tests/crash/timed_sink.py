# SPDX-License-Identifier: Apache-2.0
"""A mail server that keeps when each message arrived: the witness of a rate limit.

The time is the kernel's, of the packet that ended the message, so it is right however late this process looks; it is
Linux's `SO_TIMESTAMPNS`. Run as `sink` is; the file gets a line ``ID`` for each message, ``FILE.times`` a line with
nanoseconds.
"""

import asyncio
import os
import re
import socket
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_SO_TIMESTAMPNS = 35
_ID = re.compile(rb"^Message-ID:\s*<([^@>\r\n]+)@", re.IGNORECASE | re.MULTILINE)
_GREETING = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 99000000\r\n"


def times(file: Path) -> list[int]:
    """When messages arrived, in order; nanoseconds since 1970."""
    return sorted(map(int, file.with_suffix(".times").read_text("ascii").split()))


def _arrived(extra: Sequence[tuple[int, int, bytes]]) -> int:
    """What the kernel says; it stamps nothing for a moment after it was first asked to."""
    for _, _, stamp in extra:
        seconds, nanoseconds = struct.unpack("qq", stamp)
        return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return time.time_ns()


class _Connection:
    def __init__(self, sink: "TimedSink", peer: socket.socket) -> None:
        self._sink = sink
        self._peer = peer
        self._heard = bytearray()
        self._body = False
        peer.setblocking(False)
        peer.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.send(b"220 sink ESMTP\r\n")
        asyncio.get_running_loop().add_reader(peer, self._readable)

    def _readable(self) -> None:
        try:
            data, extra, _, _ = self._peer.recvmsg(1 << 20, 256)
            if data:
                self._heard += data
                self._answer(_arrived(extra))
                return
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was killed; that is what this is for
        asyncio.get_running_loop().remove_reader(self._peer)
        self._peer.close()

    def _answer(self, at_ns: int) -> None:
        answers = b""
        while (end := self._heard.find(b"\r\n.\r\n" if self._body else b"\r\n")) >= 0:
            text = bytes(self._heard[: end + 2])
            del self._heard[: end + (5 if self._body else 2)]
            if self._body:
                answers += self._sink.take(text, at_ns)
                self._body = False
            elif text[:4].upper() == b"DATA":
                self._body = True
                answers += b"354 go on\r\n"
            else:
                answers += _GREETING if text[:4].upper() == b"EHLO" else b"250 2.0.0 fine\r\n"
        if answers:
            self._peer.send(answers)


class TimedSink:
    """Speaks just enough SMTP."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._times = os.open(file.with_suffix(".times"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def serve(self) -> None:
        """Until it is killed."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            print(listening.getsockname()[1], flush=True)
            while True:
                peer, _ = await asyncio.get_running_loop().sock_accept(listening)
                _Connection(self, peer)

    def take(self, body: bytes, at_ns: int) -> bytes:
        """Keep a message before it is acknowledged."""
        found = _ID.search(body)
        if found is None:
            return b"550 5.6.0 no Message-ID\r\n"
        os.write(self._times, b"%d\n" % at_ns)
        os.write(self._file, found[1] + b"\n")
        return b"250 2.0.0 taken\r\n"


if __name__ == "__main__":
    asyncio.run(TimedSink(Path(sys.argv[1])).serve())
