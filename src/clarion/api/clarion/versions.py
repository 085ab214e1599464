# SPDX-License-Identifier: Apache-2.0
"""The history of a broadcast: its versions, what differs between two of them, and going back to one."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.edits import check_version
from clarion.api.clarion.fields import Fields
from clarion.api.clarion.shapes import action_shape, broadcast_shape, content_shape
from clarion.api.clarion.storing import load, store_edit
from clarion.api.reference import versions as reference
from clarion.domain import versions as history
from clarion.domain.broadcasts import Broadcast, EmailContent
from clarion.domain.errors import Conflict, MalformedRequest, NotFound
from clarion.domain.versions import Difference, Snapshot
from clarion.store import layouts, senders, topics, versions
from clarion.store.engine import Transaction
from clarion.store.versions import Version

_TIMES = ("created_at", "updated_at")
_NOW = "now"


def _shape(version: Version, newest: int) -> dict[str, Any]:
    return {
        "version": version.version,
        "current": version.version == newest,
        "reason": version.reason.value,
        "changed_by": version.changed_by,
        "begun_at": version.begun_ms // 1_000,
        "saved_at": version.saved_ms // 1_000,
        "restored_from": version.restored_from,
        "triggers": version.triggers,
        "last_trigger_id": version.last_trigger_id,
        "changed": list(version.changed),
    }


_SETTINGS = (
    "name", "recipients", "topic_id", "language_attribute", "doubt_policy", "tags", "goal", "exit_when",
    "ignores_message_limit",
)  # fmt: skip


def _held(now: Broadcast, kept: Snapshot) -> dict[str, Any]:
    """What a version holds, in the words of a broadcast."""
    then = broadcast_shape(history.restored(now, kept))
    return {
        **{name: then[name] for name in _SETTINGS},
        "actions": [
            {name: value for name, value in action_shape(one).items() if name not in _TIMES}
            | {"languages": {each.language: content_shape(each.content) for each in one.variants}}
            for one in kept.actions
        ],
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {"field": one.field, "before": one.before, "after": one.after}


async def listing(call: Call) -> Response:
    """`GET /broadcasts/{id}/versions`, newest first."""
    broadcast_id = call.number("broadcast_id")
    before = call.query_number("start", 2**53, low=1)
    most = call.query_number("limit", 50, low=1, high=200)

    def work(tx: Transaction) -> tuple[int, list[Version]]:
        newest = load(tx, call.workspace, broadcast_id).version
        return newest, versions.listing(tx, broadcast_id, before=before, most=most + 1)

    newest, found = await call.api.read(work)
    shown = found[:most]
    return answer(
        {
            "versions": [_shape(one, newest) for one in shown],
            "next": shown[-1].version if len(found) > most else None,
        }
    )


async def get(call: Call) -> Response:
    """`GET /broadcasts/{id}/versions/{version}`: what it holds, and what differs from the one before, or from now."""
    broadcast_id, number = call.number("broadcast_id"), call.number("version")
    against = call.query("against")
    other = None if against in ("", _NOW) else call.query_number("against", 0, low=1)

    def work(tx: Transaction) -> dict[str, Any]:
        now = load(tx, call.workspace, broadcast_id)
        found = versions.get(tx, broadcast_id, number)
        if found is None:
            raise NotFound
        kept, former = found
        if against == _NOW:
            left, right, compared = kept.holds, history.snapshot(now), now.version
        elif other is not None:
            chosen = versions.get(tx, broadcast_id, other)
            if chosen is None:
                raise MalformedRequest("there is no version by this number", "/against")
            left, right, compared = chosen[0].holds, kept.holds, other
        elif former is not None:
            left, right, compared = former.holds, kept.holds, former.meta.version
        else:
            left, right, compared = kept.holds, kept.holds, None
        messages = {str(one.action_id): one.name or one.content.subject for one in (*left.actions, *right.actions)}
        return {
            "version": _shape(kept.meta, now.version),
            "broadcast": _held(now, kept.holds),
            "against": compared,
            "differences": [_difference(one) for one in history.differences(left, right)],
            "messages": messages,
        }

    return answer(await call.api.read(work))


@dataclass(slots=True)
class _Mended:
    """A version without what is not there any more; `left_out` says what that was."""

    kept: Snapshot
    left_out: list[dict[str, str]] = field(default_factory=list)

    def leave(self, name: str, what: str) -> None:
        self.left_out.append({"field": name, "message": f"{what} does not exist any more and was left out"})


def _mended(tx: Transaction, call: Call, kept: Snapshot) -> _Mended:
    """Going back must not fail because a layout, an identity or a topic was removed since."""
    mended = _Mended(kept)
    known_layouts = {stored.layout.layout_id for stored in layouts.listing(tx, call.workspace)}
    known_senders = {sender.sender_id for sender in senders.listing(tx, call.workspace)}
    known_topics = {None, *(one.topic_id for one in topics.listing(tx, call.workspace))}
    if kept.topic_id not in known_topics:
        mended.leave("topic_id", f"topic {kept.topic_id}")
        mended.kept = replace(mended.kept, topic_id=None)

    def of(action_id: int) -> Callable[[EmailContent], EmailContent]:
        def change(content: EmailContent) -> EmailContent:
            under = f"actions/{action_id}"
            if content.layout is not None and content.layout.layout_id not in known_layouts:
                mended.leave(f"{under}/layout_id", f"layout {content.layout.name!r}")
                content = replace(content, layout=None)
            if content.sender_id is not None and content.sender_id not in known_senders:
                mended.leave(f"{under}/from_id", f"sender identity {content.sender_id}")
                content = replace(content, sender_id=None)
            if content.reply_to_id is not None and content.reply_to_id not in known_senders:
                mended.leave(f"{under}/reply_to_id", f"sender identity {content.reply_to_id}")
                content = replace(content, reply_to_id=None)
            return content

        return change

    actions = []
    for one in mended.kept.actions:
        action = history.with_contents(one, of(one.action_id))
        if action.topic_id not in known_topics:
            mended.leave(f"actions/{one.action_id}/topic_id", f"topic {action.topic_id}")
            action = replace(action, topic_id=None)
        actions.append(action)
    mended.kept = replace(mended.kept, actions=tuple(actions))
    return mended


async def restore(call: Call) -> Response:
    """`POST /broadcasts/{id}/versions/{version}/restore`: as it was then; that is a new version."""
    broadcast_id, number = call.number("broadcast_id"), call.number("version")
    fields = Fields(await call.json_object())
    fields.only(("version",))
    fields.refuse()

    def find(tx: Transaction) -> _Mended:
        load(tx, call.workspace, broadcast_id)
        found = versions.get(tx, broadcast_id, number)
        if found is None:
            raise NotFound
        return _mended(tx, call, found[0].holds)

    mended = await call.api.read(find)

    def edit(before: Broadcast) -> Broadcast:
        check_version(before, fields.value)
        if before.version == number:
            raise Conflict(f"version {number} is what the broadcast says now", "/version")
        return history.restored(before, mended.kept)

    after = await store_edit(call, edit, restored_from=number)
    return answer({"broadcast": broadcast_shape(after), "left_out": mended.left_out})


_ALL = "/api/clarion/v1/broadcasts/{broadcast_id}/versions"
_ONE = f"{_ALL}/{{version}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", _ALL, listing, "manage", "app", "Earlier versions of a broadcast", reference=reference.LIST),
    Endpoint("GET", _ONE, get, "manage", "app", "A version, and what it changed", reference=reference.ONE),
    Endpoint("POST", f"{_ONE}/restore", restore, "manage", "app", "Go back to a version", reference=reference.RESTORE),
)
