# SPDX-License-Identifier: Apache-2.0
"""Stage 4, compose: person + data + frozen templates → the message, or the reason why there is none.

Reads nothing and commits nothing: it is a function of its arguments, so a message that is composed again after
a crash is the same message, with the same Message-ID.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any, Literal

from clarion.domain.broadcasts import DEFAULT_RECIPIENT, Action, BroadcastKind, FrozenContent
from clarion.domain.deliveries import DeliveryKey, IdSigner, Outcome, Reason, State
from clarion.domain.errors import RenderError
from clarion.domain.links import LinkSigner, links_of
from clarion.domain.messages import EmailFields, EmailMessage
from clarion.domain.people import CONSENT, cio_id, denies_tracking, template_view
from clarion.domain.transactional import Attachment, Override
from clarion.rendering import mime
from clarion.rendering.context import Links
from clarion.rendering.email import TRANSACTIONAL, Campaign, CompiledEmail, Recipient, RenderedEmail, compile_email
from clarion.rendering.special import Person, SpecialEmail, domain_of
from clarion.rendering.tracking import Tracker
from clarion.store.engine import Row
from clarion.store.numbers import workspace_of
from clarion.store.people import decode


@dataclass(frozen=True, slots=True)
class Sign:
    """What messages of this installation carry: the key of their ids and where their links lead."""

    secret: bytes
    base_url: str


class Messages:
    """The compiled messages of one trigger, ready to be made for one person after another.

    `form`: what the provider takes, finished bytes or the parts. Compiled code makes them; where it gives up, for
    whatever reason, the interpreter makes that message again, or the words of its failure.
    """

    def __init__(
        self,
        content: FrozenContent,
        data: Mapping[str, Any],
        sign: Sign,
        *,
        form: Literal["mime", "fields"] = "mime",
        override: Override | None = None,
        attachments: Sequence[Attachment] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        if override is not None:
            content = override.applied(content)
        self._attachments = attachments
        self._also_to = override.also_to if override is not None else ()
        self._data = data
        self._base_url = sign.base_url
        self._form = form
        self._clock = clock
        self._date_of = -1, ""
        self._public_id = IdSigner(sign.secret)
        self._actions = {action.action_id: action for action in content.actions}
        # Line ends are CRLF by construction; a dot could begin a line only as the name of a custom header.
        self._wire_ready = {
            action.action_id: not any(name.startswith(".") for name, _ in action.content.headers)
            for action in content.actions
        }
        self._own_address = {action.action_id: goes_to_own_address(action) for action in content.actions}
        self._compiled = {action.action_id: _compile(content, action) for action in content.actions}
        self._trackers = {
            action.action_id: Tracker(sign.base_url, LinkSigner(sign.secret, action.action_id))
            for action in content.actions
            if action.content.tracked
        }
        self._special: dict[tuple[int, bool], SpecialEmail | None] = {}

    def compose(self, key: DeliveryKey, row: Row, suppressed: bool) -> EmailMessage | Outcome:
        """The message for an account of a chunk (a row of `ledger.next_rows`), or its final outcome.

        `suppressed`: of a person who is gone, whether they were suppressed rather than deleted.
        """
        if row["alive"] is None:
            return _skipped(key, Reason.SUPPRESSED if suppressed else Reason.DELETED)
        if row["unsubscribed"] and not self._actions[key.action_id].send_to_unsubscribed:
            return _skipped(key, Reason.UNSUBSCRIBED)
        if not row["email"] and self._own_address[key.action_id]:
            return _skipped(key, Reason.NO_ADDRESS)
        delivery_id = self._public_id(key)
        made = self._quick(key, row, delivery_id)
        return self.interpreted(key, row, delivery_id) if made is None else made

    def render(self, key: DeliveryKey, row: Row, delivery_id: str) -> RenderedEmail:
        """The rendered texts for one person, by the interpreter.

        Raises:
            RenderError: a template of this action is broken, or this person lacks what it asks for.
        """
        compiled = self._compiled[key.action_id]
        if isinstance(compiled, RenderError):
            raise compiled
        own = decode(row["data"]) if row["data"] is not None else {}
        attributes = decode(row["attributes"])
        tracker = self._trackers.get(key.action_id)
        if tracker is not None and denies_tracking(attributes):
            tracker = None
        return compiled.render(
            Recipient(
                customer=template_view(int(row["person_id"]), row["id"], row["email"], attributes),
                trigger={**self._data, **own},
                delivery_id=delivery_id,
                links=self._links(delivery_id),
            ),
            tracker,
        )

    def _quick(self, key: DeliveryKey, row: Row, delivery_id: str) -> EmailMessage | None:
        """The message by compiled code; None where it does not make it."""
        action_id = key.action_id
        special = self._special_email(action_id, tracked=action_id in self._trackers)
        if special is None or self._attachments or self._also_to:
            return None
        try:
            person = _person(row, delivery_id, whole=special.whole_person)
            if CONSENT in person.attributes and denies_tracking(person.attributes):
                special = self._special_email(action_id, tracked=False) or special
            if self._form == "fields":
                return self._in_parts(action_id, row, delivery_id, special.rendered(person))
            made, subject = special.message(person, date=self._date())
        except Exception:  # noqa: BLE001 - compiled code handles no errors: the interpreter does
            return None
        return _message(row, delivery_id, subject, made, wire_ready=self._wire_ready[key.action_id])

    def interpreted(self, key: DeliveryKey, row: Row, delivery_id: str) -> EmailMessage | Outcome:
        """The message, or why there is none, by the interpreter alone."""
        try:
            rendered = self.render(key, row, delivery_id)
            if not rendered.recipient:
                return _skipped(key, Reason.NO_ADDRESS)
            if self._also_to:
                rendered = replace(rendered, also_to=self._also_to)
            if self._form == "fields":
                return self._in_parts(key.action_id, row, delivery_id, rendered)
            made = mime.build(
                rendered,
                message_id=f"<{delivery_id}@{domain_of(rendered.sender)}>",
                date=self._date(),
                unsubscribe_url=self._unsubscribe(key.action_id, delivery_id),
                attachments=self._attachments,
            )
        except RenderError as error:
            # With a place it is the template that failed, without one it is the address it made.
            of_address = error.part in {"recipient", "from"} and error.line is None
            reason = Reason.INVALID_ADDRESS if of_address else Reason.RENDER_FAILED
            return Outcome(key, State.FAILED, reason, str(error))
        return _message(row, delivery_id, rendered.subject, made, wire_ready=self._wire_ready[key.action_id])

    def _in_parts(self, action_id: int, row: Row, delivery_id: str, rendered: RenderedEmail) -> EmailMessage:
        fields, envelope = mime.fields(
            rendered,
            message_id=f"<{delivery_id}@{domain_of(rendered.sender)}>",
            unsubscribe_url=self._unsubscribe(action_id, delivery_id),
            attachments=self._attachments,
        )
        return _message(row, delivery_id, fields.subject, envelope, fields)

    def _special_email(self, action_id: int, *, tracked: bool) -> SpecialEmail | None:
        """The action's compiled code, made with the first message: previews need none."""
        made = self._special.get((action_id, tracked))
        if made is None and (action_id, tracked) not in self._special:
            compiled = self._compiled[action_id]
            tracker = self._trackers[action_id] if tracked else None
            if not isinstance(compiled, RenderError):
                made = SpecialEmail(compiled, self._data, self._links, tracker)
            self._special[action_id, tracked] = made
        return made

    def _links(self, delivery_id: str) -> Links:
        links = links_of(self._base_url, delivery_id)
        return Links(links.unsubscribe, links.preferences, links.consent, links.view_in_browser)

    def _unsubscribe(self, action_id: int, delivery_id: str) -> str | None:
        """Where the header's offer to unsubscribe leads, if the message has one."""
        compiled = self._compiled[action_id]
        offers = isinstance(compiled, CompiledEmail) and compiled.offers_unsubscribe
        return self._links(delivery_id).unsubscribe if offers else None

    def _date(self) -> str:
        """The Date header, written once a second."""
        now = int(self._clock())
        if self._date_of[0] != now:
            self._date_of = now, formatdate(now, usegmt=True)
        return self._date_of[1]


