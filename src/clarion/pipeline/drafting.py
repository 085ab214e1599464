# SPDX-License-Identifier: Apache-2.0
"""Drafts: messages that are kept instead of handed over, until somebody decides about them.

A state path. Made: by the sender, in place of handing over; the draft and the account's state `drafted` are written in
the transaction that records the chunk, so a crash before it leaves the account queued and nothing kept. Sent: the
account goes back to `queued` and its draft is approved in one transaction; from there on it is handed over like any
other, with the words that were kept: leases, flight record and doubt are those of every message, and its Message-ID is
that of the account. Deleted: the account becomes `skipped` and the draft is gone, in one transaction.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage as Parsed
from email.parser import BytesParser
from functools import partial

import msgspec

from clarion.domain.channels import CHANNELS
from clarion.domain.deliveries import DeliveryKey, Draft, Outcome, Reason, State
from clarion.domain.errors import Conflict
from clarion.domain.messages import CallMessage, EmailMessage, Message, PartsMessage
from clarion.domain.triggers import TriggerState
from clarion.rendering.email import RenderedEmail
from clarion.rendering.mime import date_of
from clarion.rendering.parts import RenderedParts
from clarion.rendering.webhook import RenderedWebhook
from clarion.store import deliveries, drafts, ledger, slices, triggers
from clarion.store.access import Workspace
from clarion.store.drafts import Of
from clarion.store.engine import Store, Transaction

BATCH = 500
_OURS = frozenset({
    "from", "to", "cc", "reply-to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post",
    "mime-version", "content-type", "content-transfer-encoding",
})  # fmt: skip
_DATE = re.compile(rb"(?m)^Date: [^\r\n]*")


def kept(message: Message) -> Draft:
    """A message as it is kept."""
    return Draft(message.recipient, message.subject, msgspec.json.encode(message).decode())


def restored(text: str, clock: Callable[[], float] = time.time) -> Message:
    """The message of a draft, to be handed over now: its date is that of now (RFC 5322 §3.6.1), the rest is as kept."""
    found = _read(text)
    if not isinstance(found, EmailMessage) or not found.content:
        return found
    head, gap, body = found.content.partition(b"\r\n\r\n")
    head = _DATE.sub(b"Date: " + date_of(clock()).encode(), head, count=1)
    return found._replace(content=head + gap + body)


def _read(text: str) -> Message:
    found = msgspec.json.decode(text)
    if isinstance(found, list):
        return msgspec.convert(found, EmailMessage)
    return msgspec.convert(found, PartsMessage) if "channel" in found else msgspec.convert(found, CallMessage)


def reread(text: str) -> RenderedEmail | RenderedWebhook | RenderedParts:
    """The texts of a draft."""
    kept = _read(text)
    if isinstance(kept, PartsMessage):
        return RenderedParts(CHANNELS[kept.channel], kept.recipient, kept.parts)
    if isinstance(kept, CallMessage):
        return RenderedWebhook(kept.url, kept.method, kept.headers, kept.body)
    if kept.fields is not None:
        said = kept.fields
        return RenderedEmail(
            subject=said.subject,
            preheader="",
            html=said.html,
            plain=said.plain,
            sender=said.sender,
            reply_to=said.reply_to,
            recipient=said.recipient,
            cc=said.cc,
            bcc=said.bcc,
            headers=tuple((name, value) for name, value in said.headers if name.lower() not in _OURS),
        )
    parsed: Parsed = BytesParser(policy=policy.default).parsebytes(kept.content)

    def body(kind: str) -> str:
        found = parsed.get_body((kind,))
        return str(found.get_content()) if found is not None else ""

    def addresses(name: str) -> tuple[str, ...]:
        header = parsed[name]
        return tuple(str(one) for one in header.addresses) if header is not None else ()

    named = {address.addr_spec for name in ("To", "Cc") if parsed[name] for address in parsed[name].addresses}
    return RenderedEmail(
        subject=kept.subject,
        preheader="",
        html=body("html"),
        plain=body("plain"),
        sender=str(parsed["From"] or ""),
        reply_to=str(parsed["Reply-To"] or ""),
        recipient=", ".join(addresses("To")),
        cc=addresses("Cc"),
        bcc=tuple(one for one in kept.copies if one not in named),
        headers=tuple((name, str(value)) for name, value in parsed.items() if name.lower() not in _OURS),
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """How many were decided about, and which of those named did not wait (any more)."""

    done: int
    not_waiting: tuple[DeliveryKey, ...] = ()


def decide_some(store: Store, workspace: Workspace, keys: Sequence[DeliveryKey], *, send: bool) -> Decided:
    """Send, or delete, the drafts named.

    Raises:
        Conflict: sending one of a trigger that was stopped or failed; those before it are decided.
    """
    done: set[DeliveryKey] = set()
    wanted = sorted(set(keys))
    for trigger_id in sorted({key.trigger_id for key in wanted}):
        of_trigger = [key for key in wanted if key.trigger_id == trigger_id]
        for start in range(0, len(of_trigger), BATCH):
            some = of_trigger[start : start + BATCH]
            done |= store.write(partial(_decide, workspace=workspace, trigger_id=trigger_id, keys=some, send=send))
    return Decided(len(done), tuple(key for key in wanted if key not in done))


def decide_all(store: Store, workspace: Workspace, of: Of, *, send: bool, until_ms: int) -> Decided:
    """Send, or delete, all that wait and were made before a moment; in batches, each a transaction.

    If the process dies in between, the batches committed stay decided, and the same call goes on with the rest.
    """
    done, after = 0, None
    while True:
        read = partial(drafts.page, workspace=workspace, of=of, after=after, most=BATCH)
        found = store.read(read)
        keys = [one.key for one in found if one.made_ms <= until_ms]
        done += decide_some(store, workspace, keys, send=send).done
        if len(found) < BATCH:
            return Decided(done)
        after = found[-1].key


def _decide(
    tx: Transaction, workspace: Workspace, trigger_id: int, keys: Sequence[DeliveryKey], *, send: bool
) -> set[DeliveryKey]:
    trigger = triggers.get(tx, trigger_id)
    if trigger is None or trigger.workspace_id != workspace.workspace_id:
        return set()
    if send and trigger.state in {TriggerState.STOPPED, TriggerState.FAILED}:
        raise Conflict(f"trigger {trigger_id} is {trigger.state.value}: nothing of it is sent any more")
    locked = deliveries.lock(tx, trigger_id, keys)
    waiting = sorted(key for key, found in locked.items() if found.state is State.DRAFTED)
    moved = sorted(drafts.approve(tx, waiting) if send else drafts.drop(tx, waiting))
    if send:
        slices.reopen(tx, moved)
        due_ms = tx.now_ms() + 1  # later than the opening of any chunk there is: what is open now does not hold these
        outcomes = [Outcome(key, State.QUEUED, due_ms=due_ms, counted=False) for key in moved]
    else:
        outcomes = [Outcome(key, State.SKIPPED, Reason.DRAFT_DELETED, counted=False) for key in moved]
    ledger.settle(tx, trigger_id, outcomes, shard=0, source=State.DRAFTED)
    return set(moved)
