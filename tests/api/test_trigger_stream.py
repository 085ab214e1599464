# SPDX-License-Identifier: Apache-2.0
"""A trigger call that brings its people with it, a line each: cut anywhere, broken off anywhere, too large, refused."""

import gzip
import json
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.types import ASGIApp, Message
from tests.pipeline.stage import Stage

from clarion.api import application
from clarion.api.calls import Api
from clarion.domain.triggers import Selector, TriggerState
from clarion.observability.traces import OpenTelemetry
from clarion.pipeline.receive import ENDED_EARLY
from clarion.store import operations
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Answer

HEAD = b'{"data":{"word":"shared"},"id_ignore_missing":false}\n'
THREE = b'{"id":"p1","data":{"n":1}}\n\n{"email":"P2@x.test"}\r\n{"id":"p3","data":{"n":3}}'
AS_STAGED = [(2, '{"n":1}'), (4, None), (5, '{"n":3}')]
GONE = object()
"""In place of a piece of the body: the caller goes away."""


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


class Caller:
    """Sends a body piece by piece, each only when it is asked for."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key

    async def __call__(
        self,
        broadcast_id: int,
        pieces: Iterable[object],
        encoding: str = "",
        content_type: str = "application/x-ndjson",
    ) -> Answer:
        headers = {"authorization": f"Bearer {self._key}", "content-type": content_type}
        if encoding:
            headers["content-encoding"] = encoding
        path = f"/v1/campaigns/{broadcast_id}/triggers"
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("testserver", 80),
        }
        coming = iter(pieces)
        outgoing: list[Message] = []

        async def receive() -> Message:
            piece = next(coming, None)
            if piece is GONE:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

        async def send(message: Message) -> None:
            outgoing.append(message)

        await self._app(scope, receive, send)
        sent = {name.decode(): value.decode() for name, value in outgoing[0]["headers"]}
        return Answer(outgoing[0]["status"], sent, b"".join(message.get("body", b"") for message in outgoing[1:]))


@pytest.fixture
def call(api: Api, keys: Keys, workspace: Workspace) -> Caller:
    options = replace(api.options, trigger_queue=10_000, stream_bytes=4_000_000)
    return Caller(application.build(replace(api, options=options)), keys.app_key)


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def staged(stage: Stage) -> list[tuple[int, str | None]]:
    rows = stage.select("SELECT line, data FROM trigger_entry ORDER BY trigger_id, entry")
    return [(int(row["line"]), row["data"]) for row in rows]


def only_trigger(stage: Stage) -> int:
    (row,) = stage.select("SELECT trigger_id FROM broadcast_trigger")
    return int(row["trigger_id"])


@pytest.mark.parametrize("size", [1, 7, len(HEAD), len(HEAD) + 1, 10_000])
@pytest.mark.parametrize("packed", [False, True])
async def test_it_is_the_same_trigger_wherever_the_body_is_cut(
    call: Caller, stage: Stage, size: int, packed: bool
) -> None:
    people = stage.crowd(3)
    body = HEAD + THREE
    pieces = cut(gzip.compress(body) if packed else body, size)
    answer = await call(stage.broadcast().broadcast_id, pieces, "gzip" if packed else "")
    trigger_id = only_trigger(stage)
    assert (answer.status, answer.json) == (200, {"id": trigger_id})
    trigger = stage.get(trigger_id)
    assert (trigger.selector, trigger.data, trigger.error_count) == (Selector.STREAM, {"word": "shared"}, 0)
    assert (trigger.file_done, trigger.file_line, trigger.file_offset) == (True, 5, len(body))
    assert staged(stage) == AS_STAGED
    assert await stage.resolver().run_once()
    assert stage.sums(trigger_id) == {"queued": 3}
    assert [row["person_id"] for row in stage.rows(trigger_id)] == people


async def test_several_packed_parts_one_after_the_other_are_one_body(call: Caller, stage: Stage) -> None:
    stage.crowd(3)
    body = gzip.compress(HEAD) + gzip.compress(THREE)
    assert (await call(stage.broadcast().broadcast_id, [body], "gzip")).status == 200
    assert staged(stage) == AS_STAGED


async def test_bad_lines_are_listed_by_their_place_in_the_body_and_the_rest_is_sent(call: Caller, stage: Stage) -> None:
    stage.crowd(2)
    lines = b'{"id":"p1"}\n{oops}\n[1]\n{"id":"p1","data":{"x":"\\u0000"}}\n{"id":"p2"}\n'
    assert (await call(stage.broadcast().broadcast_id, [HEAD + lines])).status == 200
    trigger_id = only_trigger(stage)
    assert stage.errors(trigger_id) == [
        "line 3: invalid json",
        "line 4: must be an object",
        "line 5: contains a NUL character",
    ]
    assert await stage.resolver().run_once()
    assert stage.sums(trigger_id) == {"queued": 2}


@pytest.mark.parametrize("excused", [False, True])
async def test_who_does_not_exist_refuses_it_before_anybody_is_sent_anything(
    call: Caller, stage: Stage, excused: bool
) -> None:
    stage.crowd(1)
    head = json.dumps({"id_ignore_missing": excused}).encode() + b"\n"
    answer = await call(stage.broadcast().broadcast_id, [head, b'{"id":"p1"}\n{"id":"nobody"}\n'])
    trigger_id = only_trigger(stage)
    assert stage.errors(trigger_id) == ['line 3: customer id "nobody" not found']
    if excused:
        assert (answer.status, answer.json) == (200, {"id": trigger_id})
        assert await stage.resolver().run_once()
        assert stage.sums(trigger_id) == {"queued": 1}
        return
    assert answer.status == 422
    assert f"trigger {trigger_id}" in answer.error
    trigger = stage.get(trigger_id)
    assert (trigger.state, trigger.failure) == (TriggerState.FAILED, "1 lines do not name a person")
    assert not await stage.resolver().run_once()
    assert stage.rows(trigger_id) == []


REFUSED: list[tuple[list[object], int, str]] = [
    ([b'{"ids":["p1"]}\n{"id":"p1"}\n'], 422, "ids: the people are the lines that follow"),
    ([b'{"recipients":{"segment":{"id":1}}}\n'], 422, "recipients: the people are the lines"),
    ([b'{"nonsense":1}\n{"id":"p1"}\n'], 422, "nonsense"),
    ([b"{oops\n"], 400, "not valid JSON"),
    ([b"[1]\n"], 422, "must be a JSON object"),
    ([b"x" * 500_000], 413, "the first line is longer than"),
    ([GONE], 400, "the connection closed"),
    ([HEAD[:-1], GONE], 400, "closed before the whole body"),
]


@pytest.mark.parametrize(("pieces", "status", "words"), REFUSED, ids=[case[2] for case in REFUSED])
async def test_a_first_line_that_cannot_be_used_leaves_no_trigger(
    call: Caller, stage: Stage, pieces: list[object], status: int, words: str
) -> None:
    answer = await call(stage.broadcast().broadcast_id, pieces)
    assert answer.status == status
    assert words in answer.error
    assert stage.select("SELECT 1 AS yes FROM broadcast_trigger") == []


async def test_behind_its_first_line_a_broken_call_leaves_a_failed_trigger(call: Caller, stage: Stage) -> None:
    assert (await call(stage.broadcast().broadcast_id, [HEAD, GONE])).status == 400
    assert stage.get(only_trigger(stage)).state is TriggerState.FAILED


async def test_the_call_begins_a_trace(api: Api, keys: Keys, stage: Stage) -> None:
    exporter = InMemorySpanExporter()
    tracing = OpenTelemetry("", exporter=exporter)
    stage.crowd(3)
    traced = Caller(application.build(replace(api, tracing=tracing)), keys.app_key)
    answer = await traced(stage.broadcast().broadcast_id, [HEAD, THREE])
    kept = stage.store.read(lambda tx: operations.trace_of(tx, answer.json["id"]))
    tracing.close()
    (span,) = exporter.get_finished_spans()
    assert span.name == "clarion.accept"
    assert kept is not None
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" in kept


async def test_the_limits_on_triggers_hold(api: Api, keys: Keys, stage: Stage) -> None:
    stage.crowd(3)
    options = replace(api.options, trigger_interval_seconds=60)
    limited = Caller(application.build(replace(api, options=options)), keys.app_key)
    broadcast_id = stage.broadcast().broadcast_id
    broken = await limited(broadcast_id, [HEAD, THREE, GONE])
    assert broken.status == 400
    assert (await limited(broadcast_id, [HEAD, THREE])).status == 200, "one that broke off does not count"
    again = await limited(broadcast_id, [HEAD, THREE])
    assert again.status == 429
    assert int(again.headers["retry-after"]) > 0


async def test_other_content_types_are_told_of_both(call: Caller, stage: Stage) -> None:
    answer = await call(stage.broadcast().broadcast_id, [HEAD, THREE], content_type="text/csv")
    assert answer.status == 422
    assert "application/json, or application/x-ndjson" in answer.error


# -- broken off -----------------------------------------------------------------------------------------------------


def many_lines(count: int) -> Iterator[bytes]:
    for start in range(0, count, 500):
        yield b"".join(b'{"id":"p%d","data":{"n":%d}}\n' % (n % 3 + 1, n) for n in range(start, start + 500))


def half(*ends: object, count: int = 40_000) -> Iterator[object]:
    """Enough lines that some are staged, and then something else."""
    yield HEAD
    yield from many_lines(count)
    yield from ends


BROKEN: list[tuple[list[object], str, int, str]] = [
    ([GONE], "", 400, "the connection closed before the whole body arrived"),
    ([b"x" * 60_000] * 60, "", 413, "the body is larger than 4000000 bytes"),
]


@pytest.mark.parametrize(("ends", "encoding", "status", "words"), BROKEN, ids=["gone", "too large"])
async def test_what_ends_early_fails_and_leaves_nobody_staged(
    call: Caller, stage: Stage, ends: list[object], encoding: str, status: int, words: str
) -> None:
    stage.crowd(3)
    seen: list[int] = []

    def body() -> Iterator[object]:
        yield from half(count=40_000)
        seen.append(len(staged(stage)))
        yield from ends

    answer = await call(stage.broadcast().broadcast_id, body(), encoding)
    assert (answer.status, words in answer.error) == (status, True)
    assert seen[0] > 10_000, "it was staged as it came"
    trigger = stage.get(only_trigger(stage))
    assert (trigger.state, trigger.failure) == (TriggerState.FAILED, words)
    assert staged(stage) == []
    assert not await stage.resolver().run_once()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (gzip.compress(HEAD + THREE, mtime=0)[:-9], "the gzip data ends too early"),
        (gzip.compress(HEAD, mtime=0) + b"no gzip at all", "the body is not valid gzip data"),
    ],
    ids=["cut off", "something else behind it"],
)
async def test_broken_packing_is_refused(call: Caller, stage: Stage, body: bytes, words: str) -> None:
    stage.crowd(3)
    answer = await call(stage.broadcast().broadcast_id, cut(body, 11), "gzip")
    assert (answer.status, words in answer.error) == (400, True)
    assert staged(stage) == []
    assert {stage.get(only_trigger(stage)).state} == {TriggerState.FAILED}


async def test_a_small_body_that_unpacks_to_a_large_one_is_too_large(call: Caller, stage: Stage) -> None:
    answer = await call(stage.broadcast().broadcast_id, [gzip.compress(HEAD + b"\n" * 5_000_000)], "gzip")
    assert answer.status == 413


async def test_without_a_line_behind_the_first_it_names_nobody(call: Caller, stage: Stage) -> None:
    answer = await call(stage.broadcast().broadcast_id, [HEAD, b"\n \n"])
    assert (answer.status, "at least one person" in answer.error) == (422, True)
    assert stage.get(only_trigger(stage)).state is TriggerState.FAILED


async def test_a_stop_while_it_is_received_ends_it(call: Caller, stage: Stage) -> None:
    stage.crowd(3)
    broadcast = stage.broadcast()

    def body() -> Iterator[object]:
        yield from half()
        stage.stop(broadcast)
        yield from many_lines(20_000)

    answer = await call(broadcast.broadcast_id, body())
    assert answer.status == 409
    assert stage.get(only_trigger(stage)).state is TriggerState.STOPPED


async def test_nobody_works_on_it_while_it_is_received(call: Caller, stage: Stage) -> None:
    stage.crowd(3)
    held: list[Any] = []

    def body() -> Iterator[object]:
        yield from half()
        trigger = stage.get(only_trigger(stage))
        held.append((trigger.state, trigger.file_done, trigger.audience))
        held.append(stage.select("SELECT resolve_lease_ms FROM broadcast_trigger")[0]["resolve_lease_ms"])
        held.append(stage.store.read(lambda tx: tx.now_ms()))

    assert (await call(stage.broadcast().broadcast_id, body())).status == 200
    assert held[0] == (TriggerState.RESOLVING, False, 0)
    assert held[1] > held[2] + 30_000


RECEIVING = """
import sys
from clarion.domain.triggers import parse
from clarion.pipeline.accept import Limits
from clarion.pipeline.receive import Receiver, begin
from clarion.store import access
from clarion.store.opening import open_store
store = open_store(sys.argv[1])
workspace = store.read(lambda tx: access.workspace(tx, int(sys.argv[2])))
held = store.write(lambda tx: begin(tx, workspace, int(sys.argv[3]), parse({}), limits=Limits(0, 10)))
receiver = Receiver(store, held, offset=3)
receiver.add(b'{"id":"p1"}\\n' * 30_000)
receiver.stage()
print("staged", flush=True)
sys.stdin.read()
"""


def kill_while_receiving(url: str, workspace: Workspace, broadcast_id: int) -> None:
    arguments = [sys.executable, "-c", RECEIVING, url, str(workspace.workspace_id), str(broadcast_id)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"staged\n"
        process.send_signal(signal.SIGKILL)


async def test_a_process_that_is_killed_leaves_nobody_behind(stage: Stage, store_url: str) -> None:
    stage.crowd(1)
    broadcast_id = stage.broadcast().broadcast_id
    kill_while_receiving(store_url, stage.workspace, broadcast_id)
    trigger_id = only_trigger(stage)
    assert len(staged(stage)) == 30_000
    assert not await stage.resolver().run_once(), "its lease still holds"
    stage.store.script("UPDATE broadcast_trigger SET resolve_lease_ms = 0;")
    assert await stage.resolver().run_once()
    trigger = stage.get(trigger_id)
    assert (trigger.state, trigger.failure) == (TriggerState.FAILED, ENDED_EARLY)
    assert stage.errors(trigger_id) == [ENDED_EARLY]
    assert staged(stage) == []
    assert stage.rows(trigger_id) == []


async def test_a_lease_lost_on_the_way_to_the_last_line_is_noticed(call: Caller, stage: Stage) -> None:
    stage.crowd(3)
    resolved: list[bool] = []

    def body() -> Iterator[object]:
        yield from half()
        stage.store.script("UPDATE broadcast_trigger SET resolve_fence = resolve_fence + 1;")
        resolved.append(True)
        yield THREE

    answer = await call(stage.broadcast().broadcast_id, body())
    assert (answer.status, resolved) == (409, [True])
    assert stage.rows(only_trigger(stage)) == []


async def test_memory_does_not_grow_with_the_body(api: Api, keys: Keys, stage: Stage) -> None:
    stage.crowd(3)
    call = Caller(application.build(api), keys.app_key)
    broadcast_id = stage.broadcast().broadcast_id
    tracemalloc.start()
    try:
        assert (await call(broadcast_id, half(count=5_000))).status == 200  # caches are filled
        peaks = []
        for count in (20_000, 80_000):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            assert (await call(broadcast_id, half(count=count))).status == 200
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3
    assert peaks[1] < 30_000_000
