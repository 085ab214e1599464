# SPDX-License-Identifier: Apache-2.0
"""The mailbox against Dovecot as Debian ships it: what is unread, what is marked, what is said when it goes wrong."""

import ssl
from pathlib import Path

import pytest
import trustme

from clarion.channels.mailbox import Mailbox, MailboxError, MailboxSettings
from clarion.domain.errors import SetupError

from . import imap_server
from .imap_server import PASSWORD, USER, Imap


def settings(imap: Imap, **others: object) -> MailboxSettings:
    given = {"host": "127.0.0.1", "port": imap.port, "security": "none", "username": USER, "password": PASSWORD}
    return MailboxSettings(**{**given, "timeout": 20.0, **others})  # type: ignore[arg-type]


def test_a_message_is_unread_until_it_is_done_with(imap: Imap) -> None:
    imap.deliver("1.a", b"Subject: one\r\n\r\nHello\r\n")
    imap.deliver("2.a", b"Subject: two\r\n\r\n" + b"x" * 1_200_000)
    with Mailbox(settings(imap)) as mailbox:
        first, second = mailbox.unread()
        assert mailbox.content(first) == b"Subject: one\r\n\r\nHello\r\n"
        assert len(mailbox.content(second) or b"") == 1_000_000  # the rest is nobody's report
        mailbox.done(first, understood=True)
    with Mailbox(settings(imap)) as mailbox:
        assert list(mailbox.unread()) == [second]
        assert mailbox.content("99") is None
        mailbox.done(second, understood=False)
    with Mailbox(settings(imap)) as mailbox:
        assert list(mailbox.unread()) == []


def test_what_was_understood_is_moved_where_the_settings_say(imap: Imap) -> None:
    for number in (1, 2):
        imap.deliver(f"{number}.a", b"Subject: x\r\n\r\nHello\r\n")
    for _ in range(2):  # the folder is made the first time
        with Mailbox(settings(imap, done_folder='Read "here"')) as mailbox:
            uid = mailbox.unread()[0]
            mailbox.done(uid, understood=True)
    with Mailbox(settings(imap)) as mailbox:
        assert list(mailbox.unread()) == []
    with Mailbox(settings(imap, folder='Read "here"')) as mailbox:
        assert list(mailbox.unread()) == []  # moved, and read
        assert mailbox.content("2") is not None


def test_tls_is_checked_and_used(mailbox_folder: Path, authority: trustme.CA) -> None:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    trusted = mailbox_folder / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    with imap_server.running(mailbox_folder, server_side) as imap:
        imap.deliver("1.a", b"Subject: one\r\n\r\nHello\r\n")
        with Mailbox(settings(imap, security="tls", ca_file=str(trusted))) as mailbox:
            assert list(mailbox.unread()) == ["1"]
        with pytest.raises(MailboxError, match="CERTIFICATE_VERIFY_FAILED"), Mailbox(settings(imap, security="tls")):
            pass


def test_why_it_cannot_be_read_is_said(imap: Imap) -> None:
    with pytest.raises(MailboxError, match="Authentication failed"), Mailbox(settings(imap, password="wrong")):
        pass
    with pytest.raises(MailboxError, match="doesn't exist"), Mailbox(settings(imap, folder="Nowhere")):
        pass
    imap.forget = {"STORE"}
    imap.deliver("1.a", b"Subject: one\r\n\r\nHello\r\n")
    with pytest.raises(MailboxError), Mailbox(settings(imap)) as mailbox:
        mailbox.done(mailbox.unread()[0], understood=True)
    with pytest.raises(MailboxError, match="TLS not supported"), Mailbox(settings(imap, security="starttls")):
        pass


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"username": ""}, "username is empty"),
        ({"host": "mail.example.com"}, "clear text"),
        ({"folder": "IN\r\nBOX"}, "folder holds a control character"),
        ({"ca_file": "/nowhere"}, "ca_file /nowhere cannot be used"),
    ],
)
def test_settings_that_cannot_be_meant(others: dict[str, object], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        settings(Imap(Path("/"), 1), **others)


def test_the_usual_ports() -> None:
    assert settings(Imap(Path("/"), 0), security="tls").port == 993
    assert settings(Imap(Path("/"), 0), security="starttls").port == 143
