# SPDX-License-Identifier: Apache-2.0
"""The errand that writes exports: people who match a filter, or messages with what became of them (contract §7.5).

This is a state path.

Read: a stretch of people or accounts, on a snapshot, behind the checkpoint. Committed: its rows and the checkpoint,
together, under a fence. If the process dies, the lease runs out and another goes on behind the last stretch: no row is
missing and none is there twice. People who are made meanwhile, behind the checkpoint, are in it.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog

from clarion.domain.audience import Everybody, parse, predicate
from clarion.domain.broadcasts import BroadcastKind, FrozenContent
from clarion.domain.channels import TYPE_OF
from clarion.domain.deliveries import Reason, State, failure_message, key_of, public_id
from clarion.domain.errors import RequestError
from clarion.domain.metrics import MOMENTS, Metric, moments
from clarion.domain.people import Person, attribute_text, cio_id, view
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.store import access, audience, deliveries, exports, feedback, overrides, people, triggers
from clarion.store.access import Workspace
from clarion.store.deliveries import ALL_STATES, Listed, Wanted
from clarion.store.engine import Store, Transaction
from clarion.store.exports import Export

_log = structlog.get_logger("clarion.exports")
_LEASE_MS = 60_000
_PEOPLE, _MESSAGES = 1_000, 1_000
_STRETCHES = 20  # in a turn
_OF_A_PERSON = ("id", "email", "cio_id", "created_at")
_OF_A_MESSAGE = (
    "delivery_id", "type", "customer_id", "email", "cio_id", "recipient", "subject", "broadcast_id",
    "transactional_message_id", "trigger_id", "action_id", "action", "state", "failure_message", *MOMENTS,
)  # fmt: skip
Rows = tuple[list[dict[str, Any]], str, bool]


def errand(store: Store, secret: bytes, failpoint: Failpoint = nothing) -> Errand:
    """One export at a time in each process; `secret` makes the ids of deliveries."""
    work = partial(write_one, store, secret, failpoint=failpoint)

    async def turn() -> bool:
        return await asyncio.to_thread(work)

    return Errand("exports", turn)


def write_one(store: Store, secret: bytes, *, failpoint: Failpoint = nothing) -> bool:
    """Take an export and write some of it; False when there is none to take. Blocking, for seconds at most."""
    export_id = store.read(exports.pending)
    held = None if export_id is None else store.write(lambda tx: exports.take(tx, export_id, _LEASE_MS))
    if held is None:
        return False
    workspace = store.read(partial(access.workspace, workspace_id=held.workspace_id))
    if workspace is None:
        store.write(lambda tx: exports.fail(tx, held.export_id, "its workspace is gone"))
        return True
    try:
        _write(store, secret, workspace, held, failpoint)
    except RequestError as error:  # what was asked cannot be read any more
        why = error.detail
        store.write(lambda tx: exports.fail(tx, held.export_id, why))
        _log.warning("export.failed", export=held.export_id, error=why)
    return True


def _write(store: Store, secret: bytes, workspace: Workspace, held: Export, failpoint: Failpoint) -> None:
    current: Export | None = held
    for _ in range(_STRETCHES):
        if current is None or current.state != "pending":
            break
        rows, reached, done = store.read(partial(_stretch, workspace=workspace, held=current, secret=secret))
        failpoint("export.stretch_read")
        current = store.write(
            partial(
                exports.advance,
                held=current,
                rows=rows,
                always=_columns(current),
                reached=reached,
                done=done,
                lease_ms=_LEASE_MS,
            )
        )
    if current is not None and current.state == "pending":
        store.write(partial(exports.release, held=current))
    elif current is not None:
        _log.info("export.done", export=current.export_id, rows=current.rows)


def _stretch(tx: Transaction, *, workspace: Workspace, held: Export, secret: bytes) -> Rows:
    if held.kind == "customers":
        return _of_people(tx, workspace, held)
    return _of_messages(tx, workspace, held, secret)


def _columns(held: Export) -> list[str]:
    """Those of every file of its kind, and those asked for."""
    asked = [str(name) for name in held.asked.get("attributes") or ()]
    if held.kind == "customers":
        return [*_OF_A_PERSON, *asked]
    return [*_OF_A_MESSAGE, *(f"customer.{name}" for name in asked)]


def _of_people(tx: Transaction, workspace: Workspace, held: Export) -> Rows:
    given = held.asked.get("filters") or {}
    condition = parse(given) if given else Everybody()
    after, matches = int(held.reached or 0), predicate(condition)
    last = people.last_person(tx, workspace)
    page = audience.page(tx, workspace, condition, after=after, until=last, most=_PEOPLE)
    wanted = [one.person_id for one in page if matches(audience.seen(one), one.segments)]
    names = held.asked.get("attributes")
    rows = [_person_row(person, names) for person in people.by_numbers(tx, workspace, wanted)]
    return rows, str(page[-1].person_id if page else after), len(page) < _PEOPLE


def _person_row(person: Person, names: list[str] | None) -> dict[str, Any]:
    """`names`: the attributes that are wanted; None for all."""
    attributes = _texts(view(person))
    return {
        "id": person.id or "",
        "email": person.email or "",
        "cio_id": person.cio_id,
        "created_at": attributes.pop("created_at", ""),
        **{
            name: value
            for name, value in attributes.items()
            if name not in _OF_A_PERSON and (names is None or name in names)
        },
    }


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: text for name, value in values.items() if (text := attribute_text(value)) is not None}


def _of_messages(tx: Transaction, workspace: Workspace, held: Export, secret: bytes) -> Rows:
    asked = held.asked
    wanted = Wanted(
        broadcast_id=int(asked.get("broadcast_id") or 0),
        action_id=int(asked.get("action_id") or 0),
        states=frozenset(map(State, asked["states"])) if asked.get("states") else ALL_STATES,
        created_from_ms=int(asked.get("start") or 0) * 1_000,
        created_to_ms=int(asked.get("end") or 2**40) * 1_000 + 999,
        attempted=bool(asked.get("attempted")),
        heard=str(asked.get("heard") or ""),
        or_reason=str(asked.get("or_reason") or ""),
        without=Reason.CONDITION.value,
    )
    after = key_of(held.reached, secret) if held.reached else None
    page = deliveries.page(tx, workspace, wanted, after=after, most=_MESSAGES)
    heard = feedback.of_many(tx, [item.key for item in page.items])
    who = {
        one.person_id: one for one in people.by_numbers(tx, workspace, {int(i.row["person_id"]) for i in page.items})
    }
    names = [str(name) for name in asked.get("attributes") or ()]
    contents = {each: triggers.content(tx, each) for each in {item.content_hash for item in page.items}}
    calls = {i.key.trigger_id for i in page.items if contents[i.content_hash].kind is not BroadcastKind.BROADCAST}
    said = overrides.of_many(tx, calls) if calls else {}
    rows = []
    for item in page.items:
        content, override = contents[item.content_hash], said.get(item.key.trigger_id)
        person = who.get(int(item.row["person_id"]))
        made_of = override.applied(content) if override is not None else content
        rows.append(_message_row(item, made_of, heard.get(item.key, {}), person, names, secret))
    return rows, public_id(page.next, secret) if page.next else "", page.next is None


def _message_row(
    item: Listed,
    content: FrozenContent,
    heard: Mapping[Metric, int],
    person: Person | None,
    names: list[str],
    secret: bytes,
) -> dict[str, Any]:
    row, state = item.row, State(item.row["state"])
    times = {name: row[name] for name in ("created_ms", "attempted_ms", "settled_ms")}
    attributes = _texts(view(person)) if person is not None else {}
    action = next((one for one in content.actions if one.action_id == item.key.action_id), None)
    return {
        "delivery_id": public_id(item.key, secret),
        "type": TYPE_OF[action.kind] if action else "email",
        "customer_id": (person.id if person else "") or "",
        "email": (person.email if person else "") or "",
        "cio_id": cio_id(int(row["person_id"])),
        "recipient": row["recipient"] or "",
        "subject": content.common_subject(item.key.action_id) or "",
        "broadcast_id": item.broadcast_id if content.kind is BroadcastKind.BROADCAST else "",
        "transactional_message_id": item.broadcast_id if content.kind is BroadcastKind.TRANSACTIONAL else "",
        "trigger_id": row["trigger_id"],
        "action_id": row["action_id"],
        "action": action.name if action else "",
        "state": state.word,
        "failure_message": failure_message(state, row["reason"], row["words"]) or "",
        **{name: ms // 1_000 for name, ms in moments(state, row["reason"], **times, heard=heard).items()},
        **{f"customer.{name}": attributes.get(name, "") for name in names},
    }
