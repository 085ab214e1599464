# SPDX-License-Identifier: Apache-2.0
"""How many messages one person gets within some days: the workspace's message limit (contract §2, §11)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from clarion.domain.errors import InvalidRequest, Problem

MOST_MESSAGES, MOST_DAYS = 1_000, 30
DAY_MS = 86_400_000
# What reaches a person. Calls of webhooks, Slack messages and steps that send nothing are none of it.
LIMITED = frozenset({"email", "sms", "whatsapp", "push", "in_app"})


@dataclass(frozen=True, slots=True)
class MessageLimit:
    """At most so many `messages` within so many `days`, which move along with the time."""

    messages: int
    days: int

    @property
    def words(self) -> str:
        """In a sentence."""
        messages = "a message" if self.messages == 1 else f"{self.messages} messages"
        return f"{messages} within {'a day' if self.days == 1 else f'{self.days} days'}"


class Wanted(NamedTuple):
    """A message that is about to be sent."""

    person_id: int
    seq: int
    action_id: int


def passing(
    limit: MessageLimit,
    wanted: Sequence[Wanted],
    counted: Mapping[int, int],
    known: Collection[tuple[int, int]],
) -> tuple[list[Wanted], set[tuple[int, int]]]:
    """Which messages are to be counted from now on, and which (seq, action) would be over the limit.

    `counted`: person → messages lately, those of `known` among them, which are this trigger's own: another attempt at
    one of them is no other message.
    """
    so_far = Counter(dict(counted))
    fresh, over = [], set()
    for one in wanted:
        key = (one.seq, one.action_id)
        if key in known:
            continue
        if so_far[one.person_id] >= limit.messages:
            over.add(key)
        else:
            so_far[one.person_id] += 1
            fresh.append(one)
    return fresh, over


def shape(limit: MessageLimit | None) -> dict[str, Any] | None:
    """As it is stored and shown."""
    return None if limit is None else asdict(limit)


def parse(value: object, pointer: str = "/message_limit") -> MessageLimit | None:
    """From JSON; null is none.

    Raises:
        InvalidRequest: every field that is wrong.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidRequest("must be an object or null", pointer)
    most = {"messages": MOST_MESSAGES, "days": MOST_DAYS}
    problems = [
        Problem(f"unknown key; known: {', '.join(most)}", f"{pointer}/{str(key)[:60]}")
        for key in value
        if key not in most
    ]
    for name, highest in most.items():
        number = value.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= highest:
            problems.append(Problem(f"must be a whole number from 1 to {highest}", f"{pointer}/{name}"))
    if problems:
        first, *more = problems
        raise InvalidRequest(first.detail, first.pointer, more=tuple(more))
    return MessageLimit(value["messages"], value["days"])