def _person(row: Row, delivery_id: str, *, whole: bool) -> Person:
    """What compiled code sees of a row. Raises ValueError for what only the interpreter's view shows rightly."""
    attributes = decode(row["attributes"])
    own = decode(data) if (data := row["data"]) is not None else {}
    identifier, email = row["id"], row["email"]
    if whole:
        return Person(template_view(int(row["person_id"]), identifier, email, attributes), own, delivery_id)
    if identifier == "" or email == "":
        raise ValueError("an empty identifier")
    if identifier is not None:
        attributes["id"] = identifier
    if email is not None:
        attributes["email"] = email
    attributes["cio_id"] = cio_id(int(row["person_id"]))
    return Person(attributes, own, delivery_id)


def _message(
    row: Row,
    delivery_id: str,
    subject: str,
    made: mime.MimeMessage,
    fields: EmailFields | None = None,
    *,
    wire_ready: bool = False,
) -> EmailMessage:
    content, sender, recipient, copies, needs_smtputf8 = made
    workspace_id = workspace_of(int(row["person_id"]))
    return EmailMessage(  # by place: by name it takes twice as long
        delivery_id, sender, recipient, subject, content, copies, needs_smtputf8, workspace_id, fields, wire_ready
    )


def goes_to_own_address(action: Action) -> bool:
    """Whether an action's message goes to the person's own e-mail address, however that is written."""
    return "".join(action.content.recipient.split()) in {"", DEFAULT_RECIPIENT}


def _campaign(content: FrozenContent) -> Campaign:
    if content.kind is BroadcastKind.BROADCAST:
        return Campaign(content.broadcast_id, content.broadcast_name)
    return Campaign(content.broadcast_id, content.broadcast_name, TRANSACTIONAL)


def _compile(content: FrozenContent, action: Action) -> CompiledEmail | RenderError:
    try:
        return compile_email(
            action.content,
            snippets=content.snippets,
            campaign=_campaign(content),
            message_id=action.action_id,
            message_name=action.name,
            send_to_unsubscribed=action.send_to_unsubscribed,
        )
    except RenderError as error:
        return error  # every message of this action fails with it, each account says so


def _skipped(key: DeliveryKey, reason: Reason) -> Outcome:
    return Outcome(key, State.SKIPPED, reason, counted=False)
