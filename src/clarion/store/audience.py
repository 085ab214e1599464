# SPDX-License-Identifier: Apache-2.0
"""Pages of people by key, narrowed in SQL as far as that is certain to leave nobody out.

`domain.audience.matches` decides; SQL only narrows, with a superset. Attributes are canonical JSON text on
both engines, so a top-level attribute with a given text value leaves the same traces in that text, and
"contains the trace" can be asked of either engine with the same meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from clarion.domain.audience import And, Equals, Everybody, Exists, Filter, InSegment, Not, Or, segment_ids, size
from clarion.domain.people import cio_id
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import decode, encode
from clarion.store.queries import Engine

_CONTAINS: dict[Engine, str] = {
    "sqlite": "instr(p.attributes, {0}) > 0",
    "postgres": "strpos(p.attributes, {0}) > 0",
}
_TRUE, _FALSE = "1 = 1", "1 = 0"
_MAX_NARROWED = 200  # beyond this many conditions, scanning is as good and the statement stays small


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person of a page. `attributes` is empty unless the page was asked for them."""

    person_id: int
    id: str | None
    email: str | None
    unsubscribed: bool
    attributes: Mapping[str, object]
    segments: frozenset[int]


def seen(candidate: Candidate) -> Mapping[str, object]:
    """The attributes that a filter compares: the identifiers are among them (contract §2.2)."""
    attributes = dict(candidate.attributes)
    if candidate.id is not None:
        attributes["id"] = candidate.id
    if candidate.email is not None:
        attributes["email"] = candidate.email
    attributes["cio_id"] = cio_id(candidate.person_id)
    return attributes


@dataclass(slots=True)
class _Narrowing:
    """SQL for a filter. `exact` says whether the text means the filter or only a superset of it."""

    engine: Engine
    parameters: dict[str, object] = field(default_factory=dict)

    def _bind(self, value: object) -> str:
        name = f"n{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def sql(self, condition: Filter) -> tuple[str, bool]:
        match condition:
            case Everybody():
                return _TRUE, True
            case And(members):
                parts = [self.sql(member) for member in members]
                return "(" + " AND ".join(text for text, _ in parts) + ")", all(exact for _, exact in parts)
            case Or(members):
                parts = [self.sql(member) for member in members]
                return "(" + " OR ".join(text for text, _ in parts) + ")", all(exact for _, exact in parts)
            case Not(member):
                text, exact = self.sql(member)
                # Turning a superset round would leave people out.
                return (f"NOT ({text})", True) if exact else (_TRUE, False)
            case InSegment(segment_id):
                bound = self._bind(segment_id)
                exists = f"SELECT 1 FROM segment_member m WHERE m.segment_id = {bound} AND m.person_id = p.person_id"
                return f"EXISTS ({exists})", True
            case Equals(name, value, inverse):
                return self._equals(name, value) if not inverse else (_TRUE, False)
            case Exists(name, inverse):
                return self._exists(name) if not inverse else (_TRUE, False)
            case _:
                assert_never(condition)

    def _exists(self, name: str) -> tuple[str, bool]:
        if name in {"id", "email"}:
            return f"COALESCE(p.{name}, '') <> ''", True
        if name == "cio_id":
            return _TRUE, True
        return self._contains(encode(name) + ":"), False

    def _equals(self, name: str, value: str) -> tuple[str, bool]:
        if value == "":
            return _FALSE, True  # the empty string counts as absent, and absent equals nothing
        if name in {"id", "email"}:
            if "\0" in value:
                return _TRUE, False  # PostgreSQL does not take it as a parameter
            return f"COALESCE(p.{name}, '') = {self._bind(value)}", True
        if name == "cio_id":
            return _TRUE, False
        key = encode(name) + ":"
        if value[0] in "[{":
            return self._contains(key), False
        traces = [self._contains(key + encode(value))]
        if value in {"true", "false"}:
            traces.append(self._contains(key + value))
        elif value[0] in "-0123456789":
            # A number's text depends on its spelling (1e3, 10.50): only its presence is certain.
            traces = [self._contains(key)]
        return "(" + " OR ".join(traces) + ")", False

    def _contains(self, trace: str) -> str:
        return _CONTAINS[self.engine].format(self._bind(trace))


def needs_attributes(condition: Filter) -> bool:
    """Whether deciding about a person takes more than their segments."""
    match condition:
        case And(members) | Or(members):
            return any(needs_attributes(member) for member in members)
        case Not(member):
            return needs_attributes(member)
        case InSegment() | Everybody():
            return False
        case Equals() | Exists():
            return True
        case _:
            assert_never(condition)


def page(
    tx: Transaction,
    workspace: Workspace,
    condition: Filter,
    *,
    after: int,
    until: int,
    most: int,
    created_before_ms: int | None = None,
    narrow: bool = True,
) -> list[Candidate]:
    """Up to `most` people with `after` < person_id <= `until`, ascending, among them all who match.

    Everybody who matches `condition` in the range is in some page; people who do not may be, too: decide
    with `domain.audience.matches`. Fewer than `most` rows mean that the range is exhausted. `narrow` False
    leaves SQL out of it (the property tests compare).
    """
    narrowing = _Narrowing(tx.engine)
    where = _TRUE
    if narrow and size(condition) <= _MAX_NARROWED:
        where, _ = narrowing.sql(condition)
    lowest, highest = numbers.person_range(workspace.workspace_id)
    wants_attributes = needs_attributes(condition)
    text = (
        f"SELECT p.person_id, p.id, p.email, p.unsubscribed, {'p.attributes' if wants_attributes else 'NULL'} "
        "AS attributes FROM person p "
        "WHERE p.person_id > :after AND p.person_id <= :until "
        f"AND p.created_ms <= :created_before_ms AND {where} "
        "ORDER BY p.person_id LIMIT :most"
    )
    parameters = {
        **narrowing.parameters,
        "after": max(after, lowest - 1),
        "until": min(until, highest),
        "most": most,
        "created_before_ms": 2**62 if created_before_ms is None else created_before_ms,
    }
    rows = tx.composed(text, parameters)
    if not rows:
        return []
    member_of = _memberships(tx, segment_ids(condition), int(rows[0]["person_id"]) - 1, int(rows[-1]["person_id"]))
    return [
        Candidate(
            person_id=int(row["person_id"]),
            id=row["id"],
            email=row["email"],
            unsubscribed=bool(row["unsubscribed"]),
            attributes=decode(row["attributes"]) if wants_attributes else {},
            segments=frozenset(member_of.get(int(row["person_id"]), ())),
        )
        for row in rows
    ]


def _memberships(tx: Transaction, segments: frozenset[int], after: int, until: int) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    if segments:
        rows = tx.all("memberships_between", segment_ids=encode(sorted(segments)), after=after, until=until)
        for row in rows:
            found.setdefault(int(row["person_id"]), []).append(int(row["segment_id"]))
    return found
