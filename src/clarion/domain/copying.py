# SPDX-License-Identifier: Apache-2.0
"""A broadcast as another workspace can have it: what it names is found there by its name, or told as missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clarion.domain.broadcasts import Action, Broadcast, EmailContent, Layout
from clarion.domain.goals import Goal
from clarion.domain.person_actions import SEGMENT_UPDATE
from clarion.domain.versions import with_contents


@dataclass(frozen=True, slots=True)
class Belongings:
    """What the broadcasts of a workspace may name, by number: segments, topics, addresses of identities, layouts."""

    segments: Mapping[int, str]
    topics: Mapping[int, str]
    senders: Mapping[int, str]
    layouts: Mapping[int, Layout]


@dataclass(frozen=True, slots=True)
class Missing:
    """`field` as in the copy, messages by their place: ``actions/0/layout_id``."""

    field: str
    message: str


@dataclass(slots=True)
class Fitting:
    """Gathers what is missing while a broadcast is fitted into another workspace."""

    here: Belongings
    there: Belongings
    missing: list[Missing] = field(default_factory=list)

    def fitted(self, source: Broadcast) -> Broadcast:
        """The broadcast in the other workspace's numbers.

        A segment that is not there keeps its number, which is no segment of that workspace: review refuses it, so that
        nobody sends to everybody by mistake.
        """
        return replace(
            source,
            recipients=self._filter(source.recipients, "recipients"),
            topic_id=self._number(self.here.topics, self.there.topics, source.topic_id, "topic_id", "topic"),
            goal=self._goal(source.goal),
            actions=tuple(self._action(one, place) for place, one in enumerate(source.actions)),
        )

    def _tell(self, name: str, message: str) -> None:
        if Missing(name, message) not in self.missing:
            self.missing.append(Missing(name, message))

    def _number(
        self, here: Mapping[int, str], there: Mapping[int, str], number: int | None, name: str, what: str
    ) -> int | None:
        if number is None:
            return None
        wanted = here.get(number)
        found = next((other for other, called in there.items() if called == wanted), None)
        if found is None:
            self._tell(name, f"there is no {what} {wanted or number!r} there: it was left out")
        return found

    def _filter(self, value: Any, under: str) -> Any:
        if isinstance(value, list):
            return [self._filter(one, under) for one in value]
        if not isinstance(value, dict):
            return value
        if "segment" not in value:
            # A condition on an attribute names no segment, whatever the value that it asks for.
            return {name: one if name == "attribute" else self._filter(one, under) for name, one in value.items()}
        number = value["segment"]["id"]
        wanted = self.here.segments.get(number)
        found = next((other for other, called in self.there.segments.items() if called == wanted), None)
        if found is None:
            self._tell(under, f"there is no segment {wanted or number!r} there: choose another one")
            return value
        return {"segment": {"id": found}}

    def _goal(self, goal: Goal | None) -> Goal | None:
        if goal is None or goal.segment_id is None:
            return goal
        number = self._number(self.here.segments, self.there.segments, goal.segment_id, "goal", "segment")
        return replace(goal, segment_id=number) if number is not None else None

    def _action(self, action: Action, place: int) -> Action:
        under = f"actions/{place}"

        def change(content: EmailContent) -> EmailContent:
            senders = self.here.senders, self.there.senders
            return replace(
                self._moving(content, f"{under}/segment_id"),
                sender_id=self._number(*senders, content.sender_id, f"{under}/from_id", "sender identity"),
                reply_to_id=self._number(*senders, content.reply_to_id, f"{under}/reply_to_id", "sender identity"),
                layout=self._layout(content.layout, f"{under}/layout_id"),
            )

        condition = self._filter(action.condition, f"{under}/condition")
        topics = self.here.topics, self.there.topics
        topic_id = self._number(*topics, action.topic_id, f"{under}/topic_id", "topic")
        return replace(with_contents(action, change), action_id=0, condition=condition, topic_id=topic_id)

    def _moving(self, content: EmailContent, name: str) -> EmailContent:
        """Into which segment it puts people, or out of which."""
        number = content.parts.get("segment_id", "").strip()
        if content.kind != SEGMENT_UPDATE.kind or not (number.isascii() and number.isdigit()):
            return content
        found = self._number(self.here.segments, self.there.segments, int(number), name, "segment")
        return replace(content, parts={**content.parts, "segment_id": str(found or "")})

    def _layout(self, layout: Layout | None, name: str) -> Layout | None:
        if layout is None:
            return None
        found = next((one for one in self.there.layouts.values() if one.name == layout.name), None)
        if found is None:
            self._tell(name, f"there is no layout {layout.name!r} there: it was left out")
        elif found.html != layout.html:
            self._tell(name, f"the layout {layout.name!r} looks otherwise there")
        return found
