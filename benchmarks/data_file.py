# SPDX-License-Identifier: Apache-2.0
"""A data file with data for each person, from the disk to a frozen audience, against parsing the same lines."""

import asyncio
import hashlib
import json
import random
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import orjson

from clarion.domain.triggers import parse
from clarion.pipeline.accept import Limits, accept
from clarion.pipeline.data_file_download import DownloadedFile
from clarion.pipeline.resolve import Resolver
from clarion.store import triggers
from clarion.store.engine import Store, Transaction
from clarion.store.opening import open_store

from .crowd import Crowd
from .ground import Ground, empty_ledger
from .report import Result, Row, timed

_MOST = 4.0  # times the parsing
_LEASE_MS = 60_000
_SEED = 2_027


def run(ground: Ground, command: str) -> Result:
    """Every engine in turn; the lines are parsed once in each round."""
    rows: list[Row] = []
    file = ground.folder / "people.jsonl"
    size = _write(file, ground.people)
    for engine in ground.engines:
        loaded = ground.loaded(engine)
        ours: list[float] = []
        parsing: list[float] = []
        store = open_store(loaded.url)
        try:
            for _ in range(ground.rounds):
                empty_ledger(store)
                store.script("DELETE FROM trigger_entry;\n" if engine == "sqlite" else "TRUNCATE trigger_entry")
                parsing.append(_parsed(file))
                ours.append(_frozen(store, loaded.crowd, file, ground.people))
            empty_ledger(store)
        finally:
            store.close()
        row = timed("data file on disk to frozen audience", engine, ours, parsing)
        rows += [
            replace(row, bound=f"<= {_MOST:g}", kept=row.ratio is not None and row.ratio <= _MOST),
            timed("parsing its lines", engine, parsing, parsing),
            Row("lines", engine, ground.people / median(ours), "lines/s"),
        ]
    return Result(
        "data_file",
        f"how long a data file of {ground.people:,} lines of {size / ground.people:.0f} bytes takes to be an audience",
        "orjson parsing the same lines, one after the other, and throwing them away",
        command,
        tuple(rows),
        ("ours looks everybody up, stores each one's data and writes the ledger, durably and resumably",),
    )


def _write(path: Path, people: int) -> int:
    dice = random.Random(_SEED)
    with path.open("wb") as file:
        for number in range(1, people + 1):
            offers = [
                {"title": f"Line {dice.randrange(97)} day pass", "price": dice.randrange(100), "tags": ["day", "city"]}
                for _ in range(3)
            ]
            data = {
                "voucher": f"V-{number:08d}",
                "balance": round(dice.random() * 1_000, 2),
                "shop": {"name": "Night bus shop, harbour", "street": "Østre kai 12", "opens": 9},
                "offers": offers,
                "note": "Thank you for travelling with us this year.",
            }
            line = {"id": f"person-{number}", "data": data}
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        return file.tell()


def _parsed(path: Path) -> float:
    started = time.monotonic()
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)
    return time.monotonic() - started


def _frozen(store: Store, crowd: Crowd, file: Path, people: int) -> float:
    """The real resolver with a download that copies, which is not timed: seconds."""
    fetched: list[float] = []
    size = file.stat().st_size

    async def copy(url: str, target: Path) -> DownloadedFile:
        del url
        await asyncio.to_thread(shutil.copyfile, file, target)
        fetched.append(time.monotonic())
        return DownloadedFile(target, size, hashlib.sha256(b"people").hexdigest())

    resolver = Resolver(
        store,
        owner="benchmark",
        files=file.parent / "files",
        download=copy,
        submit=_no_driver,
        lease_ms=_LEASE_MS,
    )
    request = parse({"data_file_url": "https://files.example/people.jsonl"})
    take = partial(
        accept,
        workspace=crowd.workspace,
        broadcast_id=crowd.broadcast_id,
        request=request,
        limits=Limits(interval_ms=0, queue=1_000_000),
        submit=_nobody_told,
    )
    trigger_id = store.write(take).trigger_id
    asyncio.run(resolver.run_once(trigger_id))
    ended = time.monotonic()
    trigger = store.read(lambda tx: triggers.get(tx, trigger_id))
    if trigger is None or trigger.audience != people or trigger.error_count:
        raise AssertionError("the audience is not the file's")
    return ended - fetched[0]


def _nobody_told(tx: Transaction, trigger_id: int) -> None:
    """The trigger is accepted, and waits."""


def _no_driver(tx: Transaction, trigger_id: int, parts: Iterable[int]) -> None:
    """Slices are made, nobody is told."""
