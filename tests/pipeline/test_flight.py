# SPDX-License-Identifier: Apache-2.0
"""The flight record: what it says of a chunk, whose it is, and when it is no evidence."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clarion.domain.deliveries import DeliveryKey
from clarion.pipeline import flight
from clarion.pipeline.flight import MAX_ROWS, ChunkName, FlightRecord, Mark, Trace

NAME = ChunkName(trigger_id=7, no=3, fence=2, lo=11, hi=13)
NEXT = replace(NAME, lo=14, hi=15)
OWNER = "host.example/123/abc/1"
HALF = flight._HALF


def keys(name: ChunkName) -> list[tuple[DeliveryKey, int]]:
    return [(DeliveryKey(name.trigger_id, seq, 40), seq % 3) for seq in range(name.lo, name.hi + 1)]


def untouched(name: ChunkName) -> list[Trace]:
    return [Trace(key, attempts, Mark.UNTOUCHED, "") for key, attempts in keys(name)]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[FlightRecord]:
    made = FlightRecord(tmp_path, OWNER)
    yield made
    made.close()


def opened(record: FlightRecord, name: ChunkName) -> None:
    record.prepare(name, keys(name))
    record.activate()


def said(path: Path) -> dict[ChunkName, list[Trace]]:
    return {half.name: list(half.traces) for half in flight.read(path)}


def evidence(folder: Path, owner: str, name: ChunkName) -> list[Trace] | None:
    """What counts as evidence of a dead process."""
    found = flight.evidence(folder, owner, name)
    return None if found is None or found.alive else list(found.traces.values())


def test_marks_and_words_of_a_chunk(record: FlightRecord) -> None:
    opened(record, NAME)
    assert said(record.path) == {NAME: untouched(NAME)}
    record.mark(0, Mark.HANDED_OVER)
    record.mark(2, Mark.HANDED_OVER)
    record.mark(2, Mark.SENT, "250 ok")
    first, second, third = said(record.path)[NAME]
    assert (first.mark, first.words, first.attempts) == (Mark.HANDED_OVER, "", 2)
    assert second == untouched(NAME)[1]
    assert (third.mark, third.words, third.key) == (Mark.SENT, "250 ok", DeliveryKey(7, 13, 40))


@pytest.mark.parametrize("mark", list(Mark))
def test_every_mark_comes_back(record: FlightRecord, mark: Mark) -> None:
    opened(record, NAME)
    record.mark(1, mark, "words")
    assert said(record.path)[NAME][1].mark is mark


def test_long_words_are_cut_and_stay_in_their_row(record: FlightRecord) -> None:
    opened(record, NAME)
    record.mark(0, Mark.TEMPORARY, "é" * 500)
    record.mark(1, Mark.TEMPORARY, "x\ud800" * 200)
    record.mark(2, Mark.SENT, "ok")
    first, second, third = said(record.path)[NAME]
    assert first.words == "é" * 76
    assert second.words == "x?" * 76
    assert (third.mark, third.words) == (Mark.SENT, "ok")
    record.mark(0, Mark.SENT, "short")
    assert said(record.path)[NAME][0].words == "short"


def test_the_next_chunk_lies_beside_the_open_one(record: FlightRecord) -> None:
    opened(record, NAME)
    record.prepare(NEXT, keys(NEXT))
    record.mark(0, Mark.SENT, "still the open one")
    found = said(record.path)
    assert found.keys() == {NAME, NEXT}
    assert found[NAME][0].mark is Mark.SENT
    assert found[NEXT] == untouched(NEXT)
    record.activate()
    record.mark(0, Mark.PERMANENT, "the new one")
    found = said(record.path)
    assert found.keys() == {NEXT}, "what is in the ledger must never be read as news again"
    assert found[NEXT][0].mark is Mark.PERMANENT


def test_only_a_half_that_its_process_knew_to_be_open_is_committed(record: FlightRecord) -> None:
    opened(record, NAME)
    record.prepare(NEXT, keys(NEXT))
    assert {half.name: half.committed for half in flight.read(record.path)} == {NAME: True, NEXT: False}
    record.activate()
    assert {half.name: half.committed for half in flight.read(record.path)} == {NEXT: True}


def test_what_a_living_process_has_answered_can_be_read(record: FlightRecord, tmp_path: Path) -> None:
    opened(record, NAME)
    record.mark(0, Mark.SENT, "250 ok")
    found = flight.evidence(tmp_path, OWNER, NAME)
    assert found is not None
    assert found.alive
    assert [trace.mark for trace in found.traces.values()] == [Mark.SENT, Mark.UNTOUCHED, Mark.UNTOUCHED]


@pytest.mark.parametrize("content", [b"", b"x" * 10, b"CLARION1" + b"\xff" * 400_000])
def test_what_is_no_record_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.flight"
    path.write_bytes(content)
    assert flight.read(path) == []
    folder = tmp_path / "folder.flight"
    folder.mkdir()
    assert flight.read(folder) == []


def test_halves_take_turns_and_forget(record: FlightRecord) -> None:
    names = [replace(NAME, lo=lo, hi=lo + 1) for lo in range(1, 12, 2)]
    for before, name in zip([None, *names], names, strict=False):
        record.prepare(name, keys(name))
        assert said(record.path).keys() == ({name} if before is None else {before, name})
        record.activate()
        assert said(record.path).keys() == {name}
        record.mark(1, Mark.SENT, f"words of {name.lo}")
        assert [trace.mark for trace in said(record.path)[name]] == [Mark.UNTOUCHED, Mark.SENT]


def test_a_transaction_that_is_run_again_prepares_again(record: FlightRecord) -> None:
    opened(record, NAME)
    record.prepare(NEXT, keys(NEXT))
    other = replace(NEXT, hi=20)
    record.prepare(other, keys(other))
    assert said(record.path).keys() == {NAME, other}
    record.activate()
    record.mark(6, Mark.SENT)
    assert said(record.path)[other][6].mark is Mark.SENT


def test_a_full_chunk(record: FlightRecord) -> None:
    name = replace(NAME, lo=1, hi=MAX_ROWS)
    opened(record, name)
    record.mark(MAX_ROWS - 1, Mark.SENT, "x" * 152)
    record.prepare(NEXT, keys(NEXT))
    found = said(record.path)
    assert len(found[name]) == MAX_ROWS
    assert found[name][-1].words == "x" * 152
    assert found[NEXT] == untouched(NEXT)
    with pytest.raises(ValueError, match="at most"):
        record.prepare(name, keys(replace(name, hi=MAX_ROWS + 1)))


def test_a_repeated_chunk_of_another_fence_is_another(record: FlightRecord, tmp_path: Path) -> None:
    opened(record, NAME)
    record.abandon()
    for name in (replace(NAME, fence=3), replace(NAME, lo=12), replace(NAME, hi=12), replace(NAME, no=4), NEXT):
        assert evidence(tmp_path, OWNER, name) is None, name
    assert evidence(tmp_path, OWNER, replace(NAME, trigger_id=8)) is None
    assert evidence(tmp_path, "host.example/123/abc/2", NAME) is None
    assert evidence(tmp_path, OWNER, NAME) == untouched(NAME)


# -- alive or dead ------------------------------------------------------------------------------------------------


def test_alive_then_dead(record: FlightRecord, tmp_path: Path) -> None:
    opened(record, NAME)
    assert flight.orphans(tmp_path) == []
    assert evidence(tmp_path, OWNER, NAME) is None  # it may only sleep
    record.abandon()
    record.abandon()
    assert flight.orphans(tmp_path) == [record.path]
    assert evidence(tmp_path, OWNER, NAME) == untouched(NAME)
    assert flight.orphans(tmp_path) == [record.path]  # looking does not take it


def test_closed_is_gone(record: FlightRecord, tmp_path: Path) -> None:
    opened(record, NAME)
    record.close()
    record.close()
    assert list(tmp_path.iterdir()) == []
    assert evidence(tmp_path, OWNER, NAME) is None
    assert said(record.path) == {}


def test_closing_what_somebody_has_removed(record: FlightRecord) -> None:
    record.path.unlink()
    record.close()


def test_a_marked_record_survives_its_process(tmp_path: Path) -> None:
    program = f"""
