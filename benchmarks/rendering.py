# SPDX-License-Identifier: Apache-2.0
"""How long a personal message takes to make: the newsletter, from a row of the ledger to the bytes for SMTP.

CPU time of this process, so that what else runs on the machine counts little.
"""

import json
import time
from statistics import median
from typing import Any

from clarion.domain.broadcasts import Action, Broadcast, BroadcastState, DoubtPolicy, SendingState, freeze
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.messages import EmailMessage
from clarion.pipeline.compose import Messages, Sign

from . import newsletter
from .ground import Ground
from .report import Result, Row

_MESSAGES = 20_000
_INTERPRETED = 500
_BUDGET_US = 20.0
_ROUNDS = 5


def run(ground: Ground, command: str) -> Result:
    """Measure both ways; the bound is on the compiled one."""
    rows = [_row(number) for number in range(_MESSAGES)]
    compiled, interpreted, firsts, size = [], [], [], 0
    for _ in range(max(ground.rounds, _ROUNDS)):
        messages = _messages()
        firsts.append(_seconds(lambda: _compose(messages, rows[:1])) * 1e3)  # noqa: B023 called at once
        size = sum(len(_made(messages, row).content) for row in rows[:100]) // 100
        compiled.append(_seconds(lambda: _compose(messages, rows)) / len(rows) * 1e6)  # noqa: B023
        interpreted.append(
            _seconds(lambda: _interpret(messages, rows[:_INTERPRETED])) / _INTERPRETED * 1e6  # noqa: B023
        )
    ratio = median(ours / theirs for ours, theirs in zip(compiled, interpreted, strict=True))
    figure = median(compiled)
    return Result(
        name="rendering",
        question=f"How much CPU time does a personal e-mail of {size / 1000:.1f} KB take to make?",
        reference="the interpreter, in the same round",
        command=command,
        rows=(
            Row("compose, compiled", "", figure, "µs", ratio, _short(compiled), f"≤ {_BUDGET_US:g} µs",
                figure <= _BUDGET_US),
            Row("compose, interpreted", "", median(interpreted), "µs", None, _short(interpreted)),
            Row("the first message: compiling", "", median(firsts), "ms", None, _short(firsts)),
        ),
    )  # fmt: skip


def _messages() -> Messages:
    action = Action(1, 3, "Newsletter", "email", SendingState.AUTOMATIC, False, newsletter.CONTENT, 0, 0)
    broadcast = Broadcast(3, 1, "Spring", BroadcastState.RUNNING, {}, DoubtPolicy.HOLD, 0, 0, None, (), (action,))
    return Messages(freeze(broadcast, {}), newsletter.TRIGGER_DATA, Sign(b"k" * 32, "https://mail.acme.example"))


def _row(number: int) -> dict[str, Any]:
    """As `ledger.next_rows` gives it."""
    return {
        "seq": number,
        "action_id": 1,
        "person_id": number + 1,
        "attempts": 0,
        "alive": number + 1,
        "id": f"p{number}",
        "email": f"p{number}@people.example",
        "unsubscribed": 0,
        "attributes": json.dumps(newsletter.attributes(number)),
        "data": None,
    }


def _made(messages: Messages, row: dict[str, Any]) -> EmailMessage:
    made = messages.compose(DeliveryKey(5, int(row["seq"]), 1), row, suppressed=False)
    assert isinstance(made, EmailMessage), made
    return made


def _compose(messages: Messages, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        _made(messages, row)


def _interpret(messages: Messages, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        messages.interpreted(DeliveryKey(5, int(row["seq"]), 1), row, "d" * 32)


def _seconds(work: Any) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _short(values: list[float]) -> tuple[float, ...]:
    return tuple(round(value, 2) for value in values)
