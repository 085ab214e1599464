# SPDX-License-Identifier: Apache-2.0
"""The templates of a message that is texts by name (`domain.channels`): compiled once, rendered once per person."""

from collections.abc import Mapping
from dataclasses import dataclass

from clarion.domain.broadcasts import EmailContent
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import RenderError
from clarion.domain.parts import Channel
from clarion.domain.people import denies_tracking
from clarion.rendering.campaign import Campaign
from clarion.rendering.checked import Checked, Recipient, rendered, sources_of
from clarion.rendering.context import Snippets
from clarion.rendering.environment import compile_template
from clarion.rendering.insertions import Rewritten
from clarion.rendering.linking import linked_tags
from clarion.rendering.text_links import TextTracker, unmarked


@dataclass(frozen=True, slots=True)
class RenderedParts:
    """One message; `recipient` is "" where the person has no such address; `Channel.address` was not asked yet."""

    channel: Channel
    recipient: str
    parts: dict[str, str]

    @property
    def subject(self) -> str:
        """What lists show of it."""
        return self.channel.heading(self.parts)


class CompiledParts:
    """The parsed templates of one message; safe to use from several threads."""

    __slots__ = ("_campaign", "_channel", "_linked", "_message", "_own_address", "_parts", "_snippets", "_tracker")

    def __init__(
        self,
        channel: Channel,
        checked: Checked,
        names: Mapping[str, Mapping[str, object]],
        *,
        own_address: bool,
        linked: Mapping[str, Rewritten],
        tracker: TextTracker | None = None,
    ) -> None:
        self._linked = linked
        self._tracker = tracker
        self._channel = channel
        self._parts = checked.parts
        self._snippets: Mapping[str, object] = Snippets(checked.snippets) if checked.snippets else {}
        self._campaign = names["campaign"]
        self._message = names["message"]
        self._own_address = own_address

    def render(self, recipient: Recipient, key: DeliveryKey) -> RenderedParts:
        """The message for one person. Raises RenderError; without a line it is what came out that is wrong."""
        tracker = None if denies_tracking(recipient.customer) else self._tracker
        names: dict[str, object] = {
            "customer": recipient.customer,
            "trigger": recipient.trigger,
            "snippets": self._snippets,
            "campaign": self._campaign,
            "message": self._message,
            "delivery_id": recipient.delivery_id,
        }
        made: dict[str, str] = {}
        for part in self._channel.parts:
            if part.name == "recipient" and self._own_address:
                made[part.name] = str(recipient.customer.get(self._channel.own_address) or "").strip()
                continue
            try:
                text = rendered(self._parts[part.name], part.name, names, recipient, as_json=part.as_json).strip()
            except RenderError as error:
                raise self._linked[part.name].at_source(error) if error.part in self._linked else error from None
            plain = unmarked(text) if part.name in self._linked else text
            if problem := part.problem(plain):
                raise RenderError(problem, part=part.name)
            if tracker is not None and part.name in self._channel.links:
                plain = (tracker.tracked_json if part.as_json else tracker.tracked)(text, key)
            made[part.name] = plain
        if found := self._channel.problem(made):
            raise RenderError(found[1], part=found[0])
        to = made.get("recipient")
        if to is None:  # it goes to the person, and nowhere else
            to = str(recipient.customer.get(self._channel.own_address) or "")
        return RenderedParts(self._channel, to, made)


def goes_to_own(content: EmailContent, channel: Channel) -> bool:
    """Whether a message goes to the person's own address."""
    recipient = channel.part("recipient")
    written = "".join(content.parts.get("recipient", "").split())
    return written in {"", recipient.default if recipient is not None else ""}


def compile_parts(
    content: EmailContent,
    *,
    snippets: Mapping[str, str],
    campaign: Campaign,
    message_id: int,
    message_name: str,
    send_to_unsubscribed: bool,
    tracker: TextTracker | None = None,
) -> CompiledParts:
    """Parse the templates of content that is texts by name; `tracker`: what its links go through, if they are tracked.

    Raises RenderError; its `part` is the name of a text or snippets.<name>.
    """
    channel = content.made_of_parts
    if channel is None:
        raise TypeError("the content is not made of parts")
    checked = Checked(content, snippets)
    if checked.problems:
        raise checked.problems[0]
    message = campaign.message(message_id, message_name, channel.type, send_to_unsubscribed=send_to_unsubscribed)
    names = {"campaign": campaign.shown(), "message": message}
    linked = {
        name: linked_tags(source, campaign.url_params) for name, source in sources_of(content) if "cio_link" in source
    }
    checked.parts |= {name: compile_template(made.text, name) for name, made in linked.items()}
    if not content.tracked:
        tracker = None
    own_address = goes_to_own(content, channel)
    return CompiledParts(channel, checked, names, own_address=own_address, linked=linked, tracker=tracker)
