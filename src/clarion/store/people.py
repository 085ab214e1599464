# SPDX-License-Identifier: Apache-2.0
"""People, their devices, events and suppressed identifiers. What a call means is decided in `pipeline.identify`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from clarion.domain.people import Device, IdKind, Person, Reference, email_key, is_unsubscribed, person_id_of
from clarion.domain.push import PushDevice, shows_push
from clarion.store import erasure, numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction

_json = msgspec.json


def encode(value: object) -> str:
    """Canonical JSON text: compact, UTF-8, keys as they came."""
    return _json.encode(value).decode()


def decode(text: str) -> Any:
    """The value of a JSON column."""
    return _json.decode(text)


def of_row(row: Row) -> Person:
    """A person from a row with identifiers, attributes, changes and the time they were made."""
    return Person(
        person_id=int(row["person_id"]),
        id=row["id"],
        email=row["email"],
        attributes=decode(row["attributes"]),
        changed=decode(row["changed"]),
        created_ms=int(row["created_ms"]),
    )


def find(tx: Transaction, workspace: Workspace, reference: Reference) -> list[Person]:
    """Everybody a reference names: none, one, or (by a shared e-mail) up to 100, oldest first."""
    if reference.kind is IdKind.EMAIL:
        key = email_key(reference.value)
        rows = tx.all("people_by_email", workspace_id=workspace.workspace_id, email_key=key, most=100)
        return [of_row(row) for row in rows]
    if reference.kind is IdKind.ID:
        row = tx.one("person_by_id", workspace_id=workspace.workspace_id, id=reference.value)
    else:
        number = person_id_of(reference.value)
        row = None
        if number is not None:
            row = tx.one("person_by_number", workspace_id=workspace.workspace_id, person_id=number)
    return [of_row(row)] if row else []


def named(
    tx: Transaction, workspace: Workspace, *, ids: Iterable[str], emails: Iterable[str], numbers: Iterable[int]
) -> list[Person]:
    """Whoever has one of these identifiers, locked until the transaction ends; e-mails come as they are compared."""
    rows = tx.all(
        "people_named",
        workspace_id=workspace.workspace_id,
        ids=encode(list(ids)),
        emails=encode(list(emails)),
        numbers=encode(list(numbers)),
    )
    return [of_row(row) for row in rows]


def blocked(
    tx: Transaction, workspace: Workspace, *, ids: Iterable[str], emails: Iterable[str]
) -> set[tuple[IdKind, str]]:
    """Which of these identifiers are blocked; e-mails come as they are compared."""
    ids, emails = list(ids), list(emails)
    rows = tx.all("blocked_among", workspace_id=workspace.workspace_id, ids=encode(ids), emails=encode(emails))
    found = {(IdKind(row["kind"]), str(row["value"])) for row in rows if row["kind"]}
    if len(found) < len(rows):  # some are kept as a hash only
        asked = [(IdKind.ID, value) for value in ids] + [(IdKind.EMAIL, value) for value in emails]
        found |= {one for one in asked if erasure.is_blocked(tx, workspace, *one)}
    return found


def by_numbers(tx: Transaction, workspace: Workspace, person_ids: Iterable[int]) -> list[Person]:
    """These people, ascending; vanished ones are absent."""
    rows = tx.all("people_by_numbers", workspace_id=workspace.workspace_id, person_ids=encode(list(person_ids)))
    return [of_row(row) for row in rows]


def lock(tx: Transaction, workspace: Workspace, person_id: int) -> Person | None:
    """The person again, under a lock until the transaction ends: read this one before merging."""
    tx.all("lock_person", person_id=person_id)
    row = tx.one("person_by_number", workspace_id=workspace.workspace_id, person_id=person_id)
    return of_row(row) if row else None


def lock_many(tx: Transaction, workspace: Workspace, person_ids: Iterable[int]) -> None:
    """Lock people who are going to be locked one by one, in an order that makes no deadlock."""
    tx.all("lock_people", workspace_id=workspace.workspace_id, person_ids=encode(list(person_ids)))


def lock_newcomers(tx: Transaction, workspace: Workspace) -> None:
    """Let one transaction at a time make many people here."""
    tx.all("lock_newcomers", workspace_id=workspace.workspace_id)


def hold(tx: Transaction, workspace: Workspace, person_ids: Iterable[int]) -> list[int]:
    """Which of these people exist, ascending; none of them can be deleted until the transaction ends."""
    rows = tx.all("hold_people", workspace_id=workspace.workspace_id, person_ids=encode(list(person_ids)))
    return [int(row["person_id"]) for row in rows]


def _columns(workspace: Workspace, person: Person) -> dict[str, object]:
    key = email_key(person.email) if person.email is not None else None
    return {
        "person_id": person.person_id,
        "workspace_id": workspace.workspace_id,
        "id": person.id,
        "email": person.email,
        "email_key": key,
        "email_unique": key if workspace.email_is_unique else None,
        "unsubscribed": int(is_unsubscribed(person.attributes)),
        "attributes": encode(person.attributes),
        "changed": encode(person.changed),
    }


def insert(tx: Transaction, workspace: Workspace, people: Sequence[Person]) -> None:
    """Add new people; their numbers come from `numbers.PersonNumbers`."""
    tx.many("insert_people", [_columns(workspace, person) for person in people])


def update(tx: Transaction, workspace: Workspace, person: Person) -> None:
    """Store a changed person."""
    update_many(tx, workspace, [person])


def update_many(tx: Transaction, workspace: Workspace, changed: Sequence[Person]) -> None:
    """Store changed people."""
    tx.many("update_person", [_columns(workspace, person) for person in changed])


def delete(tx: Transaction, person_id: int) -> dict[str, int]:
    """Remove a person with devices, events, relationships, memberships; rows by kind. Accounts in the ledger stay."""
    # What was really taken out is what the sizes shrink by: somebody may change the memberships right now.
    left = sorted(int(row["segment_id"]) for row in tx.all("delete_memberships", person_id=person_id))
    for segment_id in left:
        tx.execute("change_segment_size", segment_id=segment_id, by=-1)
    gone = {"memberships": len(left)}
    for kind, query in (
        ("devices", "delete_devices"),
        ("events", "delete_events"),
        ("relationships", "delete_relationships_of_person"),
        ("", "drop_segment_due"),
        ("", "drop_watched_messages"),
        ("", "drop_in_app"),
        ("", "drop_texted"),
        ("", "delete_person"),
    ):
        rows = tx.execute(query, person_id=person_id)
        if kind:
            gone[kind] = rows
    return gone


def numbers_by_id(tx: Transaction, workspace: Workspace, ids: Iterable[str]) -> dict[str, int]:
    """person_id of each known id."""
    return dict(tx.tuples("numbers_by_ids", workspace_id=workspace.workspace_id, ids=encode(list(ids))))


def numbers_by_email(tx: Transaction, workspace: Workspace, emails: Iterable[str]) -> dict[str, list[int]]:
    """person_ids of each known address, under its `email_key`."""
    keys = list({email_key(email) for email in emails})
    found: dict[str, list[int]] = {}
    if keys:
        for key, number in tx.tuples("numbers_by_emails", workspace_id=workspace.workspace_id, email_keys=encode(keys)):
            found.setdefault(key, []).append(number)
    return found


def numbers_of(tx: Transaction, workspace: Workspace, kind: IdKind, values: Iterable[str]) -> list[int]:
    """person_ids that these identifiers may stand for. A cio_id is not looked up: it may name nobody."""
    match kind:
        case IdKind.ID:
            return list(numbers_by_id(tx, workspace, values).values())
        case IdKind.EMAIL:
            return [number for found in numbers_by_email(tx, workspace, values).values() for number in found]
        case IdKind.CIO_ID:
            return [number for value in values if (number := person_id_of(value)) is not None]


@dataclass(frozen=True, slots=True)
class Identifiers:
    """How a stored person is named in lists."""

    person_id: int
    id: str | None
    email: str | None


def identifiers(tx: Transaction, person_ids: Iterable[int]) -> dict[int, Identifiers]:
    """Names of people by number; vanished ones are absent."""
    rows = tx.all("identifiers_of", person_ids=encode(list(person_ids)))
    return {int(r["person_id"]): Identifiers(int(r["person_id"]), r["id"], r["email"]) for r in rows}


def last_person(tx: Transaction, workspace: Workspace) -> int:
    """The highest person_id in the workspace, 0 when it is empty."""
    lowest, highest = numbers.person_range(workspace.workspace_id)
    row = tx.one("last_person", lowest=lowest, highest=highest)
    return int(row["person_id"]) if row else 0


def save_device(tx: Transaction, person_id: int, device: Device) -> None:
    """Add or replace a device."""
    tx.execute(
        "upsert_device",
        person_id=person_id,
        token=device.token,
        platform=device.platform,
        last_used=device.last_used,
        attributes=encode(device.attributes),
    )


def delete_device(tx: Transaction, person_id: int, token: str) -> bool:
    """Remove a device; False when it is not there."""
    return tx.execute("delete_device", person_id=person_id, token=token) > 0


def push_devices(tx: Transaction, person_ids: Iterable[int]) -> dict[int, list[PushDevice]]:
    """What some people can be pushed to; who has no device that shows anything is absent."""
    found: dict[int, list[PushDevice]] = {}
    for row in tx.all("push_devices", person_ids=encode(sorted(person_ids))):
        if not shows_push(decode(row["attributes"])):
            continue
        device = PushDevice(str(row["token"]), str(row["platform"]), row["last_used"])
        found.setdefault(int(row["person_id"]), []).append(device)
    return found


def devices(tx: Transaction, person_id: int) -> list[Device]:
    """A person's devices."""
    return [
        Device(str(r["token"]), str(r["platform"]), r["last_used"], decode(r["attributes"]))
        for r in tx.all("devices_of", person_id=person_id)
    ]


