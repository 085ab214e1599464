# SPDX-License-Identifier: Apache-2.0
"""To which account at a provider a message goes, and who comes next when that one takes none (docs/adr/0019).

A state path. Opening a chunk: for each channel the first account that takes messages is chosen, and what its share of
the day holds is taken, and what repeats to other accounts take of theirs; all of it is committed with the intent, so
before the first message leaves, the ledger names where each one may be. A crash later, whoever settles the chunk reads
it there: what is in doubt keeps its account, and what certainly was not handed over may go to any. Sending: a message
that may have been taken goes to its own account alone, and waits while that takes none. Recording: what was not used of
the share is given back with the outcomes; after a crash it stays taken, so a day may have fewer messages than its
share, never more. Copies of their own are in it, as many as the message's list names; where Liquid makes more of them,
those are taken out of the share when they were sent.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import Outcome, Reason, State
from clarion.domain.outlets import DAY_MS, day_of
from clarion.pipeline import copying
from clarion.pipeline.outlet import Outlet
from clarion.store import outlets, triggers
from clarion.store.engine import Row, Transaction
from clarion.store.outlets import Grant, Standing

FAILOVER_SECONDS = 10.0
_LOOK_AGAIN = 30.0  # seconds until a day's share that is used up is looked at again: somebody may have raised it
_LOOK_AT_SWITCH = 2.0
_KNOWN = 256
_DOUBTS = frozenset({Reason.NO_ANSWER, Reason.SENDER_DIED})


@dataclass(frozen=True, slots=True)
class Routed:
    """The accounts that a chunk goes to, by action, and what it took out of their shares of the day.

    `known`: the accounts have numbers; without, each channel has but the one that the process was given. `repeats`: how
    many messages that may go to one account only there is room for in its share; nothing of those without a share.
    """

    outlets: Mapping[int, int]
    grants: tuple[Grant, ...] = ()
    known: bool = True
    repeats: Mapping[int, int] = field(default_factory=dict)

    def intent(self, fence: int) -> str | None:
        """What the ledger keeps of it while the chunk is open. See `intended_by`."""
        return json.dumps({"fence": fence, "to": list(self.outlets.items())}) if self.known else None

    def unused(self, outcomes: Sequence[Outcome], copies: Mapping[int | None, int]) -> list[Grant]:
        """What was taken out of shares for what did not leave us; below 0, what `copies`, by account, took beyond."""
        if not self.grants:
            return []
        gone = Counter(outcome.outlet for outcome in outcomes if _may_have_left(outcome))
        return [
            one._replace(messages=max(0, one.messages - gone[one.outlet_id]) - copies.get(one.outlet_id, 0))
            for one in self.grants
        ]


def _may_have_left(outcome: Outcome) -> bool:
    return outcome.state in {State.SENT, State.IN_DOUBT} or (outcome.counted and outcome.reason in _DOUBTS)


UNROUTED = Routed({}, known=False)


def intended_by(intent: str | None, fence: int) -> Mapping[int, int] | None:
    """Which account a chunk was opened for, by action: what is absent went nowhere, for none took messages.

    None: nobody knows; what an earlier holder of the slice wrote says nothing of it.
    """
    found = json.loads(intent) if intent else None
    return dict(found["to"]) if found is not None and found["fence"] == fence else None


class Routing(Protocol):
    """What opening a chunk, and settling one that was left open, ask about accounts."""

    def route(
        self, tx: Transaction, content_hash: str, rows: Sequence[Row], now_ms: int
    ) -> tuple[Routed, Sequence[Row]]:
        """Choose, and take out of the day's shares; with the rows that the chunk has then: there may be fewer."""
        ...

    def doubt(self, policy: DoubtPolicy, outlet_id: int | None) -> DoubtPolicy:
        """What becomes of a message in doubt that was handed to this account (None: nobody knows which)."""
        ...


class NoRouting:
    """One account a channel, of which nothing is known but that it is there."""

    def route(
        self, tx: Transaction, content_hash: str, rows: Sequence[Row], now_ms: int
    ) -> tuple[Routed, Sequence[Row]]:
        """As they are."""
        del tx, content_hash, now_ms
        return UNROUTED, rows

    def doubt(self, policy: DoubtPolicy, outlet_id: int | None) -> DoubtPolicy:
        """As the broadcast says."""
        del outlet_id
        return policy


NO_ROUTING = NoRouting()


class News(NamedTuple):
    """How an account fares, to be noted; `state` says the same by our clock."""

    standing: Standing
    state: tuple[str, float] | None


