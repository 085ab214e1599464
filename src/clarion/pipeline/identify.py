# SPDX-License-Identifier: Apache-2.0
"""What calls about people mean: identify, events, devices, delete, suppress (contract §1.7, §8).

This is a state path.

Read: the person a call names, under a row lock and read again after it, so that concurrent merges lose
nothing; then whether an identifier it names is blocked, so that a suppression that ran meanwhile is seen.
Committed: everything a call changes, with up to 100 calls of a batch in one transaction.
Crash: before the commit nothing happened and the caller, who has no answer, repeats the call; after it the
repeat meets the new state and changes nothing more (an event repeats unless it carries an `id`). In a batch
the transactions before the crash stay. Numbers taken for people who were not made are lost.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import structlog

from clarion.domain.errors import RequestError
from clarion.domain.operations import (
    AddDevice,
    Delete,
    DeleteDevice,
    Event,
    Identify,
    Merge,
    Operation,
    Suppress,
    Unsuppress,
)
from clarion.domain.people import (
    MAX_ATTRIBUTES,
    IdKind,
    Person,
    Reference,
    email_key,
    is_unsubscribed,
    looks_like_email,
)
from clarion.domain.people import (
    merge as merged,
)
from clarion.domain.topics import PREFERENCES
from clarion.pipeline import merge
from clarion.store import merging, people, reporting
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers

_log = structlog.get_logger("clarion.people")

# Few enough that the single writer of SQLite is not held for long, enough that a batch is not all fsync.
_PER_TRANSACTION = 100
# Cleared attributes leave the time of their clearing behind; beyond this many times the oldest go.
_MAX_TIMES = 2 * MAX_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class _Scope:
    """One transaction: `fresh` yields unused person_ids, `now` is the database's clock in Unix seconds."""

    tx: Transaction
    workspace: Workspace
    fresh: Iterator[int]
    now: int


def perform(
    store: Store, numbers: PersonNumbers, workspace: Workspace, operations: Sequence[Operation]
) -> list[RequestError | None]:
    """Carry out operations in order; for each one None, or why it changed nothing.

    Opens its own transactions, because numbers for new people cannot be taken inside one.
    """
    failures: list[RequestError | None] = []
    for start in range(0, len(operations), _PER_TRANSACTION):
        failures += _perform_some(store, numbers, workspace, operations[start : start + _PER_TRANSACTION])
    return failures


