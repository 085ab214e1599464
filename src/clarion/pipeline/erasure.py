# SPDX-License-Identifier: Apache-2.0
"""Erasure of a person: everything that tells who they are goes, every count stays.

The first transaction removes the person with devices, events and memberships, turns blocked identifiers into hashes,
and notes the erasure; from then on no message to them is composed. Sweeps then blank their accounts, own data and
errors, some triggers at a time. A message that was composed before is still sent and settled, address and all, so
an erasure with accounts left to reach stays open and workers sweep again until there are none. A process that dies
anywhere leaves it open.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from clarion.domain.deliveries import public_id
from clarion.domain.errors import Conflict, NotFound
from clarion.domain.people import IdKind, Reference, email_key, person_id_of
from clarion.store import access, activities, erasure, esp, exports, merging, numbers, people, reporting
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.erasure import Swept

# Blanks captured mail of a workspace, by delivery ids and addresses; how many.
BlankMail = Callable[[int, Collection[str], Collection[str]], int]
_TRIGGERS = 100


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed, by kind; `finished`: nothing is left to do."""

    cio_id: str
    removed: dict[str, int]
    finished: bool


def erase(
    store: Store, workspace: Workspace, reference: Reference, *, suppress: bool = False, blank_mail: BlankMail | None
) -> Erased:
    """Erase a person; again for the same cio_id does what is left. Blocking.

    Somebody who was deleted before can be erased by cio_id. `suppress` blocks their identifiers, kept as hashes.

    Raises:
        NotFound: nobody is named so. Conflict: several people share the address.
    """

    def forget(tx: Transaction) -> tuple[int, dict[str, int]]:
        found = people.find(tx, workspace, reference)
        if len(found) > 1:
            raise Conflict("several people have this address: name one by id or cio_id", f"/{reference.kind.value}")
        number = found[0].person_id if found else _number(workspace, reference)
        if number is None:
            raise NotFound
        person = people.lock(tx, workspace, number)
        named = [] if person is None else [value for value in (person.id, person.email) if value is not None]
        erasure.note(tx, workspace, number, named)
        exports.withdraw(tx, workspace.workspace_id)
        reporting.forget(tx, number)
        activities.forget(tx, workspace, number, named)
        if person is None:
            blocked = erasure.hash_suppressions(tx, workspace, number, None, None)
            return number, {"suppressions": blocked}
        if suppress:
            for kind, value in ((IdKind.ID, person.id), (IdKind.EMAIL, person.email)):
                if value is not None:
                    erasure.block(tx, workspace, kind, email_key(value) if kind is IdKind.EMAIL else value)
        blocked = erasure.hash_suppressions(tx, workspace, number, person.id, person.email)
        if person.email is not None:
            esp.forget(tx, workspace.workspace_id, person.email)
        gone = people.delete(tx, number)
        return number, {"people": 1, **gone, "suppressions": blocked}

    number, removed = store.write(forget)
    swept = sweep(store, workspace, number, blank_mail)
    removed = {**removed, **_counts(swept[0]), "captured_mails": swept[1]}
    return Erased(f"{number:012x}", removed, swept[0].queued == 0)


def sweep(store: Store, workspace: Workspace, person_id: int, blank_mail: BlankMail | None) -> tuple[Swept, int]:
    """Take a person out of every trigger and of captured mail; ends the erasure when no account is left to reach."""
    open_ones = store.read(partial(erasure.asked, workspace_id=workspace.workspace_id, only_open=True))
    named = [value for one in open_ones if one.person_id == person_id for value in one.identifiers]
    total = Swept()
    # Accounts of people who were merged into this one stand under their own numbers.
    for number in [person_id, *store.read(partial(merging.merged, person_id=person_id))]:
        total += _swept(store, workspace, number, named)
    mails = 0
    if blank_mail is not None:
        secret = store.write(access.installation_secret)
        addresses = [value for value in named if "@" in value]
        mails = blank_mail(workspace.workspace_id, {public_id(key, secret) for key in total.keys}, addresses)
    if total.queued == 0:
        store.write(lambda tx: erasure.end(tx, person_id))
    return total, mails


def _swept(store: Store, workspace: Workspace, number: int, named: Sequence[str]) -> Swept:
    total, after = Swept(), 0
    while True:
        some = partial(
            erasure.sweep, workspace=workspace, person_id=number, identifiers=named, after=after, most=_TRIGGERS
        )
        done, following = store.write(some)
        total += done
        if following is None:
            return total
        after = following


def sweep_open(store: Store, blank_mail: BlankMail | None) -> int:
    """Go on with every erasure that is not complete; how many are complete now. Blocking."""
    ended = 0
    for one in store.read(lambda tx: erasure.asked(tx, only_open=True)):
        workspace = store.read(partial(access.workspace, workspace_id=one.workspace_id))
        if workspace is not None:
            ended += sweep(store, workspace, one.person_id, blank_mail)[0].queued == 0
    return ended


def _number(workspace: Workspace, reference: Reference) -> int | None:
    """The number of somebody who is gone, if the reference tells it."""
    number = person_id_of(reference.value) if reference.kind is IdKind.CIO_ID else None
    lowest, highest = numbers.person_range(workspace.workspace_id)
    return number if number is not None and lowest <= number <= highest else None


def _counts(swept: Swept) -> dict[str, int]:
    return {
        "accounts": swept.accounts,
        "own_data": swept.entries,
        "errors": swept.errors,
        "audiences": swept.echoes,
        "queued": swept.queued,
    }
