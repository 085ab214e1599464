# SPDX-License-Identifier: Apache-2.0
"""SQL may narrow the audience, but it may not change it: the same people with it, without it, and in plain Python."""

from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.domain.audience import Equals, Everybody, Exists, Filter, InSegment, Not, Or, matches, parse
from clarion.domain.people import Person, attribute_text, merge, view
from clarion.store import access, audience, people, segments
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers, person_range

NAMES = [
    "plan",
    "gold",
    "true",
    "1",
    'q"',
    "b\\",
    "ключ",
    "🎈",
    "a b",
    "a:b",
    "n\u0000l",
    "\x7f\u2028",
    "'",
    "%s",
    ":n0",
]
TEXTS = [
    *NAMES,
    "",
    "false",
    "null",
    "Gold",
    "10",
    "1.0",
    "1e3",
    "-0",
    "[1]",
    '{"plan":"gold"}',
    '"',
    '","plan":"gold',
    "é",
    "é",
]
NUMBERS = [0, 1, 10, -1, 1.0, 1.5, 10.50, 1e3, 1000, -0.0, 1e-7, 0.1, 2**53, 2**63, 10**20, 1e22, 1e300, 123456789.125]
scalars = st.sampled_from(TEXTS) | st.sampled_from(NUMBERS) | st.booleans() | st.none()
odd_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
values = st.recursive(
    scalars | odd_texts | st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
    max_leaves=3,
)
names = st.sampled_from(NAMES)
changes = st.dictionaries(names, values, max_size=4)
persons = st.tuples(
    st.none() | st.sampled_from(TEXTS),
    st.none() | st.sampled_from(["A@x", "a@x", "b@x", "gold", "'@x"]),
    changes,
    changes,
    st.sets(st.integers(0, 1)),
)


def conditions(used: list[Any], held: list[tuple[str, str]]) -> st.SearchStrategy[dict[str, Any]]:
    """Filters as they come over the wire, often about values that somebody has."""
    wanted = st.sampled_from([*used, *TEXTS]) if used else st.sampled_from(TEXTS)
    fields = names | st.sampled_from(["id", "email", "cio_id", "none"])
    leaf = st.one_of(
        st.builds(lambda f, v: {"attribute": {"field": f, "operator": "eq", "value": v}}, fields, wanted),
        st.builds(
            lambda f, v: {"attribute": {"field": f, "operator": "eq", "value": v, "inverse": True}}, fields, wanted
        ),
        st.builds(lambda f, i: {"attribute": {"field": f, "operator": "exists", "inverse": i}}, fields, st.booleans()),
        st.builds(lambda n: {"segment": {"id": n}}, st.sampled_from([-1, -2, 999])),  # put in when they are known
    )
    if held:  # a value under the very name that it has
        leaf |= st.sampled_from(held).map(
            lambda pair: {"attribute": {"field": pair[0], "operator": "eq", "value": pair[1]}}
        )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda m: {"and": m}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda m: {"or": m}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda m: {"not": m}, inner),
        ),
        max_leaves=5,
    )


def with_segments(value: Any, ids: list[int]) -> Any:
    if isinstance(value, list):
        return [with_segments(item, ids) for item in value]
    if not isinstance(value, dict):
        return value
    if "segment" in value:
        number = value["segment"]["id"]
        return {"segment": {"id": ids[-number - 1] if number < 0 else number}}
    return {key: with_segments(inner, ids) if key in ("and", "or", "not") else inner for key, inner in value.items()}


def stored(
    store: Store, given_people: list[tuple[Any, ...]]
) -> tuple[Workspace, list[tuple[Person, frozenset[int]]], list[int]]:
    """A workspace with these people, written as production writes them."""
    workspace = store.write(lambda tx: access.create_workspace(tx, "W", "id", access.random_keys()))
    numbers = PersonNumbers(store).take(workspace.workspace_id, max(1, len(given_people)))
    made: list[tuple[Person, frozenset[int]]] = []

    def work(tx: Transaction) -> list[int]:
        ids = [segments.create(tx, workspace, name, "").segment_id for name in ("x", "y")]
        taken: set[str | None] = {None}
        for number, (id_, email, first, second, member_of) in zip(numbers, given_people, strict=False):
            person = Person(number, id_ if id_ not in taken and "\0" not in id_ else None, email, {}, {}, 0)
            taken.add(person.id)
            person.attributes.update(merge(merge({}, first), second))
            made.append((person, frozenset(ids[no] for no in member_of)))
        people.insert(tx, workspace, [person for person, _ in made])
        for person, in_segments in made:
            for segment_id in in_segments:
                segments.add(tx, segment_id, [person.person_id])
        return ids

    return workspace, made, store.write(work)


def found(store: Store, workspace: Workspace, condition: Filter, *, narrow: bool, most: int = 1_000) -> list[int]:
    """Everybody who matches, page by page."""
    until = store.read(lambda tx: people.last_person(tx, workspace))
    matching: list[int] = []
    after = 0
    while True:
        page = store.read(
            partial(
                audience.page,
                workspace=workspace,
                condition=condition,
                after=after,
                until=until,
                most=most,
                narrow=narrow,
            )
        )
        matching += [c.person_id for c in page if matches(condition, audience.seen(c), c.segments)]
        if len(page) < most:
            return matching
        after = page[-1].person_id


