# SPDX-License-Identifier: Apache-2.0
"""Layouts of e-mails: make, change and remove them, and put them into the messages that name one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.edits import MAX_NAME_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.clarion.senders import with_addresses
from clarion.api.reference import layouts as reference
from clarion.domain.broadcasts import Broadcast, EmailContent, Layout
from clarion.domain.errors import Conflict, InvalidRequest, NotFound, Problem
from clarion.rendering.email import check_email
from clarion.rendering.layouts import problem_of
from clarion.store import broadcasts, layouts, snippets
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.layouts import StoredLayout

_MAX_HTML_BYTES = 200_000
_KEYS = ("name", "html")


def with_layouts(tx: Transaction, workspace: Workspace, wanted: Broadcast) -> Broadcast:
    """The broadcast with the layouts that its contents name, as they are now.

    Raises:
        InvalidRequest: one of them does not exist.
    """
    if all(content.layout is None for action in wanted.actions for content in action.contents):
        return wanted
    known = {stored.layout.layout_id: stored.layout for stored in layouts.listing(tx, workspace)}

    def framed(content: EmailContent) -> EmailContent:
        if content.layout is None:
            return content
        if content.layout.layout_id not in known:
            raise InvalidRequest(f"there is no layout {content.layout.layout_id}", "/layout_id")
        return replace(content, layout=known[content.layout.layout_id])

    actions = tuple(
        replace(
            action,
            content=framed(action.content),
            variants=tuple(replace(one, content=framed(one.content)) for one in action.variants),
        )
        for action in wanted.actions
    )
    return replace(wanted, actions=actions)


def as_stored(tx: Transaction, workspace: Workspace, wanted: Broadcast) -> Broadcast:
    """The broadcast with the addresses and layouts that its contents name. Raises as these do."""
    return with_addresses(tx, workspace, with_layouts(tx, workspace, wanted))


def _users(found: list[Broadcast], layout_id: int) -> list[Broadcast]:
    return [
        broadcast
        for broadcast in found
        if any(
            content.layout is not None and content.layout.layout_id == layout_id
            for action in broadcast.actions
            for content in action.contents
        )
    ]


def _shape(stored: StoredLayout, users: list[Broadcast]) -> dict[str, Any]:
    return {
        "id": stored.layout.layout_id,
        "name": stored.layout.name,
        "html": stored.layout.html,
        "used_by": [{"id": one.broadcast_id, "name": one.name} for one in users],
        "created_at": stored.created_ms // 1_000,
        "updated_at": stored.updated_ms // 1_000,
    }


def _load(tx: Transaction, workspace: Workspace, layout_id: int) -> StoredLayout:
    found = layouts.get(tx, workspace, layout_id)
    if found is None:
        raise NotFound
    return found


def _told(tx: Transaction, workspace: Workspace, layout_id: int) -> dict[str, Any]:
    return _shape(_load(tx, workspace, layout_id), _users(broadcasts.listing(tx, workspace, None), layout_id))


async def listing(call: Call) -> Response:
    """`GET /layouts`."""

    def read(tx: Transaction) -> list[dict[str, Any]]:
        found = broadcasts.listing(tx, call.workspace, None)
        return [_shape(one, _users(found, one.layout.layout_id)) for one in layouts.listing(tx, call.workspace)]

    return answer({"layouts": await call.api.read(read)})


async def get(call: Call) -> Response:
    """`GET /layouts/{layout_id}`."""
    layout_id = call.number("layout_id")
    return answer({"layout": await call.api.read(lambda tx: _told(tx, call.workspace, layout_id))})


async def _edited(call: Call, before: Layout, body: Mapping[str, Any]) -> Layout:
    """A layout after an edit; it must be one that a message can be put into."""
    fields = Fields(body)
    fields.only(_KEYS)
    after = replace(
        before,
        name=fields.text("name", before.name, MAX_NAME_BYTES, blank=False).strip(),
        html=fields.text("html", before.html, _MAX_HTML_BYTES),
    )
    problem = problem_of(after.html)
    if problem is not None and not fields.problems:
        fields.fault(problem, "html")
    fields.refuse()
    listed = await call.api.read(lambda tx: snippets.listing(tx, call.workspace))
    known = {snippet.name: snippet.value for snippet in listed}
    wrong = await call.api.run(
        lambda: check_email(EmailContent(subject="-", body="-", layout=after), snippets=known),
    )
    if wrong:
        places = [f" (line {one.line}, column {one.column})" if one.line is not None else "" for one in wrong]
        first, *more = (Problem(one.message + place, "/html") for one, place in zip(wrong, places, strict=True))
        raise InvalidRequest(first.detail, first.pointer, more=tuple(more))
    return after


async def create(call: Call) -> Response:
    """`POST /layouts`."""
    wanted = await _edited(call, Layout(0, "", ""), await call.json_object())

    def work(tx: Transaction) -> dict[str, Any]:
        return _told(tx, call.workspace, layouts.create(tx, call.workspace, wanted))

    return answer({"layout": await call.api.write(work)}, 201)


async def edit(call: Call) -> Response:
    """`PATCH /layouts/{layout_id}`; whatever names it is sent in the new one from now on."""
    layout_id, body = call.number("layout_id"), await call.json_object()
    before = await call.api.read(lambda tx: _load(tx, call.workspace, layout_id).layout)
    after = await _edited(call, before, body)

    def work(tx: Transaction) -> dict[str, Any]:
        if _load(tx, call.workspace, layout_id).layout != before:
            raise Conflict("somebody else has changed this layout: look at it again")
        layouts.update(tx, call.workspace, after)
        for broadcast in _users(broadcasts.listing(tx, call.workspace, None), layout_id):
            for was, action in zip(broadcast.actions, with_layouts(tx, call.workspace, broadcast).actions, strict=True):
                if action != was:
                    broadcasts.update_action(tx, action)
        return _told(tx, call.workspace, layout_id)

    return answer({"layout": await call.api.write(work)})


async def delete(call: Call) -> Response:
    """`DELETE /layouts/{layout_id}`; one that is used stays."""
    layout_id = call.number("layout_id")

    def work(tx: Transaction) -> None:
        _load(tx, call.workspace, layout_id)
        users = _users(broadcasts.listing(tx, call.workspace, None), layout_id)
        if users:
            named = ", ".join(f"{one.name} ({one.broadcast_id})" for one in users)
            raise Conflict(f"the layout is used by {named}: give these another one first")
        layouts.delete(tx, call.workspace, layout_id)

    await call.api.write(work)
    return nothing()


_ALL = "/api/clarion/v1/layouts"
_ONE = f"{_ALL}/{{layout_id}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", _ALL, listing, "manage", "app", "Every layout, and what uses it", reference=reference.LIST),
    Endpoint("POST", _ALL, create, "manage", "app", "Make a layout", reference=reference.CREATE),
    Endpoint("GET", _ONE, get, "manage", "app", "A layout, and what uses it", reference=reference.ONE),
    Endpoint("PATCH", _ONE, edit, "manage", "app", "Change a layout", reference=reference.EDIT),
    Endpoint("DELETE", _ONE, delete, "manage", "app", "Remove one that nothing uses", reference=reference.DELETE),
)
