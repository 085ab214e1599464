# SPDX-License-Identifier: Apache-2.0
"""Who of an audience would be left out of a broadcast, and why, by the rules that accounts and messages go by. Pure.

In the order in which they are asked: not matching the action's condition, unsubscribed, without an e-mail address, not
subscribed to the topic, not wanting the channel, without another channel's address or device (or one that is none),
over the workspace's message limit, an address that is suppressed. What only shows when a message is made (a template
that fails for somebody, an address that Liquid writes) is not foreseen, and neither is what others send before it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from clarion.domain.audience import Everybody, Filter
from clarion.domain.broadcasts import Action, FrozenContent, SendingState
from clarion.domain.deliveries import Reason
from clarion.domain.limits import LIMITED, MessageLimit
from clarion.domain.topics import Topic
from clarion.pipeline.accept import parse_condition
from clarion.pipeline.compose import goes_to_own_address
from clarion.pipeline.destinations import Destination, destination_of

REASONS = (
    Reason.CONDITION,
    Reason.UNSUBSCRIBED,
    Reason.NO_ADDRESS,
    Reason.INVALID_ADDRESS,
    Reason.UNSUBSCRIBED_TOPIC,
    Reason.MESSAGE_LIMIT,
    Reason.ESP_SUPPRESSED,
)


@dataclass(frozen=True, slots=True)
class Message:
    """What decides who gets one action's message.

    `limited`: it is one of those that a message limit counts; `topic`: its own, in place of the broadcast's;
    `own_address`: it goes to the person's e-mail address; `destination`: where else, of other channels.
    """

    action_id: int = 0
    to_unsubscribed: bool = False
    own_address: bool = True
    condition: Filter = field(default_factory=Everybody)
    limited: bool = False
    topic: Topic | None = None
    kind: str = "email"
    destination: Destination | None = None

    @staticmethod
    def of(action: Action, topic: Topic | None = None) -> "Message":
        """That of an action."""
        own = goes_to_own_address(action)
        limited = action.kind in LIMITED and action.sending_state is SendingState.AUTOMATIC
        condition = parse_condition(action.condition)
        return Message(
            action.action_id,
            action.send_to_unsubscribed,
            own,
            condition,
            limited,
            topic,
            action.kind,
            destination_of(action),
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """The messages that everybody gets, the topic they belong to and the limit that holds; by themselves one plain
    e-mail."""

    messages: tuple[Message, ...] = (Message(),)
    topic: Topic | None = None
    limit: MessageLimit | None = None

    @staticmethod
    def of(content: FrozenContent, limit: MessageLimit | None = None) -> "Terms":
        """Those of a broadcast; one without messages is counted as one plain e-mail."""
        messages = tuple(Message.of(action, content.own_topic(action)) for action in content.actions) or (Message(),)
        return Terms(messages, content.topic, limit if any(one.limited for one in messages) else None)

    @property
    def conditions(self) -> dict[int, Filter]:
        """By action, of those that have one."""
        return {one.action_id: one.condition for one in self.messages if one.condition != Everybody()}

    @property
    def topics(self) -> dict[int, Topic]:
        """By action, those for which anybody may be left out."""
        found = {one.action_id: one.topic or self.topic for one in self.messages if not one.to_unsubscribed}
        return {action_id: topic for action_id, topic in found.items() if topic is not None}

    @property
    def channels(self) -> set[str]:
        """Those that whoever refuses them gets nothing by."""
        return {one.kind for one in self.messages if not one.to_unsubscribed}

    @property
    def destinations(self) -> dict[int, Destination]:
        """By action, of those that do not go to an e-mail address."""
        return {one.action_id: one.destination for one in self.messages if one.destination is not None}

    @property
    def asks_addresses(self) -> bool:
        """Whether it is known before to which addresses messages go."""
        return any(one.own_address for one in self.messages)


PLAIN = Terms()


@dataclass(frozen=True, slots=True)
class Odd:
    """Of those who match, whom there is something to say of: places in their list."""

    unsubscribed: Collection[int]
    without_email: Collection[int]
    not_in_topic: Mapping[int, Collection[int]]  # by action
    suppressed: Collection[int]
    unmatched: Mapping[int, Collection[int]] = field(default_factory=dict)  # by action
    lately: Mapping[int, int] = field(default_factory=dict)  # how many messages somebody got, as the limit counts
    refusing: Mapping[str, Collection[int]] = field(default_factory=dict)  # by channel
    unreached: Mapping[int, Mapping[int, Reason]] = field(default_factory=dict)  # by action, of other channels

    @property
    def places(self) -> list[int]:
        """All of them."""
        others = set[int]().union(*self.unmatched.values(), *self.not_in_topic.values(), *self.refusing.values())
        others.update(*self.unreached.values())
        others.update(self.unsubscribed, self.without_email, self.suppressed, self.lately)
        return sorted(others)

    def reasons(self, place: int, terms: Terms) -> list[Reason | None]:
        """Message by message, why somebody does not get it."""
        found, so_far = [], self.lately.get(place, 0)
        for message in terms.messages:
            reason = self._reason(place, message)
            # Looked at before suppressed addresses are: a message to one is counted until then.
            if terms.limit is not None and message.limited and reason in {None, Reason.ESP_SUPPRESSED}:
                reason = Reason.MESSAGE_LIMIT if so_far >= terms.limit.messages else reason
                so_far += 1
            found.append(reason)
        return found

    def _reason(self, place: int, message: Message) -> Reason | None:
        """Why somebody does not get a message."""
        if place in self.unmatched.get(message.action_id, ()):
            return Reason.CONDITION
        if not message.to_unsubscribed and place in self.unsubscribed:
            return Reason.UNSUBSCRIBED
        if message.own_address and place in self.without_email:
            return Reason.NO_ADDRESS
        if place in self.not_in_topic.get(message.action_id, ()):
            return Reason.UNSUBSCRIBED_TOPIC
        if not message.to_unsubscribed and place in self.refusing.get(message.kind, ()):
            return Reason.UNSUBSCRIBED
        if found := self.unreached.get(message.action_id, {}).get(place):
            return found
        if message.own_address and place in self.suppressed:
            return Reason.ESP_SUPPRESSED
        return None


@dataclass(slots=True)
class Tally:
    """Sums over an audience. `left_out`: people who get no message at all, by why they do not get the first."""

    terms: Terms
    people: int = 0
    left_out: Counter[Reason] = field(default_factory=Counter)
    by_message: list[Counter[Reason]] = field(default_factory=list)
    first: int | None = None

    def __post_init__(self) -> None:
        self.by_message = [Counter() for _ in self.terms.messages]

    def add(self, person_ids: Sequence[int], odd: Odd) -> None:
        """Some of those who match."""
        self.people += len(person_ids)
        nothing: set[int] = set()
        limit, limited = self.terms.limit, sum(message.limited for message in self.terms.messages)
        everybody = limit is not None and limited > limit.messages  # who got none lately gets not all of these
        for place in range(len(person_ids)) if everybody else odd.places:
            reasons = odd.reasons(place, self.terms)
            for counted, reason in zip(self.by_message, reasons, strict=True):
                if reason:
                    counted[reason] += 1
            if reasons[0] and all(reasons):
                self.left_out[reasons[0]] += 1
                nothing.add(place)
        if self.first is None:
            self.first = next((one for place, one in enumerate(person_ids) if place not in nothing), None)

    def scaled(self, times: float) -> None:
        """Make the sums estimates."""
        self.people = round(self.people * times)
        for counted in (self.left_out, *self.by_message):
            for reason in counted:
                counted[reason] = round(counted[reason] * times)
