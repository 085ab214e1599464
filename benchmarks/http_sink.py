# SPDX-License-Identifier: Apache-2.0
"""A process that answers POSTs as Postmark does, as fast as Python can, and counts the messages it took.

`python -m benchmarks.http_sink` prints its port and serves until its standard input ends.
"""

import asyncio
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

_RESULT = (
    b'{"To":"ann@example.org","SubmittedAt":"2026-01-01T00:00:00Z",'
    b'"MessageID":"0a129aee-e1cd-480d-b08d-4f48548ff48d","ErrorCode":0,"Message":"OK"}'
)
_LENGTH = b"content-length:"


class Sink(asyncio.Protocol):
    """One connection; `taken` counts over all."""

    taken = 0

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(buffer[: end + 2]).lower()
            at = head.find(_LENGTH)
            length = int(head[at + len(_LENGTH) : head.find(b"\r\n", at)]) if at >= 0 else 0
            if len(buffer) < end + 4 + length:
                return
            self._answer(head, bytes(buffer[end + 4 : end + 4 + length]))
            del buffer[: end + 4 + length]

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get"):
            said = b"%d" % Sink.taken
        elif b"/batch " in head[:40]:
            count = body.count(b'{"From":')
            Sink.taken += count
            said = b"[" + b",".join([_RESULT] * count) + b"]"
        else:
            Sink.taken += 1
            said = _RESULT
        assert self._transport is not None
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said) + said
        )


@contextmanager
def running() -> Iterator[str]:
    """A sink in a process of its own; its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.http_sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def taken(url: str) -> int:
    """How many messages the sink took so far."""
    with urllib.request.urlopen(url + "/taken", timeout=10) as response:
        return int(response.read())


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve())
    else:
        uvloop.run(_serve())
