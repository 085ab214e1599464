# SPDX-License-Identifier: Apache-2.0
"""Finding people while somebody types: by identifiers, by index; then by their names, as far as a time allows.

Read: people. Nothing is committed. Whoever is found in several ways is told once, in the first of them: by cio_id,
by how the id begins, by how the address begins, by name. The last, and any filter, is a look through the people from
the newest on; it ends after a time, and says how far it came and where to go on.
"""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from clarion.domain.audience import Everybody, Filter, size
from clarion.domain.people import IdKind, Person, Reference, cio_id, email_key, person_id_of
from clarion.domain.person_names import is_called, words_of
from clarion.store import audience, browsing, conditions, numbers, people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_FIRST_STRETCH, _LONGEST_STRETCH = 1_000, 50_000  # people that one statement looks through
_AT_ONCE = 500
_DECISIONS = 200_000  # people times conditions between two looks at the clock


class Way(StrEnum):
    """How somebody was found, in the order in which it is tried."""

    CIO_ID = "c"
    ID = "i"
    EMAIL = "e"
    NAME = "n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: behind a `key`, or a number, of a way."""

    way: Way
    key: str = ""
    number: int = 0

    @property
    def token(self) -> str:
        """As callers carry it."""
        if self.way is Way.NAME:
            return cio_id(self.number)
        return "~" + urlsafe_b64encode(msgspec.json.encode([self.way, self.key, self.number])).decode().rstrip("=")

    @staticmethod
    def of_token(token: str) -> "Place | None":
        """The place; None for what is none."""
        if not token.startswith("~"):
            number = person_id_of(token)
            return None if number is None else Place(Way.NAME, number=number)
        try:
            text = urlsafe_b64decode(token[1:].encode() + b"=" * (-len(token[1:]) % 4))
            way, key, number = msgspec.json.decode(text, type=tuple[Way, str, int])
        except (ValueError, msgspec.MsgspecError):
            return None
        return None if "\0" in key or not 0 <= number < 2**63 else Place(way, key, number)


@dataclass(frozen=True, slots=True)
class Found:
    """A page. `next`: None when everybody was looked at; `share`: how many of all were, by number, 1.0 for the whole;
    `stopped`: the page is short since its time was over."""

    people: list[Person]
    next: Place | None
    share: float = 1.0
    stopped: bool = False


def find(
    tx: Transaction,
    workspace: Workspace,
    text: str,
    condition: Filter,
    start: Place | None,
    most: int,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """A page of the people who match and whom `text` may mean; an empty text means all of them."""
    return _Search(tx, workspace, text.strip(), condition, most, clock, clock() + seconds).page(start)


class _Search:
    def __init__(
        self,
        tx: Transaction,
        workspace: Workspace,
        text: str,
        condition: Filter,
        most: int,
        clock: Callable[[], float],
        until: float,
    ) -> None:
        self._tx, self._workspace = tx, workspace
        self._text, self._key, self._words = text, email_key(text), words_of(text)
        self._cio = person_id_of(text)
        self._condition, self._most = condition, most
        self._clock, self._until = clock, until
        self._found: list[Person] = []

    def page(self, start: Place | None) -> Found:
        place = start or Place(Way.CIO_ID if self._text else Way.NAME)
        if place.way is Way.CIO_ID:
            self._by_cio_id()
        ways = list(Way)
        for way in ways[max(1, ways.index(place.way)) : -1]:
            end = self._by_index(place if place.way is way else Place(way))
            if end:
                return end
        if self._text and not self._words:
            return Found(self._found, None)
        return self._looking_through(place.number if place.way is Way.NAME else 0)

    def _way(self, person: Person) -> Way:
        """The first way by which somebody is found."""
        if self._text and person.person_id == self._cio:
            return Way.CIO_ID
        if self._text and person.id is not None and person.id.startswith(self._text):
            return Way.ID
        if self._text and person.email is not None and email_key(person.email).startswith(self._key):
            return Way.EMAIL
        return Way.NAME

    def _take(self, some: list[Person], way: Way) -> list[Person]:
        some = [person for person in some if self._way(person) is way]
        return some if isinstance(self._condition, Everybody) else conditions.matching(self._tx, self._condition, some)

    def _by_cio_id(self) -> None:
        if self._cio is not None:
            some = people.find(self._tx, self._workspace, Reference(IdKind.CIO_ID, self._text))
            self._found += self._take(some, Way.CIO_ID)

    def _by_index(self, place: Place) -> Found | None:
        """A page that ends among those who are found by the way of `place`; None when there are no more of them."""
        while True:
            some = self._behind(place)
            taken = {person.person_id for person in self._take([person for _, person in some], place.way)}
            for behind, person in some:
                if person.person_id in taken:
                    if len(self._found) == self._most:
                        return Found(self._found, place, share=0.0)
                    self._found.append(person)
                place = behind
            if len(some) < self._batch:
                return None
            if self._clock() >= self._until:
                return Found(self._found, place, share=0.0, stopped=True)

    def _behind(self, place: Place) -> list[tuple[Place, Person]]:
        if place.way is Way.ID:
            by_id = browsing.beginning_with_id(self._tx, self._workspace, self._text, place.key, self._batch)
            return [(Place(Way.ID, key), person) for key, person in by_id]
        reached = (place.key, place.number)
        by_email = browsing.beginning_with_email(self._tx, self._workspace, self._key, reached, self._batch)
        return [(Place(Way.EMAIL, *behind), person) for behind, person in by_email]

    @property
    def _batch(self) -> int:
        return max(20, min(_AT_ONCE, _DECISIONS // size(self._condition)))

    def _looking_through(self, before: int) -> Found:
        """From the newest person, or the one numbered `before`, on."""
        lowest, _ = numbers.person_range(self._workspace.workspace_id)
        last = people.last_person(self._tx, self._workspace)
        until = min(before - 1, last) if before else last
        stretch = _FIRST_STRETCH
        while until >= lowest:
            after = max(lowest - 1, until - stretch)
            some = audience.candidates(
                self._tx, self._workspace, self._condition, self._words, after=after, until=until, most=self._batch
            )
            called = [person for person in some if is_called(person.attributes, self._words)]
            for person in self._take(called, Way.NAME):
                if len(self._found) == self._most:
                    reached = self._found[-1].person_id if self._way(self._found[-1]) is Way.NAME else until + 1
                    return Found(self._found, Place(Way.NAME, number=reached), self._share(lowest, last, reached))
                self._found.append(person)
            until = some[-1].person_id - 1 if len(some) == self._batch else after
            stretch = min(_LONGEST_STRETCH, stretch * 2)
            if until >= lowest and self._clock() >= self._until:
                place = Place(Way.NAME, number=until + 1)
                return Found(self._found, place, self._share(lowest, last, until + 1), stopped=True)
        return Found(self._found, None)

    @staticmethod
    def _share(lowest: int, last: int, reached: int) -> float:
        return (last - reached + 1) / (last - lowest + 1)
