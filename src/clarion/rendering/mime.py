# SPDX-License-Identifier: Apache-2.0
"""The bytes of one e-mail (RFC 5322, 2045): headers, text and HTML in quoted-printable, CRLF line ends.

Written by hand because `email.message.EmailMessage` takes 1.2 ms per message, which is most of a send.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage as Part
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache, cached_property
from typing import NamedTuple

from clarion.domain.attachments import Attachment
from clarion.domain.errors import RenderError
from clarion.domain.messages import EmailFields
from clarion.rendering.addresses import Mailbox, mailbox
from clarion.rendering.email import RenderedEmail
from clarion.rendering.headers import cleaned, line
from clarion.rendering.quoted import encoded

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_LONGEST_LINE = 998  # octets without CRLF, RFC 5322 §2.1.1


class MimeMessage(NamedTuple):
    """A finished message and its envelope; `copies` are the addresses of cc and bcc."""

    content: bytes
    sender: str
    recipient: str
    copies: tuple[str, ...]
    needs_smtputf8: bool


@cache
def boundary() -> bytes:
    """Random, one per process. ``=_`` cannot occur in quoted-printable text, so no content contains it."""
    return f"=_{secrets.token_hex(12)}".encode()


def date_of(seconds: float) -> str:
    """A moment as a Date header has it; the zone in digits, since RFC 5322 §4.3 lets nobody write GMT any more."""
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC))


class Enclosed:
    """Files that go with each message of a trigger: in parts, and as the bytes around a message's texts, made once.

    `before` is the head of the whole with the line that begins the texts; CRLF line ends, none begins with a dot.
    """

    def __init__(self, files: Sequence[Attachment]) -> None:
        self.files = tuple(files)
        mark = f"mixed-{boundary().decode()}"
        self.before = f'Content-Type: multipart/mixed; boundary="{mark}"\r\n\r\n--{mark}\r\n' if files else ""
        self._mark = mark.encode()

    @cached_property
    def after(self) -> bytes:
        """What stands behind the texts."""
        if not self.files:
            return b""
        mark = self._mark
        pieces = [piece for one in self.files for piece in (b"\r\n--", mark, b"\r\n", _file(one))]
        return b"".join((*pieces, b"\r\n--", mark, b"--\r\n"))


NOTHING_ENCLOSED = Enclosed(())


def build(
    email: RenderedEmail,
    *,
    message_id: str,
    date: str,
    unsubscribe_url: str | None,
    enclosed: Enclosed = NOTHING_ENCLOSED,
) -> MimeMessage:
    """Put a rendered e-mail into bytes. Of several recipients the first is the envelope's, the others are copies.

    `message_id` is with angle brackets, `date` as RFC 5322 §3.3 writes it; with `unsubscribe_url` the message
    gets the header that mail programs offer (and, for https, the one-click of RFC 8058), unless a custom
    header says otherwise. Raises RenderError for an address that is none.
    """
    sender = mailbox(email.sender, "from")
    recipient, *others = _recipients(email)
    cc = [mailbox(address, "cc") for address in email.cc]
    bcc = _bcc(email)
    head = [
        f"From: {sender.header}\r\nTo: {listed([recipient, *others])}\r\n",
        line("Subject", cleaned(email.subject)),
        f"Date: {date}\r\nMessage-ID: {message_id}\r\n",
    ]
    if email.reply_to:
        head.append(f"Reply-To: {mailbox(email.reply_to, 'reply_to').header}\r\n")
    if cc:
        head.append(f"Cc: {listed(cc)}\r\n")
    if unsubscribe_url and not any(name.lower() == "list-unsubscribe" for name, _ in email.headers):
        head.append(one_click(unsubscribe_url))
    for name, value in email.headers:
        if text := cleaned(value):
            head.append(line(name, text))
    head.append(f"MIME-Version: 1.0\r\n{enclosed.before}")
    return MimeMessage(
        content=b"".join(("".join(head).encode("utf-8", "replace"), _texts(email), enclosed.after)),
        sender=sender.address,
        recipient=recipient.address,
        copies=tuple(copy.address for copy in (*others, *cc, *bcc)),
        needs_smtputf8=any(address.needs_smtputf8 for address in (sender, recipient, *others, *cc, *bcc)),
    )


def fields(
    email: RenderedEmail, *, message_id: str, unsubscribe_url: str | None, enclosed: Enclosed = NOTHING_ENCLOSED
) -> tuple[EmailFields, MimeMessage]:
    """A rendered e-mail for a provider that puts it together itself, and its envelope (content is empty).

    The headers are those that `build` writes. Raises RenderError for an address that is none.
    """
    sender = mailbox(email.sender, "from")
    recipient, *others = _recipients(email)
    if email.reply_to:
        mailbox(email.reply_to, "reply_to")
    cc = [mailbox(address, "cc") for address in email.cc]
    bcc = _bcc(email)
    headers = [("Message-ID", message_id)]
    if unsubscribe_url and not any(name.lower() == "list-unsubscribe" for name, _ in email.headers):
        lines = one_click(unsubscribe_url).splitlines()
        headers += [(name, value) for name, _, value in (each.partition(": ") for each in lines)]
    headers += [(name, text) for name, value in email.headers if (text := cleaned(value))]
    made = EmailFields(
        subject=cleaned(email.subject),
        html=email.html,
        plain=email.plain,
        sender=cleaned(email.sender),
        recipient=", ".join(map(cleaned, (email.recipient, *email.also_to))),
        reply_to=cleaned(email.reply_to),
        cc=tuple(map(cleaned, email.cc)),
        bcc=tuple(map(cleaned, email.bcc)) if bcc else (),
        headers=tuple(headers),
        attachments=enclosed.files,
        amp=email.amp if email.plain and email.html and email.amp.strip() else "",
    )
    envelope = MimeMessage(
        content=b"",
        sender=sender.address,
        recipient=recipient.address,
        copies=tuple(copy.address for copy in (*others, *cc, *bcc)),
        needs_smtputf8=any(address.needs_smtputf8 for address in (sender, recipient, *others, *cc, *bcc)),
    )
    return made, envelope


def _bcc(email: RenderedEmail) -> list[Mailbox]:
    """Whom it goes to beside; all must be addresses even if they get a copy of their own."""
    found = [mailbox(address, "bcc") for address in email.bcc]
    return [] if email.fake_bcc else found


def _recipients(email: RenderedEmail) -> list[Mailbox]:
    return [mailbox(address, "recipient") for address in (email.recipient, *email.also_to)]


def listed(mailboxes: list[Mailbox]) -> str:
    """The value of a header with several addresses, folded."""
    return ",\r\n ".join([mailbox.header for mailbox in mailboxes])


def one_click(url: str) -> str:
    """The headers with which mail programs offer to unsubscribe. Raises RenderError for a URL that is none."""
    url = cleaned(url)
    if len(url) > _LONGEST_LINE - 20 or not url.isascii() or " " in url or ">" in url:
        raise RenderError("the unsubscribe link does not fit into a header", part="headers.List-Unsubscribe")
    one_click = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    # RFC 8058 §3.1: one click is for https only; a plain link may still be shown.
    return f"List-Unsubscribe: <{url}>\r\n" + (one_click if url.startswith("https:") else "")


def encoded_size(size: int) -> int:
    """About how many bytes a file takes in a message: base64 in lines of 76 (RFC 2045 §6.8)."""
    letters = -(-size // 3) * 4
    return letters + 2 * -(-letters // 76)


def _file(attachment: Attachment) -> bytes:
    """RFC 2183, with RFC 2231 for names that are not ASCII: the library's way, as these are few."""
    kind, _, subtype = attachment.media_type.partition("/")
    part = Part(SMTP)
    part.set_content(attachment.octets, maintype=kind, subtype=subtype, filename=attachment.name)
    del part["MIME-Version"]
    return part.as_bytes()


def _texts(email: RenderedEmail) -> bytes:
    if not email.plain or not email.html:
        kind, text = ("html", email.html) if email.html else ("plain", email.plain)
        return _part(kind, text)
    mark = boundary()
    # Programs that do not know AMP take the last part that they know, and it must stand before the HTML.
    amp = (_part("x-amp-html", email.amp), b"\r\n--", mark, b"\r\n") if email.amp.strip() else ()
    return b"".join((
        b'Content-Type: multipart/alternative; boundary="', mark, b'"\r\n\r\n--', mark, b"\r\n",
        _part("plain", email.plain), b"\r\n--", mark, b"\r\n", *amp,
        _part("html", email.html), b"\r\n--", mark, b"--\r\n",
    ))  # fmt: skip


def part_head(kind: str) -> str:
    """The headers of a text in quoted-printable, with the empty line after them."""
    return f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


def _part(kind: str, text: str) -> bytes:
    text = _LINE_ENDS.sub("\n", text)
    pieces = encoded(text if text.endswith("\n") else f"{text}\n")
    return f"{part_head(kind)}{pieces}".encode("ascii")
