# SPDX-License-Identifier: Apache-2.0
"""Why accounts of a trigger were not sent: groups with counts and examples, and the accounts of a group as CSV."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.responses import Response, StreamingResponse

from clarion.api.app.messages import HEARD
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.control import load
from clarion.api.reference import watching as reference
from clarion.domain.causes import MOST_CHARACTERS, cause_of
from clarion.domain.deliveries import REASON_WORDS, DeliveryKey, Reason, State, public_id
from clarion.domain.errors import MalformedRequest
from clarion.domain.people import cio_id
from clarion.store import causes, deliveries, outlets, people, retention
from clarion.store.deliveries import ALL_STATES, Listed, Page, Wanted
from clarion.store.engine import Transaction
from clarion.store.triggers import Trigger

_BATCH = 1_000
COLUMNS = (
    "delivery_id", "action_id", "cio_id", "id", "email", "recipient", "state", "reason", "words", "attempts",
    "created_at", "attempted_at", "settled_at", "account",
)  # fmt: skip


def states_of(call: Call) -> frozenset[State]:
    """The query's `state`: one word or several with commas; all when absent.

    Raises:
        MalformedRequest: none of the states.
    """
    known = {state.word: state for state in State}
    words = [word for word in call.query("state").split(",") if word]
    if any(word not in known for word in words):
        raise MalformedRequest(f"must be one of {', '.join(known)}", "/state")
    return frozenset(known[word] for word in words) or ALL_STATES


def reason_of(call: Call) -> str:
    """The query's `reason`; the empty string when absent.

    Raises:
        MalformedRequest: no reason.
    """
    word = call.query("reason")
    if word and word not in {reason.value for reason in Reason}:
        raise MalformedRequest("is not a reason; docs/reasons.md lists them", "/reason")
    return word


def heard_of(call: Call) -> str:
    """The query's `heard`: only messages of which this was heard, such as `opened`; the empty string when absent.

    Raises:
        MalformedRequest: nothing that is heard of messages.
    """
    word = call.query("heard")
    if word and word not in HEARD:
        raise MalformedRequest(f"must be one of {', '.join(sorted(HEARD))}", "/heard")
    return HEARD[word].value if word else ""


def through(tx: Transaction, call: Call, wanted: Wanted) -> Wanted:
    """With the query's `account`, such as `email/ses`, if it has one.

    Raises:
        MalformedRequest: there never was one of that name, or several channels have one.
    """
    named = call.query("account")
    if not named:
        return wanted
    number = outlets.numbered(tx, named)
    if number is None:
        raise MalformedRequest("must name an account at a provider with its channel, such as email/ses", "/account")
    return replace(wanted, outlet=number)


def cause_in(call: Call) -> str | None:
    """The query's `cause`: a class of words as the groups name them; None when absent."""
    if "cause" not in call.request.query_params:
        return None
    return call.query("cause")[: 4 * MOST_CHARACTERS]


async def grouped(call: Call) -> Response:
    """`GET /triggers/{id}/causes`: what failed, is in doubt, was left out or stopped, the largest groups first."""
    secret = call.api.secret

    def read(tx: Transaction) -> list[dict[str, Any]]:
        trigger = load(tx, call)
        gone = retention.removed(tx, trigger.trigger_id).details_ms is not None
        most = 0 if gone else causes.MOST_LOOKED_AT
        return [
            {
                "state": group.state.word,
                "reason": group.reason,
                "meaning": REASON_WORDS[Reason(group.reason)],
                "cause": group.cause,
                "words": group.words,
                "accounts": group.accounts,
                "exact": group.exact,
                "examples": [public_id(key, secret) for key in group.examples],
            }
            for group in causes.groups(tx, trigger.trigger_id, most=most)
        ]

    return answer({"groups": await call.api.read(read), "looked_at_most": causes.MOST_LOOKED_AT})


async def as_csv(call: Call) -> Response:
    """`GET /triggers/{id}/accounts.csv?state=&reason=&cause=&heard=&action_id=&account=`: streamed."""
    states, reason, cause, heard = states_of(call), reason_of(call), cause_in(call), heard_of(call)
    action_id = call.query_number("action_id", 0, low=1)

    def look(tx: Transaction) -> tuple[Trigger, Wanted]:
        trigger = load(tx, call)
        found = Wanted(trigger.broadcast_id, trigger.trigger_id, action_id, states, heard=heard, reason=reason)
        return trigger, through(tx, call, found)

    trigger, wanted = await call.api.read(look)
    named = "-".join(sorted(state.word for state in states)) if len(states) < 3 else ""
    parts = [f"trigger-{trigger.trigger_id}", named, reason, heard]
    return StreamingResponse(
        _lines(call, trigger, wanted, cause),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{"-".join(filter(None, parts))}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


async def _lines(call: Call, trigger: Trigger, wanted: Wanted, cause: str | None) -> AsyncIterator[str]:
    """RFC 4180; a page of accounts at a time, each account once."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    after: DeliveryKey | None = DeliveryKey(trigger.trigger_id, 0, 0)
    while after is not None:
        look = partial(_rows, call=call, wanted=wanted, cause=cause, after=after)
        rows, after = await call.api.read(look)
        writer.writerows(rows)
        yield written.getvalue()
        written.seek(0)
        written.truncate()


def _rows(
    tx: Transaction, call: Call, wanted: Wanted, cause: str | None, after: DeliveryKey
) -> tuple[list[list[Any]], DeliveryKey | None]:
    page: Page = deliveries.page(tx, call.workspace, wanted, after=after, most=_BATCH)
    items = [item for item in page.items if cause is None or cause_of(item.row["words"]) == cause]
    known = people.identifiers(tx, {int(item.row["person_id"]) for item in items})
    names = outlets.names(tx)
    return [_row(item, known.get(int(item.row["person_id"])), call.api.secret, names) for item in items], page.next


def _row(item: Listed, who: people.Identifiers | None, secret: bytes, names: Mapping[int, str]) -> list[Any]:
    row = item.row
    return [
        public_id(item.key, secret),
        item.key.action_id,
        cio_id(int(row["person_id"])),
        who.id if who else None,
        who.email if who else None,
        row["recipient"],
        State(row["state"]).word,
        row["reason"],
        row["words"],
        row["attempts"],
        *(_moment(row[name]) for name in ("created_ms", "attempted_ms", "settled_ms")),
        names.get(row["outlet"]),
    ]


def _moment(ms: int | None) -> str:
    return "" if ms is None else datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="seconds")


_ONE = "/api/clarion/v1/triggers/{trigger_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_ONE}/causes",
        grouped,
        "manage",
        "app",
        "Why accounts were not sent, in groups",
        reference=reference.CAUSES,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/accounts.csv",
        as_csv,
        "manage",
        "app",
        "Accounts of a trigger as CSV",
        reference=reference.ACCOUNTS_CSV,
    ),
)