import os, signal, sys
from pathlib import Path
from clarion.domain.deliveries import DeliveryKey
from clarion.pipeline.flight import ChunkName, FlightRecord, Mark
record = FlightRecord(Path(sys.argv[1]), {OWNER!r})
record.prepare(ChunkName(7, 3, 2, 11, 12), [(DeliveryKey(7, 11, 40), 0), (DeliveryKey(7, 12, 40), 1)])
record.activate()
record.mark(0, Mark.SENT, "250 ok")
record.mark(1, Mark.HANDED_OVER)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=30)
    assert done.returncode == -9
    assert evidence(tmp_path, OWNER, ChunkName(7, 3, 2, 11, 12)) == [
        Trace(DeliveryKey(7, 11, 40), 0, Mark.SENT, "250 ok"),
        Trace(DeliveryKey(7, 12, 40), 1, Mark.HANDED_OVER, ""),
    ]


def test_the_name_carries_the_owner(record: FlightRecord, tmp_path: Path) -> None:
    assert flight.owner_of(record.path) == OWNER
    other = FlightRecord(tmp_path, "host.example/123/abc/2")
    assert flight.orphans(tmp_path) == []
    other.abandon()
    assert [flight.owner_of(path) for path in flight.orphans(tmp_path)] == ["host.example/123/abc/2"]


