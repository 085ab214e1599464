# SPDX-License-Identifier: Apache-2.0
"""Who of some people matches a filter: where they are given, not looked for (that is `store.audience`)."""

from collections.abc import Sequence

from clarion.domain.audience import Filter, attribute_names, predicate, segment_ids
from clarion.domain.people import Person
from clarion.store.audience import decoder_of, identify
from clarion.store.engine import Transaction
from clarion.store.people import encode


def matching(tx: Transaction, condition: Filter, some: Sequence[Person]) -> list[Person]:
    """Who of some people matches."""
    decide, named = predicate(condition), segment_ids(condition)
    member_of = _memberships(tx, named, encode([person.person_id for person in some]))
    kept = []
    for person in some:
        attributes: dict[str, object] = dict(person.attributes)
        identify(attributes, person.person_id, person.id, person.email)
        if decide(attributes, member_of.get(person.person_id, ())):
            kept.append(person)
    return kept


def unmatched(tx: Transaction, conditions: Sequence[Filter], person_ids: Sequence[int]) -> list[frozenset[int]]:
    """Of each of some conditions, which of these people do not match it. Whoever is gone is not told about."""
    names = frozenset[str]().union(*map(attribute_names, conditions))
    named = frozenset[int]().union(*map(segment_ids, conditions))
    numbers_of_some = encode(sorted(set(person_ids)))
    member_of = _memberships(tx, named, numbers_of_some)
    read = decoder_of(names).decode
    decides = [predicate(condition) for condition in conditions]
    out: list[list[int]] = [[] for _ in conditions]
    for person_id, own_id, email, text in tx.tuples("people_among", person_ids=numbers_of_some):
        attributes = read(text) if names else {}
        identify(attributes, person_id, own_id, email)
        for decide, left_out in zip(decides, out, strict=True):
            if not decide(attributes, member_of.get(person_id, ())):
                left_out.append(person_id)
    return [frozenset(left_out) for left_out in out]


def _memberships(tx: Transaction, named: frozenset[int], person_ids: str) -> dict[int, list[int]]:
    """Person → those of the segments they are in; `person_ids`: a JSON list."""
    found: dict[int, list[int]] = {}
    if named:
        rows = tx.tuples("memberships_among", segment_ids=encode(sorted(named)), person_ids=person_ids)
        for segment_id, person_id in rows:
            found.setdefault(person_id, []).append(segment_id)
    return found
