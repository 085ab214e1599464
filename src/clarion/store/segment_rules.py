# SPDX-License-Identifier: Apache-2.0
"""Conditions of data-driven segments, how far their building is, and who is to be decided about again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clarion.domain.segment_rule_parsing import stored
from clarion.domain.segment_rules import Demand, EventKind, event_names
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import decode, encode

Events = dict[tuple[EventKind, str], list[tuple[int, dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Build:
    """A segment that somebody builds; `until` None: not begun. `fence`: of who holds it."""

    segment_id: int
    workspace_id: int
    horizon: int | None
    built_to: int
    until: int | None
    fence: int


class Due(NamedTuple):
    """Somebody is to be decided about again for a segment, at a time in Unix milliseconds."""

    person_id: int
    segment_id: int
    due_ms: int


def lock(tx: Transaction, workspace: Workspace) -> None:
    """Let one transaction at a time change conditions in a workspace."""
    tx.all("lock_segment_rules", workspace_id=workspace.workspace_id)


def insert(tx: Transaction, workspace: Workspace, segment_id: int, conditions: object) -> None:
    """The segment is data-driven from now on, and is going to be built."""
    tx.execute(
        "insert_segment_rule",
        segment_id=segment_id,
        workspace_id=workspace.workspace_id,
        conditions=encode(conditions),
    )


def change(tx: Transaction, workspace: Workspace, segment_id: int, conditions: object) -> bool:
    """Other conditions, or the same again: it is built anew. False when it is not data-driven."""
    changed = tx.execute(
        "change_segment_rule",
        segment_id=segment_id,
        workspace_id=workspace.workspace_id,
        conditions=encode(conditions),
    )
    return changed > 0


def of_workspace(tx: Transaction, workspace_id: int) -> tuple[tuple[int, str], ...]:
    """(segment, conditions as JSON text) of every data-driven segment.

    A transaction that changes people reads this after its first write, or what it changes is not built (see
    `is_settled`).
    """
    rows = tx.tuples("segment_rules", workspace_id=workspace_id)
    return tuple(sorted((int(segment_id), str(conditions)) for segment_id, conditions in rows))


# -- building ---------------------------------------------------------------------------------------------------


def to_build(tx: Transaction) -> int | None:
    """A segment that nobody builds."""
    row = tx.one("segment_to_build")
    return int(row["segment_id"]) if row else None


def take(tx: Transaction, segment_id: int, lease_ms: int) -> Build | None:
    """Hold a segment that is to be built; None when somebody else does."""
    if not tx.execute("take_segment_build", segment_id=segment_id, lease_ms=lease_ms):
        return None
    row = tx.one("segment_rule", segment_id=segment_id)
    if row is None:
        raise AssertionError("it was just taken")
    return Build(
        segment_id,
        int(row["workspace_id"]),
        row["horizon"],
        int(row["built_to"]),
        row["build_until"],
        int(row["fence"]),
    )


def begin(tx: Transaction, held: Build, lowest: int, last: int) -> None:
    """Begin to go through the people from `lowest` to `last`."""
    tx.execute("begin_segment_build", segment_id=held.segment_id, fence=held.fence, until=last, built_to=lowest - 1)


def is_settled(tx: Transaction, held: Build) -> bool:
    """Whether everybody who writes knows the conditions by now.

    Who changes people reads the conditions after its first write. So once every transaction has ended that had begun
    to write when the conditions were seen to be committed, all others know them: whoever is not decided about by the
    builder is by them. The first call notes which those are (`horizon`), later ones ask whether they ended.
    """
    row = tx.one("transactions_ahead")
    if row is None:
        raise AssertionError("it is one row")
    horizon = held.horizon
    if horizon is None:
        horizon = int(row["next"])
        tx.execute("set_segment_horizon", segment_id=held.segment_id, fence=held.fence, horizon=horizon)
    return int(row["oldest"]) >= horizon


def advance(tx: Transaction, held: Build, built_to: int, lease_ms: int, *, done: bool) -> bool:
    """It is built up to there; False when it is not held any more, and nothing may be written."""
    moved = tx.execute(
        "advance_segment_build",
        segment_id=held.segment_id,
        fence=held.fence,
        built_to=built_to,
        lease_ms=lease_ms,
        done=int(done),
    )
    return moved > 0


def put_off(tx: Transaction, held: Build, ms: int) -> None:
    """Let go of it; nobody takes it for so long."""
    tx.execute("put_off_segment_build", segment_id=held.segment_id, fence=held.fence, ms=ms)


# -- what people did --------------------------------------------------------------------------------------------


def events(
    tx: Transaction, person_ids: Collection[int], event: tuple[EventKind, str], demand: Demand, now_ms: int
) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """By person, when somebody did it, newest first, with what was carried where it counts."""
    kind, name = event
    rows = tx.tuples(
        "events_by_name",
        person_ids=encode(sorted(person_ids)),
        name=name,
        kind=kind.value,
        since_ms=-(2**62) if demand.within_ms is None else now_ms - demand.within_ms,
        most=2**31 - 1 if demand.most is None else demand.most,
        with_data=int(demand.with_data),
    )
    found: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for person_id, at_ms, data in rows:
        found.setdefault(person_id, []).append((at_ms, decode(data) if data is not None else {}))
    return found


# -- who is to be decided about again ---------------------------------------------------------------------------


def note_due(tx: Transaction, due: Iterable[Due]) -> None:
    """Decide about them again at their times, or before."""
    tx.many("note_segment_due", [one._asdict() for one in sorted(set(due))])


def due(tx: Transaction, most: int) -> list[int]:
    """People whose time has come, the longest overdue first."""
    return list(dict.fromkeys(int(row["person_id"]) for row in tx.all("segment_due", most=most)))


def take_due(tx: Transaction, person_ids: Sequence[int]) -> dict[int, set[int]]:
    """By person, the segments for which it has come; before anything about them is read."""
    found: dict[int, set[int]] = {}
    for row in tx.all("take_segment_due", person_ids=encode(list(person_ids))):
        found.setdefault(int(row["person_id"]), set()).add(int(row["segment_id"]))
    return found


def next_due_ms(tx: Transaction) -> int | None:
    """When the next one is due, Unix milliseconds."""
    row = tx.one("when_segment_due")
    return row["due_ms"] if row else None


def events_are_gone(tx: Transaction, gone: Iterable[tuple[int, str, str]]) -> None:
    """Events (person, kind, name) were removed because they are old: decide again whoever they may have counted for."""
    by_workspace: dict[int, set[tuple[int, str, str]]] = {}
    for one in gone:
        by_workspace.setdefault(numbers.workspace_of(one[0]), set()).add(one)
    for workspace_id, some in by_workspace.items():
        named = [(segment_id, event_names(stored(text))) for segment_id, text in of_workspace(tx, workspace_id)]
        note_due(
            tx,
            (
                Due(person_id, segment_id, 0)
                for person_id, kind, name in some
                for segment_id, names in named
                if (kind, name) in names
            ),
        )
