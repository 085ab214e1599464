# SPDX-License-Identifier: Apache-2.0
"""A mail server that remembers every message it took: the witness that a crash campaign compares the ledger with.

It is never killed. The id of a message is in its file before the answer 250 leaves; with a seed it takes its time
over each answer and refuses some messages for now, so that a kill meets messages at every stage.
Run as ``python -m tests.crash.sink FILE SEED SLOW_MS REFUSED_PERMILLE``; the first line it prints is its port.
"""

import asyncio
import os
import random
import re
import sys
from collections import Counter
from pathlib import Path

_ID = re.compile(rb"^Message-ID:\s*<([^@>\r\n]+)@", re.IGNORECASE | re.MULTILINE)
_GREETING = (
    b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 99000000\r\n"
)


def taken(file: Path) -> Counter[str]:
    """How often the sink took each message, by delivery id."""
    return Counter(file.read_text("ascii").split()) if file.exists() else Counter()


class Sink:
    """Speaks just enough SMTP; `slow_ms` is the longest wait before an answer to a message."""

    def __init__(self, file: Path, seed: int, slow_ms: float, refused_permille: int) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._random = random.Random(seed)
        self._slow = slow_ms / 1_000
        self._refused = refused_permille / 1_000

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until its client is gone."""
        try:
            writer.write(b"220 sink ESMTP\r\n")
            while line := await reader.readline():
                if not await self._answer(line[:4].upper(), reader, writer):
                    break
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client was killed; that is what this is for
        finally:
            writer.close()

    async def _answer(self, verb: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if verb == b"EHLO":
            writer.write(_GREETING)
        elif verb == b"DATA":
            writer.write(b"354 go on\r\n")
            await writer.drain()
            body = await reader.readuntil(b"\r\n.\r\n")
            await asyncio.sleep(self._random.uniform(0, self._slow))
            writer.write(self._take(body))
        elif verb == b"QUIT":
            writer.write(b"221 bye\r\n")
            return False
        else:
            writer.write(b"250 2.0.0 fine\r\n")
        return True

    def _take(self, body: bytes) -> bytes:
        if self._random.random() < self._refused:
            return b"451 4.3.0 not now\r\n"
        found = _ID.search(body)
        if found is None:
            return b"550 5.6.0 no Message-ID\r\n"
        os.write(self._file, found[1] + b"\n")
        return b"250 2.0.0 taken\r\n"


async def _main(file: Path, seed: int, slow_ms: float, refused_permille: int) -> None:
    sink = Sink(file, seed, slow_ms, refused_permille)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=1 << 22)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
