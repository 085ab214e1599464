# SPDX-License-Identifier: Apache-2.0
"""Compiled templates write what the interpreter writes, and give up where it raises."""

import os
from collections import Counter
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.domain.broadcasts import EmailContent
from clarion.domain.errors import RenderError
from clarion.domain.links import LinkSigner
from clarion.domain.people import template_view
from clarion.rendering import mime
from clarion.rendering.binding import Dynamic, StaticScope, Unsupported
from clarion.rendering.code import PLAIN, Constants, function, merged
from clarion.rendering.compiler import Compiler
from clarion.rendering.context import Links
from clarion.rendering.email import Campaign, CompiledEmail, Recipient, compile_email
from clarion.rendering.environment import compile_template, render_text
from clarion.rendering.special import Person, SpecialEmail, domain_of
from clarion.rendering.tracking import Tracker

from .random_templates import Author, attributes, own_data, trigger_data
from .test_golden_liquid import CASES

# `make check-all` asks for more. Each example is this many random e-mails, each for three people.
MAILS = int(os.environ.get("FUZZ_MAILS", "20"))
DATE = "Mon, 01 Jan 2024 00:00:00 +0000"


def links(delivery_id: str) -> Links:
    return Links(*[f"https://c.test/{word}/{delivery_id}" for word in ("u", "p", "c", "v")])


def compiled_text(source: str, data: Mapping[str, Any], personal: set[str]) -> str:
    template = compile_template(source, "body")
    names = {name: Dynamic(f"given[{name!r}]") if name in personal else value for name, value in data.items()}
    constants = Constants()
    ops = merged(Compiler(StaticScope(template, names=names, part="body"), constants).compile(template))
    return str(function(["given"], ops, PLAIN, constants)(data))


@pytest.mark.skipif(not CASES, reason="golden_liquid.json is not here")
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_golden_cases_compiled_are_as_interpreted(share: float) -> None:
    counted: Counter[str] = Counter()
    for case in CASES:
        data = case.get("data", {})
        personal = set(Random(case["name"]).sample(sorted(data), round(len(data) * share)))
        try:
            wanted: str | None = render_text(case["template"], scope=data, part="body")
        except RenderError:
            wanted = None
        try:
            made: str | None = compiled_text(case["template"], data, personal)
        except (RenderError, Unsupported):
            counted["left"] += 1
            continue
        except Exception:  # noqa: BLE001 - any means: ask the interpreter
            counted["left" if wanted is None else "given up"] += 1
            continue
        assert made == wanted, case["name"]
        counted["same"] += 1
    # Of 1,054 cases; the others are refused by both, or left to the interpreter beforehand.
    assert counted["same"] >= 860, counted
    assert not counted["given up"]


def content_of(author: Author) -> tuple[EmailContent, dict[str, str]]:
    dice = author.dice
    content = EmailContent(
        subject=dice.choice(("Hi", "{{ customer.name }} {{ trigger.title }}!", author.text())),
        preheader=dice.choice(
            ("", "See {{ customer.name | default: 'you' }} & more", "{{ customer.gone | default: '' }}")
        ),
        body=dice.choice(("<html><body>", "<html lang='{{ customer.plan }}'><body class='a'>", "")) + author.text(),
        plain=dice.choice(("", "", author.text())),
        sender=dice.choice(
            ("Shop <shop@example.com>", "{{ customer.name | default: 'x' }} <shop@example.com>", "nobody")
        ),
        reply_to=dice.choice(("", "r@example.com", "{{ delivery_id }}@example.com")),
        cc=dice.choice(("", "", "Ann <a@example.com>, b@example.com", "{{ customer.plan }}@example.com")),
        headers=dice.choice(
            ((), (("X-Code", "{{ trigger.code }} {{ customer.name }}"),), (("List-Unsubscribe", "<x>"),))
        ),
    )
    return content, {"one": author.text(1), "two": f"[{{{{ customer.name }}}}{author.text(2)}]"}


def parsed(content: bytes) -> dict[str, Any]:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, Parsed)
    texts = {}
    for part in message.walk():
        if not part.is_multipart():
            assert not part.defects
            # Line ends are CRLF in a message; those of a lone carriage return as well.
            texts[part.get_content_type()] = str(part.get_content())
    return {"headers": [(k, str(v)) for k, v in message.items() if k != "Content-Type"], **texts}


def interpreted(
    compiled: CompiledEmail, recipient: Recipient, tracker: Tracker | None
) -> tuple[mime.MimeMessage, str] | None:
    try:
        rendered = compiled.render(recipient, tracker)
        made = mime.build(
            rendered,
            message_id=f"<{recipient.delivery_id}@{domain_of(rendered.sender)}>",
            date=DATE,
            unsubscribe_url=recipient.links.unsubscribe,
        )
    except RenderError:
        return None
    return made, rendered.subject


def check_mail(dice: Random, counted: Counter[str]) -> None:
    content, snippets = content_of(Author(dice, linking=dice.random() < 0.5))
    campaign = Campaign(7, "Spring")
    try:
        compiled = compile_email(
            content, snippets=snippets, campaign=campaign, message_id=3, message_name="Mail", send_to_unsubscribed=False
        )
    except RenderError:
        counted["refused"] += 1
        return
    shared = trigger_data(dice)
    tracker = Tracker("https://c.test", LinkSigner(b"k" * 32, 3)) if dice.random() < 0.7 else None
    special = SpecialEmail(compiled, shared, links, tracker)
    for number in range(3):
        raw, own = attributes(dice), own_data(dice)
        email, delivery_id = f"p{number}@example.org", f"{number:032d}"
        view = template_view(number, f"p{number}", email, raw)
        wanted = interpreted(compiled, Recipient(view, {**shared, **own}, delivery_id, links(delivery_id)), tracker)
        seen = {**raw, "id": f"p{number}", "email": email, "cio_id": view["cio_id"]}
        person = Person(view if special.whole_person else seen, own, delivery_id)
        try:
            made = special.message(person, date=DATE)
        except Exception:  # noqa: BLE001 - any means: ask the interpreter
            counted["left, fails" if wanted is None else "left"] += 1
            continue
        assert wanted is not None, (content, snippets, shared, raw, own)
        assert special.message(person, date=DATE) == made  # of what was remembered by now
        for line in made[0].content.partition(b"\r\n\r\n")[2].split(b"\r\n"):
            assert len(line) <= 76
            assert not line.startswith(b".")
        assert (made[1], made[0].sender, made[0].recipient, made[0].copies, made[0].needs_smtputf8) == (
            wanted[1], wanted[0].sender, wanted[0].recipient, wanted[0].copies, wanted[0].needs_smtputf8,
        )  # fmt: skip
        assert parsed(made[0].content) == parsed(wanted[0].content), (content, snippets, shared, raw, own)
        counted["same"] += 1


@pytest.mark.timeout(900)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**63))
def test_random_mails_compiled_are_as_interpreted(seed: int) -> None:
    dice, counted = Random(seed), Counter[str]()
    for _ in range(MAILS):
        check_mail(dice, counted)


def test_random_mails_are_mostly_compiled() -> None:
    """Otherwise the test above would compare little."""
    dice, counted = Random(1), Counter[str]()
    for _ in range(200):
        check_mail(dice, counted)
    assert counted["same"] > counted["left"] * 2, counted
    assert counted["same"] > 120, counted
