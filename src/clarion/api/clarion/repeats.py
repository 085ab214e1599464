# SPDX-License-Identifier: Apache-2.0
"""Send a trigger again to some, and apply an edit to a trigger that is running."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import seconds
from clarion.api.bodies import object_of, read_body
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.control import load
from clarion.api.clarion.fields import Fields
from clarion.api.idempotency import once
from clarion.api.reference import ledger as reference
from clarion.domain.causes import MOST_CHARACTERS
from clarion.domain.deliveries import Reason
from clarion.domain.roles import Need
from clarion.domain.triggers import Repeat
from clarion.pipeline.again import ask
from clarion.pipeline.edit import apply_content
from clarion.store import again, control
from clarion.store.engine import Transaction


def _again_shape(row: Mapping[str, Any], joined: int | None) -> dict[str, Any]:
    return {
        "to": row["kind"],
        "reasons": row["reasons"],
        "cause": row["cause"],
        "asked_by": row["asked_by"],
        "asked_at": seconds(row["asked_ms"]),
        "queued": int(row["queued"]) if joined is None else joined,
        "done": row["done_ms"] is not None and not row["open"],
    }


def _history(tx: Transaction, trigger_id: int, people: int) -> dict[str, Any]:
    rows = again.listing(tx, trigger_id)
    shown = []
    until = people
    for row in reversed(rows):
        joined = None
        if row["kind"] == Repeat.JOINED_SINCE.value:  # its people are those behind the end of the audience at the time
            joined, until = until - int(row["after_seq"]), int(row["after_seq"])
        shown.append(_again_shape(row, joined))
    changes = [
        {
            "before": change["before_hash"],
            "content": change["content_hash"],
            "changed_by": change["changed_by"],
            "changed_at": seconds(change["changed_ms"]),
        }
        for change in control.content_changes(tx, trigger_id)
    ]
    return {"again": shown[::-1], "content_changes": changes}


async def get_history(call: Call) -> Response:
    """`GET /triggers/{id}/history`: repeats and applied edits, oldest first."""

    def work(tx: Transaction) -> dict[str, Any]:
        trigger = load(tx, call)
        return _history(tx, trigger.trigger_id, trigger.next_seq - 1)

    return answer(await call.api.read(work))


def _reasons(fields: Fields) -> list[Reason]:
    known = {reason.value: reason for reason in Reason}
    reasons = []
    for no, word in enumerate(fields.items("reasons", len(known)) or ()):
        if isinstance(word, str) and word in known:
            reasons.append(known[word])
        else:
            fields.fault("is not a reason; docs/reasons.md lists them", f"reasons/{no}")
    return reasons


def _cause(fields: Fields, reasons: list[Reason]) -> str | None:
    if fields.value.get("cause") is None:
        return None
    if len(reasons) != 1:
        fields.fault("needs exactly one reason beside it", "cause")
    return fields.text("cause", "", 4 * MOST_CHARACTERS)


async def send_again(call: Call) -> Response:
    """`POST /triggers/{id}/send_again {to: failed | in_doubt | joined_since, reasons?, cause?, may_double?}`."""
    body = await read_body(call.request, _MAX_BYTES)
    fields = Fields(object_of(body))
    fields.only(("to", "reasons", "cause", "may_double"))
    if "to" not in fields.value:
        fields.fault("is required", "to")
    kind = fields.choice("to", Repeat.FAILED)
    reasons, may_double = _reasons(fields), fields.flag("may_double", before=False)
    if kind is Repeat.JOINED_SINCE and reasons:
        fields.fault("nobody who joined has a reason yet", "reasons")
    cause = _cause(fields, reasons)
    fields.refuse()

    def work(tx: Transaction) -> Response:
        trigger, submit = load(tx, call), call.api.jobs.submit_resolve
        meant = ask(tx, trigger, kind, reasons, by=call.by, may_double=may_double, submit=submit, cause=cause)
        return answer({"to": kind.value, "accounts": meant, **_history(tx, trigger.trigger_id, trigger.next_seq - 1)})

    return await once(call, body, work)


async def apply_edit(call: Call) -> Response:
    """`POST /triggers/{id}/apply_content`: the broadcast's present content for whoever was not sent anything yet."""
    fields = Fields(await call.json_object())
    fields.only(())
    fields.refuse()

    def work(tx: Transaction) -> dict[str, Any]:
        changed = apply_content(tx, call.workspace, load(tx, call), call.by)
        after = load(tx, call)
        return {"changed": changed, "content": after.content_hash, **_history(tx, after.trigger_id, after.next_seq - 1)}

    return answer(await call.api.write(work))


_MAX_BYTES = 100_000
_ONE = "/api/clarion/v1/triggers/{trigger_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{_ONE}/send_again",
        send_again,
        "manage",
        "app",
        "Send to failed, in doubt or joined since",
        sends=True,
        reference=reference.AGAIN,
        needs=Need.SEND,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/apply_content",
        apply_edit,
        "manage",
        "app",
        "Apply the present content to a trigger",
        reference=reference.APPLY,
        needs=Need.SEND,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/history",
        get_history,
        "manage",
        "app",
        "Repeats and applied edits of a trigger",
        reference=reference.HISTORY,
    ),
)