@dataclass(frozen=True, slots=True)
class PersonEvent:
    """Something a person did; `at_ms` Unix milliseconds."""

    person_id: int
    event_id: str
    at_ms: int
    kind: str
    name: str
    data: dict[str, Any]


def add_events(tx: Transaction, events: Sequence[PersonEvent]) -> None:
    """Store events; one whose id is there already is the same event."""
    rows = [
        {
            "person_id": one.person_id,
            "at_ms": one.at_ms,
            "event_id": one.event_id,
            "kind": one.kind,
            "name": one.name,
            "data": encode(one.data),
        }
        for one in events
    ]
    tx.many("insert_event", rows)


def events(tx: Transaction, person_id: int, before: tuple[int, str], most: int) -> list[PersonEvent]:
    """What a person did, newest first, before a moment and an id of it."""
    rows = tx.all("events_of_person", person_id=person_id, before_ms=before[0], before_id=before[1], most=most)
    return [
        PersonEvent(
            int(row["person_id"]),
            str(row["event_id"]),
            int(row["at_ms"]),
            str(row["kind"]),
            str(row["name"]),
            decode(row["data"]),
        )
        for row in rows
    ]


def _suppressed_value(reference: Reference) -> str:
    return email_key(reference.value) if reference.kind is IdKind.EMAIL else reference.value


def suppress(tx: Transaction, workspace: Workspace, reference: Reference, person_id: int | None) -> None:
    """Block an identifier; calls that name it are ignored from now on."""
    tx.execute(
        "suppress",
        workspace_id=workspace.workspace_id,
        kind=reference.kind.value,
        value=_suppressed_value(reference),
        person_id=person_id,
    )


def unsuppress(tx: Transaction, workspace: Workspace, reference: Reference) -> None:
    """Free an identifier."""
    if erasure.is_blocked(tx, workspace, reference.kind, _suppressed_value(reference)):
        erasure.unblock(tx, workspace, reference.kind, _suppressed_value(reference))
    tx.execute(
        "unsuppress",
        workspace_id=workspace.workspace_id,
        kind=reference.kind.value,
        value=_suppressed_value(reference),
    )


def suppressed_among(tx: Transaction, person_ids: Iterable[int]) -> set[int]:
    """Which of these vanished people were suppressed rather than deleted."""
    return {int(row["person_id"]) for row in tx.all("suppressed_people", person_ids=encode(list(person_ids)))}
