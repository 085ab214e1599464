# SPDX-License-Identifier: Apache-2.0
"""A crowd of generated people, two segments, a broadcast, and the filter that about a tenth of them match."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from clarion.domain.broadcasts import BroadcastState, EmailContent
from clarion.domain.people import Person
from clarion.domain.triggers import parse
from clarion.pipeline.accept import Limits, SubmitResolve, accept
from clarion.store import access, broadcasts, people, segments
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers

_BATCH = 10_000
_SEED = 2_026
_NAMES = ("Ada", "Björn", "Chloé", "Dmitri", "Elif", "Femi", "Grace", "Hiro", "Inès", "Jürgen", "Kofi", "Léa", "Mei")
_CITIES = ("Lisbon", "Kyoto", "Gdańsk", "Nairobi", "Montréal", "São Paulo", "Oslo")
_PLANS = ("free",) * 7 + ("plus",) * 2 + ("premium",)
_TRIGGER_DATA = {"headline": "The night bus runs again", "deals": [{"title": "Lisbon", "price": 149}]}
_BODY = """<html><body><h1>{{ trigger.headline }}</h1>
<p>Dear {{ customer.first_name | default: "friend" }} {{ customer.last_name }} of {{ customer.city }},</p>
{% if customer.plan == "premium" %}<p>First class for you.</p>{% else %}<p>{{ customer.points | plus: 0 }} points.</p>
{% endif %}<ul>{% for deal in trigger.deals %}<li>{{ deal.title }} for {{ deal.price }}</li>{% endfor %}</ul>
<p><a href="{% unsubscribe_url %}">Unsubscribe</a></p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Where they are and how to reach them."""

    people: int
    workspace: Workspace
    broadcast_id: int
    half: int  # a segment of half of the people
    quiet: int  # a segment of a tenth


def a_tenth(crowd: Crowd) -> dict[str, Any]:
    """Matches 0.8 × 0.5 × 0.28 × 0.9 = 10.1 % of the crowd."""
    return {
        "and": [
            {"attribute": {"field": "first_name", "operator": "exists"}},
            {"segment": {"id": crowd.half}},
            {
                "or": [
                    {"attribute": {"field": "likes_baseball", "operator": "eq", "value": "true"}},
                    {"attribute": {"field": "plan", "operator": "eq", "value": "premium"}},
                ]
            },
            {"not": {"segment": {"id": crowd.quiet}}},
        ]
    }


def six_tenths(crowd: Crowd) -> dict[str, Any]:
    """Matches 0.8 × 0.9 × 0.9 = 64.8 % of the crowd."""
    return {
        "and": [
            {"attribute": {"field": "first_name", "operator": "exists"}},
            {
                "or": [
                    {"attribute": {"field": "plan", "operator": "eq", "value": "free"}},
                    {"attribute": {"field": "plan", "operator": "eq", "value": "plus"}},
                ]
            },
            {"or": [{"attribute": {"field": "city", "operator": "exists"}}, {"segment": {"id": crowd.half}}]},
            {"not": {"segment": {"id": crowd.quiet}}},
        ]
    }


def a_thousandth(crowd: Crowd) -> dict[str, Any]:
    """Matches 0.5 × 2/97 × 0.1 × 0.9 = 0.09 % of the crowd."""
    return {
        "and": [
            {"segment": {"id": crowd.half}},
            {
                "or": [
                    {"attribute": {"field": "favourite", "operator": "eq", "value": f"line-{line}, upper deck"}}
                    for line in (5, 7)
                ]
            },
            {
                "or": [
                    {"attribute": {"field": "plan", "operator": "eq", "value": "premium"}},
                    {"attribute": {"field": "city", "operator": "eq", "value": "Atlantis"}},
                ]
            },
            {"not": {"segment": {"id": crowd.quiet}}},
        ]
    }


def everybody(crowd: Crowd) -> dict[str, Any]:
    """Matches all, and takes everybody's attributes and memberships to find out."""
    return {
        "or": [
            {"attribute": {"field": "last_name", "operator": "exists"}},
            {"segment": {"id": crowd.quiet}},
        ]
    }


