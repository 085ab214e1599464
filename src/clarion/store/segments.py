# SPDX-License-Identifier: Apache-2.0
"""Segments and who is in them; each segment's size moves with its memberships. Conditions are in `segment_rules`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Store, Transaction
from clarion.store.people import Identifiers, decode, encode

CHANGES_KEPT_MS = 30 * 86_400_000
_BATCH = 2_000
_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Segment:
    """A named group of people; `kind` is manual or dynamic. Of the latter `conditions` as they came, their `version`,
    and `progress`: which share of the people was decided about, 1.0 when it is built."""

    segment_id: int
    name: str
    description: str
    kind: str
    size: int
    created_ms: int
    updated_ms: int
    conditions: dict[str, Any] | None = None
    version: int = 0
    progress: float = 1.0


def _segment(row: Row) -> Segment:
    return Segment(
        int(row["segment_id"]),
        str(row["name"]),
        str(row["description"]),
        str(row["kind"]),
        int(row["size"]),
        int(row["created_ms"]),
        int(row["updated_ms"]),
        decode(row["conditions"]) if row["conditions"] is not None else None,
        int(row["version"] or 0),
        _progress(row),
    )


def _progress(row: Row) -> float:
    if row["conditions"] is None or row["built_ms"] is not None:
        return 1.0
    if row["build_until"] is None:
        return 0.0
    lowest, _ = numbers.person_range(int(row["workspace_id"]))
    built, whole = int(row["built_to"]) - lowest + 1, int(row["build_until"]) - lowest + 1
    return min(max(built / whole, 0.0), 0.99) if whole > 0 else 0.99


def create(tx: Transaction, workspace: Workspace, name: str, description: str) -> Segment:
    """A new, empty segment: a manual one, unless it gets conditions (`segment_rules`)."""
    segment_id = numbers.take(tx, "segment")
    tx.execute(
        "insert_segment",
        segment_id=segment_id,
        workspace_id=workspace.workspace_id,
        name=name,
        description=description,
    )
    created = get(tx, workspace, segment_id)
    if created is None:
        raise AssertionError("the segment was just made")
    return created


def listing(tx: Transaction, workspace: Workspace) -> list[Segment]:
    """Every segment of a workspace."""
    return [_segment(row) for row in tx.all("segments", workspace_id=workspace.workspace_id)]


def kinds(tx: Transaction, workspace: Workspace) -> dict[int, str]:
    """Of every segment of a workspace, whether it is manual or dynamic."""
    return {one.segment_id: one.kind for one in listing(tx, workspace)}


def get(tx: Transaction, workspace: Workspace, segment_id: int) -> Segment | None:
    """One segment."""
    row = tx.one("segment", workspace_id=workspace.workspace_id, segment_id=segment_id)
    return _segment(row) if row else None


def rename(tx: Transaction, workspace: Workspace, segment_id: int, name: str, description: str) -> None:
    """Another name and description."""
    tx.execute(
        "rename_segment",
        workspace_id=workspace.workspace_id,
        segment_id=segment_id,
        name=name,
        description=description,
    )


def lock(tx: Transaction, workspace: Workspace, segment_id: int) -> bool:
    """Keep a segment from being deleted until the transaction ends; False when there is none."""
    return tx.one("lock_segment", workspace_id=workspace.workspace_id, segment_id=segment_id) is not None


def delete(tx: Transaction, workspace: Workspace, segment_id: int) -> bool:
    """Remove a segment; False when there is none. Its members, who may be a million, go afterwards (`clear_deleted`):
    nobody asks for them by a number that is never given again."""
    removed = tx.execute("delete_segment", workspace_id=workspace.workspace_id, segment_id=segment_id)
    if removed:
        tx.execute("delete_segment_rule", segment_id=segment_id)
        tx.execute("unwatch_broadcasts", segment_id=segment_id)
    return removed > 0


def add(tx: Transaction, segment_id: int, person_ids: Iterable[int]) -> list[int]:
    """Put people in; those who were not in yet, ascending. `pipeline.membership` tells whoever is to know."""
    rows = tx.all("add_members", segment_id=segment_id, person_ids=encode(sorted(set(person_ids))))
    if rows:
        tx.execute("change_segment_size", segment_id=segment_id, by=len(rows))
    return sorted(int(row["person_id"]) for row in rows)


def remove(tx: Transaction, segment_id: int, person_ids: Iterable[int]) -> list[int]:
    """Take people out; those who were in, ascending. `pipeline.membership` tells whoever is to know."""
    rows = tx.all("remove_members", segment_id=segment_id, person_ids=encode(sorted(set(person_ids))))
    if rows:
        tx.execute("change_segment_size", segment_id=segment_id, by=-len(rows))
    return sorted(int(row["person_id"]) for row in rows)


def members(tx: Transaction, segment_id: int, after: int, most: int) -> list[Identifiers]:
    """People of a segment with a number above `after`, ascending, at most `most`."""
    rows = tx.all("members", segment_id=segment_id, after=after, most=most)
    return [Identifiers(int(r["person_id"]), r["id"], r["email"]) for r in rows]


def memberships(tx: Transaction, segment_ids: Iterable[int], person_ids: Iterable[int]) -> dict[int, set[int]]:
    """Of each of some people, which of some segments they are in."""
    found: dict[int, set[int]] = {number: set() for number in person_ids}
    wanted = encode(sorted(segment_ids))
    for segment_id, person_id in tx.tuples("memberships_among", segment_ids=wanted, person_ids=encode(list(found))):
        found[person_id].add(segment_id)
    return found


def of_person(tx: Transaction, person_id: int) -> list[tuple[int, str, str]]:
    """(id, name, description) of the segments a person is in."""
    rows = tx.all("memberships_of", person_id=person_id)
    return [(int(r["segment_id"]), str(r["name"]), str(r["description"])) for r in rows]


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody came in, or left, at a time in Unix milliseconds."""

    at_ms: int
    entered: bool
    person: Identifiers


