# SPDX-License-Identifier: Apache-2.0
"""What actions on people do: change attributes, add an event, move somebody into a segment or out of it.

A state path. Read: which of these accounts were performed before, and the people, under row locks. Committed, in one
transaction for a chunk's worth: a mark for each account, what its action did, and all that follows from it as from a
call of the Track API (`identify`, `membership`): journal, segments, goals. Crash: before the commit nothing happened;
after it the mark says so, and the account, handed over again, is settled without being performed again. So a newer
value is not overwritten, and no event counts twice, however often that happens.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from clarion.domain.deliveries import DeliveryKey, Reason, key_of
from clarion.domain.errors import Permanent, RequestError
from clarion.domain.messages import PartsMessage
from clarion.domain.operations import Event, Identify
from clarion.domain.people import IdKind, Reference, cio_id, infer, person_id_of
from clarion.domain.person_actions import ADD, ATTRIBUTE_UPDATE, CREATE_EVENT, OTHER, SEGMENT_UPDATE, object_of
from clarion.pipeline import identify, membership
from clarion.store import access, acted, merging, people
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers

Failures = Mapping[str, Permanent]
"""By delivery id, why an action was not performed."""


class _Asked(NamedTuple):
    key: DeliveryKey
    message: PartsMessage
    person_id: int


class Acting:
    """Performs actions on people. `secret`: by which delivery ids are known."""

    def __init__(self, store: Store, numbers: PersonNumbers, secret: bytes) -> None:
        self._store = store
        self._numbers = numbers
        self._secret = secret

    def __call__(self, messages: Sequence[PartsMessage]) -> Failures:
        """Perform them, each once however often it is asked for; blocking. Who is not among the failures is done.

        Raises:
            Unavailable: none of the last workspace's was performed, or (UnknownOutcome) nobody knows.
        """
        failures: dict[str, Permanent] = {}
        by_workspace: defaultdict[int, list[_Asked]] = defaultdict(list)
        for message in messages:
            key, person_id = key_of(message.delivery_id, self._secret), person_id_of(message.recipient)
            if key is None or person_id is None or message.workspace_id is None:
                failures[message.delivery_id] = _refused("this is no account of a trigger")
            else:
                by_workspace[message.workspace_id].append(_Asked(key, message, person_id))
        for workspace_id, asked in by_workspace.items():
            failures |= self._perform(workspace_id, asked)
        return failures

    def _perform(self, workspace_id: int, asked: Sequence[_Asked]) -> Failures:
        makes = sum(one.message.parts.get("whom") == OTHER for one in asked)
        candidates = self._numbers.take(workspace_id, makes) if makes else []

        def work(tx: Transaction) -> tuple[dict[str, Permanent], list[int]]:
            fresh = iter(candidates)  # from the start again when the engine runs this a second time
            workspace = access.workspace(tx, workspace_id)
            if workspace is None:
                raise AssertionError("a workspace stays")
            new = acted.mark(tx, [one.key for one in asked])
            failed = _done(tx, workspace, [one for one in asked if one.key in new], fresh)
            acted.unmark(tx, [one.key for one in asked if one.message.delivery_id in failed])
            return failed, list(fresh)

        failed, unused = self._store.write(work)
        for number in reversed(unused):
            self._numbers.give_back(workspace_id, number)
        return failed


def _refused(words: str) -> Permanent:
    return Permanent(words, Reason.ACTION_REFUSED.value)


def _done(tx: Transaction, workspace: Workspace, asked: Sequence[_Asked], fresh: Iterator[int]) -> dict[str, Permanent]:
    """Perform what was not performed before; what cannot be, by delivery id, has written nothing."""
    now = _there(tx, workspace, [one.person_id for one in asked])
    failed: dict[str, Permanent] = {}
    here: list[_Asked] = []
    for one in asked:
        person_id = now.get(one.person_id)
        if person_id is None:
            failed[one.message.delivery_id] = Permanent("the person is not there any more", Reason.DELETED.value)
        else:
            here.append(one._replace(person_id=person_id))
    moving = [one for one in here if one.message.channel == SEGMENT_UPDATE.kind]
    others = [one for one in here if one.message.channel != SEGMENT_UPDATE.kind]
    return failed | _operated(tx, workspace, others, fresh) | _moved(tx, workspace, moving)


def _there(tx: Transaction, workspace: Workspace, person_ids: Sequence[int]) -> dict[int, int]:
    """Those who are there, by themselves, and those who were merged into somebody, by whom; all locked."""
    people.lock_many(tx, workspace, person_ids)
    there = set(people.hold(tx, workspace, person_ids))
    found = {number: number for number in there}
    gone = [number for number in person_ids if number not in there]
    into = merging.survivors(tx, gone) if gone else {}
    if into:
        people.lock_many(tx, workspace, set(into.values()))
        left = set(people.hold(tx, workspace, set(into.values())))
        found |= {number: survivor for number, survivor in into.items() if survivor in left}
    return found


def _operated(
    tx: Transaction, workspace: Workspace, asked: Sequence[_Asked], fresh: Iterator[int]
) -> dict[str, Permanent]:
    if not asked:
        return {}
    outcomes = identify.perform_in(tx, workspace, [_operation(one, workspace) for one in asked], fresh)
    return {
        one.message.delivery_id: _refused(error.detail)
        for one, error in zip(asked, outcomes, strict=True)
        if error is not None
    }


def _operation(one: _Asked, workspace: Workspace) -> Identify | Event:
    parts, themselves = one.message.parts, Reference(IdKind.CIO_ID, cio_id(one.person_id))
    if one.message.channel == CREATE_EVENT.kind:
        data = object_of(parts["event_data"])
        return Event(themselves, "event", parts["event_name"], data, event_id=one.message.delivery_id)
    if one.message.channel != ATTRIBUTE_UPDATE.kind:
        raise AssertionError(one.message.channel)
    changes = object_of(parts["attributes"])
    if parts["whom"] != OTHER:
        return Identify(themselves, changes)
    named = infer(parts["identifier"])
    if named.kind is IdKind.EMAIL and not workspace.email_is_unique:
        named = Reference(IdKind.ID, named.value)
    return Identify(named, changes)


def _moved(tx: Transaction, workspace: Workspace, asked: Sequence[_Asked]) -> dict[str, Permanent]:
    failed: dict[str, Permanent] = {}
    ways: defaultdict[tuple[int, bool], list[_Asked]] = defaultdict(list)
    for one in asked:
        parts = one.message.parts
        ways[int(parts["segment_id"]), parts["change"] == ADD].append(one)
    for (segment_id, add), some in sorted(ways.items()):
        try:
            membership.change(tx, workspace, segment_id, [one.person_id for one in some], add=add)
        except RequestError as error:
            failed |= {one.message.delivery_id: _refused(error.detail) for one in some}
    return failed
