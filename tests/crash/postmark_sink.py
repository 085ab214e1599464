# SPDX-License-Identifier: Apache-2.0
"""Postmark's batch call, with a memory: the other witness that a crash campaign compares the ledger with.

As `sink`: it is never killed, what it took is in its file before the answer leaves, it takes its time, and refuses
some messages for now. Run as ``python -m tests.crash.postmark_sink FILE SEED SLOW_MS REFUSED_PERMILLE``; the first
line it prints is its port.
"""

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

_NOT_NOW = 1_000  # a code that Postmark does not have: tried again


class PostmarkSink:
    """`slow_ms` is the longest wait before and after a call's messages are taken."""

    def __init__(self, file: Path, seed: int, slow_ms: float, refused_permille: int) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._random = random.Random(seed)
        self._slow = slow_ms / 1_000
        self._refused = refused_permille / 1_000

    async def one(self, request: web.Request) -> web.Response:
        """POST /email."""
        results = await self._answers([await request.json()])
        status = 200 if results[0]["ErrorCode"] == 0 else 422
        return web.json_response(results[0], status=status)

    async def many(self, request: web.Request) -> web.Response:
        """POST /email/batch."""
        return web.json_response(await self._answers(await request.json()))

    async def _answers(self, mails: list[dict[str, Any]]) -> list[dict[str, Any]]:
        await asyncio.sleep(self._random.uniform(0, self._slow))
        results: list[dict[str, Any]] = []
        taken = b""
        for mail in mails:
            if self._random.random() < self._refused:
                results.append({"ErrorCode": _NOT_NOW, "Message": "not now"})
                continue
            delivery_id = str(mail["Metadata"]["delivery_id"])
            taken += delivery_id.encode("ascii") + b"\n"
            results.append({"ErrorCode": 0, "Message": "OK", "MessageID": delivery_id})
        os.write(self._file, taken)
        await asyncio.sleep(self._random.uniform(0, self._slow))
        return results


async def _main(file: Path, seed: int, slow_ms: float, refused_permille: int) -> None:
    sink = PostmarkSink(file, seed, slow_ms, refused_permille)
    application = web.Application(client_max_size=1 << 27)
    application.add_routes([web.post("/email", sink.one), web.post("/email/batch", sink.many)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
