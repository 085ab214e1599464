# SPDX-License-Identifier: Apache-2.0
"""Replies cut anywhere mean the same; the words kept of them are safe to show."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.channels.smtp_syntax import with_dots, with_line_ends
from clarion.channels.smtp_wire import Lost, Outflow, Reply, Wire
from clarion.channels.words import printable


class Sink(asyncio.Transport):
    """A transport that goes nowhere."""

    def abort(self) -> None:
        pass

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(data)


class Ear:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.ends: list[Lost] = []

    def heard(self, reply: Reply) -> None:
        assert not self.ends
        self.replies.append(reply)

    def lost(self, lost: Lost) -> None:
        self.ends.append(lost)

    def writable(self) -> None:
        pass


async def connected(expected: int = 1) -> tuple[Wire, Ear]:
    """A wire that waits for so many replies, the greeting among them."""
    ear = Ear()
    wire = Wire(1.0, ear)
    wire.connection_made(Sink())
    if expected > 1:
        wire.send(b"", expected - 1)
    return wire, ear


def read(*pieces: bytes, expected: int) -> Ear:
    async def run() -> Ear:
        wire, ear = await connected(expected)
        for piece in pieces:
            wire.data_received(piece)
        wire.connection_lost(None)
        return ear

    return asyncio.run(run())


TALK = b"250-mail.example\r\n250-SIZE 10\r\n250 OK\r\n354\r\n550 5.1.1 no\r\n"
REPLIES = [Reply(250, (b"mail.example", b"SIZE 10", b"OK")), Reply(354, (b"",)), Reply(550, (b"5.1.1 no",))]


@given(st.lists(st.integers(0, len(TALK)), max_size=8))
def test_replies_cut_anywhere(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(TALK)]
    assert read(*(TALK[a:b] for a, b in pairwise(ends)), expected=3).replies == REPLIES


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n",
        b"hello\r\n",
        b"25\r\n",
        b"150 no\r\n",
        b"650 no\r\n",
        b"250_x\r\n",
        b"\xff\xfe\r\n",
        b"2500 x\r\n",
    ],
)
def test_garbage_ends_the_connection(garbage: bytes) -> None:
    ear = read(garbage, b"220 fine\r\n", expected=1)
    assert ear.replies == []
    assert [lost.words.partition(":")[0] for lost in ear.ends] == ["unintelligible answer"]


@pytest.mark.parametrize("beyond", [b"250 stray\r\n", b"25", b"250-half\r\n", b"huh\r\n", b"x" * 9000])
def test_what_nobody_asked_for_ends_the_connection_after_what_was_asked_for(beyond: bytes) -> None:
    ear = read(b"220 hello\r\n" + beyond, b"250 more\r\n", expected=1)
    assert ear.replies == [Reply(220, (b"hello",))]
    assert len(ear.ends) == 1


async def test_a_farewell_at_any_time_ends_the_connection() -> None:
    wire, ear = await connected()
    wire.data_received(b"220 hello\r\n")
    assert ear.ends == []
    wire.data_received(b"421 idle\r\n")
    assert not wire.alive
    wire.send(b"MAIL\r\n", 1)
    (lost,) = ear.ends
    assert lost.farewell == Reply(421, (b"idle",))
    wire.connection_lost(None)
    assert len(ear.ends) == 1


@given(st.text())
def test_words_are_short_and_printable(text: str) -> None:
    words = printable(text)
    assert len(words) <= 500
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in words)


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"a", b"\r\n.", b"\n.\n"])).map(b"".join))
def test_nothing_in_a_message_can_end_it(content: bytes) -> None:
    """A careful and a careless reader (bare CR or LF taken for line ends) both see one end."""
    clean = with_line_ends(content)
    line = with_dots(clean)
    assert line.count(b"\r") == line.count(b"\n") == line.count(b"\r\n")
    assert b".\r\n" not in [part + b"\r\n" for part in line.split(b"\r\n")]
    assert b"".join(part.removeprefix(b".") for part in line.splitlines(keepends=True)) == clean
    assert clean.splitlines() == content.splitlines()


async def test_what_is_said_in_one_round_of_the_event_loop_goes_out_at_its_end() -> None:
    outflow = Outflow()
    sinks, wires = [Sink(), Sink()], [Wire(1.0, Ear(), outflow), Wire(1.0, Ear(), outflow)]
    for wire, sink in zip(wires, sinks, strict=True):
        wire.connection_made(sink)
    wires[0].send(b"MAIL\r\n", 1)
    wires[1].send(b"RSET\r\n", 1)
    wires[0].send(b"RCPT\r\n", 1)
    assert [sink.written for sink in sinks] == [[], []]
    await asyncio.sleep(0)
    assert [sink.written for sink in sinks] == [[b"MAIL\r\nRCPT\r\n"], [b"RSET\r\n"]]
    wires[0].send(b"DATA\r\n", 1)
    wires[0].flush()
    await asyncio.sleep(0)
    assert sinks[0].written[1:] == [b"DATA\r\n"]


async def test_what_was_to_go_out_over_a_dropped_connection_does_not() -> None:
    wire, sink = Wire(1.0, Ear()), Sink()
    wire.connection_made(sink)
    wire.send(b"MAIL\r\n", 1)
    wire.abort()
    await asyncio.sleep(0)
    assert sink.written == []
