# SPDX-License-Identifier: Apache-2.0
"""A data file from its download to the ledger: good and bad lines, going on in the middle, and every way to fail."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clarion.domain.triggers import TriggerState
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadedFile
from clarion.pipeline.resolve import Sizes
from clarion.store.triggers import Trigger

from .stage import Broken, Stage, breaking_at, until

URL = "https://files.test/people.jsonl"
TINY = Sizes(range_people=3, slice_people=2, file_lines=2)
GOOD = b"".join(b'{"id":"p%d","data":{"n":%d}}\n' % (n, n) for n in (3, 1, 2, 5, 4))


class Host:
    """Serves what it is given, one download after another; the last answer stays."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.targets: list[Path] = []

    async def __call__(self, url: str, target: Path) -> DownloadedFile:
        self.asked.append(url)
        self.targets.append(target)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        await asyncio.to_thread(target.write_bytes, answer)
        return DownloadedFile(target, len(answer), hashlib.sha256(answer).hexdigest())


def forbidden() -> DataFileError:
    return DataFileError("failed to download data file, server responded with code 403 Forbidden")


def unavailable() -> DataFileError:
    return DataFileError("failed to download data file: timed out after 30 seconds", temporary=True)


def call(stage: Stage, **flags: bool) -> int:
    return stage.trigger(stage.broadcast(), {"data_file_url": URL, "data": {"shared": 1}, **flags})


async def resolve(stage: Stage, host: Host, trigger_id: int, **others: Any) -> Trigger:
    resolver = stage.resolver(download=host, **{"sizes": TINY, **others})
    assert await resolver.run_once(trigger_id)
    return stage.get(trigger_id)


def own_data(stage: Stage, trigger_id: int) -> list[tuple[int, str | None]]:
    """(line, data) of each person of the audience, in order."""
    text = """SELECT e.line, e.data FROM delivery d
              JOIN trigger_entry e ON e.trigger_id = d.trigger_id AND e.entry = d.entry
              WHERE d.trigger_id = :t ORDER BY d.seq"""
    return [(int(row["line"]), row["data"]) for row in stage.select(text, t=trigger_id)]


def files(stage: Stage) -> list[str]:
    return sorted(path.name for path in (stage.folder / "files").glob("*"))


GOOD_DATA = [(line, json.dumps({"n": n}, separators=(",", ":"))) for line, n in enumerate((3, 1, 2, 5, 4), start=1)]


@pytest.mark.parametrize("file_lines", [1, 2, 4, 5, 6, 100])
async def test_every_line_is_a_person(stage: Stage, file_lines: int) -> None:
    people = stage.crowd(5)
    trigger_id = call(stage)
    host = Host(GOOD)
    trigger = await resolve(stage, host, trigger_id, sizes=Sizes(3, 2, file_lines))
    assert (trigger.state, trigger.file_done, trigger.file_line) == (TriggerState.SENDING, True, 5)
    assert (trigger.audience, trigger.error_count, trigger.missing) == (5, 0, 0)
    assert stage.sums(trigger_id) == {"queued": 5}
    assert [row["person_id"] for row in stage.rows(trigger_id)] == [people[n - 1] for n in (3, 1, 2, 5, 4)]
    assert own_data(stage, trigger_id) == GOOD_DATA
    assert host.asked == [URL]
    assert files(stage) == []


@pytest.mark.parametrize("content", [b"", b"\n\r\n  \n"])
async def test_an_empty_file_is_an_audience_of_nobody(stage: Stage, content: bytes) -> None:
    trigger_id = call(stage)
    trigger = await resolve(stage, Host(content), trigger_id)
    assert (trigger.state, trigger.audience, trigger.file_done) == (TriggerState.DONE, 0, True)
    assert files(stage) == []


