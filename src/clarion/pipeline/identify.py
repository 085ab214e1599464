# SPDX-License-Identifier: Apache-2.0
"""What calls about people mean: identify, events, devices, delete, suppress (contract §1.7, §8).

This is a state path.

Read: the people that the calls of a transaction name, under row locks, and whether an identifier is blocked (see
`roster`). Committed: everything that up to 500 calls of a batch change, with what happened in the journal and the
segments that follow from it (see `membership`), in one transaction.
Crash: before the commit nothing happened and the caller, who has no answer, repeats the call; after it the
repeat meets the new state and changes nothing more (an event repeats unless it carries an `id`). In a batch
the transactions before the crash stay. Numbers taken for people who were not made are lost.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, assert_never

import structlog

from clarion.domain.errors import NotFound, RequestError
from clarion.domain.objects import ChangeObject, Relate
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
from clarion.domain.people import IdKind, Person, Reference, is_unsubscribed, looks_like_email
from clarion.domain.topics import PREFERENCES
from clarion.pipeline import devices, membership, merge, reaching, relating
from clarion.pipeline.changing import changed_by, differences
from clarion.pipeline.roster import Roster
from clarion.store import activities, merging, people, reporting
from clarion.store.access import Workspace
from clarion.store.activities import Happened
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers
from clarion.store.people import PersonEvent

_log = structlog.get_logger("clarion.people")

# Few enough that the single writer of SQLite is not held for long, enough that a batch is not all fsync.
_PER_TRANSACTION = 500


@dataclass(frozen=True, slots=True)
class _Scope:
    """One transaction: `fresh` yields unused person_ids, `now` is the database's clock in Unix seconds.

    `events` and `happened` are written at its end.
    """

    tx: Transaction
    workspace: Workspace
    fresh: Iterator[int]
    now_ms: int
    roster: Roster
    events: list[PersonEvent] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)

    @property
    def now(self) -> int:
        return self.now_ms // 1_000

    def settle(self) -> None:
        """Write what calls before this one changed: it reads for itself."""
        self.roster.flush()
        reaching.note_events(self.tx, self.workspace, self.events, self.now_ms)
        people.add_events(self.tx, self.events)
        self.events.clear()
        activities.write(self.tx, self.workspace, self.happened, self.now_ms)
        membership.follow(self.tx, self.workspace, self.happened)
        self.happened.clear()

    def note(self, person_id: int, kind: str, data: dict[str, Any], name: str = "") -> None:
        self.happened.append(Happened(person_id, kind, data, name))

    def tell(self, happened: Happened | None) -> None:
        if happened is not None:
            self.happened.append(happened)


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
    wanted = sum(_may_make(operation) for operation in operations)
    candidates = numbers.take(workspace.workspace_id, wanted) if wanted else []

    def work(tx: Transaction) -> tuple[list[RequestError | None], list[int]]:
        fresh = iter(candidates)  # from the start again when the engine runs this a second time
        scope = _Scope(tx, workspace, fresh, tx.now_ms(), Roster(tx, workspace))
        named = [reference for operation in operations for reference in _named(operation, workspace)]
        if len(operations) > 1:
            scope.roster.read_in_order(named)
        else:
            scope.roster.read(named)
        outcomes = [_attempt(scope, operation) for operation in operations]
        scope.settle()
        return outcomes, list(fresh)

    outcomes, unused = store.write(work)
    # Only after a commit: when its outcome is unknown, a number may be in use.
    for number in reversed(unused):
        numbers.give_back(workspace.workspace_id, number)
    return outcomes


def perform_in(
    tx: Transaction, workspace: Workspace, operations: Sequence[Identify | Event], fresh: Iterator[int]
) -> list[RequestError | None]:
    """The same in the caller's transaction; `fresh`: numbers for people who are made. Who is ignored is told, too."""
    scope = _Scope(tx, workspace, fresh, tx.now_ms(), Roster(tx, workspace))
    scope.roster.read_in_order([reference for operation in operations for reference in _named(operation, workspace)])
    outcomes = [_told(scope, operation) for operation in operations]
    scope.settle()
    return outcomes