class Route:
    """The accounts of one channel, in the order in which they are asked."""

    def __init__(self, outlets_of_it: Sequence[Outlet], failover_seconds: float, clock: Callable[[], float]) -> None:
        self.outlets = list(outlets_of_it)
        self._failover_seconds = failover_seconds
        self._clock = clock

    def sort(self) -> None:
        """After a change of places."""
        self.outlets = sorted(self.outlets, key=lambda one: one.terms.place)  # another thread may be looking through it

    @property
    def sole(self) -> Outlet | None:
        """The only one that there is."""
        return self.outlets[0] if len(self.outlets) == 1 else None

    def candidates(self) -> Iterator[Outlet]:
        """Those that may be given a chunk now, the first choice first.

        One that is away for a moment only is waited for: see `Outlet.away_for`.
        """
        for outlet in self.outlets:
            if not outlet.enabled or outlet.is_spent():
                continue
            if outlet.is_ready():
                yield outlet
            elif outlet.away_for() < self._failover_seconds:
                return

    def is_ready(self) -> bool:
        """Whether one of them takes messages."""
        return next(self.candidates(), None) is not None

    def next_try(self) -> float:
        """When to come again, by the clock, while none does."""
        moments = [self._clock() + _LOOK_AT_SWITCH]  # somebody may switch one on, or change the order
        for outlet in self.outlets:
            if not outlet.enabled:
                continue
            if outlet.is_spent():
                moments.append(outlet.spent_until)
            elif not outlet.is_ready():
                moments.append(outlet.next_try())
        later = moments[1:]
        return min(later) if later else moments[0]


