# SPDX-License-Identifier: Apache-2.0
"""The whole way of a bounce: by SMTP to Exim, which returns it, into a mailbox of Dovecot's, and back to us."""

import asyncio
import socket
from collections.abc import Iterator
from functools import partial

import pytest
import trustme
from tests.store.ledgers import Played
from tests.support.audience import add_people, playing

from clarion.channels import bounce_mail
from clarion.channels.mailbox import Mailbox, MailboxError
from clarion.channels.smtp import SmtpProvider, SmtpSettings
from clarion.domain.deliveries import DeliveryKey, Outcome, State, key_of, public_id
from clarion.domain.suppressions import EspKind
from clarion.pipeline.bouncing import Bounces, read_once
from clarion.pipeline.hear import HearRules
from clarion.store import esp, feedback, ledger, mailboxes
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.tracking.hooks import unsubscribe

from . import mail_servers
from .imap_server import Imap
from .messages import a_message, attempt
from .test_mailbox import settings
from .test_smtp_real import free_port

SECRET = b"k" * 32
WHOM = "no-pat@x.test"


@pytest.fixture
def exim(imap: Imap, authority: trustme.CA) -> Iterator[int]:
    """An Exim that returns mail into the mailbox; its port."""
    port = free_port()
    pem = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()
    with (
        mail_servers.open_folder(mail_servers.are_there()),
        mail_servers.running("returning exim", imap.folder, port, pem),
    ):
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 5).close()
                break
            except ConnectionRefusedError:
                continue
        yield port


async def _arrived(imap: Imap) -> None:
    async with asyncio.timeout(30):
        while not any(imap.maildir.iterdir()):
            await asyncio.sleep(0)


async def test_a_bounce_comes_back(store: Store, workspace: Workspace, imap: Imap, exim: int) -> None:
    add_people(store, workspace, 2)
    played: Played = playing(store, workspace, size=2)
    key: DeliveryKey = played.key(1)
    outcomes = [Outcome(key, State.SENT, recipient=WHOM)]
    store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=1, source=State.QUEUED))
    provider = SmtpProvider(
        SmtpSettings("127.0.0.1", exim, "none", helo="me.example", bounce_address="bounces@news.example")
    )
    try:
        assert (await attempt(provider, a_message(delivery_id=public_id(key, SECRET), recipient=WHOM))).words
    finally:
        await provider.close()
    await _arrived(imap)
    bounces = Bounces(
        "box",
        open=partial(Mailbox, settings(imap, done_folder="Done")),
        read=partial(bounce_mail.read, is_ours=lambda one: key_of(one, SECRET) is not None),
        failures=MailboxError,
        rules=HearRules(5, signed=False),
        unsubscribe=unsubscribe,
        secret=SECRET,
        every_seconds=0.0,
        count=lambda provider, outcome, number: None,
    )

    def look(tx: Transaction) -> tuple[set[str], list[tuple[str, str]]]:
        barred = esp.of_address(tx, workspace.workspace_id, WHOM)
        return {one.value for one in feedback.first_times(tx, key)}, [(one.kind, one.status) for one in barred]

    imap.forget = {"STORE"}  # the connection is lost before it is known whether the mark is there
    await asyncio.to_thread(read_once, store, bounces)
    assert store.read(look) == ({"bounced"}, [(EspKind.BOUNCES, "550")])
    failed = store.read(lambda tx: mailboxes.reading(tx, "box"))
    assert failed is not None
    assert failed.failure
    imap.forget = set()
    await asyncio.to_thread(read_once, store, bounces)
    assert store.read(look) == ({"bounced"}, [(EspKind.BOUNCES, "550")])
    with Mailbox(settings(imap)) as mailbox:
        assert list(mailbox.unread()) == []