def _told(scope: _Scope, operation: Identify | Event) -> RequestError | None:
    try:
        met = _identify(scope, operation) if isinstance(operation, Identify) else _add(scope, operation)
    except RequestError as error:
        return error
    return None if met is not None else NotFound("nobody is known by it, or it is suppressed")


def _may_make(operation: Operation) -> int:
    """How many people an operation may make."""
    if isinstance(operation, ChangeObject):
        return len(operation.relations)
    return isinstance(operation, Identify | Event | AddDevice | Relate)


def _named(operation: Operation, workspace: Workspace) -> list[Reference]:
    """Every identifier of people that a call names."""
    if isinstance(operation, ChangeObject):
        return [relation.to for relation in operation.relations if isinstance(relation.to, Reference)]
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
        case DeleteDevice():
            person = scope.roster.held(operation.reference)
            if person is not None:
                scope.tell(devices.remove(scope.tx, person.person_id, operation.token))
        case Relate():
            person = _identify(scope, Identify(operation.reference))
            if person is not None:
                relating.relate(scope.tx, scope.workspace, operation, person, scope.note)
        case ChangeObject():
            meet = partial(_met, scope)
            relating.change(scope.tx, scope.workspace, operation, meet, scope.note)
        case Delete() | Suppress() | Unsuppress() | Merge():
            scope.settle()
            _remove(scope, operation)
            scope.roster.forget()
        case _:
            assert_never(operation)


def _met(scope: _Scope, reference: Reference) -> Person | None:
    return _identify(scope, Identify(reference))


def _add(scope: _Scope, operation: Event | AddDevice) -> Person | None:
    person = _identify(scope, Identify(operation.reference))
    if person is None:
        return None
    if isinstance(operation, AddDevice):
        scope.tell(devices.save(scope.tx, person.person_id, operation.device))
        return person
    event_id = operation.event_id or secrets.token_hex(16)
    at_ms = (scope.now if operation.at is None else operation.at) * 1_000
    scope.events.append(PersonEvent(person.person_id, event_id, at_ms, operation.kind, operation.name, operation.data))
    scope.note(person.person_id, operation.kind, {"event_id": event_id}, operation.name)
    return person


def _remove(scope: _Scope, operation: Delete | Suppress | Unsuppress | Merge) -> None:
    match operation:
        case Delete(reference):
            person = scope.roster.held(reference)
            if person is not None:
                people.delete(scope.tx, person.person_id)
                scope.note(person.person_id, "profile_delete", {"id": person.id, "email": person.email})
        case Suppress(reference):
            _suppress(scope, reference)
        case Unsuppress(reference):
            if reference.kind is not IdKind.CIO_ID:
                people.unsuppress(scope.tx, scope.workspace, reference)
        case Merge():
            both = [scope.roster.held(one) for one in (operation.reference, operation.secondary)]
            if merge.merge(scope.tx, scope.workspace, operation) and both[0] is not None and both[1] is not None:
                data: dict[str, object] = {"merged": both[1].identifiers}
                scope.note(both[0].person_id, "profile_merge", data)


def _suppress(scope: _Scope, reference: Reference) -> None:
    tx, workspace = scope.tx, scope.workspace
    person = scope.roster.held(reference)
    blocked = {reference} if reference.kind is not IdKind.CIO_ID else set()
    if person is not None:
        if person.id is not None:
            blocked.add(Reference(IdKind.ID, person.id))
        if person.email is not None and workspace.email_is_unique:
            blocked.add(Reference(IdKind.EMAIL, person.email))
        people.delete(tx, person.person_id)
        scope.note(person.person_id, "profile_delete", {"suppressed": True})
    for one in blocked:
        people.suppress(tx, workspace, one, person.person_id if person else None)


