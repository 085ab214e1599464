# SPDX-License-Identifier: Apache-2.0
"""What a mail program reads of an e-mail with all that one may have, after a real SMTP server took it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from tests.support.jobs import driver

from clarion.channels import registry
from clarion.domain.attachments import AttachedFile, media_type_of
from clarion.domain.broadcasts import EmailContent, Layout, Variant
from clarion.domain.deliveries import key_of
from clarion.domain.links import target_of
from clarion.domain.suppressions import EspKind
from clarion.store import attachments, broadcasts, esp
from clarion.store.engine import Store, Transaction

from .stage import SIGN, Stage

Taken = tuple[str, tuple[str, ...], EmailMessage]
CONTENT = EmailContent(
    subject="Hello {{ customer.id }}",
    preheader="Soon & quick",
    body='<p class="big">Dear {{ customer.id }}</p><a href="https://shop.test/a?b=1#c">Shop</a>',
    sender="Acme <news@acme.test>",
    reply_to="Help <help@acme.test>",
    cc="Ann <cc@acme.test>",
    bcc="bcc@acme.test",
    headers=(("X-Order", "{{ customer.id }}"),),
    layout=Layout(1, "Frame", "<html><head><style>.big {color: red}</style></head><body>{{ content }}</body></html>"),
    amp="<!doctype html><html amp4email><body>{{ customer.id }}</body></html>",
    inline_css=True,
    tracked=True,
    url_params=(("utm_campaign", "{{ campaign.name }}"), ("who", "{{ customer.id }}")),
)


class Keeping:
    """Keeps what it takes: sender, everybody in the envelope, and the mail as Python's parser reads it."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.refused = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address.startswith("refused"):
            self.refused += 1
            return "451 4.3.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        mail = message_from_bytes(envelope.content, EmailMessage, policy=policy.default)
        self.taken.append((envelope.mail_from, tuple(envelope.rcpt_tos), mail))
        return "250 2.0.0 kept"


@pytest.fixture
async def server() -> AsyncIterator[tuple[Keeping, int]]:
    keeping = Keeping()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(keeping, hostname="real.test", loop=loop), "127.0.0.1", 0)
    yield keeping, listening.sockets[0].getsockname()[1]
    listening.close()


async def sent(
    stage: Stage, store: Store, store_url: str, server: tuple[Keeping, int], *contents: EmailContent
) -> list[Taken]:
    keeping, port = server
    jobs = driver(store, store_url)
    provider = registry.build("smtp", {"host": "127.0.0.1", "port": port, "security": "none"})
    trigger_id = stage.trigger(stage.broadcast(*contents), jobs=jobs)
    try:
        async with stage.working(stage.worker(provider, jobs)):
            await stage.finished(trigger_id)
    finally:
        await provider.close()
    return keeping.taken


