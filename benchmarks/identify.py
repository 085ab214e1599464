# SPDX-License-Identifier: Apache-2.0
"""People a second through the Track API, against the bare framework doing one upsert for each."""

import asyncio
import base64
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import aiohttp

from clarion.store import access
from clarion.store.access import Keys
from clarion.store.migrate import migrate
from clarion.store.opening import open_store
from clarion.store.queries import Engine

from .ground import Ground
from .report import Result, Row, timed

_SECONDS = 4.0
_CONNECTIONS = 16
_IN_A_BATCH = 100
_CROWD = 20_000
_START_SECONDS = 60


def run(ground: Ground, command: str) -> Result:
    """One by one and in batches, on both engines."""
    rows: list[Row] = []
    for engine in ground.engines:
        url = ground.url(engine, "identify")
        store = open_store(url)
        keys = access.random_keys()
        try:
            migrate(store)
            store.write(partial(access.create_workspace, name="Bench", identifiers="id_email", keys=keys))
        finally:
            store.close()
        for what, in_a_call in (("PUT /customers/{id}", 1), (f"/api/v2/batch of {_IN_A_BATCH}", _IN_A_BATCH)):
            ours, theirs = [], []
            for _ in range(ground.rounds):
                with _server(ground, [sys.executable, "-m", "clarion", "serve", "--no-worker"], url) as port:
                    ours.append(_rate(port, keys, in_a_call))
                with _server(ground, [sys.executable, "-m", "benchmarks.bare"], _beside(ground, engine, url)) as port:
                    theirs.append(_rate(port, keys, in_a_call))
            found = timed(what, engine, ours, theirs)
            rows.append(Row(what, engine, found.value, "people/s", found.ratio, found.runs, reference=max(theirs)))
    return Result(
        "identify",
        "How many people a second does the Track API take?",
        "Starlette on uvicorn with one upsert a person, as durable",
        command,
        tuple(rows),
        (f"{_CONNECTIONS} connections of one process here, {_SECONDS:g} s each, five attributes a person.",),
    )


def _beside(ground: Ground, engine: Engine, url: str) -> str:
    """A database of its own for SQLite, whose only writer would be shared; a table of its own on PostgreSQL."""
    return f"sqlite:///{ground.folder / 'bare.db'}" if engine == "sqlite" else url


@contextmanager
def _server(ground: Ground, command: list[str], url: str) -> Iterator[int]:
    """A server on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    if command[-1] == "benchmarks.bare":
        command = [*command, url, str(port)]
    else:
        command = [*command, "--database-url", url, "--port", str(port), "--data-dir", str(ground.folder / "data")]
    with subprocess.Popen(
        command,
        env={**ground.environment(), "CLARION_LOG_LEVEL": "error"},
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return  # the bare one has no such page, and answers
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not start")


def _rate(port: int, keys: Keys, in_a_call: int) -> float:
    return asyncio.run(_load(port, keys, in_a_call))


async def _load(port: int, keys: Keys, in_a_call: int) -> float:
    """People a second."""
    credentials = base64.b64encode(f"{keys.site_id}:{keys.track_key}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    base, done, number = f"http://127.0.0.1:{port}", 0, 0
    until = time.perf_counter() + _SECONDS

    async def caller(session: aiohttp.ClientSession) -> None:
        nonlocal done, number
        while time.perf_counter() < until:
            number += in_a_call
            if in_a_call == 1:
                call = session.put(f"{base}/api/v1/customers/p{number % _CROWD}", data=json.dumps(_attributes(number)))
            else:
                items = [
                    {
                        "type": "person",
                        "action": "identify",
                        "identifiers": {"id": f"p{one % _CROWD}"},
                        "attributes": _attributes(one),
                    }
                    for one in range(number, number + in_a_call)
                ]
                call = session.post(f"{base}/api/v2/batch", data=json.dumps({"batch": items}))
            async with call as response:
                if response.status != 200:
                    raise AssertionError(await response.text())
                await response.read()
            done += in_a_call

    connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        began = time.perf_counter()
        await asyncio.gather(*(caller(session) for _ in range(_CONNECTIONS)))
        return done / (time.perf_counter() - began)


def _attributes(number: int) -> dict[str, object]:
    return {
        "first_name": f"Name {number}",
        "plan": "free",
        "city": "Oslo",
        "visits": number,
        "created_at": 1_700_000_000,
    }