def note_changes(tx: Transaction, segment_id: int, person_ids: Iterable[int], at_ms: int, *, entered: bool) -> None:
    """Write down that people came in or left."""
    tx.execute(
        "note_segment_changes",
        segment_id=segment_id,
        at_ms=at_ms,
        person_ids=encode(list(person_ids)),
        entered=int(entered),
    )


def changes(tx: Transaction, segment_id: int, before: tuple[int, int], most: int) -> list[Change]:
    """Who came and left, newest first, before a moment and a person of it; who is deleted is not told."""
    rows = tx.all("segment_changes", segment_id=segment_id, before_ms=before[0], before_person=before[1], most=most)
    return [
        Change(int(r["at_ms"]), bool(r["entered"]), Identifiers(int(r["person_id"]), r["id"], r["email"])) for r in rows
    ]


def clear_changes(store: Store, before_ms: int) -> Iterator[int]:
    """Forget who came and left before a time; yields the rows gone after each transaction."""
    for row in store.read(lambda tx: tx.all("every_segment")):

        def step(tx: Transaction, segment_id: int = int(row["segment_id"])) -> int:
            return tx.execute("clear_segment_changes", segment_id=segment_id, before_ms=before_ms, most=_BATCH)

        while gone := store.write(step):
            yield gone


def clear_deleted(store: Store, _: int) -> Iterator[int]:
    """Remove members and changes of segments that were deleted; yields the rows gone after each transaction."""
    for behind, clear in (
        ("segment_with_members_behind", _clear_members),
        ("segment_with_changes_behind", _drop_changes),
    ):
        after = 0
        while (row := store.read(partial(_one, query=behind, after=after))) is not None:
            segment_id = after = int(row["segment_id"])
            step = partial(clear, segment_id=segment_id)
            while row["deleted"] and (gone := store.write(step)):
                yield gone


def _one(tx: Transaction, query: str, after: int) -> Row | None:
    return tx.one(query, after=after)


def _clear_members(tx: Transaction, segment_id: int) -> int:
    return tx.execute("clear_members", segment_id=segment_id, most=_BATCH, last=_EVER)


def _drop_changes(tx: Transaction, segment_id: int) -> int:
    return tx.execute("clear_segment_changes", segment_id=segment_id, before_ms=_EVER, most=_BATCH)
