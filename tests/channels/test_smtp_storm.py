# SPDX-License-Identifier: Apache-2.0
"""Thousands of messages through a server that fails at random: one end each, no false word, little doubt."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from clarion.channels.smtp import SmtpProvider
from clarion.domain.errors import Away, Unknown
from clarion.domain.messages import EmailMessage, Message

from .messages import CONTENT, Clock, a_message
from .scripted import DROP, EHLO, EHLO_LOCKSTEP, USUAL, Action, ScriptedServer
from .sources import Kept, ListSource

Smtp = Callable[..., SmtpProvider]

MESSAGES = 3000
BAD: list[Action] = [
    DROP, b"450 no\r\n", b"550 no\r\n", b"421 no\r\n", b"huh\r\n", [b"2", b"50-x\r\n250 y\r\n"],
    b"354 go on\r\n", b"250 ok\r\n250 ok\r\n", b"503 what\r\n", b"221 bye\r\n",
]  # fmt: skip


class Weather(dict[str, Action]):
    """The scripted server's `forever`, at random: one answer in `every` is a bad one."""

    def __init__(self, seed: int, every: int) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self._every = every
        self.bad: Counter[str] = Counter()

    def get(self, stage: str, usual: Action) -> Action:  # type: ignore[override]
        if stage in {"greeting", "EHLO", "QUIT"} or self._random.randrange(self._every):
            return usual
        action = self._random.choice(BAD)
        if stage == "dot" and isinstance(action, bytes) and action.startswith(b"250"):
            return usual
        self.bad[stage] += 1
        return action


async def deliver_all(provider: SmtpProvider, clock: Clock, messages: Iterable[EmailMessage]) -> list[Kept]:
    """Deliver in four sources at once, and again what was turned away, until all have their end."""
    waiting: list[Message] = list(messages)
    ended: list[Kept] = []
    while waiting:
        sources = [ListSource(waiting[at::4]) for at in range(4)]
        results = await asyncio.gather(*(provider.deliver(source) for source in sources), return_exceptions=True)
        assert all(result is None or isinstance(result, Away) for result in results), results
        left: list[Message] = []
        for source in sources:
            assert all(kept.end is not None for kept in source.taken)
            ended += [kept for kept in source.taken if kept.end != "untouched"]
            left += [kept.message for kept in source.taken if kept.end == "untouched"]
            while (kept := source.take()) is not None:
                left.append(kept.message)
        waiting = left
        clock.now += 30.0  # it is not this test's business to wait
    return ended


@pytest.mark.parametrize("ehlo", [EHLO, EHLO_LOCKSTEP], ids=["pipelined", "lockstep"])
@pytest.mark.parametrize(("seed", "every"), [(1, 6), (2, 25), (3, 200)])
async def test_each_message_has_one_end_and_it_is_true(
    server: ScriptedServer, smtp: Smtp, ehlo: bytes, seed: int, every: int
) -> None:
    server.usual["EHLO"] = ehlo
    server.forever = weather = Weather(seed, every)
    clock = Clock()
    provider = smtp(server.port, connections=7, timeout=2.0, clock=clock)
    dots = b".\r\n..\r\n" + CONTENT
    ended = await deliver_all(
        provider, clock, (a_message(n, content=dots if n % 10 == 0 else CONTENT) for n in range(MESSAGES))
    )
    arrived = Counter(kept.recipients[0] for kept in server.kept)
    assert len(ended) == MESSAGES
    assert max(arrived.values()) == 1
    for kept in ended:
        assert kept.end is not None
        if not isinstance(kept.error, Unknown):
            assert kept.end.startswith("sent ") == (kept.message.recipient in arrived), kept
    assert all(kept.content == (dots if kept.recipients[0][3:-12].endswith("0") else CONTENT) for kept in server.kept)
    doubtful = sum(isinstance(kept.error, Unknown) for kept in ended)
    assert doubtful <= weather.bad["dot"]
    assert doubtful < server.connections
    assert weather.bad.keys() >= {"MAIL", "RCPT", "DATA", "dot"}


async def test_a_lost_connection_leaves_one_in_doubt_and_the_message_behind_it_is_sent(
    server: ScriptedServer, smtp: Smtp
) -> None:
    server.say("dot", DROP)
    provider = smtp(server.port, connections=1)
    source = ListSource(map(a_message, range(10)))
    await provider.deliver(source)
    ends = Counter((kept.end or "").partition(" ")[0] for kept in source.taken)
    assert ends == {"Unknown": 1, "sent": 9}
    assert source.taken[0].error is not None
    assert server.connections == 2


def test_the_usual_answers_are_what_the_storm_spares() -> None:
    assert Weather(1, 10**9).get("MAIL", USUAL["MAIL"]) == USUAL["MAIL"]