async def test_bad_lines_are_listed_and_the_rest_is_sent(stage: Stage) -> None:
    stage.crowd(3)
    content = b'{"id":"p1"}\n{oops}\n\n[1]\n{"id":"p2","email":"x"}\n{"id":"p2"}\n{"id":"p2\xff"}\n{"id":"p3"}\n{}\n'
    trigger_id = call(stage)
    trigger = await resolve(stage, Host(content), trigger_id)
    assert stage.errors(trigger_id) == [
        "line 2: invalid json",
        "line 4: must be an object",
        "line 5: give either id or email, not both",
        "line 7: invalid utf-8",
        "line 9: id or email is required",
    ]
    assert (trigger.state, trigger.error_count, trigger.missing) == (TriggerState.SENDING, 5, 0)
    assert own_data(stage, trigger_id) == [(1, None), (6, None), (8, None)]
    assert stage.sums(trigger_id) == {"queued": 3}


MIXED = b'{"id":"p1"}\n{"id":"gone"}\n{"email":"no@x.test"}\n{"email":"P2@x.test"}\nbad\n{"id":"p1"}\n'
MIXED_ERRORS = ['line 2: customer id "gone" not found', 'line 3: email "no@x.test" not found', "line 5: invalid json"]


@pytest.mark.parametrize(
    ("flags", "missing"),
    [
        ({}, 2),
        ({"id_ignore_missing": True}, 1),
        ({"email_ignore_missing": True}, 1),
        ({"email_add_duplicates": True}, 2),
    ],
)
async def test_people_who_are_not_there_fail_it_before_anything_is_sent(
    stage: Stage, flags: dict[str, bool], missing: int
) -> None:
    stage.crowd(2)
    trigger_id = call(stage, **flags)
    trigger = await resolve(stage, Host(MIXED), trigger_id)
    assert trigger.state is TriggerState.FAILED
    assert trigger.failure == f"{missing} lines of the data file do not name a person"
    assert trigger.processed_ms is not None
    assert stage.errors(trigger_id) == MIXED_ERRORS
    assert (trigger.error_count, trigger.file_line) == (3, 6)
    assert stage.rows(trigger_id) == []
    assert stage.slices(trigger_id) == []
    assert files(stage) == []


async def test_people_who_are_not_there_are_excused_by_the_flags(stage: Stage) -> None:
    stage.crowd(2)
    trigger_id = call(stage, id_ignore_missing=True, email_ignore_missing=True)
    trigger = await resolve(stage, Host(MIXED), trigger_id)
    assert (trigger.state, trigger.audience) == (TriggerState.SENDING, 3)
    assert stage.errors(trigger_id) == MIXED_ERRORS
    assert stage.sums(trigger_id) == {"queued": 2, "skipped duplicate": 1}


# -- broken on the way ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passing", [1, 2, 3])
async def test_staging_goes_on_where_it_stopped(stage: Stage, passing: int) -> None:
    stage.crowd(2)
    trigger_id = call(stage, id_ignore_missing=True, email_ignore_missing=True)
    host = Host(MIXED)
    with pytest.raises(Broken):
        await resolve(stage, host, trigger_id, failpoint=breaking_at("resolve.file_staged", passing))
    assert stage.get(trigger_id).file_line == 2 * passing
    assert stage.rows(trigger_id) == []
    assert files(stage) == []
    stage.died()
    looked_at: list[str] = []
    trigger = await resolve(stage, host, trigger_id, failpoint=looked_at.append)
    # 6 lines are 3 stretches and, because the last is a full one, an empty one that says so.
    assert looked_at.count("resolve.file_staged") == 4 - passing
    assert len(host.asked) == 2
    assert (trigger.state, trigger.error_count, trigger.audience) == (TriggerState.SENDING, 3, 3)
    assert stage.errors(trigger_id) == MIXED_ERRORS
    assert own_data(stage, trigger_id) == [(1, None), (4, None), (6, None)]
    assert stage.sums(trigger_id) == {"queued": 2, "skipped duplicate": 1}


async def test_a_file_that_changed_is_staged_from_its_first_line(stage: Stage) -> None:
    stage.crowd(5)
    trigger_id = call(stage, id_ignore_missing=True)
    host = Host(b'{"id":"gone"}\n{"id":"p4"}\n{"id":"gone"}\n{"id":"p5"}\n', GOOD)
    with pytest.raises(Broken):
        await resolve(stage, host, trigger_id, failpoint=breaking_at("resolve.file_staged", 2))
    assert stage.get(trigger_id).error_count == 2
    stage.died()
    trigger = await resolve(stage, host, trigger_id)
    assert (trigger.error_count, trigger.missing, trigger.audience) == (0, 0, 5)
    assert stage.errors(trigger_id) == []
    assert own_data(stage, trigger_id) == GOOD_DATA


