# SPDX-License-Identifier: Apache-2.0
"""Who stands behind a link, and the attributes that the pages set."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.people import IdKind, Person, Reference, cio_id, is_unsubscribed
from clarion.domain.reporting import PREFERENCES_CHANGED
from clarion.domain.topics import PREFERENCES, choices, wants_channel
from clarion.pipeline import feedback, membership
from clarion.pipeline.changing import differences
from clarion.store import access, activities, ledger, people, reporting, topics
from clarion.store.access import Workspace
from clarion.store.activities import Happened
from clarion.store.engine import Transaction
from clarion.store.numbers import workspace_of

Attribute = Literal["unsubscribed", "cio_email_tracking_consent"]
_HEARD: dict[tuple[Attribute, bool], Metric] = {
    ("unsubscribed", True): Metric.UNSUBSCRIBED,
    ("cio_email_tracking_consent", True): Metric.TRACKING_CONSENT_GRANTED,
    ("cio_email_tracking_consent", False): Metric.TRACKING_CONSENT_DENIED,
}


Behind = DeliveryKey | int
"""What a link names: a message, or a person by number."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a delivery was for; `person` is None when they are gone."""

    workspace: Workspace
    person: Person | None

    @property
    def unsubscribed(self) -> bool:
        """Whether they get no messages."""
        return self.person is not None and is_unsubscribed(self.person.attributes)


def reader(tx: Transaction, behind: Behind, *, lock: bool = False) -> Reader | None:
    """Who stands behind a link; None when there is no such delivery. `lock`: the person is locked."""
    if isinstance(behind, DeliveryKey):
        row = ledger.get(tx, behind)
        if row is None:
            return None
        workspace_id, person_id = int(row["workspace_id"]), int(row["person_id"])
    else:
        workspace_id, person_id = workspace_of(behind), behind
    workspace = access.workspace(tx, workspace_id)
    if workspace is None:
        return None
    if lock:
        return Reader(workspace, people.lock(tx, workspace, person_id))
    found = people.find(tx, workspace, Reference(IdKind.CIO_ID, cio_id(person_id)))
    return Reader(workspace, found[0] if found else None)


def set_attribute(
    tx: Transaction, behind: Behind, name: Attribute, *, value: bool, counted: bool = False
) -> Reader | None:
    """Store a choice; None when there is no such delivery. `counted`: the message's metric is written down already.

    The limit of 300 attributes does not apply: nobody stays subscribed for having too many attributes.
    """
    found = reader(tx, behind, lock=True)
    if found is None or found.person is None:
        return found
    key = behind if isinstance(behind, DeliveryKey) else None
    before = found.person.attributes.get(name)
    is_set = is_unsubscribed({"unsubscribed": before}) if name == "unsubscribed" else before
    if before is not None and is_set == value:
        return found
    attributes: dict[str, Any] = {**found.person.attributes, name: value}
    changed = {**found.person.changed, name: tx.now_ms() // 1_000}
    person = replace(found.person, attributes=attributes, changed=changed)
    _store(tx, found.workspace, found.person, person)
    if name == "unsubscribed":
        event = "customer_unsubscribed" if value else "customer_subscribed"
        reporting.note_person(tx, found.workspace.workspace_id, event, person.person_id, key)
    heard = _HEARD.get((name, value))
    if heard is not None and key is not None and not counted:
        feedback.record(tx, Feedback(key, heard))
    return replace(found, person=person)


def set_topics(tx: Transaction, behind: Behind, wanted: Mapping[int, bool]) -> Reader | None:
    """Store a choice of topics, by number; those it does not name stay as they are."""
    found = reader(tx, behind, lock=True)
    if found is None or found.person is None:
        return found
    person = found.person
    known = [topic for topic in topics.listing(tx, found.workspace) if topic.topic_id in wanted]
    changed = [topic for topic in known if topic.is_wanted_by(person.attributes) != wanted[topic.topic_id]]
    if not changed:
        return found
    chosen: dict[str, Any] = {**choices(person.attributes)}
    chosen |= {topic.identifier: wanted[topic.topic_id] for topic in changed}
    before = person.attributes.get(PREFERENCES)
    preferences = {**(before if isinstance(before, dict) else {}), "topics": chosen}
    now_s = tx.now_ms() // 1_000
    person = replace(
        person,
        attributes={**person.attributes, PREFERENCES: preferences},
        changed={**person.changed, PREFERENCES: now_s},
    )
    _store(tx, found.workspace, found.person, person)
    key = behind if isinstance(behind, DeliveryKey) else None
    reporting.note_person(tx, found.workspace.workspace_id, PREFERENCES_CHANGED, person.person_id, key)
    if key is not None and any(not wanted[topic.topic_id] for topic in changed):
        feedback.record(tx, Feedback(key, Metric.TOPIC_UNSUBSCRIBED))
    return replace(found, person=person)


def set_channel(tx: Transaction, behind: Behind, channel: str, wanted: bool) -> Reader | None:
    """Store whether somebody wants messages of a channel, by the kind of its actions."""
    found = reader(tx, behind, lock=True)
    if found is None or found.person is None:
        return found
    person = found.person
    if wants_channel(person.attributes, channel) == wanted:
        return found
    before = person.attributes.get(PREFERENCES)
    preferences = before if isinstance(before, dict) else {}
    known = preferences.get("channels")
    chosen = {**(known if isinstance(known, dict) else {}), channel: wanted}
    person = replace(
        person,
        attributes={**person.attributes, PREFERENCES: {**preferences, "channels": chosen}},
        changed={**person.changed, PREFERENCES: tx.now_ms() // 1_000},
    )
    _store(tx, found.workspace, found.person, person)
    key = behind if isinstance(behind, DeliveryKey) else None
    reporting.note_person(tx, found.workspace.workspace_id, PREFERENCES_CHANGED, person.person_id, key)
    if key is not None and not wanted:
        feedback.record(tx, Feedback(key, Metric.UNSUBSCRIBED))
    return replace(found, person=person)


def _store(tx: Transaction, workspace: Workspace, before: Person, after: Person) -> None:
    people.update(tx, workspace, after)
    change = Happened(after.person_id, "attribute_change", differences(before, after))
    activities.write(tx, workspace, [change], tx.now_ms())
    membership.follow(tx, workspace, [change])
