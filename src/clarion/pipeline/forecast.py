# SPDX-License-Identifier: Apache-2.0
"""What is known before sending: how many people a filter reaches, some of them, and why one of them matches.

Reads only, within a time that is given; what was not looked at until then is estimated, and said to be.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clarion.domain.audience import Filter
from clarion.domain.broadcasts import Broadcast
from clarion.domain.deliveries import Reason
from clarion.domain.explanation import Explained, explain
from clarion.domain.people import Person, attribute_text, cio_id, email_key, is_unsubscribed, view
from clarion.domain.topics import PREFERENCES, wants_channel
from clarion.pipeline.freezing import frozen
from clarion.pipeline.terms import PLAIN, Odd, Tally, Terms
from clarion.store import audience, browsing, conditions, esp, limits, people, segments
from clarion.store.access import Workspace
from clarion.store.audience import Members, Selection
from clarion.store.engine import Transaction

_AT_A_TIME = 5_000
_STRETCH = 20_000  # people that one statement looks through
_LOOKS, _NEIGHBOURS = 40, 200
_NAMED = 1_000  # people who are read at once
_FOR_EVER = 2**62
_PLACES = 12
_COMMON_VALUES = 8
_LONGEST_VALUE = 100


@dataclass(frozen=True, slots=True)
class Reached:
    """Who gets the message of one action, and who does not."""

    action_id: int
    will_get: int
    left_out: dict[Reason, int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many match, and who of them gets anything. `exact`: everybody was looked at; else the numbers are scaled up
    from the share that was.

    `left_out`: people who get no message at all, by the reason; `messages`: action by action; `first`: the number of
    the first who is not left out, to show a message as.
    """

    people: int
    exact: bool
    first: int | None = None
    left_out: dict[Reason, int] = field(default_factory=dict)
    messages: tuple[Reached, ...] = ()

    @property
    def will_get(self) -> int:
        """People who get at least one message."""
        return self.people - sum(self.left_out.values())


def terms_of(tx: Transaction, workspace: Workspace, broadcast: Broadcast) -> Terms:
    """Those that a broadcast has now."""
    limit = None if broadcast.ignores_limit else limits.of_workspace(tx, workspace.workspace_id)
    return Terms.of(frozen(tx, workspace, broadcast), limit)