async def test_a_staged_file_is_not_fetched_again(stage: Stage) -> None:
    stage.crowd(5)
    trigger_id = call(stage)
    host = Host(GOOD, forbidden())
    with pytest.raises(Broken):
        await resolve(stage, host, trigger_id, failpoint=breaking_at("resolve.after_commit"))
    assert (stage.get(trigger_id).file_done, stage.get(trigger_id).audience) == (True, 3)
    stage.died()
    await resolve(stage, host, trigger_id)
    assert len(host.asked) == 1
    assert stage.sums(trigger_id) == {"queued": 5}
    assert own_data(stage, trigger_id) == GOOD_DATA


async def test_it_was_staged_with_missing_people_and_then_broken(stage: Stage) -> None:
    trigger_id = call(stage)
    host = Host(b'{"id":"gone"}\n', forbidden())
    with pytest.raises(Broken):
        await resolve(stage, host, trigger_id, failpoint=breaking_at("resolve.file_staged"))
    stage.died()
    trigger = await resolve(stage, host, trigger_id)
    assert (trigger.state, len(host.asked)) == (TriggerState.FAILED, 1)
    assert stage.errors(trigger_id) == ['line 1: customer id "gone" not found']


async def test_what_a_killed_process_left_is_removed_by_the_next(stage: Stage) -> None:
    trigger_id = call(stage)
    folder = stage.folder / "files"
    folder.mkdir()
    others = [f"trigger-{trigger_id}1.1.jsonl", f".trigger-{trigger_id}0.1.jsonl.abc.part"]
    for name in [f"trigger-{trigger_id}.1.jsonl", f".trigger-{trigger_id}.1.jsonl.abc.part", *others]:
        (folder / name).write_bytes(b"x")
    await resolve(stage, Host(b""), trigger_id)
    assert sorted(path.name for path in folder.iterdir()) == sorted(others)


# -- downloads that fail ------------------------------------------------------------------------------------------


def due_in_seconds(stage: Stage, trigger_id: int) -> float:
    text = "SELECT resolve_due_ms FROM broadcast_trigger WHERE trigger_id = :t"
    due = int(stage.select(text, t=trigger_id)[0]["resolve_due_ms"])
    return (due - stage.store.read(lambda tx: tx.now_ms())) / 1_000


async def test_what_may_pass_is_tried_again_after_growing_pauses(stage: Stage) -> None:
    trigger_id = call(stage)
    host = Host(unavailable())
    for tries, pause in enumerate((10, 30, 60, 120, 300), start=1):
        trigger = await resolve(stage, host, trigger_id)
        assert (trigger.state, trigger.resolve_tries) == (TriggerState.RESOLVING, tries)
        assert pause - 10 < due_in_seconds(stage, trigger_id) <= pause
        assert not await stage.resolver(download=host).run_once(trigger_id)  # not yet
        assert not await stage.resolver(download=host).run_once()
        assert stage.errors(trigger_id) == []
        stage.store.script("UPDATE broadcast_trigger SET resolve_due_ms = 0;")
    trigger = await resolve(stage, host, trigger_id)
    sentence = "failed to download data file: timed out after 30 seconds"
    assert (trigger.state, trigger.failure, trigger.error_count) == (TriggerState.FAILED, sentence, 1)
    assert stage.errors(trigger_id) == [sentence]
    assert len(host.asked) == 6
    assert not await stage.resolver(download=host).run_once()


async def test_a_host_that_comes_back(stage: Stage) -> None:
    stage.crowd(5)
    trigger_id = call(stage)
    host = Host(unavailable(), GOOD)
    await resolve(stage, host, trigger_id)
    stage.store.script("UPDATE broadcast_trigger SET resolve_due_ms = 0;")
    trigger = await resolve(stage, host, trigger_id)
    assert (trigger.state, trigger.error_count) == (TriggerState.SENDING, 0)
    assert own_data(stage, trigger_id) == GOOD_DATA