class Routes:
    """Every channel's accounts, as one process sees them. `outlets` stand in the order in which they are asked."""

    def __init__(
        self,
        given: Sequence[Outlet],
        *,
        failover_seconds: float = FAILOVER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        by_channel: dict[str, list[Outlet]] = {}
        for outlet in given:
            by_channel.setdefault(outlet.channel, []).append(outlet)
        self.by_channel = {channel: Route(some, failover_seconds, clock) for channel, some in by_channel.items()}
        for route in self.by_channel.values():
            route.sort()
        self._by_id = {outlet.outlet_id: outlet for outlet in given if outlet.outlet_id is not None}
        self._clock = clock
        self._kinds: dict[str, Mapping[int, str]] = {}
        self._weights: dict[str, Mapping[int, int]] = {}

    def __iter__(self) -> Iterator[Outlet]:
        return (outlet for route in self.by_channel.values() for outlet in route.outlets)

    @property
    def has_numbers(self) -> bool:
        """Whether the accounts are known in the database."""
        return bool(self._by_id)

    def news(self) -> "list[News]":
        """Which accounts fare otherwise than was last noted; see `told`."""
        found = []
        for number, outlet in self._by_id.items():
            state = outlet.state()
            if state != outlet.told:
                words, until = state or (None, 0.0)
                seconds, failed = max(0.0, until - self._clock()), outlet.away is not None
                found.append(News(Standing(number, words, seconds, failed), state))
        return found

    def told(self, news: "Iterable[News]") -> None:
        """It is noted."""
        for one in news:
            self._by_id[one.standing.outlet_id].told = one.state

    def outlet(self, outlet_id: int) -> Outlet | None:
        """The account of that number; None: the settings name none of that name any more."""
        return self._by_id.get(outlet_id)

    def is_ready(self) -> bool:
        """Whether some account takes messages."""
        return any(route.is_ready() for route in self.by_channel.values())

    def route(
        self, tx: Transaction, content_hash: str, rows: Sequence[Row], now_ms: int
    ) -> tuple[Routed, Sequence[Row]]:
        """See `Routing`. A channel of which no account takes anything is not in what is chosen."""
        if not self._by_id:
            return UNROUTED, rows
        kinds = self._kinds_of(tx, content_hash)
        free = [row["action_id"] for row in rows if not _is_bound(row)]
        weights = self._weights[content_hash]
        wanted = _weighed(free, weights)
        first = _weighed((row["action_id"] for row in rows if row["seq"] == rows[0]["seq"]), weights)
        chosen: dict[int, int] = {}
        grants: list[Grant] = []
        for channel in dict.fromkeys(kinds[action_id] for action_id in wanted):
            mine = [action_id for action_id in wanted if kinds[action_id] == channel]
            outlet, grant = self._choose(
                tx, channel, sum(wanted[one] for one in mine), sum(first[one] for one in mine), now_ms
            )
            if outlet is not None and outlet.outlet_id is not None:
                chosen.update(dict.fromkeys(mine, outlet.outlet_id))
            if grant is not None:
                grants.append(grant)
        kept = _whole_people(rows, chosen, {one.outlet_id: one.messages for one in grants}, weights) if grants else rows
        used: Counter[int | None] = Counter()
        for action_id, messages in _weighed((row["action_id"] for row in kept if not _is_bound(row)), weights).items():
            used[chosen.get(action_id)] += messages
        outlets.give_back(tx, [one._replace(messages=one.messages - used[one.outlet_id]) for one in grants])
        taken = Counter({(one.outlet_id, one.day): used[one.outlet_id] for one in grants})
        repeats = self._repeats(tx, kinds, kept, now_ms)
        taken.update({(one.outlet_id, one.day): one.messages for one in repeats})
        return (
            Routed(
                chosen,
                tuple(Grant(*of, messages) for of, messages in taken.items()),
                repeats={one.outlet_id: one.messages for one in repeats},
            ),
            kept,
        )

    def bound_to(self, row: Row, channel: str) -> Outlet | None:
        """The account of a message that may go to one only; None: the settings do not name it, or nobody knows it."""
        if row["outlet"] is not None:
            return self._by_id.get(row["outlet"])
        route = self.by_channel.get(channel)
        return route.sole if route is not None else None

    def _repeats(self, tx: Transaction, kinds: Mapping[int, str], rows: Sequence[Row], now_ms: int) -> list[Grant]:
        """What is left in the shares of accounts for messages that may go there only, and is theirs now."""
        bound = (self.bound_to(row, kinds[row["action_id"]]) for row in rows if _is_bound(row))
        wanted = Counter(outlet for outlet in bound if outlet is not None and outlet.terms.has_share)
        taken = [self._take(tx, outlet, count, now_ms) for outlet, count in wanted.items()]
        return [grant for grant in taken if grant is not None]

    def doubt(self, policy: DoubtPolicy, outlet_id: int | None) -> DoubtPolicy:
        """A broadcast's wish for repeats holds while there is one account; with several, where that one knows repeats.

        The wish may have been made when there was no other, and by default; a second account must not be what makes
        two of one message.
        """
        if policy is DoubtPolicy.HOLD or not self._by_id:
            return policy
        if outlet_id is None:
            alone = all(route.sole is not None for route in self.by_channel.values())
            return policy if alone else DoubtPolicy.HOLD
        outlet = self._by_id.get(outlet_id)
        if outlet is None:
            return DoubtPolicy.HOLD
        alone = self.by_channel[outlet.channel].sole is not None
        return policy if alone or outlet.provider.capabilities.recognises_repeats else DoubtPolicy.HOLD

    def follow(self, rows: Sequence[Row]) -> bool:
        """What somebody has changed in the page, as rows of the table of accounts; whether anything differs."""
        changed = False
        for row in rows:
            outlet = self._by_id.get(int(row["outlet_id"]))
            changed = (outlet is not None and outlet.follow(row)) or changed
        if changed:
            for route in self.by_channel.values():
                route.sort()
        return changed

    def _choose(
        self, tx: Transaction, channel: str, count: int, least: int, now_ms: int
    ) -> tuple[Outlet | None, Grant | None]:
        """The account for so many messages, and what was taken of its share; `least`: fewer are of no use."""
        for outlet in self.by_channel[channel].candidates() if channel in self.by_channel else ():
            if not outlet.terms.has_share:
                return outlet, None
            grant = self._take(tx, outlet, count, now_ms)
            if grant is None or grant.messages >= max(1, least):
                return outlet, grant
            outlets.give_back(tx, [grant])
            tomorrow = (DAY_MS - now_ms % DAY_MS) / 1_000
            outlet.spent_until = self._clock() + min(tomorrow, _LOOK_AGAIN)
        return None, None

    @staticmethod
    def _take(tx: Transaction, outlet: Outlet, count: int, now_ms: int) -> Grant | None:
        """So many messages out of an account's share, or as many as are left; None: it has no number."""
        if outlet.outlet_id is None:
            return None
        day = day_of(now_ms)
        _, days_before = outlets.used(tx, outlet.outlet_id, day, outlet.terms.ramp_from)
        share = outlet.terms.share(days_before)
        if share is None:
            share = _NO_LIMIT  # the ramp is over: it goes on being counted
        return Grant(outlet.outlet_id, day, outlets.take(tx, outlet.outlet_id, day, count, share))

    def _kinds_of(self, tx: Transaction, content_hash: str) -> Mapping[int, str]:
        """The channel of each action of a trigger's content."""
        found = self._kinds.get(content_hash)
        if found is None:
            if len(self._kinds) >= _KNOWN:
                self._kinds, self._weights = {}, {}
            content = triggers.content(tx, content_hash)
            self._weights[content_hash] = {no: 1 + more for no, more in copying.foreseen(content.actions).items()}
            found = self._kinds[content_hash] = {action.action_id: action.kind for action in content.actions}
        return found


_NO_LIMIT = 10**12


def _is_bound(row: Row) -> bool:
    """Whether a message may have been taken before."""
    return row["outlet"] is not None or row["reason"] is not None


def _weighed(actions: Iterable[int], weights: Mapping[int, int]) -> Counter[int]:
    """By action, how many messages go out, copies of their own too."""
    return Counter({action_id: n * weights.get(action_id, 1) for action_id, n in Counter(actions).items()})


def _whole_people(
    rows: Sequence[Row], chosen: Mapping[int, int], left: dict[int, int], weights: Mapping[int, int]
) -> Sequence[Row]:
    """The rows of the first people for whom what is left of the shares suffices."""
    kept = 0
    for place, row in enumerate(rows):
        if place and row["seq"] != rows[place - 1]["seq"]:
            kept = place
        outlet_id = chosen.get(row["action_id"])
        if outlet_id not in left or _is_bound(row):
            continue
        left[outlet_id] -= weights.get(row["action_id"], 1)
        if left[outlet_id] < 0:
            return rows[:kept]
    return rows
