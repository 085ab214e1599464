# SPDX-License-Identifier: Apache-2.0
"""Copying a broadcast, or some of its messages, into another workspace: one call, one transaction."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from clarion.api.app.snippets import Place, uses
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.edits import MAX_ACTIONS, new_broadcast
from clarion.api.clarion.fields import Fields
from clarion.api.clarion.shapes import broadcast_shape
from clarion.api.clarion.storing import create, load, one_of
from clarion.api.reference import versions as reference
from clarion.domain.broadcasts import Broadcast
from clarion.domain.copying import Belongings, Fitting, Missing
from clarion.domain.errors import Forbidden
from clarion.domain.roles import scopes_of
from clarion.pipeline.rehearsal import texts_of
from clarion.store import attachments, audit, layouts, segments, senders, snippets, topics, users
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_COPY = "[COPY] "
_EDITS = frozenset({"manage", "manage:edit"})


def _belongings(tx: Transaction, workspace: Workspace) -> Belongings:
    return Belongings(
        {one.segment_id: one.name for one in segments.listing(tx, workspace)},
        {one.topic_id: one.name for one in topics.listing(tx, workspace)},
        {one.sender_id: one.address for one in senders.listing(tx, workspace)},
        {one.layout.layout_id: one.layout for one in layouts.listing(tx, workspace)},
    )


def _target(tx: Transaction, call: Call, workspace_id: int) -> Workspace:
    """The workspace to copy into, if whoever calls may edit there.

    Raises:
        Forbidden: they may not. The same for one that does not exist: nobody learns which there are.
    """
    if workspace_id == call.workspace.workspace_id:
        return call.workspace
    for workspace, roles in users.memberships(tx, call.user_id) if call.user_id else ():
        if workspace.workspace_id == workspace_id and scopes_of(roles) & _EDITS:
            return workspace
    raise Forbidden(f"you may not change anything in workspace {workspace_id}" + ("" if call.user_id else _OF_A_KEY))


_OF_A_KEY = ": a key opens one workspace, copying into another takes somebody who is signed in"


def _snippets(tx: Transaction, source: Broadcast, here: Workspace, there: Workspace) -> list[Missing]:
    """What its messages include and the other workspace does not have, or has otherwise."""
    known = {one.name: one.value for one in snippets.listing(tx, there)}
    texts = tuple(text for action in source.actions for content in action.contents for text in texts_of(content, {}))
    place = Place("broadcast", source.broadcast_id, "", texts)
    found = []
    for one in snippets.listing(tx, here):
        if known.get(one.name) == one.value or not uses(one.name, [place]):
            continue
        words = "says something else there" if one.name in known else "is not there"
        found.append(Missing(f"snippets/{one.name}", f"the snippet {one.name!r} {words}"))
    return found


def _chosen(source: Broadcast, wanted: list[int] | None, *, settings: bool) -> Broadcast:
    actions = source.actions if wanted is None else tuple(one_of(source, number) for number in wanted)
    if settings:
        return replace(source, actions=actions)
    blank = replace(new_broadcast(source.workspace_id), kind=source.kind, doubt_policy=source.doubt_policy)
    return replace(blank, name=source.name, actions=actions)


async def copy(call: Call) -> Response:
    """`POST /broadcasts/{id}/copy {workspace_id, actions?, settings?}`: a draft there, all of it or nothing."""
    broadcast_id = call.number("broadcast_id")
    fields = Fields(await call.json_object())
    fields.only(("workspace_id", "actions", "settings"))
    workspace_id = fields.number("workspace_id", None)
    if workspace_id is None and not fields.problems:
        fields.fault("is required", "workspace_id")
    listed = fields.items("actions", MAX_ACTIONS)
    actions = None if listed is None else [one for one in listed if type(one) is int]
    if listed is not None and (not listed or len(actions or ()) < len(listed)):
        fields.fault("must be numbers of messages, at least one", "actions")
    settings = fields.flag("settings", before=True)
    fields.refuse()

    def work(tx: Transaction) -> dict[str, Any]:
        source = _chosen(load(tx, call.workspace, broadcast_id), actions, settings=settings)
        target = _target(tx, call, workspace_id or 0)
        fitting = Fitting(_belongings(tx, call.workspace), _belongings(tx, target))
        fitted = replace(fitting.fitted(source), name=_COPY + source.name, trigger_name=None, archived=False)
        attachments.copy(tx, call.workspace.workspace_id, target.workspace_id, fitted.actions)
        made = create(tx, target, fitted, call.by)
        missing = [*fitting.missing, *_snippets(tx, source, call.workspace, target)]
        if target.workspace_id != call.workspace.workspace_id:
            what = f"from broadcast {broadcast_id} of {call.workspace.name}: broadcast {made.broadcast_id}"
            audit.note(tx, target.workspace_id, call.by, "Copied from another workspace", what)
        return {
            "workspace_id": target.workspace_id,
            "broadcast": broadcast_shape(made),
            "missing": [{"field": one.field, "message": one.message} for one in missing],
        }

    return answer(await call.api.write(work), 201)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/api/clarion/v1/broadcasts/{broadcast_id}/copy",
        copy,
        "manage",
        "app",
        "Copy into another workspace",
        reference=reference.COPY,
    ),
)
