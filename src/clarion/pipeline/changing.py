# SPDX-License-Identifier: Apache-2.0
"""What an identify call makes of a person: attributes by their time, identifiers by the rules (contract §8.1)."""

from dataclasses import replace

from clarion.domain.operations import Identify
from clarion.domain.people import MAX_ATTRIBUTES, IdKind, Person, Reference, email_key, looks_like_email
from clarion.domain.people import merge as merged
from clarion.pipeline.roster import Roster
from clarion.store.access import Workspace

# Cleared attributes leave the time of their clearing behind; beyond this many times the oldest go.
_MAX_TIMES = 2 * MAX_ATTRIBUTES


def differences(before: Person, after: Person) -> dict[str, object]:
    """What changed, for the journal: attribute → from and to."""
    old, new = before.attributes, after.attributes
    names = [name for name, value in new.items() if old.get(name) != value or name not in old]
    names += [name for name in old if name not in new]
    changes: dict[str, object] = {name: {"from": old.get(name), "to": new.get(name)} for name in names}
    for name, was, now in (("id", before.id, after.id), ("email", before.email, after.email)):
        if was != now:
            changes[name] = {"from": was, "to": now}
    return changes


def changed_by(
    call: Identify, person: Person, roster: Roster, workspace: Workspace, now: int
) -> tuple[Person, list[IdKind]]:
    """The person after the call, and the identifiers that it could not change; `now` in Unix seconds.

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
        if not _may_take(roster, workspace, person, kind, wanted, call.reference.kind):
            refused.append(kind)
            return current
        return wanted or None

    path = {call.reference.kind: call.reference.value}
    id_ = settle(IdKind.ID, call.id, path.get(IdKind.ID))
    email = settle(IdKind.EMAIL, call.email, path.get(IdKind.EMAIL))
    if id_ is None and (email is None or not workspace.email_is_unique):
        id_, email = person.id, email or person.email  # nobody may be left without a name

    at = now if call.at is None else min(call.at, now)
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


def _may_take(
    roster: Roster, workspace: Workspace, person: Person, kind: IdKind, wanted: str, named_by: IdKind
) -> bool:
    """Whether a person may get an identifier, or lose it when `wanted` is "" (contract §8.1).

    One that is not set may always be taken if it is free. One that is set changes only when the call names
    the person by cio_id, or, for the e-mail, by id. Where e-mail does not identify, it is an attribute.
    """
    current = person.id if kind is IdKind.ID else person.email
    if person.person_id == 0 and kind is named_by:
        return True  # not found a moment ago; if it is taken by now, the unique index has this run again
    if kind is IdKind.EMAIL and not workspace.email_is_unique:
        return True
    movable = named_by is IdKind.CIO_ID or (kind is IdKind.EMAIL and named_by is IdKind.ID)
    if wanted == "":
        return current is None or movable
    if current is not None and not movable and not _same(kind, wanted, current):
        return False
    if kind is IdKind.EMAIL and not looks_like_email(wanted):
        return False
    return all(owner.person_id == person.person_id for owner in roster.owners(Reference(kind, wanted)))


def _bounded(times: dict[str, int], present: set[str]) -> dict[str, int]:
    """Times of attributes that exist, and of the latest cleared ones."""
    if len(times) <= _MAX_TIMES:
        return times
    gone = sorted((name for name in times if name not in present), key=lambda name: times[name])
    surplus = set(gone[: len(times) - _MAX_TIMES])
    return {name: at for name, at in times.items() if name not in surplus}
