# SPDX-License-Identifier: Apache-2.0
"""What webhooks call, with a memory: the other witness that a crash campaign compares the ledger with.

As `sink`: it is never killed, what it took is in its file before the answer leaves, it takes its time, and answers some
calls with 503. Run as ``python -m tests.crash.hook_sink FILE SEED SLOW_MS REFUSED_PERMILLE``; the first line it prints
is its port.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from aiohttp import web


class HookSink:
    """`slow_ms` is the longest wait before and after a call is taken."""

    def __init__(self, file: Path, seed: int, slow_ms: float, refused_permille: int) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._random = random.Random(seed)
        self._slow = slow_ms / 1_000
        self._refused = refused_permille / 1_000

    async def called(self, request: web.Request) -> web.Response:
        """Any call."""
        await request.read()
        await asyncio.sleep(self._random.uniform(0, self._slow))
        if self._random.random() < self._refused:
            return web.Response(status=503, text="not now")
        os.write(self._file, request.headers["x-cio-idempotency-key"].encode("ascii") + b"\n")
        await asyncio.sleep(self._random.uniform(0, self._slow))
        return web.Response(text="thanks")


async def _main(file: Path, seed: int, slow_ms: float, refused_permille: int) -> None:
    sink = HookSink(file, seed, slow_ms, refused_permille)
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", sink.called)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
