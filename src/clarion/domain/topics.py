# SPDX-License-Identifier: Apache-2.0
"""What people subscribe to beside everything (contract §7.1, §7.10, §8.1), and which language they are addressed in."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PREFERENCES: Final = "cio_subscription_preferences"


@dataclass(frozen=True, slots=True)
class TopicText:
    """A topic in one language."""

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """`subscribed_by_default`: of people who said nothing about it. `translations` by language tag."""

    topic_id: int
    name: str
    description: str = ""
    subscribed_by_default: bool = True
    translations: dict[str, TopicText] = field(default_factory=dict)

    @property
    def identifier(self) -> str:
        """Its key among a person's preferences."""
        return f"topic_{self.topic_id}"

    def is_wanted_by(self, attributes: Mapping[str, Any]) -> bool:
        """Whether somebody with these attributes is subscribed to it."""
        chosen = choices(attributes).get(self.identifier)
        return self.subscribed_by_default if chosen is None else chosen

    def text(self, wanted: Collection[str]) -> TopicText:
        """Its name and description in the first of some languages that it has; else its own."""
        for language in wanted:
            if found := best(self.translations, language):
                return self.translations[found]
        return TopicText(self.name, self.description)


def choices(attributes: Mapping[str, Any]) -> dict[str, bool]:
    """What somebody said about topics, by identifier; what is neither true nor false counts as nothing said."""
    preferences = attributes.get(PREFERENCES)
    topics = preferences.get("topics") if isinstance(preferences, dict) else None
    if not isinstance(topics, dict):
        return {}
    said = {"true": True, "1": True, "false": False, "0": False}
    return {name: said[str(value).lower()] for name, value in topics.items() if str(value).lower() in said}


def wants_channel(attributes: Mapping[str, Any], channel: str) -> bool:
    """Whether somebody wants messages of a channel, by the kind of its actions: who said nothing about it does."""
    preferences = attributes.get(PREFERENCES)
    channels = preferences.get("channels") if isinstance(preferences, dict) else None
    said = channels.get(channel) if isinstance(channels, dict) else None
    return str(said).lower() not in {"false", "0"}


def refuses_channel(stored: str, channel: str) -> bool:
    """The contrary, of attributes as they are stored: few people have said anything, and only theirs are read."""
    return '"channels"' in stored and not wants_channel(json.loads(stored), channel)


def best(there: Collection[str], wanted: str) -> str | None:
    """The tag among those there that answers a wanted one: itself, or its language without region (RFC 4647 §3.4)."""
    tags = {tag.lower(): tag for tag in there}
    tag = wanted.strip().replace("_", "-").lower()
    while tag:
        if tag in tags:
            return tags[tag]
        tag = tag.rpartition("-")[0]
    return None


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the preferred first (RFC 9110 §12.5.4); what is malformed is left."""
    found = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.partition(";")
        quality = 1.0
        if weight.strip().startswith("q="):
            try:
                quality = float(weight.strip()[2:])
            except ValueError:
                continue
        if tag.strip() not in ("", "*") and quality > 0:
            found.append((-quality, place, tag.strip()))
    return [tag for _, _, tag in sorted(found)]
