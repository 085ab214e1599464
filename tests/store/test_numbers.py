# SPDX-License-Identifier: Apache-2.0
"""Nobody is ever given a number that somebody else has."""

from clarion.store import numbers
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers, person_range

from .ledgers import together


def test_each_name_counts_from_one(store: Store) -> None:
    taken = store.write(
        lambda tx: [numbers.take(tx, "a"), numbers.take(tx, "a"), numbers.take(tx, "b"), numbers.take(tx, "a", 10)]
    )
    assert taken == [1, 2, 1, 3]
    assert store.write(lambda tx: numbers.take(tx, "a")) == 13


def test_threads_never_get_the_same(store: Store) -> None:
    def take() -> list[int]:
        return [store.write(lambda tx: numbers.take(tx, "broadcast")) for _ in range(15)]

    taken = [number for some in together(*[take] * 6) for number in some]
    assert sorted(taken) == list(range(1, 91))


def test_people_of_several_processes_never_get_the_same(store: Store) -> None:
    processes = [PersonNumbers(store), PersonNumbers(store)]
    lowest, highest = person_range(7)

    def take(of: PersonNumbers) -> list[int]:
        return [number for count in (1, 400, 700, 1, 2_500) for number in of.take(7, count)]

    taken = [
        number for some in together(*[lambda of=of: take(of) for of in processes for _ in range(2)]) for number in some
    ]
    assert len(set(taken)) == len(taken) == 4 * 3_602
    assert lowest < min(taken) <= max(taken) <= highest


def test_numbers_given_back_are_used_first_and_ascend(store: Store) -> None:
    people = PersonNumbers(store)
    first = people.take(3, 4)
    assert first == sorted(first)
    for number in first[1:3]:
        people.give_back(3, number)
    again = people.take(3, 3)
    assert again == [first[1], first[2], first[3] + 1]


def test_workspaces_do_not_touch() -> None:
    assert person_range(1)[1] + 1 == person_range(2)[0]
