# SPDX-License-Identifier: Apache-2.0
"""Copies that are messages of their own: after what was sent, once, and no account hangs on them."""

from dataclasses import replace
from pathlib import Path

import pytest

from clarion.domain.deliveries import State
from clarion.domain.errors import Permanent, Temporary
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.send import SendStage

from .letters import MAIL, action, messages
from .providers import Fails, Scripted
from .test_send import Sender, chunk_of, task_for

COPIED = action(replace(MAIL, bcc="b{{ customer.cio_id | size }}@x.test, c@x.test", fake_bcc=True))


async def _sent(folder: Path, provider: Scripted, may_go_on: int = 99) -> dict[int, State]:
    """How three accounts ended, of which so many are begun."""
    sender = Sender(folder)
    chunk = chunk_of({}, {}, {})
    sender.open(chunk)
    begun = 0

    def turn_over() -> bool:
        nonlocal begun
        begun += 1
        return begun > may_go_on

    task = replace(task_for(chunk, messages(COPIED)), turn_over=turn_over)
    outcomes = await SendStage(provider, retry=RetryPolicy((7.0,)), clock=lambda: 0.0).send(task, sender.record)
    sender.record.close()
    return {outcome.key.seq: outcome.state for outcome in outcomes}


async def test_each_goes_once_whatever_becomes_of_it(tmp_path: Path) -> None:
    provider = Scripted(usual=None, script={"c@x.test": [Fails(Temporary("451")), Fails(Permanent("550", "refused"))]})
    assert await _sent(tmp_path, provider) == {1: State.SENT, 2: State.SENT, 3: State.SENT}
    assert provider.tried["c@x.test"] == 3
    assert [one.recipient for one in provider.taken].count("c@x.test") == 1
    (copy,) = (one for one in provider.taken if one.recipient == "c@x.test")
    assert copy.subject.startswith("[To a")


async def test_what_was_not_sent_is_not_copied(tmp_path: Path) -> None:
    provider = Scripted({"a2@x.test": [Fails(Permanent("550", "refused"))]})
    assert (await _sent(tmp_path, provider))[2] is State.FAILED
    assert provider.tried["c@x.test"] == 2
    assert not any("a2@x.test" in one.subject for one in provider.taken)


@pytest.mark.parametrize("connections", [1, 4])
async def test_what_was_sent_is_copied_though_the_turn_is_over(tmp_path: Path, connections: int) -> None:
    provider = Scripted(connections=connections)
    assert await _sent(tmp_path, provider, may_go_on=2) == {1: State.SENT, 2: State.SENT}
    assert provider.tried["c@x.test"] == 2
    assert len(provider.taken) == 2 + 4