def _identify(scope: _Scope, call: Identify) -> Person | None:
    """Create or update; the person afterwards, None when the call is ignored (contract §8.1)."""
    found = _target(scope, call)
    if scope.roster.is_blocked(_named(call, scope.workspace)):
        return None
    if found is None and (call.update_only or call.reference.kind is IdKind.CIO_ID):
        return None
    before = found or Person(0, None, None, {}, {}, scope.now_ms)
    after, refused = changed_by(call, before, scope.roster, scope.workspace, scope.now)
    if found is None:
        after = replace(after, person_id=next(scope.fresh))
        scope.roster.add(after)
    elif after != before:
        scope.roster.update(after)
    changes = differences(before, after)
    if found is None:
        scope.note(after.person_id, "profile_create", changes)
    elif changes:
        scope.note(after.person_id, "attribute_change", changes)
    _tell_webhooks(scope, before, after)
    if call.anonymous_id:
        scope.settle()
        reaching.note_adopted(scope.tx, scope.workspace, call.anonymous_id, after.person_id, scope.now_ms)
        adopted = merging.adopt_anonymous_events(scope.tx, scope.workspace, call.anonymous_id, after.person_id)
        if adopted:
            scope.note(after.person_id, "anon_merge", {"anonymous_id": call.anonymous_id, "events": adopted})
    if call.relate is not None:
        relating.relate(scope.tx, scope.workspace, call.relate, after, scope.note)
    _tell_refused(scope, after, call, refused)
    return after


def _tell_webhooks(scope: _Scope, before: Person, after: Person) -> None:
    """That somebody subscribed, or did not want to be any more."""
    workspace_id = scope.workspace.workspace_id
    if (now := is_unsubscribed(after.attributes)) != is_unsubscribed(before.attributes):
        event = "customer_unsubscribed" if now else "customer_subscribed"
        reporting.note_person(scope.tx, workspace_id, event, after.person_id)
    if after.attributes.get(PREFERENCES) != before.attributes.get(PREFERENCES):
        event = "cio_subscription_preferences_changed"
        reporting.note_person(scope.tx, workspace_id, event, after.person_id)


def _tell_refused(scope: _Scope, person: Person, call: Identify, refused: list[IdKind]) -> None:
    """Which kind, not which value: identifiers of people stay out of the log."""
    if not refused:
        return
    wanted = {IdKind.ID: call.id, IdKind.EMAIL: call.email}
    held = {IdKind.ID: person.id, IdKind.EMAIL: person.email}
    path = call.reference.value  # what the path names is wanted too
    data: dict[str, object] = {kind.value: {"from": held[kind], "to": wanted[kind] or path} for kind in refused}
    scope.note(person.person_id, "failed_attribute_change", data)
    facts: dict[str, object] = {"workspace": scope.workspace.workspace_id, "person": person.cio_id}
    if IdKind.EMAIL in refused and call.email and not looks_like_email(call.email):
        refused = [kind for kind in refused if kind is not IdKind.EMAIL]
        scope.tx.after_commit(lambda: _log.warning("person.invalid_email", **facts))
    if refused:
        kinds = [kind.value for kind in refused]
        scope.tx.after_commit(lambda: _log.warning("person.identifier_conflict", **facts, identifiers=kinds))


def _target(scope: _Scope, call: Identify) -> Person | None:
    """Whom the call updates: the person of the path, or else the owner of an identifier in the body."""
    person = scope.roster.held(call.reference)
    if person is not None or call.reference.kind is IdKind.CIO_ID:
        return person
    if call.id:
        person = scope.roster.held(Reference(IdKind.ID, call.id))
    if person is None and call.email and scope.workspace.email_is_unique:
        person = scope.roster.held(Reference(IdKind.EMAIL, call.email))
        names_an_id = call.reference.kind is IdKind.ID or bool(call.id)
        if person is not None and person.id is not None and names_an_id:
            return None  # the address is another known person's; the id called for makes a new one
    return person
