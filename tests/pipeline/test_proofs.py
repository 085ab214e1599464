# SPDX-License-Identifier: Apache-2.0
"""Proofs of a message, how long a check may take, and tests through providers that refuse, are away or hang."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from clarion.domain.broadcasts import (
    Action,
    Broadcast,
    BroadcastState,
    DoubtPolicy,
    EmailContent,
    SendingState,
    Variant,
)
from clarion.domain.deliveries import Reason, State
from clarion.domain.errors import Away, Permanent, RenderError
from clarion.domain.people import Person
from clarion.pipeline import proofs, trial
from clarion.pipeline.compose import Sign
from clarion.pipeline.proofs import Draft
from clarion.rendering.email import RenderedEmail

from .providers import Fails, Hangs, Scripted

SIGN = Sign(b"0" * 32, "https://clarion.test")
MAIL = EmailContent(
    subject="Hi {{ customer.name }}",
    body="<p>{{ trigger.x | default: 'x' }}</p>",
    sender="n@x.example",
    cc="c@x.example",
)


def draft(content: EmailContent = MAIL, **others: Any) -> Draft:
    action = Action(7, 3, "", "email", SendingState.AUTOMATIC, False, content, 0, 0)
    broadcast = Broadcast(3, 1, "News", BroadcastState.DRAFT, {}, DoubtPolicy.HOLD, 0, 0, None)
    return Draft(broadcast, replace(action, **others), {}, None, {})


def person(number: int = 1, **attributes: Any) -> Person:
    return Person(number, f"p{number}", f"p{number}@x.example", {"name": "Ada", **attributes}, {}, 0)


NAMELESS = Person(2, "p2", "p2@x.example", {}, {}, 0)


def test_an_error_at_the_end_of_the_text_is_on_its_last_characters() -> None:
    text = "<p>{{ customer.name | default: "
    found = proofs.proof(draft(replace(MAIL, body=text)), person(), SIGN)
    [error] = [one for one in found.errors if one.field == "body"]
    assert error.start is not None
    assert error.end is not None
    assert 0 <= error.start < error.end <= len(text)
    assert isinstance(found.message, RenderedEmail)
    assert found.message.subject == "Hi Ada"
    assert {"body", "plain"} <= found.broken


def test_a_broken_snippet_is_told_once_and_leaves_nothing_to_show() -> None:
    one = replace(draft(replace(MAIL, body="{{ snippets.s }}")), snippets={"s": "a\n{{ customer.none }}"})
    found = proofs.proof(one, person(), SIGN)
    assert [(error.field, error.line, error.start) for error in found.errors] == [("snippets/s", 2, 5)]
    assert found.message is None
    assert (found.state, found.reason) == (State.FAILED, Reason.RENDER_FAILED)


def test_an_address_that_cannot_be_used_is_of_its_field() -> None:
    found = proofs.proof(draft(replace(MAIL, recipient="{{ customer.name }}")), person(), SIGN)
    assert [error.field for error in found.errors] == ["recipient"]
    assert found.reason is Reason.INVALID_ADDRESS


def test_the_language_is_the_persons() -> None:
    german = Variant("de", replace(MAIL, subject="Hallo"))
    one = draft(variants=(german,))
    assert proofs.proof(one, person(language="de-AT"), SIGN).language == "de"
    assert proofs.proof(one, person(), SIGN).language == ""
    checked = proofs.check(one, [person(language="de"), NAMELESS], SIGN, barred=set(), seconds=9)
    assert (checked.people, checked.sent) == (2, 1)


def test_a_check_ends_in_time_and_knows_barred_addresses() -> None:
    ticks = count()
    crowd = [person(number) for number in range(1, 11)]
    cut = proofs.check(draft(), crowd, SIGN, barred=set(), seconds=3, clock=lambda: float(next(ticks)))
    assert 1 <= cut.people < 10
    whole = proofs.check(draft(), crowd, SIGN, barred={"p3@x.example"}, seconds=9)
    [(cause, number, examples)] = whole.causes
    assert (cause.state, cause.reason, number) == (State.SKIPPED, Reason.ESP_SUPPRESSED, 1)
    assert [one.person_id for one in examples] == [3]


async def test_each_address_has_its_answer() -> None:
    provider = Scripted({"b@x.example": [Fails(Permanent("550 no", "refused"), handed=True)]})
    made = trial.letters(draft(), person(), ["a@x.example", "b@x.example"], SIGN, provider, prefix=True)
    assert [one.copies for one in made] == [(), ()]
    assert made[0].subject == "[TEST] Hi Ada"
    assert made[0].delivery_id != made[1].delivery_id
    answers = await trial.hand_over(provider, made, seconds=9)
    assert [(one.address, one.sent) for one in answers] == [("a@x.example", True), ("b@x.example", False)]
    assert answers[1].words == "550 no"


async def test_a_provider_that_is_away_says_so_and_one_that_hangs_is_not_waited_for() -> None:
    class Gone(Scripted):
        async def deliver(self, source: Any) -> None:
            raise Away("nobody there", 5)

    made = trial.letters(draft(), person(), ["a@x.example"], SIGN, Scripted(), prefix=False)
    [answer] = await trial.hand_over(Gone(), made, seconds=9)
    assert (answer.sent, answer.words) == (False, "nobody there")
    [late] = await trial.hand_over(Scripted(usual=Hangs()), made, seconds=0.05)
    assert late.sent is False
    assert "may have arrived" in late.words


def test_what_cannot_be_rendered_is_not_sent() -> None:
    with pytest.raises(RenderError):
        trial.letters(draft(), NAMELESS, ["a@x.example"], SIGN, Scripted(), prefix=True)
