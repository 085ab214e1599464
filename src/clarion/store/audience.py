# SPDX-License-Identifier: Apache-2.0
"""Pages of people by key, narrowed in SQL as far as that is certain to leave nobody out.

`domain.audience.matches` decides; SQL only narrows, with a superset. Attributes are canonical JSON text on
both engines, so a top-level attribute with a given text value leaves the same traces in that text, and
"contains the trace" can be asked of either engine with the same meaning.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, assert_never, cast

import msgspec

from clarion.domain.audience import (
    And,
    Equals,
    Everybody,
    Exists,
    Filter,
    InSegment,
    Not,
    Or,
    attribute_names,
    predicate,
    segment_ids,
    size,
)
from clarion.domain.people import Person, cio_id
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import decode, encode, of_row
from clarion.store.queries import Engine

_CONTAINS: dict[Engine, str] = {
    "sqlite": "instr(p.attributes, {0}) > 0",
    "postgres": "strpos(p.attributes, {0}) > 0",
}
_TRUE, _FALSE = "1 = 1", "1 = 0"
_LIKE = re.compile(r"[!%_]")
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
    identify(attributes, candidate.person_id, candidate.id, candidate.email)
    return attributes


def identify(attributes: dict[str, object], person_id: int, own_id: str | None, email: str | None) -> None:
    """Put somebody's identifiers among their attributes."""
    if own_id is not None:
        attributes["id"] = own_id
    if email is not None:
        attributes["email"] = email
    attributes["cio_id"] = cio_id(person_id)


@dataclass(slots=True)
class _Narrowing:
    """SQL for a filter. `exact` says whether the text means the filter or only a superset of it.

    `traces` False: attributes are not looked into, which leaves what costs little.
    """

    engine: Engine
    parameters: dict[str, object] = field(default_factory=dict)
    traces: bool = True

    def _bind(self, value: object) -> str:
        name = f"n{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def sql(self, condition: Filter) -> tuple[str, bool]:
        match condition:
            case Everybody():
                return _TRUE, True
            case And(members):
                return self._list(members, " AND ")
            case Or(members):
                return self._list(members, " OR ")
            case Not(member):
                text, exact = self.sql(member)
                # Turning a superset round would leave people out.
                return (f"NOT ({text})", True) if exact else (_TRUE, False)
            case InSegment(segment_id):
                bound = self._bind(segment_id)
                # The range is said again inside: PostgreSQL may join a page with a segment, but not with all of it.
                of_page = "m.person_id > :after AND m.person_id <= :until AND m.person_id = p.person_id"
                return f"EXISTS (SELECT 1 FROM segment_member m WHERE m.segment_id = {bound} AND {of_page})", True
            case Equals(name, value, inverse):
                return self._equals(name, value) if not inverse else (_TRUE, False)
            case Exists(name, inverse):
                return self._exists(name) if not inverse else (_TRUE, False)
            case _:
                assert_never(condition)

    def _list(self, members: tuple[Filter, ...], word: str) -> tuple[str, bool]:
        parts = [self.sql(member) for member in members]
        parts.sort(key=lambda part: not part[1])  # what is exact is also cheaper than reading attributes
        exact = all(exact for _, exact in parts)
        if word == " OR " and any(text == _TRUE for text, _ in parts):
            return _TRUE, exact  # engines would ask the others first
        return "(" + word.join(text for text, _ in parts) + ")", exact

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
        if not self.traces:
            return _TRUE, False
        traces = [self._contains(key + encode(value))]
        if value in {"true", "false"}:
            traces.append(self._contains(key + value))
        elif value[0] in "-0123456789":
            # A number's text depends on its spelling (1e3, 10.50): only its presence is certain.
            traces = [self._contains(key)]
        return "(" + " OR ".join(traces) + ")", False

    def _contains(self, trace: str) -> str:
        if not self.traces:
            return _TRUE
        return _CONTAINS[self.engine].format(self._bind(trace))


def candidates(
    tx: Transaction,
    workspace: Workspace,
    condition: Filter,
    words: Sequence[str],
    *,
    after: int,
    until: int,
    most: int,
) -> list[Person]:
    """Up to `most` people with `after` < person_id <= `until`, the newest first, among them all who match and have
    all the words, lower-cased, somewhere in their attributes. Fewer than `most`: the range is exhausted."""
    narrowing = _Narrowing(tx.engine)
    where = narrowing.sql(condition)[0] if size(condition) <= _MAX_NARROWED else _TRUE
    parameters = dict(narrowing.parameters) if where != _TRUE else {}
    for no, word in enumerate(words):
        # What is not ASCII may be written in either case: one letter stands for any there.
        spelled = _LIKE.sub(r"!\g<0>", encode(word)[1:-1])
        parameters[f"word{no}"] = f"%{''.join(one if one.isascii() else '_' for one in spelled)}%"
        where += f" AND p.attributes {'ILIKE' if tx.engine == 'postgres' else 'LIKE'} :word{no} ESCAPE '!'"
    lowest, highest = numbers.person_range(workspace.workspace_id)
    rows = tx.composed(
        "SELECT p.person_id, p.id, p.email, p.attributes, p.changed, p.created_ms FROM person p "
        f"WHERE p.person_id > :after AND p.person_id <= :until AND {where} ORDER BY p.person_id DESC LIMIT :most",
        {**parameters, "after": max(after, lowest - 1), "until": min(until, highest), "most": most},
    )
    return [of_row(row) for row in rows]


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
    wants_attributes = bool(attribute_names(condition))
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


