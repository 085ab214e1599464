# SPDX-License-Identifier: Apache-2.0
"""SMTP at full pipe: ready-made messages through `SmtpProvider.deliver` to smtp-sink, against smtp-source.

`python -m benchmarks.smtp` prints one JSON line per measure. Each round measures smtp-source right before us, because
the machine's speed changes; the medians of the rounds and of their ratios are what counts.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import sys
import time
from collections.abc import Coroutine
from statistics import median
from typing import Any

from clarion.channels import registry
from clarion.domain.messages import EmailMessage

from .sink import INSTALL_HINT, ReadySource, Sink, find_tools

_LINE = b"x" * 73 + b"\r\n"
_SIZE = 4500
_CHUNK = 500
_AT_ONCE = 4  # chunks, as the worker has them


async def _deliver(port: int, messages: list[EmailMessage]) -> tuple[float, float]:
    """Messages a second, and µs of our CPU for each."""
    options = {"host": "127.0.0.1", "port": port, "security": "none", "connections": 20}
    provider = registry.build("smtp", {**options, "max_messages_per_connection": 1000})
    chunks = iter([messages[at : at + _CHUNK] for at in range(0, len(messages), _CHUNK)])

    async def slot() -> int:
        sent = 0
        for chunk in chunks:
            source = ReadySource(chunk)
            await provider.deliver(source)
            sent += source.sent
        return sent

    cpu, wall = time.process_time(), time.monotonic()
    sent = sum(await asyncio.gather(*(slot() for _ in range(_AT_ONCE))))
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    await provider.close()
    if sent != len(messages):
        raise RuntimeError(f"{sent} of {len(messages)} messages were sent")
    return sent / wall, cpu / sent * 1e6


def _run(loop: str, work: Coroutine[Any, Any, tuple[float, float]]) -> tuple[float, float]:
    if loop == "asyncio":
        return asyncio.run(work)
    import uvloop  # noqa: PLC0415 - an extra that need not be there

    return uvloop.run(work)


def _loops() -> list[str]:
    try:
        import uvloop  # noqa: F401, PLC0415 - as above
    except ImportError:
        return ["asyncio"]
    return ["uvloop", "asyncio"]


def measure(loop: str, messages: list[EmailMessage], rounds: int) -> list[dict[str, Any]]:
    """Rate and CPU with this event loop."""
    rates, references, cpu, reference_cpu = [], [], [], []
    for _ in range(rounds):
        with Sink() as sink:
            reference, reference_used = sink.source(len(messages) // 2, size=_SIZE)
            rate, used = _run(loop, _deliver(sink.port, messages))
        rates.append(rate)
        references.append(reference)
        cpu.append(used)
        reference_cpu.append(reference_used)
    ratio = median(rate / reference for rate, reference in zip(rates, references, strict=True))
    return [
        {
            "name": f"smtp {loop}: messages a second",
            "value": round(median(rates)),
            "reference": round(median(references)),
            "ratio": round(ratio, 2),
        },
        {
            "name": f"smtp {loop}: CPU µs a message",
            "value": round(median(cpu), 1),
            "reference": round(median(reference_cpu), 1),
            "ratio": round(median(ours / its for ours, its in zip(cpu, reference_cpu, strict=True)), 2),
        },
    ]


def main() -> int:
    """Parse the command line, measure, print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.smtp", description=__doc__)
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--checked", action="store_true", help="have line ends and dots looked for in every message")
    parser.add_argument(
        "--profile", action="store_true", help="show where our CPU time goes, once, and measure nothing"
    )
    given = parser.parse_args()
    if find_tools() is None:
        parser.error(INSTALL_HINT)
    body = _LINE * (_SIZE // len(_LINE))
    messages = [
        EmailMessage(f"d{n}", "news@sender.example", f"ann{n}@x.example", "s", body, wire_ready=not given.checked)
        for n in range(given.messages)
    ]
    if given.profile:
        with Sink() as sink, cProfile.Profile() as profile:
            _run(_loops()[0], _deliver(sink.port, messages))
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return 0
    for loop in _loops():
        for line in measure(loop, messages, given.rounds):
            print(json.dumps(line, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
