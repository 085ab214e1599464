# SPDX-License-Identifier: Apache-2.0
"""What every provider has to do, whatever is on its other side."""

import asyncio

import pytest

from clarion.domain.errors import Permanent
from clarion.domain.messages import Message

from .conftest import MAIL, Target
from .messages import CONTENT, a_message, attempt, attempts
from .sources import Kept, ListSource

CONTENTS = {
    "plain": CONTENT,
    "dots": b".\r\n..\r\n.a\r\n\r\n.\r\n.b\r\n" + CONTENT + b".\r\n",
    "utf-8": CONTENT + "Grüße, ☃\r\n".encode(),
    "long": CONTENT + (b"." + b"x" * 70 + b"\r\n") * 5000 + b".\r\n",
    "empty line at the end": CONTENT + b"\r\n\r\n",
    "trailing blanks and tabs": CONTENT + b"\tab  \r\n",
}


async def test_accepts_once_with_words(target: Target) -> None:
    tried = await attempt(target.provider, target.message(0))
    assert tried.words
    assert len(tried.words) <= 500
    assert tried.begun
    assert target.recipients() == ["ann0@example.org"]


@pytest.mark.parametrize("target", MAIL, indirect=True)
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
async def test_content_arrives_byte_for_byte(target: Target, content: bytes) -> None:
    assert (await attempt(target.provider, a_message(content=content))).words
    assert (await attempt(target.provider, a_message(content=CONTENT))).words
    assert [kept.content for kept in target.arrived()] == [content, CONTENT]


@pytest.mark.parametrize("target", MAIL, indirect=True)
async def test_copies_are_further_recipients(target: Target) -> None:
    message = a_message(copies=("bob@example.org", "cy@example.org"))
    assert (await attempt(target.provider, message)).words
    (kept,) = target.arrived()
    assert kept.recipients == ["ann0@example.org", "bob@example.org", "cy@example.org"]


@pytest.mark.parametrize("target", MAIL, indirect=True)
async def test_null_sender(target: Target) -> None:
    assert (await attempt(target.provider, a_message(sender=""))).words
    assert not target.arrived()[0].sender


async def test_many_at_once_each_arrives_once(target: Target) -> None:
    tries = await attempts(target.provider, map(target.message, range(200)))
    assert len(tries) == 200
    assert all(tried.words for tried in tries)
    assert sorted(target.recipients()) == sorted(f"ann{n}@example.org" for n in range(200))


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 21])
async def test_cancelled_send_leaves_the_provider_working(target: Target, turns: int) -> None:
    await attempt(target.provider, target.message(1))
    task = asyncio.create_task(attempt(target.provider, target.message(2)))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await attempt(target.provider, target.message(3))).words
    arrived = target.recipients()
    assert arrived.count("ann1@example.org") == 1
    assert arrived.count("ann2@example.org") <= 1
    assert arrived.count("ann3@example.org") == 1


class Broken(ListSource):
    """A source whose messages, or itself, fail at one of the calls."""

    def __init__(self, message: Message, at: str) -> None:
        super().__init__([message])
        self._at = at

    def take(self) -> Kept | None:
        if self._at == "take":
            raise DiskFullError
        kept = super().take()
        if kept is not None:
            setattr(kept, self._at, self._fail)
        return kept

    def _fail(self, *_: object) -> bool:
        raise DiskFullError


class DiskFullError(Exception):
    pass


@pytest.mark.parametrize("at", ["take", "begin", "sent"])
async def test_what_a_source_raises_passes_through_and_harms_nobody_else(target: Target, at: str) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(DiskFullError):
            await target.provider.deliver(Broken(target.message(1), at))
        assert (await attempt(target.provider, target.message(2))).words
    arrived = target.recipients()
    assert arrived == [*(["ann1@example.org"] if at == "sent" else []), "ann2@example.org"]


async def test_an_empty_source_is_done_at_once(target: Target) -> None:
    await target.provider.deliver(ListSource([]))
    assert target.arrived() == []


async def test_what_may_not_begin_is_untouched_and_not_sent(target: Target) -> None:
    source = ListSource([target.message(n) for n in (1, 2, 3)], may_begin=False)
    await target.provider.deliver(source)
    assert set(source.ends().values()) == {"untouched"}
    assert (await attempt(target.provider, target.message(4))).words
    assert target.recipients() == ["ann4@example.org"]


async def test_sources_share_and_none_waits_for_another(target: Target) -> None:
    """A short source beside a long one is finished long before the long one is."""
    long, short = ListSource(map(target.message, range(300))), ListSource(target.message(n) for n in range(1000, 1005))
    delivering = asyncio.create_task(target.provider.deliver(long))
    await target.provider.deliver(short)
    taken = len(long.taken)
    await delivering
    assert taken < 150
    assert all(kept.end is not None and kept.end.startswith("sent") for kept in (*long.taken, *short.taken))


@pytest.mark.parametrize("target", MAIL, indirect=True)
async def test_text_that_is_not_unicode_is_a_verdict(target: Target) -> None:
    tried = await attempt(target.provider, a_message(recipient="ann\ud800@example.org"))
    assert isinstance(tried.verdict, Permanent)
    assert (tried.begun, target.arrived()) == (False, [])


async def test_close_twice_and_unused(target: Target) -> None:
    await target.provider.close()
    await target.provider.close()


async def test_close_after_use(target: Target) -> None:
    await attempts(target.provider, map(target.message, range(5)))
    await target.provider.close()
    await target.provider.close()
    assert len(target.arrived()) == 5


def test_describes_itself(target: Target) -> None:
    assert target.provider.name
    assert target.provider.capabilities.channel == target.channel
    assert target.provider.capabilities.connections >= 1
    assert not target.provider.capabilities.recognises_repeats or target.provider.name in {"resend", "in_app"}
