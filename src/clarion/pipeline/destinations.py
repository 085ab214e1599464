# SPDX-License-Identifier: Apache-2.0
"""Where messages of other channels than e-mail go, as far as that is known before they are made: to an attribute of
the person, or to their devices. One rule for what is foreseen and for what a message limit counts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clarion.domain.broadcasts import Action
from clarion.domain.deliveries import Reason
from clarion.domain.parts import Channel
from clarion.domain.people import attribute_text
from clarion.domain.push import ALL, PushDevice, chosen
from clarion.rendering.parts import goes_to_own


@dataclass(frozen=True, slots=True)
class Destination:
    """That of one action. `to`: which devices; where Liquid chooses among them, all of them."""

    channel: Channel
    to: str = ALL

    @property
    def attribute(self) -> str:
        """The attribute of the person that it is; "" for devices."""
        return "" if self.channel.to_devices else self.channel.own_address

    def reason(self, attributes: Mapping[str, Any], devices: Sequence[PushDevice] = ()) -> Reason | None:
        """Why nothing reaches somebody, by their attributes as they are stored, or by their devices."""
        if self.channel.to_devices:
            return None if chosen(devices, self.to) else Reason.NO_ADDRESS
        value = attributes.get(self.attribute)
        text = str((value if isinstance(value, dict | list) else attribute_text(value)) or "").strip()
        if not text:
            return Reason.NO_ADDRESS
        try:
            self.channel.address(text)
        except ValueError:
            return Reason.INVALID_ADDRESS
        return None


def destination_of(action: Action) -> Destination | None:
    """Where an action's messages go; None where everybody has it, or only the message tells."""
    channel = action.content.made_of_parts
    if channel is None:
        return None
    if channel.to_devices:
        written = {content.parts.get("to", "").strip() for content in action.contents}
        plain = len(written) == 1 and not any("{" in text for text in written)
        return Destination(channel, written.pop() if plain else ALL)
    if channel.part("recipient") is None or not all(goes_to_own(content, channel) for content in action.contents):
        return None
    return Destination(channel)


def destinations_of(actions: Iterable[Action]) -> dict[int, Destination]:
    """By action, of those that have one that is known."""
    found = ((action.action_id, destination_of(action)) for action in actions)
    return {action_id: one for action_id, one in found if one is not None}
