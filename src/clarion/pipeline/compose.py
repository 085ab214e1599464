# SPDX-License-Identifier: Apache-2.0
"""Stage 4, compose: person + data + frozen templates → the message, or the reason why there is none.

Reads nothing and commits nothing: it is a function of its arguments, so a message that is composed again after
a crash is the same message, with the same Message-ID.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import Any

import idna

from clarion.domain.broadcasts import DEFAULT_RECIPIENT, Action, FrozenContent
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State, public_id
from clarion.domain.errors import RenderError
from clarion.domain.links import links_of
from clarion.domain.messages import EmailMessage
from clarion.domain.people import template_view
from clarion.rendering import mime
from clarion.rendering.context import Links
from clarion.rendering.email import Campaign, CompiledEmail, Recipient, RenderedEmail, compile_email
from clarion.store.engine import Row
from clarion.store.numbers import workspace_of
from clarion.store.people import decode


@dataclass(frozen=True, slots=True)
class Sign:
    """What messages of this installation carry: the key of their ids and where their links lead."""

    secret: bytes
    base_url: str


class Messages:
    """The compiled messages of one trigger, ready to be made for one person after another."""

    def __init__(
        self,
        content: FrozenContent,
        data: Mapping[str, Any],
        sign: Sign,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._data = data
        self._sign = sign
        self._clock = clock
        self._actions = {action.action_id: action for action in content.actions}
        self._compiled = {action.action_id: _compile(content, action) for action in content.actions}

    def compose(self, key: DeliveryKey, row: Row, suppressed: bool) -> EmailMessage | Outcome:
        """The message for an account of a chunk (a row of `ledger.next_rows`), or its final outcome.

        `suppressed`: of a person who is gone, whether they were suppressed rather than deleted.
        """
        action = self._actions[key.action_id]
        if row["alive"] is None:
            return _skipped(key, Reason.SUPPRESSED if suppressed else Reason.DELETED)
        if row["unsubscribed"] and not action.send_to_unsubscribed:
            return _skipped(key, Reason.UNSUBSCRIBED)
        delivery_id = public_id(key, self._sign.secret)
        if not row["email"] and goes_to_own_address(action):
            return _skipped(key, Reason.NO_ADDRESS)
        try:
            rendered = self.render(key, row, delivery_id)
            if not rendered.recipient:
                return _skipped(key, Reason.NO_ADDRESS)
            made = mime.build(
                rendered,
                message_id=f"<{delivery_id}@{_domain(rendered.sender)}>",
                date=formatdate(self._clock(), usegmt=True),
                unsubscribe_url=links_of(self._sign.base_url, delivery_id).unsubscribe,
            )
        except RenderError as error:
            # With a place it is the template that failed, without one it is the address it made.
            of_address = error.part in {"recipient", "from"} and error.line is None
            reason = Reason.INVALID_ADDRESS if of_address else Reason.RENDER_FAILED
            return Outcome(key, State.FAILED, reason, str(error))
        return EmailMessage(
            delivery_id=delivery_id,
            sender=made.sender,
            recipient=made.recipient,
            subject=rendered.subject,
            content=made.content,
            copies=made.copies,
            needs_smtputf8=made.needs_smtputf8,
            workspace_id=workspace_of(int(row["person_id"])),
        )

    def render(self, key: DeliveryKey, row: Row, delivery_id: str) -> RenderedEmail:
        """The rendered texts for one person.

        Raises:
            RenderError: a template of this action is broken, or this person lacks what it asks for.
        """
        compiled = self._compiled[key.action_id]
        if isinstance(compiled, RenderError):
            raise compiled
        own = decode(row["data"]) if row["data"] is not None else {}
        links = links_of(self._sign.base_url, delivery_id)
        return compiled.render(
            Recipient(
                customer=template_view(int(row["person_id"]), row["id"], row["email"], decode(row["attributes"])),
                trigger={**self._data, **own},
                delivery_id=delivery_id,
                links=Links(links.unsubscribe, links.preferences, links.consent, links.view_in_browser),
            )
        )


def goes_to_own_address(action: Action) -> bool:
    """Whether an action's message goes to the person's own e-mail address, however that is written."""
    return "".join(action.content.recipient.split()) in {"", DEFAULT_RECIPIENT}


def _compile(content: FrozenContent, action: Action) -> CompiledEmail | RenderError:
    try:
        return compile_email(
            action.content,
            snippets=content.snippets,
            campaign=Campaign(content.broadcast_id, content.broadcast_name),
            message_id=action.action_id,
            message_name=action.name,
            send_to_unsubscribed=action.send_to_unsubscribed,
        )
    except RenderError as error:
        return error  # every message of this action fails with it, each account says so


def _skipped(key: DeliveryKey, reason: Reason) -> Outcome:
    return Outcome(key, State.SKIPPED, reason, counted=False)


@lru_cache(maxsize=256)
def _domain(sender: str) -> str:
    """The right side of the Message-ID: the sender's domain, in ASCII."""
    domain = sender.rstrip("> ").rpartition("@")[2]
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return "clarion.invalid"
