# SPDX-License-Identifier: Apache-2.0
"""Earlier states of a broadcast: what is kept of it, what differs between two, and going back to one."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from clarion.domain import goals
from clarion.domain.broadcasts import Action, Broadcast, DoubtPolicy, EmailContent, Layout
from clarion.domain.goals import Exit, Goal

_ABSENT = object()


class Reason(StrEnum):
    """Why a version was kept."""

    FOUND = "found"  # it was so when versions began to be kept, or a program without them changed it
    CREATED = "created"
    EDITED = "edited"
    ACTIVATED = "activated"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What editing changes of a broadcast.

    Its state, its place in the archive and the name that calls use are not part of it: going back leaves them. Of a
    layout it holds the number and the name; what is in it is the layout's own matter.
    """

    name: str
    recipients: dict[str, Any]
    doubt_policy: DoubtPolicy
    tags: tuple[str, ...]
    topic_id: int | None
    language_attribute: str
    goal: Goal | None
    exit_when: Exit
    actions: tuple[Action, ...]
    ignores_limit: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """`field` in the words of the API, such as ``actions/12/subject``; None where one side has nothing by that name."""

    field: str
    before: object
    after: object


def with_contents(action: Action, change: Callable[[EmailContent], EmailContent]) -> Action:
    """An action with its content changed in every language."""
    variants = tuple(replace(one, content=change(one.content)) for one in action.variants)
    return replace(action, content=change(action.content), variants=variants)


def snapshot(broadcast: Broadcast) -> Snapshot:
    """What is kept of a broadcast as it is."""

    def kept(content: EmailContent) -> EmailContent:
        layout = content.layout
        return replace(content, layout=Layout(layout.layout_id, layout.name, "")) if layout is not None else content

    # When a message was changed is told by the versions themselves.
    actions = (replace(with_contents(one, kept), created_ms=0, updated_ms=0) for one in broadcast.actions)
    return Snapshot(
        broadcast.name,
        broadcast.recipients,
        broadcast.doubt_policy,
        broadcast.tags,
        broadcast.topic_id,
        broadcast.language_attribute,
        broadcast.goal,
        broadcast.exit_when,
        tuple(actions),
        broadcast.ignores_limit,
    )


def restored(now: Broadcast, earlier: Snapshot) -> Broadcast:
    """The broadcast as it was then. Messages that were removed since come back under their old numbers."""
    times = {action.action_id: (action.created_ms, action.updated_ms) for action in now.actions}
    actions = []
    for action in earlier.actions:
        created_ms, updated_ms = times.get(action.action_id, (0, 0))
        actions.append(replace(action, created_ms=created_ms, updated_ms=updated_ms))
    return replace(
        now,
        name=earlier.name,
        recipients=earlier.recipients,
        doubt_policy=earlier.doubt_policy,
        tags=earlier.tags,
        topic_id=earlier.topic_id,
        language_attribute=earlier.language_attribute,
        goal=earlier.goal,
        exit_when=earlier.exit_when,
        ignores_limit=earlier.ignores_limit,
        actions=tuple(actions),
    )


def differences(before: Snapshot, after: Snapshot) -> tuple[Difference, ...]:
    """Field by field, in the order of the pages that edit them."""
    return (*_between(_settings(before), _settings(after)), *_of_actions(before.actions, after.actions))


def _between(before: Mapping[str, object], after: Mapping[str, object], under: str = "") -> list[Difference]:
    found = []
    for name in [*before, *(name for name in after if name not in before)]:
        was, now = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if was != now:
            found.append(Difference(under + name, None if was is _ABSENT else was, None if now is _ABSENT else now))
    return found


def _of_actions(before: tuple[Action, ...], after: tuple[Action, ...]) -> list[Difference]:
    old, new = ({one.action_id: one for one in actions} for actions in (before, after))
    found = []
    stayed = [number for number in old if number in new]
    if stayed != [number for number in new if number in old]:
        found.append(Difference("actions", list(old), list(new)))
    for number in [*old, *(number for number in new if number not in old)]:
        name = f"actions/{number}"
        was, now = old.get(number), new.get(number)
        if was is None or now is None:
            found.append(Difference(name, was and _message(was), now and _message(now)))
            continue
        found += _between(_message(was), _message(now), f"{name}/")
        found += _between(_languages(was), _languages(now), f"{name}/languages/")
    return found


def _settings(kept: Snapshot) -> dict[str, object]:
    return {
        "name": kept.name,
        "recipients": kept.recipients,
        "goal": goals.shape(kept.goal),
        "exit_when": kept.exit_when.value,
        "topic_id": kept.topic_id,
        "tags": list(kept.tags),
        "language_attribute": kept.language_attribute,
        "doubt_policy": kept.doubt_policy.value,
        "ignores_message_limit": kept.ignores_limit,
    }


def _message(action: Action) -> dict[str, object]:
    return {
        "name": action.name,
        "kind": action.kind,
        "sending_state": action.sending_state.value,
        "send_to_unsubscribed": action.send_to_unsubscribed,
        "condition": action.condition,
        "topic_id": action.topic_id,
        **({"attachments": [asdict(one) for one in action.attachments]} if action.kind == "email" else {}),
        **_texts(action.content),
    }


def _languages(action: Action) -> dict[str, object]:
    """Each field of each language; a language that one side lacks stands as a whole."""
    return {f"{one.language}/{name}": text for one in action.variants for name, text in _texts(one.content).items()}


_WORDS = {"sender": "from", "sender_id": "from_id"}
_NOT_SHOWN = ("webhook", "parts_of", "parts")
_OF_A_CALL = ("headers", "body")


def _texts(content: EmailContent) -> dict[str, object]:
    """The fields of a content by their names in the API; of a webhook what its call has."""
    found: dict[str, object] = {}
    if content.webhook is not None:
        call = content.webhook
        found |= {"url": call.url, "method": call.method.value, "conversion_tracking": call.conversion_tracking}
    if content.made_of_parts is not None:
        return {**content.parts, **({"tracked": content.tracked} if content.made_of_parts.links else {})}
    for one in fields(content):
        value = getattr(content, one.name)
        if one.name in _NOT_SHOWN or (content.webhook is not None and one.name not in _OF_A_CALL):
            continue
        if one.name == "layout":
            found["layout_id"] = value.layout_id if value is not None else None
        elif one.name == "headers":
            found["headers"] = [{"name": header, "value": text} for header, text in value]
        else:
            found[_WORDS.get(one.name, one.name)] = value
    return found
