# SPDX-License-Identifier: Apache-2.0
"""The history of broadcasts. The newest version is what the broadcast says now: it is written with the change.

Changes of one person within a few minutes are one version, until a trigger takes it. Only so many are kept.
"""

from dataclasses import dataclass

import msgspec

from clarion.domain.broadcasts import Broadcast
from clarion.domain.versions import Reason, Snapshot, differences, snapshot
from clarion.store.engine import Row, Transaction
from clarion.store.people import decode, encode


@dataclass(frozen=True, slots=True)
class Bounds:
    """Changes within `folded_ms` of the first of them are one version; of a broadcast at most `versions` are kept, and
    of them together `bytes`: the oldest go.
    """

    folded_ms: int = 5 * 60_000
    versions: int = 200
    bytes: int = 50_000_000


_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Version:
    """`changed`: the fields that differ from the version before; times in Unix milliseconds."""

    version: int
    reason: Reason
    changed_by: str | None
    begun_ms: int
    saved_ms: int
    restored_from: int | None
    triggers: int
    last_trigger_id: int | None
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A version with what it holds."""

    meta: Version
    holds: Snapshot


def _version(row: Row) -> Version:
    return Version(
        int(row["version"]),
        Reason(row["reason"]),
        row["changed_by"],
        int(row["begun_ms"]),
        int(row["saved_ms"]),
        row["restored_from"],
        int(row["triggers"]),
        row["last_trigger_id"],
        tuple(decode(row["changed"])),
    )


def _kept(row: Row) -> Kept:
    return Kept(_version(row), msgspec.json.decode(row["snapshot"], type=Snapshot))


def begin(tx: Transaction, made: Broadcast, by: str | None) -> None:
    """The first version of a new broadcast."""
    _insert(tx, made, Reason.CREATED, by=by, begun_ms=tx.now_ms(), changed=())


def record(
    tx: Transaction,
    before: Broadcast,
    after: Broadcast,
    *,
    restored_from: int | None = None,
    bounds: Bounds = _BOUNDS,
) -> None:
    """Write down a change; both as they are stored, `after` under the transaction that stored it."""
    kept = [_kept(row) for row in tx.all("latest_versions", broadcast_id=before.broadcast_id, most=2)]
    if not kept or kept[0].meta.version != before.version:
        _insert(tx, before, Reason.FOUND, by=before.changed_by, begun_ms=before.updated_ms, changed=())
        kept = [_kept(row) for row in tx.all("latest_versions", broadcast_id=before.broadcast_id, most=2)]
    last = kept[0]
    reason = _reason(before, after, restored_from)
    begun_ms = tx.now_ms()
    if reason is Reason.EDITED and len(kept) > 1 and _folds(last.meta, after, begun_ms - bounds.folded_ms):
        tx.execute("delete_version", broadcast_id=after.broadcast_id, version=last.meta.version)
        last, begun_ms = kept[1], last.meta.begun_ms
    changed = tuple(one.field for one in differences(last.holds, snapshot(after)))
    if reason is Reason.EDITED and not changed:
        tx.execute(
            "renumber_version",
            broadcast_id=after.broadcast_id,
            version=last.meta.version,
            to_version=after.version,
        )
        return
    _insert(tx, after, reason, by=after.changed_by, begun_ms=begun_ms, changed=changed, restored_from=restored_from)
    _prune(tx, after.broadcast_id, bounds)


def taken(tx: Transaction, broadcast: Broadcast, trigger_id: int) -> None:
    """A trigger sends what the broadcast says now: this version stays as it is. The broadcast is locked."""
    number = {"broadcast_id": broadcast.broadcast_id, "version": broadcast.version}
    if tx.execute("note_triggered_version", **number, trigger_id=trigger_id):
        return
    _insert(tx, broadcast, Reason.FOUND, by=broadcast.changed_by, begun_ms=broadcast.updated_ms, changed=())
    tx.execute("note_triggered_version", **number, trigger_id=trigger_id)


def listing(tx: Transaction, broadcast_id: int, *, before: int, most: int) -> list[Version]:
    """Newest first, those below a number."""
    return [_version(row) for row in tx.all("versions_before", broadcast_id=broadcast_id, before=before, most=most)]


def get(tx: Transaction, broadcast_id: int, version: int) -> tuple[Kept, Kept | None] | None:
    """A version and the one before it; None when there is none by this number."""
    rows = tx.all("version_and_the_one_before", broadcast_id=broadcast_id, version=version)
    kept = [_kept(row) for row in rows]
    if not kept or kept[0].meta.version != version:
        return None
    return kept[0], kept[1] if len(kept) > 1 else None


def _reason(before: Broadcast, after: Broadcast, restored_from: int | None) -> Reason:
    if restored_from is not None:
        return Reason.RESTORED
    return Reason.ACTIVATED if after.active and not before.active else Reason.EDITED


def _folds(last: Version, after: Broadcast, since_ms: int) -> bool:
    return (
        last.reason is Reason.EDITED
        and last.changed_by == after.changed_by
        and last.triggers == 0
        and last.begun_ms > since_ms
    )


def _insert(
    tx: Transaction,
    broadcast: Broadcast,
    reason: Reason,
    *,
    by: str | None,
    begun_ms: int,
    changed: tuple[str, ...],
    restored_from: int | None = None,
) -> None:
    text = encode(snapshot(broadcast))
    files = sorted({file.hash for action in broadcast.actions for file in action.attachments})
    tx.execute(
        "insert_version",
        broadcast_id=broadcast.broadcast_id,
        version=broadcast.version,
        reason=reason.value,
        changed_by=by,
        begun_ms=begun_ms,
        saved_ms=begun_ms if reason is Reason.FOUND else tx.now_ms(),
        restored_from=restored_from,
        changed=encode(changed),
        size=len(text.encode()),
        snapshot=text,
        files=encode(files) if files else None,
    )


def _prune(tx: Transaction, broadcast_id: int, bounds: Bounds) -> None:
    room = bounds.bytes
    for place, row in enumerate(tx.all("version_sizes", broadcast_id=broadcast_id)):
        room -= int(row["size"])
        if place and (place >= bounds.versions or room < 0):
            tx.execute("delete_versions_to", broadcast_id=broadcast_id, version=int(row["version"]))
            return