def count(
    tx: Transaction,
    workspace: Workspace,
    condition: Filter,
    terms: Terms = PLAIN,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Forecast:
    """Count for at most about `seconds`."""
    selection = Selection(tx.engine, workspace, condition, created_before_ms=_FOR_EVER)
    last = people.last_person(tx, workspace)
    after = first = selection.lowest - 1
    until = clock() + seconds
    suppressing = terms.asks_addresses and esp.any_there(tx, workspace.workspace_id)
    tally, exact = Tally(terms), True
    while after < last:
        # A bounded stretch: a filter that few match would look for them to the end of the table in one statement.
        found = selection.members(tx, after=after, until=min(last, after + _STRETCH), most=_AT_A_TIME)
        if found.person_ids:
            tally.add(found.person_ids, _odd(tx, workspace, terms, found, after, suppressing=suppressing))
        after = found.reached
        if after < last and clock() >= until:
            exact = False
            tally.scaled((last - first) / (after - first))
            break
    return _told(tally, exact=exact)


def count_named(
    tx: Transaction,
    workspace: Workspace,
    person_ids: Sequence[int],
    terms: Terms,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Forecast:
    """The same of people who are named, each once, in the order in which they are."""
    wanted, until = list(dict.fromkeys(person_ids)), clock() + seconds
    tally, exact = Tally(terms), True
    for start in range(0, len(wanted), _NAMED):
        part = wanted[start : start + _NAMED]
        by_number = {one.person_id: one for one in people.by_numbers(tx, workspace, part)}
        some = [by_number[number] for number in part if number in by_number]
        tally.add([one.person_id for one in some], _odd_of(tx, workspace, terms, some))
        looked_at = start + len(part)
        if looked_at < len(wanted) and clock() >= until:
            exact = False
            tally.scaled(len(wanted) / looked_at)
            break
    return _told(tally, exact=exact)


def _told(tally: Tally, *, exact: bool) -> Forecast:
    return Forecast(
        tally.people,
        exact,
        tally.first,
        dict(tally.left_out),
        tuple(
            Reached(message.action_id, tally.people - sum(counted.values()), dict(counted))
            for message, counted in zip(tally.terms.messages, tally.by_message, strict=True)
        ),
    )


def _odd_of(tx: Transaction, workspace: Workspace, terms: Terms, some: Sequence[Person]) -> Odd:
    """Of people who are at hand."""
    numbers = [one.person_id for one in some]
    keys = {email_key(one.email) for one in some if one.email}
    barred = esp.among(tx, workspace.workspace_id, keys) if terms.asks_addresses else set[str]()
    got = limits.lately_among(tx, terms.limit, numbers) if terms.limit is not None else {}
    return Odd(
        unsubscribed={place for place, one in enumerate(some) if is_unsubscribed(one.attributes)},
        without_email={place for place, one in enumerate(some) if not one.email},
        not_in_topic={
            action_id: {place for place, one in enumerate(some) if not topic.is_wanted_by(one.attributes)}
            for action_id, topic in terms.topics.items()
        },
        suppressed={place for place, one in enumerate(some) if one.email and email_key(one.email) in barred},
        unmatched=_unmatched(tx, terms, numbers),
        lately={place: got[number] for place, number in enumerate(numbers) if number in got},
        refusing={
            channel: {place for place, one in enumerate(some) if not wants_channel(one.attributes, channel)}
            for channel in terms.channels
        },
        unreached=_unreached(tx, terms, numbers, {one.person_id: one.attributes for one in some}),
    )


def _unreached(
    tx: Transaction, terms: Terms, person_ids: Sequence[int], attributes: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[int, Reason]]:
    """By action that does not go to an e-mail address, the places of those whom it does not reach, and why."""
    asked = terms.destinations
    to_devices = any(one.channel.to_devices for one in asked.values())
    devices = people.push_devices(tx, person_ids) if to_devices and person_ids else {}
    return {
        action_id: {
            place: reason
            for place, number in enumerate(person_ids)
            if (reason := one.reason(attributes.get(number, {}), devices.get(number, ())))
        }
        for action_id, one in asked.items()
    }


def _unmatched(tx: Transaction, terms: Terms, person_ids: Sequence[int]) -> dict[int, set[int]]:
    """By action, the places of those who do not match its condition."""
    asked = terms.conditions
    left_out = conditions.unmatched(tx, list(asked.values()), person_ids) if asked else ()
    return {
        action_id: {place for place, person_id in enumerate(person_ids) if person_id in some}
        for action_id, some in zip(asked, left_out, strict=True)
    }


def _odd(tx: Transaction, workspace: Workspace, terms: Terms, found: Members, after: int, *, suppressing: bool) -> Odd:
    not_in_topic: dict[int, set[int]] = {}
    refusing: dict[str, set[int]] = {}
    topics = terms.topics
    if topics or terms.channels:
        said = audience.attribute_between(tx, PREFERENCES, after=after, until=found.reached)
        places = {
            topic.topic_id: {
                place
                for place, person_id in enumerate(found.person_ids)
                if not topic.is_wanted_by(said.get(person_id, {}))
            }
            for topic in topics.values()
        }
        not_in_topic = {action_id: places[topic.topic_id] for action_id, topic in topics.items()}
        refusers = {
            channel: {person_id for person_id, saying in said.items() if not wants_channel(saying, channel)}
            for channel in terms.channels
        }
        refusing = {
            channel: {place for place, person_id in enumerate(found.person_ids) if person_id in some}
            for channel, some in refusers.items()
            if some
        }
    addresses: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for name in {one.attribute for one in terms.destinations.values()} - {""}:
        for person_id, one in audience.attribute_between(tx, name, after=after, until=found.reached).items():
            addresses[person_id].update(one)
    suppressed: set[int] = set()
    if suppressing:
        barred = esp.people_between(tx, workspace.workspace_id, after=after, until=found.reached)
        suppressed = {place for place, person_id in enumerate(found.person_ids) if person_id in barred}
    unmatched = _unmatched(tx, terms, found.person_ids)
    lately = {}
    if terms.limit is not None:
        got = limits.lately_between(tx, terms.limit, after=after, until=found.reached)
        lately = {place: got[person_id] for place, person_id in enumerate(found.person_ids) if person_id in got}
    unreached = _unreached(tx, terms, found.person_ids, addresses)
    return Odd(
        found.unsubscribed, found.without_email, not_in_topic, suppressed, unmatched, lately, refusing, unreached
    )


def sample(
    tx: Transaction,
    workspace: Workspace,
    condition: Filter,
    most: int,
    dice: random.Random,
    *,
    seconds: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
) -> list[Person]:
    """Up to `most` people who match, from here and there; of a filter that few match those found within `seconds`."""
    selection = Selection(tx.engine, workspace, condition, created_before_ms=_FOR_EVER)
    first, last = selection.lowest - 1, people.last_person(tx, workspace)
    until = clock() + seconds
    found: list[int] = []
    looks = _LOOKS if last - first > _STRETCH else 0  # few people: they are all looked at below
    while looks and len(found) < most and clock() < until:
        looks -= 1
        after = dice.randint(first, last - 1)
        members = selection.members(tx, after=after, until=min(last, after + _STRETCH), most=_NEIGHBOURS)
        here = [number for number in members.person_ids if number not in found]
        if here:  # neighbours are often alike: one from each place
            found.append(dice.choice(here))
    after = first
    while after < last and len(found) < most and clock() < until:
        members = selection.members(tx, after=after, until=min(last, after + _STRETCH), most=_AT_A_TIME)
        here = [number for number in members.person_ids if number not in found]
        wanted = most - len(found)
        found += dice.sample(here, wanted) if len(here) > wanted else here
        after = members.reached
    by_number = {person.person_id: person for person in people.by_numbers(tx, workspace, found)}
    return [by_number[number] for number in found if number in by_number]


def why(tx: Transaction, workspace: Workspace, condition: Filter, person: Person) -> Explained:
    """The tree of conditions for one person."""
    attributes: dict[str, object] = {**person.attributes, "cio_id": cio_id(person.person_id)}
    if person.id is not None:
        attributes["id"] = person.id
    if person.email is not None:
        attributes["email"] = person.email
    inside = frozenset(number for number, _, _ in segments.of_person(tx, person.person_id))
    names: Mapping[int, str] = {one.segment_id: one.name for one in segments.listing(tx, workspace)}
    return explain(condition, attributes, inside, names)


@dataclass(frozen=True, slots=True)
class AttributeUse:
    """An attribute among the people who were looked at: what share has it, and its most common values."""

    name: str
    share: float
    values: tuple[tuple[str, int], ...]


def attributes_in_use(tx: Transaction, workspace: Workspace, dice: random.Random) -> list[AttributeUse]:
    """Of some hundreds of people from here and there, the most used first."""
    looked_at = 0
    names: Counter[str] = Counter()
    values: dict[str, Counter[str]] = {}
    for group in browsing.sample(tx, workspace, dice, places=_PLACES, at_each=50):
        looked_at += len(group)
        for person in group:
            for name, value in view(person).items():
                text = attribute_text(value)
                if text is None:
                    continue
                names[name] += 1
                if len(text) <= _LONGEST_VALUE:
                    values.setdefault(name, Counter())[text] += 1
    return [
        AttributeUse(name, n / looked_at, tuple(values.get(name, Counter()).most_common(_COMMON_VALUES)))
        for name, n in names.most_common()
    ]