def fire(store: Store, crowd: Crowd, recipients: dict[str, Any], submit: SubmitResolve) -> int:
    """A trigger as the API accepts it, without the limits on how many may run; its number."""
    request = parse({"recipients": recipients, "data": _TRIGGER_DATA})
    limits = Limits(interval_ms=0, queue=1_000_000)
    accepted = store.write(
        lambda tx: accept(tx, crowd.workspace, crowd.broadcast_id, request, limits=limits, submit=submit)
    )
    return accepted.trigger_id


def load(store: Store, count: int) -> Crowd:
    """Fill an empty, migrated database."""
    crowd = store.write(partial(_furnish, count=count))
    for batch in _batches(PersonNumbers(store), crowd):
        store.write(partial(_insert, crowd=crowd, batch=batch))
    if store.engine == "postgres":
        # Autovacuum does this within a minute of such a load; the run does not wait for it.
        store.script("ANALYZE person, segment_member")
    return crowd


def _furnish(tx: Transaction, count: int) -> Crowd:
    workspace = access.create_workspace(tx, "crowd", "id_email", access.random_keys())
    half = segments.create(tx, workspace, "Half", "Half of the people")
    quiet = segments.create(tx, workspace, "Quiet", "A tenth of the people")
    broadcast = broadcasts.create(tx, workspace, "Night bus", recipients={})
    content = EmailContent(
        subject="{{ customer.first_name | default: 'Friend' }}, {{ trigger.headline | downcase }}",
        body=_BODY,
        sender="The night bus <hello@nightbus.example>",
    )
    broadcasts.add_action(tx, broadcast, "Announcement", content)
    broadcasts.set_state(tx, broadcast.broadcast_id, BroadcastState.RUNNING)
    return Crowd(count, workspace, broadcast.broadcast_id, half.segment_id, quiet.segment_id)


def _batches(numbers: PersonNumbers, crowd: Crowd) -> Iterator[list[tuple[Person, bool, bool]]]:
    """(person, in the half, in the quiet tenth), the same people at every run."""
    dice = random.Random(_SEED)
    for start in range(0, crowd.people, _BATCH):
        taken = numbers.take(crowd.workspace.workspace_id, min(_BATCH, crowd.people - start))
        yield [
            (_person(number, index, dice), dice.random() < 0.5, dice.random() < 0.1)
            for index, number in enumerate(taken, start=start + 1)
        ]


def _insert(tx: Transaction, crowd: Crowd, batch: list[tuple[Person, bool, bool]]) -> None:
    people.insert(tx, crowd.workspace, [person for person, _, _ in batch])
    segments.add(tx, crowd.half, [person.person_id for person, in_half, _ in batch if in_half])
    segments.add(tx, crowd.quiet, [person.person_id for person, _, is_quiet in batch if is_quiet])


def _person(number: int, index: int, dice: random.Random) -> Person:
    chance = dice.random
    attributes: dict[str, Any] = {
        "last_name": f"Lindqvist-{index % 9_973}",
        "city": _CITIES[int(chance() * len(_CITIES))],
        "country": "Norway",
        "plan": _PLANS[int(chance() * len(_PLANS))],
        "points": int(chance() * 25_000),
        "likes_baseball": chance() < 0.2,
        "company": f"Company {index % 4_001} Ltd",
        "favourite": f"line-{index % 97}, upper deck",
        "created_at": 1_700_000_000 + index,
    }
    if chance() < 0.8:
        attributes["first_name"] = _NAMES[int(chance() * len(_NAMES))]
    if chance() < 0.01:
        attributes["unsubscribed"] = True
    return Person(number, f"person-{index}", f"person-{index}@example.com", attributes, {}, 0)
