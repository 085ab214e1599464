# SPDX-License-Identifier: Apache-2.0
"""An e-mail compiled for one trigger: its data is in the code, what is left is done for each person.

Whatever goes wrong here raises, and the caller renders that message with `CompiledEmail.render`, which is the
authority on texts and errors.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import NamedTuple

import idna

from clarion.domain.errors import RenderError
from clarion.rendering import mime
from clarion.rendering.addresses import Mailbox, mailbox, split_list
from clarion.rendering.context import Links
from clarion.rendering.email import CompiledEmail, RenderedEmail
from clarion.rendering.headers import cleaned, line
from clarion.rendering.mime import NOTHING_ENCLOSED, Enclosed, MimeMessage
from clarion.rendering.remembered import Remembered
from clarion.rendering.runtime import Fallback
from clarion.rendering.tracking import Tracker
from clarion.rendering.variant import Part, Source, Variant

_MOST_VARIANTS = 8
_ANY = None
_NO_KEYS: frozenset[str] = frozenset()
_MARK = "Qm7delivery0id0mark7mQ"


class Person(NamedTuple):
    """The person of one message: raw attributes with the identifiers among them, and data of their own.

    With `SpecialEmail.whole_person`, `attributes` must be the template view instead.
    """

    attributes: dict[str, object]
    own: dict[str, object]
    delivery_id: str


class SpecialEmail:
    """One e-mail of one trigger. Not for use by several threads at once."""

    def __init__(
        self,
        compiled: CompiledEmail,
        shared: Mapping[str, object],
        links: Callable[[str], Links],
        tracker: Tracker | None = None,
        enclosed: Enclosed = NOTHING_ENCLOSED,
    ) -> None:
        self._source = compiled.source(links, tracker)
        self._enclosed = enclosed
        self._shared = dict(shared)
        self._variants: dict[frozenset[str] | None, _Mail | None] = {}
        self.whole_person = self._source.whole_person

    def message(self, person: Person, *, date: str) -> tuple[MimeMessage, str]:
        """The bytes and the subject. Raises anything where the interpreter has to decide."""
        attributes, own, delivery_id = person
        mail, trigger = self._mail(own)
        return mail.message(attributes, trigger, delivery_id, date)

    def rendered(self, person: Person) -> RenderedEmail:
        """The texts. Raises anything where the interpreter has to decide."""
        mail, trigger = self._mail(person.own)
        return mail.rendered(person.attributes, trigger, person.delivery_id)

    def _mail(self, own: dict[str, object]) -> "tuple[_Mail, dict[str, object]]":
        keys = frozenset(own) if own else _NO_KEYS
        found = self._variants.get(keys)
        if found is not None:
            return found, own
        if keys in self._variants:
            raise Fallback
        if len(self._variants) < _MOST_VARIANTS:
            return self._made(keys), own
        return self._variants.get(_ANY) or self._made(_ANY), {**self._shared, **own}

    def _made(self, keys: frozenset[str] | None) -> "_Mail":
        if keys in self._variants:
            raise Fallback
        self._variants[keys] = None  # what cannot be compiled is not tried again for every message
        variant = Variant(self._source, self._shared, keys)
        found = self._variants[keys] = _Mail(self._source, variant, self._enclosed)
        return found


class _Mail:
    """Puts the parts of one variant together."""

    def __init__(self, source: Source, variant: Variant, enclosed: Enclosed) -> None:
        self._enclosed = enclosed
        self._after = enclosed.after
        self._parts = variant.parts
        self._headers = variant.headers
        self._quoted = variant.quoted
        self._never_blank = variant.never_blank
        self._sender = _fixed_mailbox(variant.parts["from"], "from")
        self._domain = domain_of(variant.parts["from"].text or "")
        self._copies = _fixed_copies(variant)
        own_link = any(name.lower() == "list-unsubscribe" for name, _ in variant.headers)
        offers = source.offers_unsubscribe and not own_link
        self._unsubscribe = source.links(_MARK).unsubscribe if offers else ""
        pieces = _one_click(self._unsubscribe)
        self._before_id = pieces[0]
        self._after_id = pieces[1] if len(pieces) == 2 else None
        self._subjects = Remembered(partial(line, "Subject"))
        boundary = mime.boundary().decode()
        top = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n--{boundary}\r\n'
        self._top = f"MIME-Version: 1.0\r\n{enclosed.before}{top}{mime.part_head('plain')}"
        self._middle = f"\r\n--{boundary}\r\n{mime.part_head('html')}"
        self._end = f"\r\n--{boundary}--\r\n"

    def message(
        self, customer: dict[str, object], trigger: dict[str, object], delivery_id: str, date: str
    ) -> tuple[MimeMessage, str]:
        """See `SpecialEmail.message`."""
        quoted = self._quoted
        if quoted is None:
            return self._built(self.rendered(customer, trigger, delivery_id), delivery_id, date)
        subject, preheader = self._lines(customer, trigger, delivery_id)
        values = (customer, trigger, delivery_id, subject, preheader)
        sender, sent_by, recipient, head, copies = self._head(values)
        head = (
            f"From: {sender.header}\r\nTo: {recipient.header}\r\n{self._subjects[subject]}Date: {date}\r\n"
            f"Message-ID: <{delivery_id}@{sent_by}>\r\n{head}{self._top}"
        )
        content = quoted(customer, trigger, delivery_id, subject, preheader, head, self._middle, self._end)
        made = MimeMessage(
            content.encode("utf-8", "replace") + self._after,
            sender.address,
            recipient.address,
            tuple([copy.address for copy in copies]) if copies else (),
            sender.needs_smtputf8
            or recipient.needs_smtputf8
            or bool(copies and any(each.needs_smtputf8 for each in copies)),
        )
        return made, subject

    def _built(self, rendered: RenderedEmail, delivery_id: str, date: str) -> tuple[MimeMessage, str]:
        """The bytes without the skeleton."""
        made = mime.build(
            rendered,
            message_id=f"<{delivery_id}@{domain_of(rendered.sender)}>",
            date=date,
            unsubscribe_url=self._unsubscribe.replace(_MARK, delivery_id) or None,
            enclosed=self._enclosed,
        )
        return made, rendered.subject

    def _lines(self, customer: dict[str, object], trigger: dict[str, object], delivery_id: str) -> tuple[str, str]:
        subject = self._parts["subject"].text
        if subject is None:
            subject = cleaned(_written(self._parts["subject"], (customer, trigger, delivery_id, "", "")))
        if not subject:
            raise Fallback
        preheader = self._parts["preheader"].text
        if preheader is None:
            preheader = cleaned(_written(self._parts["preheader"], (customer, trigger, delivery_id, subject, "")))
        return subject, preheader

    def _head(self, values: tuple[object, ...]) -> tuple[Mailbox, str, Mailbox, str, list[Mailbox]]:
        """Sender, the domain of the Message-ID, recipient, the lines from Reply-To on, and cc with bcc."""
        parts = self._parts
        sender, domain = self._sender, self._domain
        if sender is None:
            written = _written(parts["from"], values).strip()
            sender, domain = mailbox(written, "from"), domain_of(written)
        address = _written(parts["recipient"], values).strip()
        if not address:
            raise Fallback
        recipient = mailbox(address, "recipient")
        lines, copies = self._copies or _copies(*[_written(parts[part], values) for part in ("reply_to", "cc", "bcc")])
        if self._unsubscribe:
            if self._after_id is None:
                raise Fallback
            lines += f"{self._before_id}{values[2]}{self._after_id}"
        for name, part in self._headers:
            if text := cleaned(_written(part, values)):
                lines += line(name, text)
        return sender, domain, recipient, lines, copies

    def rendered(self, customer: dict[str, object], trigger: dict[str, object], delivery_id: str) -> RenderedEmail:
        """See `SpecialEmail.rendered`."""
        subject, preheader = self._lines(customer, trigger, delivery_id)
        values = (customer, trigger, delivery_id, subject, preheader)
        texts = {name: _written(part, values) for name, part in self._parts.items()}
        if not self._never_blank and (preheader or not (texts["body"].strip() or texts["plain"].strip())):
            raise Fallback  # a preheader is nothing to read, and it is in the body already
        return RenderedEmail(
            subject=subject,
            preheader=preheader,
            html=texts["body"],
            plain=texts["plain"],
            sender=texts["from"].strip(),
            reply_to=texts["reply_to"].strip(),
            recipient=texts["recipient"].strip(),
            cc=split_list(texts["cc"]),
            bcc=split_list(texts["bcc"]),
            headers=tuple([(name, _written(part, values)) for name, part in self._headers]),
        )


def _written(part: Part, values: tuple[object, ...]) -> str:
    if part.text is not None:
        return part.text
    if part.write is None:
        raise Fallback
    return part.write(*values)


def _copies(reply_to: str, cc: str, bcc: str) -> tuple[str, list[Mailbox]]:
    """The lines about them, and the further addresses of the envelope. Raises RenderError."""
    lines = f"Reply-To: {mailbox(reply_to.strip(), 'reply_to').header}\r\n" if reply_to.strip() else ""
    shown = [mailbox(each, "cc") for each in split_list(cc)]
    if shown:
        lines += f"Cc: {mime.listed(shown)}\r\n"
    return lines, [*shown, *[mailbox(each, "bcc") for each in split_list(bcc)]]


def _fixed_copies(variant: Variant) -> tuple[str, list[Mailbox]] | None:
    texts = [variant.parts[part].text for part in ("reply_to", "cc", "bcc")]
    try:
        return _copies(*[text for text in texts if text is not None]) if None not in texts else None
    except RenderError:
        return None


def _fixed_mailbox(part: Part, name: str) -> Mailbox | None:
    try:
        return mailbox(part.text.strip(), name) if part.text is not None else None
    except RenderError:
        return None  # as every message will say


def _one_click(url: str) -> list[str]:
    try:
        return mime.one_click(url).split(_MARK) if url else [""]
    except RenderError:
        return [""]


@lru_cache(maxsize=256)
def domain_of(sender: str) -> str:
    """The right side of the Message-ID: the sender's domain, in ASCII."""
    domain = sender.rstrip("> ").rpartition("@")[2]
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return "clarion.invalid"
