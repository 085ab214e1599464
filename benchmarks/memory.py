# SPDX-License-Identifier: Apache-2.0
"""The memory of one worker process while it resolves a trigger to the whole crowd and sends the first of them."""

import json
import os
import subprocess
import sys
import threading
from typing import Any

from clarion.store.opening import open_store
from clarion.store.queries import Engine

from .ground import Ground, empty_ledger
from .report import Result, Row

MOST_MB = 300
_SENT = 50_000
_SECONDS = 300


def run(ground: Ground, command: str) -> Result:
    """Measure every engine in a fresh process of its own."""
    rows: list[Row] = []
    notes = []
    sent = min(_SENT, ground.people // 2)
    for engine in ground.engines:
        steps = _measured(ground, engine, sent)
        first, last = steps[0], steps[-1]
        peak = max(step["peak_mb"] for step in steps)  # the kernel counts it roughly: it may fall a little
        at_start = first["peak_mb"]
        rows += [
            Row("peak memory", engine, peak, "MB", peak / at_start, bound=f"≤ {MOST_MB} MB", kept=peak <= MOST_MB),
            Row(f"peak at {first['resolved']:,} people", engine, at_start, "MB", 1.0),
            Row("before the trigger", engine, first["idle_mb"], "MB", first["idle_mb"] / at_start),
            Row("resolved in", engine, last["resolved_seconds"], "s"),
            Row("sent meanwhile and after", engine, last["sent"], f"in {last['seconds']:.0f} s"),
        ]
        trail = " ".join(f"{step['peak_mb']:.0f}" for step in steps)
        notes.append(f"{engine}: peak in MB at each tenth of the audience, then at the end: {trail}")
    return Result(
        "memory",
        f"the resident memory of a worker that resolves {ground.people:,} people and sends to {sent:,} or more",
        "the same process's peak at the first tenth of the audience: 1 means flat",
        command,
        tuple(rows),
        tuple(notes),
    )


def _measured(ground: Ground, engine: Engine, sent: int) -> list[dict[str, Any]]:
    loaded = ground.loaded(engine)
    data = ground.folder / f"memory-{engine}"
    plan = {
        "url": loaded.url,
        "data": str(data),
        "people": loaded.crowd.people,
        "workspace_id": loaded.crowd.workspace.workspace_id,
        "broadcast_id": loaded.crowd.broadcast_id,
        "half": loaded.crowd.half,
        "quiet": loaded.crowd.quiet,
        "sent": sent,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.memory_process", json.dumps(plan)],
        stdout=subprocess.PIPE,
        text=True,
        env={**ground.environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    limit = threading.Timer(_SECONDS, process.kill)
    limit.start()
    try:
        if process.stdout is None:
            raise AssertionError("it was opened with a pipe")
        steps = [json.loads(line) for line in process.stdout]
        if process.wait() != 0 or not steps:
            raise RuntimeError(f"the measured process ended with status {process.returncode}")
        return steps
    finally:
        limit.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
        store = open_store(loaded.url)
        try:
            empty_ledger(store)
        finally:
            store.close()
