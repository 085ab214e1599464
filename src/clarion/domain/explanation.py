# SPDX-License-Identifier: Apache-2.0
"""Why somebody matches a filter, or does not: the same decisions as `domain.audience`, condition by condition."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import assert_never

from clarion.domain.audience import And, Equals, Everybody, Exists, Filter, InSegment, Not, Or, matches
from clarion.domain.people import attribute_text


@dataclass(frozen=True, slots=True)
class Explained:
    """One condition; `seen`: what the person has there, None where it has nothing of its own."""

    kind: str
    words: str
    matches: bool
    seen: str | None = None
    members: "tuple[Explained, ...]" = ()


def explain(
    condition: Filter,
    attributes: Mapping[str, object],
    segments: Collection[int],
    segment_names: Mapping[int, str],
) -> Explained:
    """The tree of a filter for one person; arguments as `audience.matches` takes them."""
    decided = matches(condition, attributes, segments)

    def below(member: Filter) -> Explained:
        return explain(member, attributes, segments, segment_names)

    match condition:
        case Everybody():
            return Explained("everybody", "everybody", matches=True)
        case And(members):
            return Explained("and", "all of these", decided, members=tuple(map(below, members)))
        case Or(members):
            return Explained("or", "at least one of these", decided, members=tuple(map(below, members)))
        case Not(member):
            return Explained("not", "not", decided, members=(below(member),))
        case InSegment(segment_id):
            name = segment_names.get(segment_id)
            words = f"in segment {name}" if name else f"in segment {segment_id}, which does not exist"
            return Explained("segment", words, decided, "in it" if segment_id in segments else "not in it")
        case Equals(name, value, inverse):
            words = f"{name} is {'not ' if inverse else ''}{value!r}"
            return Explained("attribute", words, decided, _seen(attributes, name))
        case Exists(name, inverse):
            return Explained(
                "attribute", f"{name} {'is not there' if inverse else 'is there'}", decided, _seen(attributes, name)
            )
        case _:
            assert_never(condition)


def _seen(attributes: Mapping[str, object], name: str) -> str:
    value = attribute_text(attributes.get(name))
    return "nothing" if value is None else value[:200]
