# SPDX-License-Identifier: Apache-2.0
"""Sender identities: make, change and remove them; the App API reads them (contract §7.7)."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.edits import MAX_NAME_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.reference import subscriptions as reference
from clarion.domain.broadcasts import Broadcast, EmailContent
from clarion.domain.errors import Conflict, InvalidRequest, NotFound, RenderError
from clarion.rendering.addresses import mailbox
from clarion.store import broadcasts, senders
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.senders import Sender

_KEYS = ("name", "email", "hidden")
_MAX_EMAIL_BYTES = 254
_NEW = Sender(0, "", "")


def shape(sender: Sender) -> dict[str, object]:
    """An identity as contract §7.7 shows it."""
    return {
        "id": sender.sender_id,
        "deduplicate_id": f"{sender.sender_id}:{sender.updated_ms // 1_000}",
        "name": sender.name,
        "email": sender.email,
        "address": sender.address,
        "template_type": "email",
        "auto_generated": False,
        "hidden": sender.hidden,
    }


def with_addresses(tx: Transaction, workspace: Workspace, wanted: Broadcast) -> Broadcast:
    """The broadcast with the addresses of the identities that its contents name.

    Raises:
        InvalidRequest: naming the field of an identity that does not exist.
    """
    contents = [content for action in wanted.actions for content in action.contents]
    if all(content.sender_id is None and content.reply_to_id is None for content in contents):
        return wanted
    known = {sender.sender_id: sender.address for sender in senders.listing(tx, workspace)}
    return _addressed(wanted, known)


def _addressed(broadcast: Broadcast, known: Mapping[int, str]) -> Broadcast:
    actions = tuple(
        replace(
            action,
            content=_written(action.content, known),
            variants=tuple(replace(one, content=_written(one.content, known)) for one in action.variants),
        )
        for action in broadcast.actions
    )
    return replace(broadcast, actions=actions)


def _written(content: EmailContent, known: Mapping[int, str]) -> EmailContent:
    for number, field in ((content.sender_id, "from_id"), (content.reply_to_id, "reply_to_id")):
        if number is not None and number not in known:
            raise InvalidRequest(f"there is no sender identity {number}", f"/{field}")
    sender = known[content.sender_id] if content.sender_id is not None else content.sender
    reply_to = known[content.reply_to_id] if content.reply_to_id is not None else content.reply_to
    return replace(content, sender=sender, reply_to=reply_to)


def users(tx: Transaction, workspace: Workspace, sender_id: int) -> list[Broadcast]:
    """The broadcasts that an identity sends or is answered to, of every kind."""
    return [
        broadcast
        for broadcast in broadcasts.listing(tx, workspace, None)
        if any(
            sender_id in (content.sender_id, content.reply_to_id)
            for action in broadcast.actions
            for content in action.contents
        )
    ]


def find(tx: Transaction, workspace: Workspace, sender_id: int) -> Sender:
    """One identity.

    Raises:
        NotFound: there is none by this number.
    """
    found = senders.get(tx, workspace, sender_id)
    if found is None:
        raise NotFound
    return found


def _edited(before: Sender, body: Mapping[str, object]) -> Sender:
    fields = Fields(body)
    fields.only(_KEYS)
    after = replace(
        before,
        name=fields.text("name", before.name, MAX_NAME_BYTES),
        email=fields.text("email", before.email, _MAX_EMAIL_BYTES, blank=False).strip(),
        hidden=fields.flag("hidden", before=before.hidden),
    )
    if not after.name.isprintable():
        fields.fault("contains characters that are not printable", "name")
    fields.refuse()
    try:
        mailbox(after.email, "email")
        mailbox(after.address, "name")
    except RenderError as error:
        raise InvalidRequest(error.message, f"/{error.part}") from None
    return after


async def create(call: Call) -> Response:
    """`POST /sender_identities`."""
    wanted = _edited(_NEW, await call.json_object())

    def work(tx: Transaction) -> Sender:
        return find(tx, call.workspace, senders.create(tx, call.workspace, wanted))

    return answer({"sender_identity": shape(await call.api.write(work))}, 201)


async def edit(call: Call) -> Response:
    """`PATCH /sender_identities/{sender_id}`; whatever names it sends from the new address from now on."""
    sender_id, body = call.number("sender_id"), await call.json_object()

    def work(tx: Transaction) -> Sender:
        after = _edited(find(tx, call.workspace, sender_id), body)
        senders.update(tx, call.workspace, after)
        for broadcast in users(tx, call.workspace, sender_id):
            changed = with_addresses(tx, call.workspace, broadcast)
            for was, action in zip(broadcast.actions, changed.actions, strict=True):
                if action != was:
                    broadcasts.update_action(tx, action)
        return find(tx, call.workspace, sender_id)

    return answer({"sender_identity": shape(await call.api.write(work))})


async def delete(call: Call) -> Response:
    """`DELETE /sender_identities/{sender_id}`; one that is used stays."""
    sender_id = call.number("sender_id")

    def work(tx: Transaction) -> None:
        find(tx, call.workspace, sender_id)
        used = ", ".join(str(one.broadcast_id) for one in users(tx, call.workspace, sender_id))
        if used:
            raise Conflict(f"the identity is used by {used}: give these another one first")
        senders.delete(tx, call.workspace, sender_id)

    await call.api.write(work)
    return nothing()


_ALL = "/api/clarion/v1/sender_identities"
_ONE = f"{_ALL}/{{sender_id}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("POST", _ALL, create, "manage", "app", "Make a sender identity", reference=reference.CREATE_SENDER),
    Endpoint("PATCH", _ONE, edit, "manage", "app", "Change a sender identity", reference=reference.EDIT_SENDER),
    Endpoint("DELETE", _ONE, delete, "manage", "app", "Remove one that nothing uses", reference=reference.DELETED),
)
