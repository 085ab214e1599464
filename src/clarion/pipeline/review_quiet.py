# SPDX-License-Identifier: Apache-2.0
"""Quiet settings: what a broadcast does, or leaves undone, by a setting that nobody sees when it is sent. Pure.

They are warnings of its review, each with the field where it is set.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clarion.domain import audience
from clarion.domain.attachments import NOTICED_BYTES
from clarion.domain.broadcasts import Action, Broadcast, BroadcastKind, DoubtPolicy, EmailContent, SendingState
from clarion.domain.errors import InvalidRequest
from clarion.domain.limits import LIMITED, MessageLimit
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.pipeline.review import Finding
from clarion.rendering.mime import encoded_size


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a workspace's other things say of a broadcast. `building`: segments, by number with their names, that are
    not built to the end; `tested`: action → when a test of it was sent last, Unix milliseconds."""

    limit: MessageLimit | None = None
    building: Mapping[int, str] = field(default_factory=dict)
    topic_ids: Collection[int] = ()
    tested: Mapping[int, int] = field(default_factory=dict)


def quiet_settings(broadcast: Broadcast, known: Circumstances) -> tuple[Finding, ...]:
    """All of them, of the broadcast first."""
    return tuple(Finding(where, words, quiet=True) for where, words in dict.fromkeys(_all(broadcast, known)))


def _all(broadcast: Broadcast, known: Circumstances) -> Iterator[tuple[str, str]]:
    sent = [action for action in broadcast.actions if action.sending_state is not SendingState.OFF]
    if broadcast.kind is BroadcastKind.BROADCAST:
        yield from _of_broadcast(broadcast, sent, known)
    yield from _building(broadcast, sent, known.building)
    if broadcast.doubt_policy is DoubtPolicy.RESEND:
        yield (
            "doubt_policy",
            "a message of which nobody knows whether it arrived is handed over again: some may get it twice",
        )
    for action in broadcast.actions:
        yield from _of_action(broadcast, action, known.tested.get(action.action_id))


def _of_broadcast(broadcast: Broadcast, sent: Collection[Action], known: Circumstances) -> Iterator[tuple[str, str]]:
    if not broadcast.recipients:
        yield "recipients", "no default audience is set: a call that names nobody reaches everybody"
    if known.limit is not None and broadcast.ignores_limit and any(action.kind in LIMITED for action in sent):
        yield (
            "ignores_message_limit",
            f"it goes to people who got {known.limit.words}, too: the message limit is off for it",
        )
    if broadcast.topic_id is None and known.topic_ids:
        yield "topic_id", "it belongs to no topic: only who unsubscribed from everything is left out"
    if broadcast.goal is None:
        yield "goal", "it has no goal: nothing will be counted as converted"


def _building(broadcast: Broadcast, sent: Collection[Action], building: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    filters = [("recipients", broadcast.recipients)]
    filters += [(f"actions/{action.action_id}/condition", action.condition) for action in sent]
    for where, value in filters:
        for segment_id in sorted(_named(value) & building.keys()):
            yield (
                where,
                f"the segment {building[segment_id]} is still being built: until then people are missing from it",
            )
    aim = broadcast.goal.segment_id if broadcast.goal is not None else None
    if aim is not None and aim in building:
        yield "goal", f"the segment {building[aim]} is still being built: whom that finds, converts nothing"


def _named(value: dict[str, Any]) -> frozenset[int]:
    try:
        return audience.segment_ids(audience.parse(value)) if value else frozenset()
    except InvalidRequest:  # a problem of the review
        return frozenset()


def _of_action(broadcast: Broadcast, action: Action, tested_ms: int | None) -> Iterator[tuple[str, str]]:
    where = f"actions/{action.action_id}"
    if action.sending_state is SendingState.OFF:
        yield f"{where}/sending_state", "it is switched off: no trigger sends it"
        return
    if action.sending_state is SendingState.DRAFT:
        yield f"{where}/sending_state", "its messages wait as drafts until somebody sends them"
        if weight := sum(encoded_size(one.size) for one in action.attachments):
            each = f"each draft keeps its own attachments, {weight / 1_000:,.0f} kB in the database"
            yield f"{where}/attachments", f"{each} until it is decided about"
    sends = action.kind not in PERSON_ACTIONS
    if sends and action.send_to_unsubscribed and broadcast.kind is BroadcastKind.BROADCAST:
        yield f"{where}/send_to_unsubscribed", "it goes to people who have unsubscribed, too"
    if any(content.can_be_tracked and not content.tracked for content in action.contents):
        what = "openings and clicks are" if action.kind == "email" else "clicks are"
        yield f"{where}/tracked", f"{what} not tracked"
    for content in action.contents:
        yield from ((f"{where}/{name}", words) for name, words in _copies(content))
    if (weight := sum(encoded_size(one.size) for one in action.attachments)) >= NOTICED_BYTES:
        much = f"{weight / 1_000_000:.1f}"
        why = f"each message carries {much} MB of attachments: to a thousand people {much} GB are sent"
        yield f"{where}/attachments", why
    if not sends:
        return
    if tested_ms is None:
        yield where, "no test of it was sent yet"
    elif action.updated_ms > tested_ms:
        yield where, "it was changed after the last test of it"


def _copies(content: EmailContent) -> Iterator[tuple[str, str]]:
    for name, addresses in (("cc", content.cc), ("bcc", content.bcc)):
        if content.kind == "email" and addresses.strip():
            yield name, f"a copy of each message goes to {addresses.strip()[:100]}"
