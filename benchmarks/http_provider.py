# SPDX-License-Identifier: Apache-2.0
"""How many people one process reaches through an HTTP provider: a call for each of them, and 500 in a call."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import aiohttp

from clarion.channels.base import Handover
from clarion.channels.postmark import PostmarkDialect, PostmarkSettings, postmark
from clarion.domain.errors import SendError
from clarion.domain.messages import EmailFields, EmailMessage

from . import http_sink
from .ground import Ground
from .report import Result, Row

CHUNK = 500  # messages of one source, as of one slice
AT_ONCE = 4  # sources
CONNECTIONS = 20
ALONE, BATCH = 20_000, 100_000  # messages of a round, of each kind
LEAST_ALONE, LEAST_BATCH = 8_000, 30_000  # people a second


@dataclass(slots=True)
class Ready:
    """A hand-over without a record: what is measured is the provider."""

    message: EmailMessage
    counts: list[int]

    def begin(self) -> bool:
        return True

    def gone(self, tokens: Sequence[str]) -> None:
        raise AssertionError(tokens)

    def sent(self, words: str) -> None:  # noqa: ARG002
        self.counts[0] += 1

    def failed(self, error: SendError) -> None:
        raise AssertionError(error.words)

    def untouched(self) -> None:
        raise AssertionError("untouched")


class Chunk:
    def __init__(self, messages: list[EmailMessage], counts: list[int]) -> None:
        self._left = iter(messages)
        self._counts = counts

    def take(self) -> Handover | None:
        message = next(self._left, None)
        return None if message is None else Ready(message, self._counts)


@dataclass(frozen=True, slots=True)
class Measure:
    """People a second by the clock, and µs of this process's CPU time for each."""

    rate: float
    cpu_us: float


def letters() -> list[EmailMessage]:
    """One chunk of messages of about 4.5 KB each, text and HTML."""
    made = []
    for number in range(CHUNK):
        story = f"<p>Dear Ann {number}, here is what is new for you — and “quite” a lot of it is.</p>\n"
        plain = f"Dear Ann {number}, here is what is new for you.\n"
        parts = EmailFields(
            subject=f"News for Ann {number}",
            html=story * (3_200 // len(story)),
            plain=plain * (1_000 // len(plain)),
            sender="News <news@example.com>",
            recipient=f"Ann <ann{number}@example.org>",
            headers=(
                ("Message-ID", f"<d{number}@example.com>"),
                ("List-Unsubscribe", f"<https://news.example.com/unsubscribe/{number:040d}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ),
        )
        made.append(EmailMessage(f"d{number}", "news@example.com", f"ann{number}@example.org", "", b"", fields=parts))
    return made


async def provider(url: str, messages: list[EmailMessage], total: int, batch: int) -> Measure:
    """`total` messages through the provider, from `AT_ONCE` sources at a time."""
    counts = [0]
    sending = postmark(PostmarkSettings(token="t", url=url, batch=batch, connections=CONNECTIONS))
    chunks = itertools.repeat(messages, total // CHUNK)

    async def chunk_after_chunk() -> None:
        for chunk in chunks:
            await sending.deliver(Chunk(chunk, counts))

    measured = await timed(total, lambda: asyncio.gather(*(chunk_after_chunk() for _ in range(AT_ONCE))))
    await sending.close()
    assert counts == [total], "not everybody was sent"
    return measured


async def bare(url: str, messages: list[EmailMessage], total: int, batch: int) -> Measure:
    """The same client with the same bodies, made before, and answers that nobody reads: what is left to win."""
    dialect = PostmarkDialect(PostmarkSettings(token="t", url=url))
    whole = dialect.batch()
    places = [place for place, message in enumerate(messages) if whole.take(message)]
    body, address = (dialect.encode(messages[0]), dialect.single) if batch == 1 else (whole.body(places), dialect.many)
    calls = iter(range(total // batch))
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:

        async def lane() -> None:
            for _ in calls:
                async with session.post(address, data=aiohttp.BytesPayload(body)) as response:
                    await response.read()

        return await timed(total, lambda: asyncio.gather(*(lane() for _ in range(CONNECTIONS))))


async def timed(total: int, work: Callable[[], Awaitable[Any]]) -> Measure:
    cpu, clock = time.process_time(), time.perf_counter()
    await work()
    seconds = time.perf_counter() - clock
    return Measure(total / seconds, (time.process_time() - cpu) / total * 1e6)


def run(ground: Ground, command: str) -> Result:
    """See the module."""
    messages = letters()
    size = len(PostmarkDialect(PostmarkSettings(token="t")).encode(messages[0]))
    rows = []
    for what, batch, total, least in (
        ("one call each", 1, ALONE, LEAST_ALONE),
        ("500 in a call", CHUNK, BATCH, LEAST_BATCH),
    ):
        ours, theirs = [], []
        with http_sink.running() as url:
            for _ in range(ground.rounds):
                theirs.append(run_loop(bare(url, messages, total, batch)))
                before = http_sink.taken(url)
                ours.append(run_loop(provider(url, messages, total, batch)))
                assert http_sink.taken(url) - before == total, "the sink did not take what was sent"
        rate = median(each.rate for each in ours)
        ratio = median(one.rate / other.rate for one, other in zip(ours, theirs, strict=True))
        rates = tuple(round(each.rate) for each in ours)
        rows.append(Row(what, "http", rate, "people/s", ratio, rates, f"≥ {least:,}", rate >= least))
        for name, measures in (("CPU", ours), ("CPU, bare client", theirs)):
            spent = tuple(round(each.cpu_us, 1) for each in measures)
            rows.append(Row(f"{what}: {name}", "http", median(spent), "µs/person", None, spent))
    return Result(
        name="http-provider",
        question=f"How many people does one process reach through an HTTP provider ({size} bytes each)?",
        reference="the bare HTTP client with constant bodies, in the same run",
        command=command,
        rows=tuple(rows),
        notes=(f"event loop: {loop_name()}; {CONNECTIONS} connections; sink: a Python process of its own",),
    )


def run_loop(work: Coroutine[Any, Any, Measure]) -> Measure:
    """Run on uvloop, where it is installed, as the server does."""
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


def loop_name() -> str:
    """Which event loop `run_loop` uses."""
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return "asyncio"
    return uvloop.__name__