def selected(store: Store, workspace: Workspace, condition: Filter, most: int) -> list[int]:
    """The same as resolving asks: range after range of one selection."""
    selection = audience.Selection(store.engine, workspace, condition, created_before_ms=2**62)
    until = store.read(lambda tx: people.last_person(tx, workspace))
    matching: list[int] = []
    after = 0
    while after < until:
        members = store.read(partial(selection.members, after=after, until=until, most=most))
        matching += members.person_ids
        after = members.reached
    return matching


@settings(
    max_examples=25,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_narrowing_changes_nothing(store: Store, data: st.DataObject) -> None:
    given_people = data.draw(st.lists(persons, min_size=1, max_size=12))
    workspace, made, ids = stored(store, given_people)
    used = [value for person, _ in made for value in person.attributes.values() if not isinstance(value, dict | list)]
    used += [text for person, _ in made for text in map(attribute_text, person.attributes.values()) if text]
    used += [text for person, _ in made for text in (person.id, person.email, person.cio_id) if text]
    held = [
        (name, text) for person, _ in made for name, value in view(person).items() if (text := attribute_text(value))
    ]
    for wire in data.draw(st.lists(conditions(used, held), min_size=1, max_size=4)):
        condition = parse(with_segments(wire, ids))
        expected = [person.person_id for person, member_of in made if matches(condition, view(person), member_of)]
        assert found(store, workspace, condition, narrow=False) == expected
        assert found(store, workspace, condition, narrow=True) == expected
        most = data.draw(st.integers(1, 5))
        assert found(store, workspace, condition, narrow=True, most=most) == expected
        assert selected(store, workspace, condition, most) == expected


def test_every_kind_of_value_is_found_by_its_text(store: Store) -> None:
    kinds = [*TEXTS, *NUMBERS, True, False, [], {}, [1.0, "é"], {"plan": "gold"}, [True, None]]
    workspace, made, _ = stored(store, [(None, None, {"plan": value}, {}, set()) for value in kinds])
    for text in {attribute_text(value) or "" for value in kinds}:
        condition = Equals("plan", text)
        expected = [person.person_id for person, _ in made if matches(condition, view(person), ())]
        assert bool(expected) is (text != "")
        assert found(store, workspace, condition, narrow=True) == expected


def one(id_: str | None = None, email: str | None = None, **attributes: Any) -> tuple[Any, ...]:
    return id_, email, attributes, {}, set()


def test_other_workspaces_are_never_seen(store: Store) -> None:
    first, mine, _ = stored(store, [one("a")])
    stored(store, [one("b")])
    for narrow in (True, False):
        page = store.read(
            partial(audience.page, workspace=first, condition=Everybody(), after=0, until=2**62, most=9, narrow=narrow)
        )
        assert [c.person_id for c in page] == [mine[0][0].person_id]


def test_people_created_later_are_left_out(store: Store) -> None:
    workspace, _, _ = stored(store, [one("a")])
    _, highest = person_range(workspace.workspace_id)

    def ids(created_before_ms: int | None) -> list[str | None]:
        page = store.read(
            lambda tx: audience.page(
                tx, workspace, Everybody(), after=0, until=highest, most=9, created_before_ms=created_before_ms
            )
        )
        return [c.id for c in page]

    now = store.read(lambda tx: tx.now_ms())
    assert ids(None) == ids(now + 1_000) == ["a"]
    assert ids(now - 60_000) == []


def test_a_nul_in_a_filter_finds_nobody(store: Store) -> None:
    workspace, _, _ = stored(store, [one("a", "a@x", plan="gold")])
    for field in ("id", "email", "cio_id", "plan"):
        assert found(store, workspace, Equals(field, "a\0"), narrow=True) == []
        assert len(found(store, workspace, Not(Equals(field, "a\0")), narrow=True)) == 1


def test_narrowing_really_narrows(store: Store) -> None:
    workspace, made, ids = stored(store, [one(str(n), f"{n}@x", plan="gold" if n == 3 else "iron") for n in range(6)])
    wanted = made[3][0].person_id
    store.write(lambda tx: segments.add(tx, ids[0], [wanted]))
    for condition in (
        Equals("plan", "gold"),
        Equals("id", "3"),
        Equals("email", "3@x"),
        InSegment(ids[0]),
        Not(Not(InSegment(ids[0]))),
        Or((Equals("plan", "gold"), Exists("none"))),
    ):
        page = store.read(
            partial(audience.page, workspace=workspace, condition=condition, after=0, until=2**62, most=9)
        )
        assert [c.person_id for c in page] == [wanted]


def test_a_very_large_filter_is_still_answered(store: Store) -> None:
    workspace, made, _ = stored(store, [one("a", plan="gold"), one("b", plan="iron")])
    for size in (150, 1_500):
        condition = Or((*[Equals("plan", f"no{n}") for n in range(size)], Equals("plan", "gold")))
        assert found(store, workspace, condition, narrow=True) == [made[0][0].person_id]