def test_a_name_in_use_is_not_taken_over(record: FlightRecord, tmp_path: Path) -> None:
    unnamed = record.path.with_suffix(".new")
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(BlockingIOError):
        FlightRecord(tmp_path, OWNER)
    os.close(descriptor)


# -- what is no evidence --------------------------------------------------------------------------------------------


def test_before_a_reboot_is_no_evidence(record: FlightRecord, tmp_path: Path) -> None:
    opened(record, NAME)
    record.prepare(NEXT, keys(NEXT))
    record.abandon()
    with record.path.open("r+b") as file:
        file.seek(8)
        assert file.read(32) == flight.boot_id()
        file.seek(8)
        file.write(b"f" * 32)
    assert said(record.path).keys() == {NEXT}
    assert evidence(tmp_path, OWNER, NAME) is None
    with record.path.open("r+b") as file:
        file.seek(HALF + 8)
        file.write(bytes(32))
    assert said(record.path) == {}


def test_a_boot_has_an_id() -> None:
    assert len(flight.boot_id()) == 32
    assert flight.boot_id() == flight.boot_id()


def test_an_unfinished_half_is_no_evidence(record: FlightRecord) -> None:
    opened(record, NAME)
    record.prepare(NEXT, keys(NEXT))
    record.abandon()
    with record.path.open("r+b") as file:
        file.write(bytes(8))  # as if killed in the middle of laying it out
    assert said(record.path).keys() == {NEXT}


@pytest.mark.parametrize("size", [0, 1, 100, HALF - 1, HALF, 2 * HALF - 1])
def test_a_file_cut_short(record: FlightRecord, size: int) -> None:
    opened(record, NAME)
    record.prepare(NEXT, keys(NEXT))
    record.abandon()
    os.truncate(record.path, size)
    assert said(record.path).keys() == ({NAME} if size >= HALF else set())


def test_nothing_there(tmp_path: Path) -> None:
    assert said(tmp_path / "none.flight") == {}
    assert flight.orphans(tmp_path / "none") == []
    assert evidence(tmp_path / "none", OWNER, NAME) is None


def test_only_records_are_orphans(tmp_path: Path) -> None:
    for name in ("a.new", "a.flight.bak", "b.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert flight.orphans(tmp_path) == []


def test_a_record_that_never_got_its_name_is_removed_once_its_process_is_gone(tmp_path: Path) -> None:
    long_ago = (1_000_000_000, 1_000_000_000)
    left, fresh, held = (tmp_path / f"{name}.new" for name in ("left", "fresh", "held"))
    for path in (left, fresh, held):
        path.write_bytes(b"")
    for path in (left, held):
        os.utime(path, long_ago)
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert flight.orphans(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh.new", "held.new"]
