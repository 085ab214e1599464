# SPDX-License-Identifier: Apache-2.0
"""Replies cut anywhere mean the same; the words kept of them are safe to show."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.channels.smtp_syntax import with_dots, with_line_ends
from clarion.channels.smtp_wire import Lost, Reply, Wire, printable


class Sink(asyncio.Transport):
    """A transport that goes nowhere."""

    def abort(self) -> None:
        pass

    def write(self, data: Any) -> None:
        pass


def read(*pieces: bytes, expected: int) -> list[Reply]:
    async def run() -> list[Reply]:
        wire = Wire(1.0)
        wire.connection_made(Sink())
        wire.expect(expected - 1)  # the greeting is expected from the start
        for piece in pieces:
            wire.data_received(piece)
        return [await wire.reply("test") for _ in range(expected)]

    return asyncio.run(run())


TALK = b"250-mail.example\r\n250-SIZE 10\r\n250 OK\r\n354\r\n550 5.1.1 no\r\n"
REPLIES = [Reply(250, (b"mail.example", b"SIZE 10", b"OK")), Reply(354, (b"",)), Reply(550, (b"5.1.1 no",))]


@given(st.lists(st.integers(0, len(TALK)), max_size=8))
def test_replies_cut_anywhere(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(TALK)]
    assert read(*(TALK[a:b] for a, b in pairwise(ends)), expected=3) == REPLIES


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
    with pytest.raises(Lost, match="unintelligible answer"):
        read(garbage, expected=1)


async def test_a_farewell_at_any_time_ends_the_connection() -> None:
    wire = Wire(1.0)
    wire.connection_made(Sink())
    wire.data_received(b"220 hello\r\n")
    assert (await wire.reply("greeting")).code == 220
    wire.data_received(b"421 idle\r\n")
    assert not wire.alive
    with pytest.raises(Lost) as caught:
        wire.write(b"MAIL\r\n")
    assert caught.value.farewell == Reply(421, (b"idle",))


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
