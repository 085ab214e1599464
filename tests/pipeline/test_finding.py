# SPDX-License-Identifier: Apache-2.0
"""People are found once each, by whatever they are called, page by page, and a look that ends early says where."""

from functools import partial
from itertools import count
from typing import Any

import pytest

from clarion.domain.audience import Everybody, Filter, parse
from clarion.domain.people import Person, cio_id
from clarion.pipeline.finding import Found, Place, Way, find
from clarion.store import access, people, segments
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers

NAMES: list[tuple[str, dict[str, Any]]] = [
    ("ada-1", {"first_name": "Ada", "last_name": "Lovelace", "plan": "pro"}),
    ("ada-2", {"firstName": "ADA", "plan": "free"}),
    ("3", {"name": "Émile Zola", "plan": "pro"}),
    ("4", {"full name": "Anne-Marie O'Neil", "note": "ada", "plan": "pro"}),
    ("5", {"last_name": 'Quote"%_', "plan": "free"}),
    ("6", {"first_name": 7, "deep": {"first_name": "Ada"}}),
    ("7", {"first_name": "Bert", "last_name": "Adams", "plan": "pro"}),
]


@pytest.fixture
def crowd(store: Store, workspace: Workspace) -> list[Person]:
    numbers = PersonNumbers(store).take(workspace.workspace_id, len(NAMES))
    some = [
        Person(number, own_id, f"{own_id}@Example.com", attributes, {}, 0)
        for number, (own_id, attributes) in zip(numbers, NAMES, strict=True)
    ]
    store.write(lambda tx: people.insert(tx, workspace, some))
    return some


def looked_for(
    store: Store, workspace: Workspace, text: str, condition: Filter | None = None, *, most: int = 50
) -> list[str]:
    """Everybody who is found, by pages of `most`."""
    found: list[str] = []
    start: Place | None = None
    while True:
        at, page = start, Found([], None)

        def ask(start: Place | None = at) -> Found:
            return store.read(lambda tx: find(tx, workspace, text, condition or Everybody(), start, most, seconds=60))

        page = ask()
        assert len(page.people) <= most
        assert not page.stopped
        found += [person.id or "" for person in page.people]
        if page.next is None:
            assert page.share == 1.0
            return found
        start = Place.of_token(page.next.token)
        assert start == page.next


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada", ["ada-1", "ada-2", "7"]),
        ("Ada L", ["ada-1"]),
        ("LOVE", ["ada-1"]),
        ("lace", []),
        ("émile", ["3"]),
        ("zo É", ["3"]),
        ("o'neil", ["4"]),
        ("marie", ["4"]),
        ('quote"%', ["5"]),
        ("%", []),
        ("__", []),
        ("7@example", ["7"]),
        ("ada@", []),
        ("pro", []),
        ("", ["7", "6", "5", "4", "3", "ada-2", "ada-1"]),
    ],
)
@pytest.mark.parametrize("most", [1, 2, 50])
def test_people_are_found_by_ids_addresses_and_names(
    text: str, expected: list[str], most: int, store: Store, workspace: Workspace, crowd: list[Person]
) -> None:
    assert looked_for(store, workspace, text, most=most) == expected


def test_a_cio_id_is_found_whole(store: Store, workspace: Workspace, crowd: list[Person]) -> None:
    for text in (cio_id(crowd[3].person_id), f"cio_{cio_id(crowd[3].person_id)}"):
        assert looked_for(store, workspace, text) == ["4"]
    assert looked_for(store, workspace, f"cio_{cio_id(crowd[3].person_id + 100)}") == []


@pytest.mark.parametrize("most", [1, 50])
def test_only_people_who_match_are_found(most: int, store: Store, workspace: Workspace, crowd: list[Person]) -> None:
    pro = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}
    group = store.write(lambda tx: segments.create(tx, workspace, "Group", "")).segment_id
    store.write(lambda tx: segments.add(tx, group, [crowd[1].person_id, crowd[6].person_id]))
    inside = {"segment": {"id": group}}
    for condition, text, expected in (
        (pro, "ada", ["ada-1", "7"]),
        (pro, "", ["7", "4", "3", "ada-1"]),
        (inside, "ada", ["ada-2", "7"]),
        ({"and": [pro, {"not": inside}]}, "", ["4", "3", "ada-1"]),
        ({"attribute": {"field": "email", "operator": "eq", "value": "3@Example.com"}}, "3", ["3"]),
    ):
        assert looked_for(store, workspace, text, parse(condition), most=most) == expected


def test_others_people_are_not_found(store: Store, crowd: list[Person]) -> None:
    other = store.write(lambda tx: access.create_workspace(tx, "Other", "id", access.random_keys()))
    for text in ("ada", "", "3@", cio_id(crowd[0].person_id)):
        assert looked_for(store, other, text) == []


def test_a_look_that_ends_early_goes_on_where_it_was(store: Store, workspace: Workspace) -> None:
    numbers = PersonNumbers(store).take(workspace.workspace_id, 5_000)
    some = [
        Person(number, f"p{no}", None, {"name": "Rare" if no in (3, 4_990) else "Usual"}, {}, 0)
        for no, number in enumerate(numbers)
    ]
    store.write(lambda tx: people.insert(tx, workspace, some))
    found: list[str] = []
    start: Place | None = None
    shares = []
    while True:
        look = partial(find, workspace=workspace, text="rare", condition=Everybody(), start=start, most=50)
        page = store.read(partial(look, seconds=0.5, clock=partial(next, count(0.0))))
        found += [person.id or "" for person in page.people]
        shares.append(page.share)
        if page.next is None:
            break
        assert page.stopped
        start = page.next
    assert found == ["p4990", "p3"]
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert len(shares) > 3


@pytest.mark.parametrize("token", ["zz", "~", "~!!", "~W10", "~WyJ4IiwiIiwwXQ", "~WyJpIiwiXHUwMDAwIiwwXQ", "é"])
def test_a_token_that_no_page_carried_is_none(token: str) -> None:
    assert Place.of_token(token) is None
    place = Place(Way.EMAIL, "ä@x", 7)
    assert Place.of_token(place.token) == place
