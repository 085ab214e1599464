# SPDX-License-Identifier: Apache-2.0
"""Triggers for operators: what became of everybody, lists of accounts, and decisions about those in doubt."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    identifiers,
    key_from_start,
    next_attempt_at,
    seconds,
)
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.control import control_shape
from clarion.api.clarion.fields import Fields
from clarion.api.reference import ledger as reference
from clarion.domain.deliveries import REASON_WORDS, DeliveryKey, Reason, State, key_of, public_id
from clarion.domain.errors import InvalidRequest, MalformedRequest, NotFound
from clarion.domain.roles import Need
from clarion.pipeline.doubt import Decision, Settled, settle_all, settle_some
from clarion.store import deliveries, ledger, outlets, people, retention, triggers
from clarion.store.deliveries import ALL_STATES, Listed, Wanted
from clarion.store.engine import Transaction
from clarion.store.people import Identifiers
from clarion.store.triggers import Trigger

MAX_IDS = 10_000
_SETTLING = frozenset({State.QUEUED, State.IN_DOUBT})  # not yet at the end


def _load(tx: Transaction, call: Call, trigger_id: int) -> Trigger:
    trigger = triggers.get(tx, trigger_id)
    if trigger is None or trigger.workspace_id != call.workspace.workspace_id:
        raise NotFound
    return trigger


def _sums(counted: Mapping[tuple[State, str], int]) -> dict[str, Any]:
    states: Counter[str] = Counter({state.word: 0 for state in State})
    reasons: dict[str, Counter[str]] = {}
    for (state, reason), n in counted.items():
        states[state.word] += n
        if reason:
            reasons.setdefault(state.word, Counter())[reason] += n
    return {"states": dict(states), "reasons": {word: dict(found) for word, found in reasons.items()}}


def _trigger_shape(tx: Transaction, trigger: Trigger) -> dict[str, Any]:
    everything: Counter[tuple[State, str]] = Counter()
    by_action: dict[int, Counter[tuple[State, str]]] = {
        action.action_id: Counter() for action in triggers.content(tx, trigger.content_hash).actions
    }
    expected = trigger.audience * len(by_action)
    for action_id, state, reason, n in ledger.counts(tx, trigger.trigger_id):
        everything[state, reason] += n
        by_action.setdefault(action_id, Counter())[state, reason] += n
    return {
        "id": trigger.trigger_id,
        "broadcast_id": trigger.broadcast_id,
        "state": trigger.state_word,
        "doubt_policy": trigger.doubt_policy.value,
        "failure": trigger.failure,
        "control": control_shape(trigger),
        "selector": trigger.selector.value,
        "audience": trigger.audience,
        "recipients": trigger.recipients,
        "accounted": everything.total() == expected,
        **_sums(everything),
        "actions": [{"id": action_id, **_sums(counted)} for action_id, counted in by_action.items()],
        "progress": {
            "accounts": expected,
            "finished": sum(n for (state, _), n in everything.items() if state not in _SETTLING),
            "open_slices": trigger.open_slices,
            "resolved_to": trigger.resolved_to,
            "resolve_until": trigger.resolve_until,
            "resolve_tries": trigger.resolve_tries,
            "file_bytes": trigger.file_offset,
            "file_lines": trigger.file_line,
            "file_done": trigger.file_done,
            "errors": trigger.error_count,
        },
        "created_at": seconds(trigger.created_ms),
        "processed_at": seconds(trigger.processed_ms),
        **_removed(tx, trigger.trigger_id),
    }


def _removed(tx: Transaction, trigger_id: int) -> dict[str, Any]:
    """Since when its data and its accounts are gone with time (retention.*); null while they are there."""
    gone = retention.removed(tx, trigger_id)
    return {"data_removed_at": seconds(gone.data_ms), "details_removed_at": seconds(gone.details_ms)}


async def get_trigger(call: Call) -> Response:
    """`GET /triggers/{id}`: `accounted` says that the counters sum to everybody times every action."""
    trigger_id = call.number("trigger_id")
    found = await call.api.read(lambda tx: _trigger_shape(tx, _load(tx, call, trigger_id)))
    return answer({"trigger": found})


def account_shape(item: Listed, public: str, who: Identifiers | None, names: Mapping[int, str]) -> dict[str, Any]:
    """An account as lists of our own API show it; `names`: of accounts at providers."""
    row, state = item.row, State(item.row["state"])
    reason = row["reason"]
    return {
        "id": public,
        "action_id": item.key.action_id,
        "person": identifiers(int(row["person_id"]), who),
        "recipient": row["recipient"],
        "state": state.word,
        "reason": reason,
        "meaning": REASON_WORDS[Reason(reason)] if reason else None,
        "words": row["words"],
        "attempts": int(row["attempts"]),
        "again": int(row["again"]),
        "next_attempt_at": next_attempt_at(state, row["due_ms"]),
        "created_at": seconds(row["created_ms"]),
        "attempted_at": seconds(row["attempted_ms"]),
        "settled_at": seconds(row["settled_ms"]),
        "account": names.get(row["outlet"]),
    }


def _states(call: Call) -> frozenset[State]:
    word = call.query("state")
    if not word:
        return ALL_STATES
    for state in State:
        if state.word == word:
            return frozenset({state})
    raise MalformedRequest(f"must be one of {', '.join(state.word for state in State)}", "/state")


async def list_accounts(call: Call) -> Response:
    """`GET /triggers/{id}/deliveries?state=&action_id=&start=&limit=`."""
    trigger_id = call.number("trigger_id")
    states, after = _states(call), key_from_start(call)
    action_id = call.query_number("action_id", 0, low=1)
    limit = call.query_number("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    secret = call.api.secret

    def read(tx: Transaction) -> dict[str, Any]:
        trigger = _load(tx, call, trigger_id)
        wanted = Wanted(trigger.broadcast_id, trigger_id, action_id, states)
        page = deliveries.page(tx, call.workspace, wanted, after=after, most=limit)
        known = people.identifiers(tx, {int(item.row["person_id"]) for item in page.items})
        names = outlets.names(tx)
        return {
            "deliveries": [
                account_shape(item, public_id(item.key, secret), known.get(int(item.row["person_id"])), names)
                for item in page.items
            ],
            "next": public_id(page.next, secret) if page.next else "",
            **_removed(tx, trigger_id),
        }

    return answer(await call.api.read(read))


def _keys(value: object, trigger_id: int, secret: bytes) -> list[DeliveryKey]:
    if not isinstance(value, list):
        raise InvalidRequest('must be "all" or a list of delivery ids', "/delivery_ids")
    if len(value) > MAX_IDS:
        raise InvalidRequest(f"has more than {MAX_IDS} items", "/delivery_ids")
    keys = []
    for no, item in enumerate(value):
        key = key_of(item, secret) if isinstance(item, str) else None
        if key is None or key.trigger_id != trigger_id:
            raise InvalidRequest("is not the id of a delivery of this trigger", f"/delivery_ids/{no}")
        keys.append(key)
    return keys


async def decide(call: Call) -> Response:
    """`POST /triggers/{id}/in_doubt`: settle those in doubt as sent or failed, or hand them over again."""
    trigger_id = call.number("trigger_id")
    fields = Fields(await call.json_object())
    fields.only(("as", "delivery_ids"))
    for name in ("as", "delivery_ids"):
        if name not in fields.value:
            fields.fault("is required", name)
    decision = fields.choice("as", Decision.SENT)
    fields.refuse()
    named, store = fields.value["delivery_ids"], call.api.store
    keys = None if named == "all" else _keys(named, trigger_id, call.api.secret)

    def work() -> Settled:
        store.read(lambda tx: _load(tx, call, trigger_id))
        if keys is None:
            return settle_all(store, call.workspace, trigger_id, decision)
        return settle_some(store, call.workspace, trigger_id, decision, keys)

    done = await call.api.run(work)
    not_in_doubt = [public_id(key, call.api.secret) for key in done.not_in_doubt]
    return answer({"settled": done.settled, "not_in_doubt": not_in_doubt})


_ONE = "/api/clarion/v1/triggers/{trigger_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _ONE,
        get_trigger,
        "manage",
        "app",
        "A trigger: what became of everybody",
        reference=reference.TRIGGER,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/deliveries",
        list_accounts,
        "manage",
        "app",
        "Accounts of a trigger, by state",
        reference=reference.DELIVERIES,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/in_doubt",
        decide,
        "manage",
        "app",
        "Decide about accounts that are in doubt",
        reference=reference.DECIDE,
        needs=Need.SEND,
    ),
)
