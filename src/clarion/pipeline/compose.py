# SPDX-License-Identifier: Apache-2.0
"""Stage 4, compose: person + data + frozen templates → the message, or the reason why there is none.

Reads nothing and commits nothing: it is a function of its arguments, so a message that is composed again after
a crash is the same message, with the same Message-ID.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from clarion.domain.attachments import Attachment
from clarion.domain.broadcasts import DEFAULT_RECIPIENT, Action, FrozenContent, SendingState
from clarion.domain.deliveries import DeliveryKey, IdSigner, Outcome, Reason, State
from clarion.domain.errors import RenderError
from clarion.domain.links import LinkSigner, links_of
from clarion.domain.messages import EmailFields, EmailForm, EmailMessage, Message
from clarion.domain.people import CONSENT, cio_id, denies_tracking, template_view
from clarion.domain.push import PushDevice
from clarion.domain.short_links import ShortLinks
from clarion.domain.topics import best
from clarion.domain.transactional import Override
from clarion.pipeline.booking import Booking, spoken_by
from clarion.pipeline.calling import Calls
from clarion.pipeline.compiling import NO_FILES, Files, Form, campaign_of, compiled_email, enclosed_in, forms_of
from clarion.pipeline.destinations import destinations_of
from clarion.pipeline.leaving_out import Wishes, skipped
from clarion.rendering import mime
from clarion.rendering.addresses import mailbox
from clarion.rendering.context import Links
from clarion.rendering.email import CompiledEmail, Recipient, RenderedEmail
from clarion.rendering.parts import RenderedParts
from clarion.rendering.special import Person, SpecialEmail, domain_of
from clarion.rendering.tracking import Tracker
from clarion.rendering.webhook import RenderedWebhook
from clarion.store import tracking_domains
from clarion.store.engine import Row, Transaction
from clarion.store.numbers import workspace_of
from clarion.store.people import decode


@dataclass(frozen=True, slots=True)
class Sign:
    """What messages of this installation carry: the key of their ids and where their links lead."""

    secret: bytes
    base_url: str


def sign_for(tx: Transaction, sign: Sign, workspace_id: int) -> Sign:
    """The same, with links by the workspace's own domain where there is one that leads here."""
    own = tracking_domains.of_workspace(tx, workspace_id)
    return replace(sign, base_url=own.url) if own is not None and own.used else sign