@dataclass(frozen=True, slots=True)
class Members:
    """People of the audience, ascending. `unsubscribed` and `without_email` are places in `person_ids`.

    `reached`: everybody up to there has been looked at. `looked_at`: how many SQL could not rule out.
    """

    person_ids: list[int]
    unsubscribed: frozenset[int]
    without_email: frozenset[int]
    reached: int
    looked_at: int


_UNSUBSCRIBED, _WITHOUT_EMAIL = 1, 2
_SAMPLE = 2_000  # people of whom is learned how many match
_WORTH_READING = 0.3  # share of those looked at who match, from which on their attributes are simply read


class Selection:
    """A filter made ready to be asked range after range: its SQL, and what is left for Python to decide.

    Conditions of a top-level `and` that SQL decides exactly are not asked again, and of the attributes only
    those are read that the rest compares.
    """

    def __init__(self, engine: Engine, workspace: Workspace, condition: Filter, *, created_before_ms: int) -> None:
        self.lowest, self._highest = numbers.person_range(workspace.workspace_id)
        narrow = size(condition) <= _MAX_NARROWED
        rest = _undecided(condition, engine) if narrow else condition
        self._predicate = None if rest == Everybody() else predicate(rest)
        self._segments = segment_ids(rest)
        names = attribute_names(rest)
        self._decoder = decoder_of(names) if names else None
        self._identifiers = bool(names & {"id", "email", "cio_id"})
        extra = (", p.attributes" if names else "") + (", p.id, p.email" if self._identifiers else "")

        def statement(traces: bool) -> tuple[str, dict[str, object]]:
            narrowing = _Narrowing(engine, {"created_before_ms": created_before_ms}, traces)
            where = narrowing.sql(condition)[0] if narrow else _TRUE
            return (
                f"SELECT p.person_id, p.unsubscribed * {_UNSUBSCRIBED} + CASE WHEN COALESCE(p.email, '') = '' "
                f"THEN {_WITHOUT_EMAIL} ELSE 0 END AS odd{extra} FROM person p "
                "WHERE p.person_id > :after AND p.person_id <= :until "
                f"AND p.created_ms <= :created_before_ms AND {where} "
                "ORDER BY p.person_id LIMIT :most"
            ), narrowing.parameters

        # In this process, reading an attribute costs less than two looks for a trace of it: worth it for the few only.
        self._narrower = statement(traces=True) if engine == "sqlite" and names else None
        self._statement = statement(traces=self._narrower is None)

    def members(self, tx: Transaction, *, after: int, until: int, most: int) -> Members:
        """Who matches of the people with `after` < person_id <= `until`, of the first `most` that SQL leaves."""
        after, until = max(after, self.lowest - 1), min(until, self._highest)
        if self._narrower is not None:
            until = min(until, after + _SAMPLE)
        text, parameters = self._statement
        rows = tx.composed_tuples(text, {**parameters, "after": after, "until": until, "most": most})
        looked_at = len(rows)
        reached = int(rows[-1][0]) if looked_at == most else until
        if self._predicate is not None and rows:
            rows = self._matching(tx, rows)
        if self._narrower is not None and looked_at:
            if len(rows) < looked_at * _WORTH_READING:
                self._statement = self._narrower
            self._narrower = None
        odd = [(place, row[1]) for place, row in enumerate(rows) if row[1]]
        return Members(
            person_ids=[row[0] for row in rows],
            unsubscribed=frozenset(place for place, flags in odd if flags & _UNSUBSCRIBED),
            without_email=frozenset(place for place, flags in odd if flags & _WITHOUT_EMAIL),
            reached=reached,
            looked_at=looked_at,
        )

    def _matching(self, tx: Transaction, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        decide = self._predicate or predicate(Everybody())
        member_of = _memberships(tx, self._segments, int(rows[0][0]) - 1, int(rows[-1][0]))
        if self._decoder is None:
            return [row for row in rows if decide({}, member_of.get(row[0], ()))]
        read = self._decoder.decode
        matching = []
        for row in rows:
            person_id, attributes = row[0], read(row[2])
            if self._identifiers:
                identify(attributes, person_id, row[3], row[4])
            if decide(attributes, member_of.get(person_id, ())):
                matching.append(row)
        return matching


def attribute_between(tx: Transaction, name: str, *, after: int, until: int) -> dict[int, dict[str, Any]]:
    """One attribute of people with `after` < person_id <= `until`, as attributes; most of those without are absent."""
    read = decoder_of(frozenset((name,))).decode
    rows = tx.tuples("having_between", after=after, until=until, trace=encode(name) + ":")
    return {int(person_id): read(attributes) for person_id, attributes in rows}


def _undecided(condition: Filter, engine: Engine) -> Filter:
    """What is left of a filter when its narrowing holds: the members of an `and` that are exact need no asking."""
    if _Narrowing(engine).sql(condition)[1]:
        return Everybody()
    if not isinstance(condition, And):
        return condition
    return And(tuple(member for member in condition.members if not _Narrowing(engine).sql(member)[1]))


def decoder_of(names: frozenset[str]) -> "msgspec.json.Decoder[dict[str, Any]]":
    """Reads these keys of an object and passes over all others."""
    known = cast("Any", TypedDict)("Known", dict.fromkeys(names, Any), total=False)
    return msgspec.json.Decoder(known)


def _memberships(tx: Transaction, segments: frozenset[int], after: int, until: int) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    if segments:
        rows = tx.tuples("memberships_between", segment_ids=encode(sorted(segments)), after=after, until=until)
        for segment_id, person_id in rows:
            found.setdefault(person_id, []).append(segment_id)
    return found
