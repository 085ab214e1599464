# SPDX-License-Identifier: Apache-2.0
"""A message that tries an account at a provider: who wrote it is known, what is in it is not worth a broadcast.

Commits what it takes of the account's limits, before it is handed over: at providers a test counts like any other
message. If the process dies afterwards the test may be out, and stands in no ledger, as all tests.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from clarion.channels.base import Deliverer
from clarion.domain.broadcasts import Method
from clarion.domain.channels import CHANNELS
from clarion.domain.errors import Conflict, InvalidRequest, RenderError
from clarion.domain.messages import CallMessage, EmailMessage, Message, PartsMessage
from clarion.domain.outlets import Terms, day_of
from clarion.domain.parts import Channel
from clarion.domain.permits import spacing_of
from clarion.domain.push import PushDevice, listed, unknown_device
from clarion.rendering import mime
from clarion.rendering.addresses import mailbox
from clarion.rendering.email import RenderedEmail
from clarion.rendering.special import domain_of
from clarion.rendering.webhook import JSON_TYPE, url_problem
from clarion.store import outlets, permits
from clarion.store.engine import Transaction
from clarion.store.permits import Span

_MOST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a test is to be, of what its channel has. `template`: of WhatsApp's; `cio_id`, `devices`: of a person."""

    to: str = ""
    sender: str = ""
    template: str = ""
    cio_id: str = ""
    devices: Sequence[PushDevice] = ()


def message(channel: str, name: str, asked: Asked, provider: Deliverer, workspace_id: int) -> Message:
    """The test.

    Raises:
        InvalidRequest: an address that is none, a template that there cannot be.
    """
    test_id = f"test-{secrets.token_urlsafe(12)}"
    words = f"This is a test of the account {name}. It arrived."
    if channel == "email":
        return _letter(name, asked.to, asked.sender, provider, workspace_id, test_id, words)
    if channel == "webhook":
        return _call(asked.to.strip(), workspace_id, test_id, words)
    of = CHANNELS[channel]
    parts = {**of.new(), **_parts(channel, name, words, asked)}
    if of.to_devices:
        devices = tuple(asked.devices) or (unknown_device(_address(of, asked.to, "/to")),)
        return PartsMessage(test_id, channel, listed(devices), of.heading(parts), parts, workspace_id, devices)
    address = asked.cio_id or _address(of, asked.to, "/to")
    if channel == "whatsapp" and (problem := next(_problems(of, parts), None)):
        raise InvalidRequest(problem, "/template")
    return PartsMessage(test_id, channel, address, of.heading(parts), parts, workspace_id)


def _problems(of: Channel, parts: Mapping[str, str]) -> Iterator[str]:
    return (problem for one in of.parts if (problem := one.problem(parts[one.name])))


def _address(of: Channel, text: str, pointer: str) -> str:
    try:
        return of.address(text)
    except ValueError as error:
        raise InvalidRequest(str(error), pointer) from None


def _parts(channel: str, name: str, words: str, asked: Asked) -> dict[str, str]:
    """The texts of a test; whatever waits for somebody's app, waits no longer than a day."""
    subject = f"Test of {name}"
    if channel == "push":
        return {"title": subject, "message": words}
    if channel == "in_app":
        return {"title": subject, "body": f"<p>{words}</p>", "expires_days": "1"}
    if channel == "inbox_message":
        return {"type": "test", "properties": json.dumps({"title": subject, "body": words}), "expires_days": "1"}
    sender = {"from": asked.sender} if asked.sender else {}
    return {"recipient": "", "body": asked.template if channel == "whatsapp" else words, **sender}


def _call(url: str, workspace_id: int, test_id: str, words: str) -> CallMessage:
    problem = url_problem(url)
    if problem is None and not url.isascii():
        problem = "url must be ASCII: write its host as xn--… and encode the rest"
    if problem is not None:
        raise InvalidRequest(problem.removeprefix("url "), "/to")
    body = json.dumps({"test": True, "message": words})
    return CallMessage(test_id, url, Method.POST, (("Content-Type", JSON_TYPE),), body, workspace_id)


def _letter(
    name: str, to: str, sender: str, provider: Deliverer, workspace_id: int, test_id: str, words: str
) -> EmailMessage:
    subject = f"Test of {name}"
    rendered = RenderedEmail(subject, "", f"<p>{words}</p>", words, sender, "", to, (), (), ())
    try:
        mailbox(sender, "from")
        message_id = f"<{test_id}@{domain_of(sender)}>"
        if provider.capabilities.takes == "fields":
            fields, made = mime.fields(rendered, message_id=message_id, unsubscribe_url=None)
        else:
            date = mime.date_of(time.time())
            fields, made = None, mime.build(rendered, message_id=message_id, date=date, unsubscribe_url=None)
    except RenderError as error:
        raise InvalidRequest(error.message, "/from" if error.part == "from" else "/to") from None
    return EmailMessage(
        test_id,
        made.sender,
        made.recipient,
        subject,
        made.content,
        needs_smtputf8=made.needs_smtputf8,
        workspace_id=workspace_id,
        fields=fields,
    )


Write = Callable[[Callable[[Transaction], Span]], Awaitable[Span]]


async def wait_turn(write: Write, channel: str, name: str, terms: Terms, count: int) -> None:
    """Take so many messages out of an account's limits, and wait until they may go.

    Raises:
        Conflict: its share of the day is used up, or others send more than would let these go soon.
    """
    if not terms.per_second and not terms.has_share:
        return
    span = await write(partial(_take, channel=channel, name=name, terms=terms, count=count))
    wait = (span.start_us - span.now_us) / 1e6
    if wait > _MOST_WAIT:
        raise Conflict(f"{name} is at its limit per second for longer than {_MOST_WAIT:.0f} seconds")
    await asyncio.sleep(max(0.0, wait))


def _take(tx: Transaction, channel: str, name: str, terms: Terms, count: int) -> Span:
    now_ms = tx.now_ms()
    number = outlets.register(tx, channel, name)
    _, days_before = outlets.used(tx, number, day_of(now_ms), terms.ramp_from)
    share = terms.share(days_before) if terms.has_share else None
    if share is not None and outlets.take(tx, number, day_of(now_ms), count, share) < count:
        raise Conflict(f"{name} has sent its share of the day, {share} messages")
    if not terms.per_second:
        return Span(0, 0)
    return permits.take(tx, f"{channel}/{name}", int(count * spacing_of(terms.per_second) * 1e6) + 1)
