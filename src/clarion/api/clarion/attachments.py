# SPDX-License-Identifier: Apache-2.0
"""Files that go with an e-mail of a broadcast: list, add, fetch, rename, put in order and remove them.

Adding commits twice: first the file, by what is in it, then the action that names it. If the process dies in between,
the file is nobody's, the caller got no answer, and housekeeping removes it after a day.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, Handler, answer
from clarion.api.clarion.edits import check_version
from clarion.api.clarion.fields import Fields, in_order
from clarion.api.clarion.languages import with_content
from clarion.api.clarion.shapes import file_shape
from clarion.api.clarion.storing import load, one_of, store_edit
from clarion.api.reference import attachments as told
from clarion.api.schemas import Reference
from clarion.api.streams import pieces
from clarion.domain.attachments import (
    MAX_BYTES,
    MAX_FILES,
    AttachedFile,
    check,
    checked_name,
    checked_type,
    hash_of,
    media_type_of,
    total,
)
from clarion.domain.broadcasts import Action, Broadcast
from clarion.domain.errors import InvalidRequest, NotFound, TooLarge
from clarion.store import attachments
from clarion.store.engine import Transaction


def _listed(files: Sequence[AttachedFile]) -> dict[str, Any]:
    return {"attachments": [file_shape(one) for one in files], "bytes": total(files), "most_bytes": MAX_BYTES}


def _changed(broadcast: Broadcast, action_id: int, status: int = 200) -> Response:
    """All attachments after a change, and the version that it made."""
    listed = _listed(one_of(broadcast, action_id).attachments)
    return answer({**listed, "version": broadcast.version}, status)


def _email(broadcast: Broadcast, action_id: int) -> Action:
    action = one_of(broadcast, action_id)
    if action.kind != "email":
        raise InvalidRequest(f"only an e-mail has attachments, this is of kind {action.kind}")
    return action


def _one(action: Action, file_hash: str) -> AttachedFile:
    for one in action.attachments:
        if one.hash == file_hash:
            return one
    raise NotFound


async def listing(call: Call) -> Response:
    """`GET /broadcasts/{id}/actions/{action_id}/attachments`, in their order."""
    broadcast_id, action_id = call.number("broadcast_id"), call.number("action_id")
    found = await call.api.read(lambda tx: load(tx, call.workspace, broadcast_id))
    return answer(_listed(one_of(found, action_id).attachments))


async def add(call: Call) -> Response:
    """`POST …/attachments?name=&media_type=`: the body is the file."""
    action_id, broadcast_id = call.number("action_id"), call.number("broadcast_id")
    name = checked_name(call.query("name").strip(), "/name")
    media_type = call.query("media_type").strip()
    media_type = checked_type(media_type, "/media_type") if media_type else media_type_of(name)
    version = {"version": call.query_number("version", 0) or None}
    octets = await _body(call)
    added = AttachedFile(name, media_type, len(octets), hash_of(octets))

    def change(before: Broadcast) -> Broadcast:
        check_version(before, version)
        action = _email(before, action_id)
        check(action.attachments, added)
        return with_content(before, replace(action, attachments=(*action.attachments, added)))

    def keep(tx: Transaction) -> None:
        change(load(tx, call.workspace, broadcast_id))  # nothing is kept for a call that is refused
        attachments.keep(tx, call.workspace.workspace_id, octets)

    await call.api.write(keep)
    return _changed(await store_edit(call, change), action_id, 201)


async def _body(call: Call) -> bytes:
    """Raises as `pieces` does, with the limit in the words of whoever attaches a file."""
    try:
        return b"".join([piece async for piece in pieces(call.request, MAX_BYTES)])
    except TooLarge:
        raise TooLarge(f"the attachments of a message have at most {MAX_BYTES} bytes together", "/body") from None


async def fetch(call: Call) -> Response:
    """`GET …/attachments/{hash}`: what is in the file, to be saved and not to be shown."""
    broadcast_id, action_id, file_hash = call.number("broadcast_id"), call.number("action_id"), call.text("hash")

    def work(tx: Transaction) -> tuple[AttachedFile, bytes]:
        one = _one(one_of(load(tx, call.workspace, broadcast_id), action_id), file_hash)
        octets = attachments.content(tx, call.workspace.workspace_id, one.hash)
        if octets is None:
            raise NotFound("it is not kept any more")
        return one, octets

    one, octets = await call.api.read(work)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(one.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(octets, headers=headers, media_type=one.media_type)


async def edit(call: Call) -> Response:
    """`PATCH …/attachments/{hash} {name?, media_type?}`: the type stays unless it is given."""
    action_id, file_hash = call.number("action_id"), call.text("hash")
    fields = Fields(await call.json_object())
    fields.only(("name", "media_type", "version"))
    name, media_type = fields.text("name", "", 1_000), fields.text("media_type", "", 1_000)
    fields.refuse()

    def change(before: Broadcast) -> Broadcast:
        check_version(before, fields.value)
        action = _email(before, action_id)
        one = _one(action, file_hash)
        changed = replace(
            one,
            name=checked_name(name.strip(), "/name") if "name" in fields.value else one.name,
            media_type=checked_type(media_type, "/media_type") if media_type else one.media_type,
        )
        check(tuple(other for other in action.attachments if other is not one), changed)
        others = tuple(changed if other is one else other for other in action.attachments)
        return with_content(before, replace(action, attachments=others))

    return _changed(await store_edit(call, change), action_id)


async def order(call: Call) -> Response:
    """`PUT …/attachments/order {attachments}`: the hash of each, in the order wanted."""
    action_id = call.number("action_id")
    fields = Fields(await call.json_object())
    fields.only(("attachments", "version"))
    wanted = fields.items("attachments", MAX_FILES)
    if wanted is None and not fields.problems:
        fields.fault("is required", "attachments")
    fields.refuse()

    def change(before: Broadcast) -> Broadcast:
        check_version(before, fields.value)
        action = _email(before, action_id)
        by_hash = {one.hash: one for one in action.attachments}
        words = "must name each attachment of this message once, by its hash"
        ordered = in_order(wanted or (), by_hash, words, "/attachments")
        return with_content(before, replace(action, attachments=ordered))

    return _changed(await store_edit(call, change), action_id)


async def remove(call: Call) -> Response:
    """`DELETE …/attachments/{hash}`: triggers and versions that have it keep it."""
    action_id, file_hash = call.number("action_id"), call.text("hash")

    def change(before: Broadcast) -> Broadcast:
        action = one_of(before, action_id)
        gone = _one(action, file_hash)
        return with_content(
            before, replace(action, attachments=tuple(one for one in action.attachments if one is not gone))
        )

    return _changed(await store_edit(call, change), action_id)


_ALL = "/api/clarion/v1/broadcasts/{broadcast_id}/actions/{action_id}/attachments"
_ONE = f"{_ALL}/{{hash}}"


def _ours(method: str, path: str, handler: Handler, summary: str, reference: Reference) -> Endpoint:
    return Endpoint(method, path, handler, "manage", "app", summary, reference=reference)


ENDPOINTS: tuple[Endpoint, ...] = (
    _ours("GET", _ALL, listing, "Files that go with an e-mail", told.LISTING),
    _ours("POST", _ALL, add, "Attach a file to an e-mail", told.ADD),
    _ours("PUT", f"{_ALL}/order", order, "Put attachments in order", told.ORDER),
    _ours("GET", _ONE, fetch, "What is in an attachment", told.FETCH),
    _ours("PATCH", _ONE, edit, "Rename an attachment", told.EDIT),
    _ours("DELETE", _ONE, remove, "Remove an attachment", told.REMOVE),
)