class Messages:
    """The compiled messages of one trigger, ready to be made for one person after another.

    `form`: what the provider takes, finished bytes or the parts. Compiled code makes them; where it gives up, for
    whatever reason, the interpreter makes that message again, or the words of its failure. `drafting`: actions whose
    messages are kept rather than sent; `to_devices`: those that go to devices of the person. `files`: action → those
    that go with its messages; `attachments`: those that a call brought; where nothing is sent nobody gives them.
    """

    def __init__(
        self,
        content: FrozenContent,
        data: Mapping[str, Any],
        sign: Sign,
        *,
        form: EmailForm = "mime",
        override: Override | None = None,
        attachments: Sequence[Attachment] = (),
        files: Files = NO_FILES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if override is not None:
            content = override.applied(content)
        self._also_to = override.also_to if override is not None else ()
        self._data = data
        self._base_url = sign.base_url
        self.form = form
        self._clock = clock
        self._date_of = -1, ""
        self._public_id = IdSigner(sign.secret)
        self.booking = Booking.of(content)
        self._wishes = Wishes(content)
        self._language_attribute = content.language_attribute
        self.drafting = frozenset(
            action.action_id for action in content.actions if action.sending_state is SendingState.DRAFT
        )
        self._languages = {
            action.action_id: [one.language for one in action.variants] for action in content.actions if action.variants
        }
        self._kinds = {action.action_id: action.kind for action in content.actions}
        others = forms_of(action for action in content.actions if action.kind != "email")
        short = ShortLinks(sign.secret, sign.base_url)
        self._calls: dict[Form, Calls] = {
            form: Calls(content, action, campaign_of(content, action), short) for form, action in others
        }
        self.channels = frozenset(self._kinds.values())
        self.to_devices = frozenset(
            action.action_id
            for action in content.actions
            if (channel := action.content.made_of_parts) is not None and channel.to_devices
        )
        forms = dict(forms_of(action for action in content.actions if action.kind == "email"))
        # Line ends are CRLF by construction; a dot could begin a line only as the name of a custom header.
        self._wire_ready = {
            form: not any(name.startswith(".") for name, _ in action.content.headers) for form, action in forms.items()
        }
        self.destinations = destinations_of(content.actions)
        self._own_address = {form: goes_to_own_address(action) for form, action in forms.items()}
        self._to_them_alone = {
            form: self._own_address[form] and not (action.content.cc or action.content.bcc or self._also_to)
            for form, action in forms.items()
        }
        self._apart = frozenset(
            form for form, action in forms.items() if action.content.fake_bcc and action.content.bcc.strip()
        )
        self.with_own_copies = bool(self._apart)
        self._compiled = {form: compiled_email(content, action) for form, action in forms.items()}
        self._trackers = {
            form: Tracker(sign.base_url, LinkSigner(sign.secret, action.action_id))
            for form, action in forms.items()
            if action.content.tracked
        }
        self._special: dict[tuple[Form, bool], SpecialEmail | None] = {}
        self._enclosed = enclosed_in(forms, files, attachments)

    def compose(
        self, key: DeliveryKey, row: Row, suppressed: bool, devices: Sequence[PushDevice] = ()
    ) -> Message | Outcome:
        """The message for an account of a chunk (a row of `ledger.next_rows`), or its final outcome.

        `suppressed`: of a person who is gone, whether they were suppressed rather than deleted; `devices`: theirs.
        """
        left_out = self.left_out(key, row, suppressed)
        if left_out is not None:
            return left_out
        form = self._form_for(key.action_id, row)
        if form in self._calls:
            recipient, _ = self._recipient(row, self._public_id(key))
            return self._calls[form].compose(key, recipient, workspace_of(int(row["person_id"])), devices)
        if not row["email"] and self._own_address[form]:
            return skipped(key, Reason.NO_ADDRESS)
        delivery_id = self._public_id(key)
        made = self._quick(form, row, delivery_id)
        return self.interpreted(key, row, delivery_id) if made is None else made

    def left_out(self, key: DeliveryKey, row: Row, suppressed: bool) -> Outcome | None:
        """See `Wishes.left_out`."""
        return self._wishes.left_out(key, row, suppressed)

    def in_form(self, form: EmailForm) -> "Messages":
        """The same messages for a provider that takes this form."""
        if form == self.form:
            return self
        other = copy(self)  # what is compiled serves both
        other.form = form
        return other

    def channel_of(self, action_id: int) -> str:
        """By which channel an action's messages go."""
        return self._kinds[action_id]

    def channels_of(self, rows: Iterable[Row]) -> Set[str]:
        """By which channels the messages of these rows go."""
        return self.channels if len(self.channels) == 1 else {self.channel_of(row["action_id"]) for row in rows}

    def by_channel(self, outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
        """Outcomes by the channels of their messages."""
        if len(self.channels) == 1:
            return dict.fromkeys(self.channels, outcomes)
        apart: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            apart.setdefault(self.channel_of(outcome.key.action_id), []).append(outcome)
        return apart

    def render(
        self, key: DeliveryKey, row: Row, delivery_id: str, language: str | None = None
    ) -> RenderedEmail | RenderedWebhook | RenderedParts:
        """The rendered texts for one person, whatever the channel; see `render_email`."""
        if self._kinds[key.action_id] == "email":
            return self.render_email(key, row, delivery_id, language)
        return self.render_other(key, row, delivery_id, language)

    def render_other(
        self, key: DeliveryKey, row: Row, delivery_id: str, language: str | None = None
    ) -> RenderedWebhook | RenderedParts:
        """A webhook's call or the texts of another channel. Raises RenderError."""
        form = self._form_in(key.action_id, row, language)
        return self._calls[form].render(self._recipient(row, delivery_id)[0], key)

    def render_email(self, key: DeliveryKey, row: Row, delivery_id: str, language: str | None = None) -> RenderedEmail:
        """The rendered texts for one person, by the interpreter; in a language that it was made in before, if given.

        Raises:
            RenderError: a template of this action is broken, or this person lacks what it asks for.
        """
        form = self._form_in(key.action_id, row, language)
        compiled = self._compiled[form]
        if isinstance(compiled, RenderError):
            raise compiled
        recipient, attributes = self._recipient(row, delivery_id)
        tracker = self._trackers.get(form)
        if tracker is not None and denies_tracking(attributes):
            tracker = None
        return compiled.render(recipient, tracker)

    def _recipient(self, row: Row, delivery_id: str) -> tuple[Recipient, dict[str, Any]]:
        """The person as the interpreter sees them, and their attributes."""
        own = decode(row["data"]) if row["data"] is not None else {}
        attributes = decode(row["attributes"])
        made = Recipient(
            customer=template_view(int(row["person_id"]), row["id"], row["email"], attributes),
            trigger={**self._data, **own},
            delivery_id=delivery_id,
            links=self._links(delivery_id),
        )
        return made, attributes

    def addresses(self, trigger_id: int, rows: Iterable[Row]) -> set[str]:
        """Where the messages of these rows would go, copies too: whatever of it is known before they are made."""
        if not self._calls and all(self._to_them_alone.values()):
            return {row["email"] for row in rows if row["email"]}
        found: set[str] = set()
        for row in rows:
            if row["alive"] is None or self._kinds[row["action_id"]] != "email":
                continue
            if row["email"]:
                found.add(row["email"])
            form = self._form_for(row["action_id"], row)
            compiled = self._compiled[form]
            if self._to_them_alone[form] or isinstance(compiled, RenderError):
                continue
            key = DeliveryKey(trigger_id, row["seq"], row["action_id"])
            with suppress(RenderError):
                written = compiled.addresses(self._recipient(row, self._public_id(key))[0])
                found.update(mailbox(text, "to").address for text in (*written, *self._also_to) if text)
        return found

    def _form_for(self, action_id: int, row: Row) -> Form:
        """The action, or its variant in the person's language."""
        if action_id not in self._languages:
            return action_id
        found = spoken_by(row, self._languages[action_id], self._language_attribute)
        return action_id if found is None else (action_id, found)

    def _form_in(self, action_id: int, row: Row, language: str | None) -> Form:
        """The same, of a message that was made before in a language, if that is given."""
        tag = best(self._languages.get(action_id, ()), language) if language else None
        return self._form_for(action_id, row) if tag is None else (action_id, tag)

    def _quick(self, form: Form, row: Row, delivery_id: str) -> EmailMessage | None:
        """The message by compiled code; None where it does not make it."""
        special = self._special_email(form, tracked=form in self._trackers)
        if special is None or self._also_to or form in self._apart:
            return None
        try:
            person = _person(row, delivery_id, whole=special.whole_person)
            if CONSENT in person.attributes and denies_tracking(person.attributes):
                special = self._special_email(form, tracked=False) or special
            if self.form != "mime":
                return self._built(form, row, delivery_id, special.rendered(person))
            made, subject = special.message(person, date=self._date())
        except Exception:  # noqa: BLE001 - compiled code handles no errors: the interpreter does
            return None
        return _message(row, delivery_id, subject, made, wire_ready=self._wire_ready[form])

    def interpreted(self, key: DeliveryKey, row: Row, delivery_id: str) -> EmailMessage | Outcome:
        """The message, or why there is none, by the interpreter alone."""
        form = self._form_for(key.action_id, row)
        try:
            rendered = self.render_email(key, row, delivery_id)
            if not rendered.recipient:
                return skipped(key, Reason.NO_ADDRESS)
            if self._also_to:
                rendered = replace(rendered, also_to=self._also_to)
            return self._built(form, row, delivery_id, rendered)
        except RenderError as error:
            # With a place it is the template that failed, without one it is the address it made.
            of_address = error.part in {"recipient", "from"} and error.line is None
            reason = Reason.INVALID_ADDRESS if of_address else Reason.RENDER_FAILED
            return Outcome(key, State.FAILED, reason, str(error))

    def own_copies(self, key: DeliveryKey, row: Row) -> list[EmailMessage]:
        """The messages to those in bcc who get one of their own: without tracking, and without an offer to unsubscribe.

        Raises RenderError.
        """
        form, delivery_id = self._form_for(key.action_id, row), self._public_id(key)
        compiled = self._compiled.get(form)
        if form not in self._apart or not isinstance(compiled, CompiledEmail):
            return []
        rendered = compiled.render(self._recipient(row, delivery_id)[0])
        subject = f"[To {rendered.recipient}] {rendered.subject}"
        alone = replace(rendered, subject=subject, cc=(), bcc=())
        return [
            self._built(form, row, f"{delivery_id}-copy{no}", replace(alone, recipient=address), offers=False)
            for no, address in enumerate(rendered.bcc, start=1)
        ]

    def _built(
        self, form: Form, row: Row, delivery_id: str, rendered: RenderedEmail, *, offers: bool = True
    ) -> EmailMessage:
        """The message in the form that the provider takes; `offers`: to unsubscribe. Raises RenderError."""
        message_id = f"<{delivery_id}@{domain_of(rendered.sender)}>"
        unsubscribe = self._unsubscribe(form, delivery_id) if offers else None
        fields: EmailFields | None = None
        if self.form != "mime":
            fields, envelope = mime.fields(
                rendered, message_id=message_id, unsubscribe_url=unsubscribe, enclosed=self._enclosed[form]
            )
            if self.form == "fields":
                return _message(row, delivery_id, fields.subject, envelope, fields)
        made = mime.build(
            rendered,
            message_id=message_id,
            date=self._date(),
            unsubscribe_url=unsubscribe,
            enclosed=self._enclosed[form],
        )
        return _message(row, delivery_id, rendered.subject, made, fields, wire_ready=self._wire_ready[form])

    def _special_email(self, form: Form, *, tracked: bool) -> SpecialEmail | None:
        """The action's compiled code, made with the first message: previews need none."""
        made = self._special.get((form, tracked))
        if made is None and (form, tracked) not in self._special:
            compiled = self._compiled[form]
            tracker = self._trackers[form] if tracked else None
            if not isinstance(compiled, RenderError) and not compiled.has_amp:  # few have: the interpreter makes them
                made = SpecialEmail(compiled, self._data, self._links, tracker, self._enclosed[form])
            self._special[form, tracked] = made
        return made

    def _links(self, delivery_id: str) -> Links:
        links = links_of(self._base_url, delivery_id)
        return Links(links.unsubscribe, links.preferences, links.consent, links.view_in_browser)

    def _unsubscribe(self, form: Form, delivery_id: str) -> str | None:
        """Where the header's offer to unsubscribe leads, if the message has one."""
        compiled = self._compiled[form]
        offers = isinstance(compiled, CompiledEmail) and compiled.offers_unsubscribe
        return self._links(delivery_id).unsubscribe if offers else None

    def _date(self) -> str:
        """The Date header, written once a second."""
        now = int(self._clock())
        if self._date_of[0] != now:
            self._date_of = now, mime.date_of(now)
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
    """Whether an action's message goes to the person's own e-mail address, in every language."""
    if action.kind != "email":
        return False
    return all("".join(content.recipient.split()) in {"", DEFAULT_RECIPIENT} for content in action.contents)
