# SPDX-License-Identifier: Apache-2.0
"""Who stands behind a link, and the two attributes that the pages set."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.people import IdKind, Person, Reference, cio_id, is_unsubscribed
from clarion.pipeline import feedback
from clarion.store import access, ledger, people, reporting
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

Attribute = Literal["unsubscribed", "cio_email_tracking_consent"]
_HEARD: dict[tuple[Attribute, bool], Metric] = {
    ("unsubscribed", True): Metric.UNSUBSCRIBED,
    ("cio_email_tracking_consent", True): Metric.TRACKING_CONSENT_GRANTED,
    ("cio_email_tracking_consent", False): Metric.TRACKING_CONSENT_DENIED,
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a delivery was for; `person` is None when they are gone."""

    workspace: Workspace
    person: Person | None

    @property
    def unsubscribed(self) -> bool:
        """Whether they get no messages."""
        return self.person is not None and is_unsubscribed(self.person.attributes)


def reader(tx: Transaction, key: DeliveryKey, *, lock: bool = False) -> Reader | None:
    """Who stands behind a delivery; None when there is no such delivery. `lock`: the person is locked."""
    row = ledger.get(tx, key)
    workspace = access.workspace(tx, int(row["workspace_id"])) if row is not None else None
    if row is None or workspace is None:
        return None
    person_id = int(row["person_id"])
    if lock:
        return Reader(workspace, people.lock(tx, workspace, person_id))
    found = people.find(tx, workspace, Reference(IdKind.CIO_ID, cio_id(person_id)))
    return Reader(workspace, found[0] if found else None)


def set_attribute(tx: Transaction, key: DeliveryKey, name: Attribute, *, value: bool) -> Reader | None:
    """Store a choice; None when there is no such delivery.

    The limit of 300 attributes does not apply: nobody stays subscribed for having too many attributes.
    """
    found = reader(tx, key, lock=True)
    if found is None or found.person is None:
        return found
    before = found.person.attributes.get(name)
    is_set = is_unsubscribed({"unsubscribed": before}) if name == "unsubscribed" else before
    if before is not None and is_set == value:
        return found
    attributes: dict[str, Any] = {**found.person.attributes, name: value}
    changed = {**found.person.changed, name: tx.now_ms() // 1_000}
    person = replace(found.person, attributes=attributes, changed=changed)
    people.update(tx, found.workspace, person)
    if name == "unsubscribed":
        event = "customer_unsubscribed" if value else "customer_subscribed"
        reporting.note_person(tx, found.workspace.workspace_id, event, person.person_id, key)
    heard = _HEARD.get((name, value))
    if heard is not None:
        feedback.record(tx, Feedback(key, heard))
    return replace(found, person=person)