def _perform_some(
    store: Store, numbers: PersonNumbers, workspace: Workspace, operations: Sequence[Operation]
) -> list[RequestError | None]:
    wanted = sum(isinstance(operation, Identify | Event | AddDevice) for operation in operations)
    candidates = numbers.take(workspace.workspace_id, wanted) if wanted else []

    def work(tx: Transaction) -> tuple[list[RequestError | None], list[int]]:
        if len(operations) > 1:
            _lock_everybody(tx, workspace, operations)
        fresh = iter(candidates)  # from the start again when the engine runs this a second time
        scope = _Scope(tx, workspace, fresh, tx.now_ms() // 1_000)
        outcomes = [_attempt(scope, operation) for operation in operations]
        return outcomes, list(fresh)

    outcomes, unused = store.write(work)
    # Only after a commit: when its outcome is unknown, a number may be in use.
    for number in reversed(unused):
        numbers.give_back(workspace.workspace_id, number)
    return outcomes


def _lock_everybody(tx: Transaction, workspace: Workspace, operations: Sequence[Operation]) -> None:
    """So that two batches over the same people do not wait for each other in a circle.

    Known people are locked in one order. There is no row to lock for those who are yet to be made, so the
    batches of a workspace that make people go one after the other.
    """
    named = {reference for operation in operations for reference in _named(operation, workspace)}
    found, everybody = _numbers(tx, workspace, named)
    if not everybody:
        people.lock_newcomers(tx, workspace)
        found, _ = _numbers(tx, workspace, named)  # the batch before this one may have made some
    people.lock_many(tx, workspace, found)


def _numbers(tx: Transaction, workspace: Workspace, named: set[Reference]) -> tuple[set[int], bool]:
    """The person_ids behind identifiers, and whether each identifier has one."""
    found: set[int] = set()
    everybody = True
    for kind in IdKind:
        values = {email_key(one.value) if kind is IdKind.EMAIL else one.value for one in named if one.kind is kind}
        numbers = people.numbers_of(tx, workspace, kind, values)
        everybody &= len(numbers) >= len(values)
        found.update(numbers)
    return found, everybody


def _named(operation: Operation, workspace: Workspace) -> list[Reference]:
    """Every identifier a call names."""
    named = [operation.reference]
    if isinstance(operation, Merge):
        named.append(operation.secondary)
    if isinstance(operation, Identify):
        if operation.id:
            named.append(Reference(IdKind.ID, operation.id))
        if operation.email and workspace.email_is_unique:
            named.append(Reference(IdKind.EMAIL, operation.email))
    return named


def _attempt(scope: _Scope, operation: Operation) -> RequestError | None:
    """A refused operation has written nothing: every check comes before the first write."""
    try:
        _apply(scope, operation)
    except RequestError as error:
        return error
    return None


def _apply(scope: _Scope, operation: Operation) -> None:
    match operation:
        case Identify():
            _identify(scope, operation)
        case Event() | AddDevice():
            _add(scope, operation)
        case Delete() | DeleteDevice():
            _remove(scope, operation)
        case Suppress(reference):
            _suppress(scope, reference)
        case Merge():
            merge.merge(scope.tx, scope.workspace, operation)
        case Unsuppress(reference):
            if reference.kind is not IdKind.CIO_ID:
                people.unsuppress(scope.tx, scope.workspace, reference)
        case _:
            assert_never(operation)


def _add(scope: _Scope, operation: Event | AddDevice) -> None:
    person = _identify(scope, Identify(operation.reference))
    if person is None:
        return
    if isinstance(operation, AddDevice):
        people.save_device(scope.tx, person.person_id, operation.device)
        return
    people.add_event(
        scope.tx,
        person.person_id,
        event_id=operation.event_id or secrets.token_hex(16),
        at_ms=(scope.now if operation.at is None else operation.at) * 1_000,
        kind=operation.kind,
        name=operation.name,
        data=operation.data,
    )


def _remove(scope: _Scope, operation: Delete | DeleteDevice) -> None:
    person = _held(scope, operation.reference)
    if person is None:
        return
    if isinstance(operation, DeleteDevice):
        people.delete_device(scope.tx, person.person_id, operation.token)
    else:
        people.delete(scope.tx, person.person_id)


def _held(scope: _Scope, reference: Reference) -> Person | None:
    """The person a reference names, locked until the transaction ends."""
    for found in people.find(scope.tx, scope.workspace, reference):
        person = people.lock(scope.tx, scope.workspace, found.person_id)
        # While we waited for the lock they may have been deleted, or given another identifier.
        if person is not None and _is_named(person, reference):
            return person
    return None


def _is_named(person: Person, reference: Reference) -> bool:
    if reference.kind is IdKind.CIO_ID:
        return True
    current = person.id if reference.kind is IdKind.ID else person.email
    return current is not None and _same(reference.kind, current, reference.value)


def _suppress(scope: _Scope, reference: Reference) -> None:
    tx, workspace = scope.tx, scope.workspace
    person = _held(scope, reference)
    blocked = {reference} if reference.kind is not IdKind.CIO_ID else set()
    if person is not None:
        if person.id is not None:
            blocked.add(Reference(IdKind.ID, person.id))
        if person.email is not None and workspace.email_is_unique:
            blocked.add(Reference(IdKind.EMAIL, person.email))
        people.delete(tx, person.person_id)
    for one in blocked:
        people.suppress(tx, workspace, one, person.person_id if person else None)


def _identify(scope: _Scope, call: Identify) -> Person | None:
    """Create or update; the person afterwards, None when the call is ignored (contract §8.1)."""
    found = _target(scope, call)
    if _is_blocked(scope, call):
        return None
    if found is None and (call.update_only or call.reference.kind is IdKind.CIO_ID):
        return None
    before = found or Person(0, None, None, {}, {}, scope.now * 1_000)
    after, refused = _changed(scope, before, call)
    if found is None and refused:
        # Refused because somebody has the identifier. If another call made them since we looked, they are meant.
        found = _target(scope, call)
        if found is not None:
            before = found
            after, refused = _changed(scope, before, call)
    if found is None:
        after = replace(after, person_id=next(scope.fresh))
        people.insert(scope.tx, scope.workspace, [after])
    elif after != before:
        people.update(scope.tx, scope.workspace, after)
    if (now := is_unsubscribed(after.attributes)) != is_unsubscribed(before.attributes):
        event = "customer_unsubscribed" if now else "customer_subscribed"
        reporting.note_person(scope.tx, scope.workspace.workspace_id, event, after.person_id)
    if after.attributes.get(PREFERENCES) != before.attributes.get(PREFERENCES):
        event = "cio_subscription_preferences_changed"
        reporting.note_person(scope.tx, scope.workspace.workspace_id, event, after.person_id)
    if call.anonymous_id:
        merging.adopt_anonymous_events(scope.tx, scope.workspace, call.anonymous_id, after.person_id)
    _tell_refused(scope, after, call, refused)
    return after


def _tell_refused(scope: _Scope, person: Person, call: Identify, refused: list[IdKind]) -> None:
    """Which kind, not which value: identifiers of people stay out of the log."""
    facts: dict[str, object] = {"workspace": scope.workspace.workspace_id, "person": person.cio_id}
    if IdKind.EMAIL in refused and call.email and not looks_like_email(call.email):
        refused = [kind for kind in refused if kind is not IdKind.EMAIL]
        scope.tx.after_commit(lambda: _log.warning("person.invalid_email", **facts))
    if refused:
        kinds = [kind.value for kind in refused]
        scope.tx.after_commit(lambda: _log.warning("person.identifier_conflict", **facts, identifiers=kinds))


def _is_blocked(scope: _Scope, call: Identify) -> bool:
    return any(
        people.is_suppressed(scope.tx, scope.workspace, reference) for reference in _named(call, scope.workspace)
    )


def _target(scope: _Scope, call: Identify) -> Person | None:
    """Whom the call updates: the person of the path, or else the owner of an identifier in the body."""
    person = _held(scope, call.reference)
    if person is not None or call.reference.kind is IdKind.CIO_ID:
        return person
    if call.id:
        person = _held(scope, Reference(IdKind.ID, call.id))
    if person is None and call.email and scope.workspace.email_is_unique:
        person = _held(scope, Reference(IdKind.EMAIL, call.email))
        names_an_id = call.reference.kind is IdKind.ID or bool(call.id)
        if person is not None and person.id is not None and names_an_id:
            return None  # the address is another known person's; the id called for makes a new one
    return person


def _changed(scope: _Scope, person: Person, call: Identify) -> tuple[Person, list[IdKind]]:
    """The person after the call, and the identifiers that it could not change.

    Raises:
        InvalidRequest: the person would have more than 300 attributes.
    """
    refused: list[IdKind] = []

    def settle(kind: IdKind, wanted: str | None, named_by_path: str | None) -> str | None:
        current = person.id if kind is IdKind.ID else person.email
        late = call.at is not None and person.changed.get(kind.value, 0) > call.at
        if named_by_path is not None and (wanted is None or late or not _same(kind, wanted, named_by_path)):
            if wanted is not None and not late:
                refused.append(kind)  # an identifier is not changed by naming its old value
            if current is not None and _same(kind, named_by_path, current):
                return current  # in the spelling it was given
            wanted = named_by_path
        elif wanted is None or late or wanted == current:
            return current
        if not _may_take(scope, person, kind, wanted, call.reference.kind):
            refused.append(kind)
            return current
        return wanted or None

    path = {call.reference.kind: call.reference.value}
    id_ = settle(IdKind.ID, call.id, path.get(IdKind.ID))
    email = settle(IdKind.EMAIL, call.email, path.get(IdKind.EMAIL))
    if id_ is None and (email is None or not scope.workspace.email_is_unique):
        id_, email = person.id, email or person.email  # nobody may be left without a name

    at = scope.now if call.at is None else min(call.at, scope.now)
    changes = {
        name: value
        for name, value in call.attributes.items()
        if call.at is None or person.changed.get(name, 0) <= call.at
    }
    attributes = merged(person.attributes, changes)
    times = {**person.changed, **dict.fromkeys(changes, at)}
    if id_ != person.id:
        times["id"] = at
    if email != person.email:
        times["email"] = at
    changed = replace(
        person,
        id=id_,
        email=email,
        attributes=attributes,
        changed=_bounded(times, {*attributes, "id", "email"}),
    )
    return changed, list(dict.fromkeys(refused))


def _same(kind: IdKind, one: str, other: str) -> bool:
    return email_key(one) == email_key(other) if kind is IdKind.EMAIL else one == other


def _may_take(scope: _Scope, person: Person, kind: IdKind, wanted: str, named_by: IdKind) -> bool:
    """Whether a person may get an identifier, or lose it when `wanted` is "" (contract §8.1).

    One that is not set may always be taken if it is free. One that is set changes only when the call names
    the person by cio_id, or, for the e-mail, by id. Where e-mail does not identify, it is an attribute.
    """
    current = person.id if kind is IdKind.ID else person.email
    if person.person_id == 0 and kind is named_by:
        return True  # not found a moment ago; if it is taken by now, the unique index has this run again
    if kind is IdKind.EMAIL and not scope.workspace.email_is_unique:
        return True
    movable = named_by is IdKind.CIO_ID or (kind is IdKind.EMAIL and named_by is IdKind.ID)
    if wanted == "":
        return current is None or movable
    if current is not None and not movable and not _same(kind, wanted, current):
        return False
    if kind is IdKind.EMAIL and not looks_like_email(wanted):
        return False
    owners = people.find(scope.tx, scope.workspace, Reference(kind, wanted))
    return all(owner.person_id == person.person_id for owner in owners)


def _bounded(times: dict[str, int], present: set[str]) -> dict[str, int]:
    """Times of attributes that exist, and of the latest cleared ones."""
    if len(times) <= _MAX_TIMES:
        return times
    gone = sorted((name for name in times if name not in present), key=lambda name: times[name])
    surplus = set(gone[: len(times) - _MAX_TIMES])
    return {name: at for name, at in times.items() if name not in surplus}