async def test_what_cannot_be_had_fails_at_once(stage: Stage) -> None:
    trigger_id = call(stage)
    trigger = await resolve(stage, Host(forbidden()), trigger_id)
    sentence = "failed to download data file, server responded with code 403 Forbidden"
    assert (trigger.state, trigger.failure) == (TriggerState.FAILED, sentence)
    assert stage.errors(trigger_id) == [sentence]
    assert (trigger.error_count, trigger.resolve_tries) == (1, 0)
    assert trigger.processed_ms is not None


async def test_it_was_half_staged_and_then_gone(stage: Stage) -> None:
    trigger_id = call(stage)
    host = Host(MIXED, forbidden())
    with pytest.raises(Broken):
        await resolve(stage, host, trigger_id, failpoint=breaking_at("resolve.file_staged", 2))
    stage.died()
    trigger = await resolve(stage, host, trigger_id)
    assert trigger.state is TriggerState.FAILED
    assert stage.errors(trigger_id)[-1] == str(forbidden())
    assert trigger.error_count == len(stage.errors(trigger_id))
    assert stage.rows(trigger_id) == []


async def test_a_full_disk_is_tried_again_with_pauses_and_said_aloud(stage: Stage) -> None:
    stage.crowd(5)
    trigger_id = call(stage)
    host = Host(OSError("no space left on device"), GOOD)
    await resolve(stage, host, trigger_id)
    trigger = stage.get(trigger_id)
    assert (trigger.state, trigger.resolve_tries) == (TriggerState.RESOLVING, 1)
    assert trigger.failure == "internal error: no space left on device; trying again"
    assert not await stage.resolver(download=host).run_once(trigger_id), "not before the pause is over"
    stage.store.script("UPDATE broadcast_trigger SET resolve_due_ms = 0;")
    await resolve(stage, host, trigger_id)
    assert stage.sums(trigger_id) == {"queued": 5}
    assert stage.get(trigger_id).failure is None


class Slow:
    """A download that takes until it is cancelled or released."""

    def __init__(self) -> None:
        self.begun, self.release = asyncio.Event(), asyncio.Event()
        self.cancelled = False

    async def __call__(self, url: str, target: Path) -> DownloadedFile:
        self.begun.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return await Host(GOOD)(url, target)


async def during_download(stage: Stage, trigger_id: int, what: Callable[[], None]) -> Slow:
    """Do something in the middle of a slow download, and wait for the resolver's return."""
    slow = Slow()
    running = asyncio.create_task(stage.resolver(download=slow, lease_ms=400).run_once(trigger_id))
    await slow.begun.wait()
    await asyncio.to_thread(what)
    async with asyncio.timeout(20):
        assert await running
    return slow


async def test_a_stop_in_the_middle_of_a_download_ends_it(stage: Stage) -> None:
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast, {"data_file_url": URL})
    slow = await during_download(stage, trigger_id, lambda: stage.stop(broadcast))
    assert slow.cancelled
    assert stage.get(trigger_id).state is TriggerState.STOPPED
    assert stage.get(trigger_id).processed_ms is not None
    assert files(stage) == []


async def test_a_holder_that_was_replaced_stops_downloading(stage: Stage) -> None:
    trigger_id = call(stage)
    taken = "UPDATE broadcast_trigger SET resolve_fence = resolve_fence + 1;"
    slow = await during_download(stage, trigger_id, lambda: stage.store.script(taken))
    assert slow.cancelled
    assert stage.get(trigger_id).state is TriggerState.RESOLVING


async def test_the_lease_is_kept_during_a_long_download(stage: Stage) -> None:
    stage.crowd(5)
    trigger_id = call(stage)
    slow = Slow()
    running = asyncio.create_task(stage.resolver(download=slow, lease_ms=1_000).run_once(trigger_id))
    await slow.begun.wait()

    def lease() -> int:
        return int(stage.select("SELECT resolve_lease_ms FROM broadcast_trigger")[0]["resolve_lease_ms"])

    first = lease()
    await until(lambda: lease() >= first + 250)
    slow.release.set()
    assert await running
    assert not slow.cancelled
    assert stage.sums(trigger_id) == {"queued": 5}
