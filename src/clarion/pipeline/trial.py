# SPDX-License-Identifier: Apache-2.0
"""Test messages: handed to the provider at once, in whose's name and in no ledger.

Reads and commits nothing. If the process dies, whoever asked gets no answer, and some of the messages may be out.
Copies get none (contract §14), whose's link to unsubscribe is in them, and nothing in them is tracked; links in
texts lead through us, as they will, and are counted for nobody.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import formatdate

from clarion.channels.base import Deliverer
from clarion.domain.advice import Ending, ending_of
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import Away, Permanent, RenderError, SendError, Unknown
from clarion.domain.messages import CallMessage, EmailMessage, Message, PartsMessage
from clarion.domain.people import Person
from clarion.domain.push import ALL, unknown_device
from clarion.pipeline.calling import message_of
from clarion.pipeline.compiling import NO_FILES, Files
from clarion.pipeline.compose import Messages, Sign
from clarion.pipeline.proofs import UNSENT, Draft, row_of
from clarion.rendering import mime
from clarion.rendering.mime import Enclosed
from clarion.rendering.special import domain_of

PREFIX = "[TEST] "
_NO_ANSWER = "no answer came: it may have arrived"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the message to an address, in the provider's words; `reason`: of one that was refused."""

    address: str
    ending: Ending
    words: str
    reason: str = ""

    @property
    def sent(self) -> bool:
        """Whether the provider took it."""
        return self.ending is Ending.TAKEN


def letters(
    draft: Draft,
    person: Person | None,
    addresses: Sequence[str],
    sign: Sign,
    provider: Deliverer,
    *,
    prefix: bool,
    files: Files = NO_FILES,
) -> list[EmailMessage]:
    """The messages, one for each address, as `person` would see them.

    Raises:
        RenderError: a template is broken, or the person lacks what it asks for.
    """
    _, action = draft.in_language_of(person)
    action = replace(action, content=replace(action.content, tracked=False))
    messages = Messages(draft.frozen(action), draft.data, sign)
    rendered = messages.render_email(DeliveryKey(0, 1, action.action_id), row_of(person), UNSENT)
    subject = PREFIX + rendered.subject if prefix else rendered.subject
    enclosed = Enclosed(files.get(action.action_id, ()))
    made = []
    for address in addresses:
        email = replace(rendered, subject=subject, recipient=address, cc=(), bcc=())
        test_id = f"test-{secrets.token_urlsafe(12)}"
        message_id = f"<{test_id}@{domain_of(email.sender)}>"
        if provider.capabilities.takes == "fields":
            fields, envelope = mime.fields(email, message_id=message_id, unsubscribe_url=None, enclosed=enclosed)
        else:
            date = formatdate(time.time(), usegmt=True)
            envelope = mime.build(email, message_id=message_id, date=date, unsubscribe_url=None, enclosed=enclosed)
            fields = None
        made.append(
            EmailMessage(
                test_id,
                envelope.sender,
                envelope.recipient,
                subject,
                envelope.content,
                needs_smtputf8=envelope.needs_smtputf8,
                workspace_id=draft.broadcast.workspace_id,
                fields=fields,
            )
        )
    return made


def request(draft: Draft, person: Person | None, sign: Sign) -> CallMessage | PartsMessage:
    """A message that is no e-mail, as it would be made for `person`, with an id of its own.

    Raises:
        RenderError: as `letters`, or there is no address to send it to.
    """
    _, action = draft.in_language_of(person)
    messages = Messages(draft.frozen(action), draft.data, sign)
    test_id = f"test-{secrets.token_urlsafe(12)}"
    rendered = messages.render_other(DeliveryKey(0, 1, action.action_id), row_of(person), test_id)
    devices = draft.devices.get(person.person_id if person is not None else 0, ())
    made = message_of(rendered, test_id, draft.broadcast.workspace_id, devices)
    if made is None:
        raise RenderError("this person has no such address", part="recipient")
    return made


def texts(draft: Draft, person: Person | None, addresses: Sequence[str], sign: Sign) -> list[PartsMessage]:
    """Messages made of parts, one for each address, as `person` would see them.

    Raises:
        RenderError: as `letters`; an address that is none.
    """
    _, action = draft.in_language_of(person)
    parts = {**action.content.parts, "recipient": ""}
    made = []
    channel = action.content.made_of_parts
    if channel is not None and channel.to_devices:
        whose = person.person_id if person is not None else 0
        everything = replace(action, content=replace(action.content, parts={**action.content.parts, "to": ALL}))
        for address in addresses:
            known = [one for one in draft.devices.get(whose, ()) if one.token == address]
            devices = {whose: known or [unknown_device(address)]}
            one = request(replace(draft, action=everything, devices=devices), person, sign)
            if isinstance(one, PartsMessage):
                made.append(one)
        return made
    for address in addresses:
        content = replace(action.content, parts={**parts, "recipient": "{% raw %}" + address + "{% endraw %}"})
        one = request(replace(draft, action=replace(action, content=content)), person, sign)
        if isinstance(one, PartsMessage):
            made.append(replace(one, recipient=address))  # of a channel that goes to the person, too
    return made


async def hand_over(provider: Deliverer, made: Sequence[Message], *, seconds: float) -> list[Answer]:
    """Give the messages to the provider; one answer for each, at the latest after `seconds`."""
    source = _Letters(made)
    away: Away | None = None
    with suppress(TimeoutError):
        try:
            await asyncio.wait_for(provider.deliver(source), seconds)
        except Away as error:
            away = error
    return [_answer(one, source.ends.get(no, away or Unknown(_NO_ANSWER)), away) for no, one in enumerate(made)]


def _answer(message: Message, end: str | SendError | Away, away: Away | None) -> Answer:
    if isinstance(end, str):
        return Answer(message.recipient, Ending.TAKEN, end)
    ending = ending_of(end, away=away is not None)
    return Answer(message.recipient, ending, end.words, end.reason if isinstance(end, Permanent) else "")


class _Letters:
    """See `channels.base.Source`."""

    def __init__(self, made: Sequence[Message]) -> None:
        self.ends: dict[int, str | SendError] = {}
        self._left = iter(enumerate(made))

    def take(self) -> "_Letter | None":
        for no, message in self._left:
            return _Letter(self, no, message)
        return None


class _Letter:
    """See `channels.base.Handover`."""

    def __init__(self, source: _Letters, no: int, message: Message) -> None:
        self.message = message
        self._source = source
        self._no = no

    def begin(self) -> bool:
        return True

    def gone(self, tokens: Sequence[str]) -> None:
        """A test takes no device from anybody."""

    def sent(self, words: str) -> None:
        self._source.ends.setdefault(self._no, words)

    def failed(self, error: SendError) -> None:
        self._source.ends.setdefault(self._no, error)

    def untouched(self) -> None:
        """It has no answer: see `hand_over`."""
