# SPDX-License-Identifier: Apache-2.0
"""One message to one person (contract §7.13), through the same ledger as a broadcast's.

Reads the message, its snippets and the person. Commits, in one transaction: a trigger with its frozen content and what
the call overrides, a device that came along, the person's account, the slice over it, its counters and the job that
sends it. What took a trigger two stages is one here, so the answer says that the account is in the ledger. If the
process dies before the commit nothing exists and the caller got no answer; after it, workers send it whether the
caller heard of it or not. One that is to be a draft is made by a worker like any other, and waits then (see
`drafting`).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol

from clarion.domain.attachments import MAX_BYTES, total
from clarion.domain.broadcasts import Action, Broadcast, BroadcastKind, FrozenContent, SendingState
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import InvalidRequest, RenderError
from clarion.domain.people import Person, Reference, is_unsubscribed
from clarion.domain.transactional import MAX_ADDRESSES, Override, SendRequest
from clarion.domain.triggers import Flags, Selector
from clarion.pipeline import devices
from clarion.pipeline.accounts import accounts_of, slices_of
from clarion.pipeline.freezing import frozen
from clarion.pipeline.gather import Gathered, Odd
from clarion.pipeline.review import part_problems
from clarion.rendering.addresses import mailbox, split_list
from clarion.rendering.email import check_email
from clarion.store import activities, attachments, broadcasts, ledger, mail_defaults, overrides, people, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.entries import Entries
from clarion.store.slices import LedgerFault

_OWNER = "accept"
_LEASE_MS = 60_000  # nobody sees it: it is taken and given back in one transaction


class SubmitSlices(Protocol):
    """Tells the driver of slices, in the transaction that makes them."""

    def __call__(self, tx: Transaction, trigger_id: int, numbers: Iterable[int]) -> None: ...  # noqa: D102


class Queued(NamedTuple):
    """The account, and when it was written down, Unix milliseconds."""

    key: DeliveryKey
    at_ms: int


def somebody(tx: Transaction, workspace: Workspace, reference: Reference) -> Person | None:
    """Whom a call names; None: nobody (yet).

    Raises:
        InvalidRequest: an address that several people share.
    """
    found = people.find(tx, workspace, reference)
    if len(found) > 1:
        raise InvalidRequest("matches more than one person", f"/identifiers/{reference.kind.value}")
    return found[0] if found else None


def send(
    tx: Transaction,
    workspace: Workspace,
    request: SendRequest,
    *,
    submit: SubmitSlices,
) -> Queued:
    """Write a message to one person into the ledger.

    Raises:
        InvalidRequest: no such message, one that is not active, texts or addresses that cannot be sent, or nobody by
            these identifiers.
    """
    message = _message(tx, workspace, request)
    person = somebody(tx, workspace, request.reference)
    if person is None:
        raise InvalidRequest("no person by this identifier", f"/identifiers/{request.reference.kind.value}")
    content = frozen(tx, workspace, message)
    if request.queue_draft:  # of the content, which stays: what the call said may go while the draft waits
        content = replace(content, actions=tuple(map(_drafted, content.actions)))
    of_mail = request.channel == "email"
    override = _with_recipients(request.override) if of_mail else request.override
    if request.message is None and not mail_defaults.inlines_css(tx, workspace.workspace_id):
        override = replace(override, inline_css=False)
    made = override.applied(content)
    if of_mail:
        _check(made, override)
        _check_files(made, request)
    else:
        _check_parts(made, override)
    if request.device is not None:
        happened = devices.save(tx, person.person_id, request.device)
        activities.write(tx, workspace, [happened] if happened is not None else [], tx.now_ms())
    trigger_id = triggers.create(
        tx,
        workspace,
        message.broadcast_id,
        selector=Selector.IDS,
        condition=None,
        echo={},
        data={},
        flags=Flags(),
        content_hash=triggers.save_content(tx, content),
        resolve_until=1,
        entries=Entries(1, [1], [person.person_id], [None if request.data == b"{}" else request.data]),
    )
    overrides.add(tx, trigger_id, override, request.attachments, forget=request.forget)
    attachments.hold(tx, trigger_id, content)
    trigger = triggers.hold(tx, _OWNER, _LEASE_MS, trigger_id)
    if trigger is None:
        raise LedgerFault("the trigger was just made")
    odd = Odd(unsubscribed=is_unsubscribed(person.attributes), without_email=not person.email)
    gathered = Gathered([person.person_id], 1, {0: odd} if odd != Odd() else {}, 1)
    plain, accounts = accounts_of(1, made.actions, gathered)
    slices = slices_of(trigger, 1, 1)
    at_ms = ledger.freeze(tx, trigger, accounts, slices, resolved_to=1, next_seq=2, lease_ms=_LEASE_MS, plain=plain)
    if request.send_at is not None:
        overrides.defer(tx, trigger_id, slices[0].no, request.send_at * 1_000)
    triggers.finish_resolve(tx, trigger)
    submit(tx, trigger_id, [part.no for part in slices])
    return Queued(DeliveryKey(trigger_id, 1, made.actions[0].action_id), at_ms)


def _drafted(action: Action) -> Action:
    return replace(action, sending_state=SendingState.DRAFT)


def _message(tx: Transaction, workspace: Workspace, request: SendRequest) -> Broadcast:
    """What is to be sent."""
    named = request.message
    if named is None:
        return broadcasts.inline(tx, workspace)
    number = broadcasts.by_trigger_name(tx, workspace, named) if isinstance(named, str) else named
    if number is None and isinstance(named, str) and named.isascii() and named.isdigit() and len(named) < 16:
        number = int(named)
    found = broadcasts.get(tx, workspace, number or 0, BroadcastKind.TRANSACTIONAL)
    where = "/transactional_message_id"
    if found is None:
        raise InvalidRequest("there is no transactional message by this id or trigger name", where)
    if not found.active:
        raise InvalidRequest("the transactional message is not active", where)
    if any(action.kind != request.channel for action in found.actions):
        raise InvalidRequest(f"the transactional message is of kind {found.actions[0].kind}", where)
    if all(action.sending_state is SendingState.OFF for action in found.actions):
        raise InvalidRequest("the transactional message is switched off", where)
    return found


_KEYS = {"recipient": "to", "sender": "from", "plain": "body_plain"}


def _with_recipients(override: Override) -> Override:
    """Of several addresses in `to` the first is the recipient. What Liquid makes is one address."""
    to = override.texts.get("recipient", "")
    several = split_list(to) if "{{" not in to and "{%" not in to else ()
    if len(several) < 2:
        return override
    return replace(override, texts={**override.texts, "recipient": several[0]}, also_to=several[1:])


def _check(content: FrozenContent, override: Override) -> None:
    """What the call brought can be sent, as far as that is known before it is rendered."""
    email = content.actions[0].content
    addresses = 1 + len(override.also_to)
    for address in override.also_to:
        _refuse_unless(address, "recipient")
    for part in ("sender", "reply_to", "recipient", "cc", "bcc"):
        text = getattr(email, part)
        if "{{" in text or "{%" in text:
            continue
        several = part in {"cc", "bcc"}
        listed = split_list(text) if several else (text,)
        addresses += len(listed) if several else 0
        if part in override.texts and text.strip():
            for address in listed:
                _refuse_unless(address, part)
    if addresses > MAX_ADDRESSES:
        raise InvalidRequest(f"to, cc and bcc have more than {MAX_ADDRESSES} addresses together", "/to")
    if override.texts.keys() - {"recipient"} or override.headers:
        for wrong in check_email(email, snippets=content.snippets):
            place = f" (line {wrong.line}, column {wrong.column})" if wrong.line is not None else ""
            part = {"from": "from", "recipient": "to", "plain": "body_plain", "amp": "body_amp"}.get(
                wrong.part, wrong.part
            )
            raise InvalidRequest(wrong.message + place, f"/{part.replace('.', '/')}")


def _check_files(content: FrozenContent, request: SendRequest) -> None:
    """With those of the message itself, of which the call may bring others by the same name."""
    if not request.attachments:
        return
    brought = {one.name.lower() for one in request.attachments}
    own = [one for one in content.actions[0].attachments if one.name.lower() not in brought]
    together = total(own) + sum(len(one.octets) for one in request.attachments)
    if together > MAX_BYTES:
        why = f"have {together} bytes together with those of the message, of {MAX_BYTES} that there may be"
        raise InvalidRequest(why, "/attachments")


def _check_parts(content: FrozenContent, override: Override) -> None:
    """The same of a message that is texts by name, where the call brought some of them."""
    made = content.actions[0].content
    channel = made.made_of_parts
    if channel is None:
        raise AssertionError("it is an e-mail")
    keys = {part: key for key, part in channel.overrides.items()}
    for wrong in (*part_problems(made, channel), *check_email(made, snippets=content.snippets)):
        if wrong.part in override.texts:
            place = f" (line {wrong.line}, column {wrong.column})" if wrong.line is not None else ""
            raise InvalidRequest(wrong.message + place, f"/{keys[wrong.part]}")


def _refuse_unless(address: str, part: str) -> None:
    try:
        mailbox(address, part)
    except RenderError as error:
        raise InvalidRequest(error.message, f"/{_KEYS.get(part, part)}") from None