def text(mail: EmailMessage, kind: str) -> str:
    (found,) = (part for part in mail.walk() if part.get_content_type() == kind)
    return str(found.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_mail_with_all_that_one_may_have(
    stage: Stage, store: Store, store_url: str, server: tuple[Keeping, int]
) -> None:
    stage.person("ada")
    # With AMP the interpreter makes it, without compiled code does.
    for sender, to, mail in await sent(stage, store, store_url, server, CONTENT, replace(CONTENT, amp="")):
        assert (sender, to) == ("news@acme.test", ("ada@x.test", "cc@acme.test", "bcc@acme.test"))
        assert (mail["Subject"], mail["From"], mail["To"]) == ("Hello ada", "Acme <news@acme.test>", "ada@x.test")
        assert (mail["Cc"], mail["Bcc"], mail["Reply-To"]) == ("Ann <cc@acme.test>", None, "Help <help@acme.test>")
        assert mail["X-Order"] == "ada"
        delivery_id, _, domain = mail["Message-ID"].strip("<>").rpartition("@")
        assert domain == "acme.test"
        key = key_of(delivery_id, SIGN.secret)
        assert key is not None
        assert mail["List-Unsubscribe"] == f"<https://clarion.test/unsubscribe/{delivery_id}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        html = text(mail, "text/html")
        assert "Soon &amp; quick" in html
        assert '<p style="color: red" class="big">Dear ada</p>' in html
        assert "<style>.big {color: red}</style>" in html
        page = "https://shop.test/a?b=1&utm_campaign=Spring&who=ada#c"
        assert text(mail, "text/plain") == f"Dear ada\n\nShop ({page})\n"
        token = html.partition(f"https://clarion.test/e/c/{delivery_id}/")[2].partition('"')[0]
        assert target_of(token, key.action_id, SIGN.secret) == page
        kinds = [part.get_content_type() for part in mail.iter_parts()]
        if len(kinds) == 3:
            assert kinds == ["text/plain", "text/x-amp-html", "text/html"]
            assert text(mail, "text/x-amp-html").rstrip() == CONTENT.amp.replace("{{ customer.id }}", "ada")
        else:
            assert kinds == ["text/plain", "text/html"]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_fake_bcc_is_a_message_of_its_own_after_the_persons(
    stage: Stage, store: Store, store_url: str, server: tuple[Keeping, int]
) -> None:
    stage.person("ada")
    stage.person("none", None)
    content = replace(
        CONTENT,
        fake_bcc=True,
        bcc="One <one@acme.test>, {{ customer.id }}@acme.test, barred@acme.test, refused@acme.test",
    )
    number = stage.workspace.workspace_id
    store.write(lambda tx: esp.suppress(tx, number, EspKind.BOUNCES, "barred@acme.test"))
    taken = await sent(stage, store, store_url, server, content)
    (_, to, mail), *copies = taken
    assert (to, mail["Subject"], mail["Bcc"]) == (("ada@x.test", "cc@acme.test"), "Hello ada", None)
    assert {to for _, to, _ in copies} == {("one@acme.test",), ("ada@acme.test",)}
    for _, to, copy in copies:
        assert (copy["Subject"], copy["Cc"], copy["List-Unsubscribe"]) == ("[To ada@x.test] Hello ada", None, None)
        assert copy["To"].addresses[0].addr_spec == to[0]
        assert key_of(copy["Message-ID"].strip("<>").partition("@")[0], SIGN.secret) is None
        assert 'href="https://shop.test/a' in text(copy, "text/html")
        assert "/e/o/" not in text(copy, "text/html")
    assert len({mail["Message-ID"] for _, _, mail in taken}) == 3
    assert server[0].refused == 1
    assert stage.sums(1) == {"sent": 1, "skipped no_address": 1}


async def test_files_come_as_they_are_and_as_the_trigger_froze_them(
    stage: Stage, store: Store, store_url: str, server: tuple[Keeping, int]
) -> None:
    files = {"Größe.pdf": b"%PDF\x00\xff\r\n.\r\n", "a.csv": b"a,b\n.\n", "x.eml": b"Subject: x\r\n\r\n..\r\n"}
    stage.person("p1")
    stage.person("p2", language="de")
    made = stage.broadcast(CONTENT, replace(CONTENT, amp="", cc="", bcc=""))

    def attach(tx: Transaction) -> None:
        for action in made.actions:
            held = [(name, octets, attachments.keep(tx, made.workspace_id, octets)) for name, octets in files.items()]
            named = tuple(AttachedFile(name, media_type_of(name), len(octets), key) for name, octets, key in held)
            german = Variant("de", replace(action.content, subject="Hallo"))
            changed = replace(action, attachments=named, variants=(german,))
            broadcasts.update_action(tx, changed)

    def remove(tx: Transaction) -> None:
        for action in made.actions:
            broadcasts.update_action(tx, action)

    store.write(attach)
    keeping, port = server
    jobs = driver(store, store_url)
    provider = registry.build("smtp", {"host": "127.0.0.1", "port": port, "security": "none"})
    trigger_id = stage.trigger(made.broadcast_id, jobs=jobs)
    store.write(remove)
    assert sum(attachments.clear(store, 2**60)) == 0
    try:
        async with stage.working(stage.worker(provider, jobs)):
            await stage.finished(trigger_id)
    finally:
        await provider.close()
    assert len(keeping.taken) == 4
    for _, _, mail in keeping.taken:
        found = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
        assert found == files
        types = [part.get_content_type() for part in mail.iter_attachments()]
        assert types == ["application/pdf", "text/csv", "application/octet-stream"]
        assert "Dear" in text(mail, "text/html")
        assert mail.get_content_type() == "multipart/mixed"
    assert sum("text/x-amp-html" in mail.as_string() for _, _, mail in keeping.taken) == 2
