# SPDX-License-Identifier: Apache-2.0
"""Texts of several messages as texts with gaps, the same for all, and what each message has in the gaps.

Messages of one broadcast are much alike: what differs is a name here and the delivery's id in each link. A service
that sends a template with values for each person gets the whole texts back from this, character for character.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# Most gaps are what is between two of these, which links and tags are made of. Not spaces: names have some more, some
# fewer.
_DELIMITERS = re.compile(r'([<>"/\n])')
_MOST_RECUT = 64  # messages that are cut anew for one
_Place = tuple[int, int]  # which text, which piece of it
_Shape = dict[int, tuple[int, int]]  # of texts with one gap between: delimiters before it, and after


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service takes: gaps, and the size of the values of one message as `measure` has it."""

    gaps: int
    size: int
    measure: Callable[[Sequence[str]], int]


class GappedTexts:
    """Of each message the same number of texts.

    A text whose delimiters are not those of the first one's, for it has one paragraph more, is cut to as much of its
    beginning and its end as has the same, and one gap between.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._texts: list[Sequence[str]] = []
        self._base: list[list[str]] = []  # the first message, as it is cut
        self._shape: _Shape = {}
        self._layout = _Layout([], {}, [])

    def __len__(self) -> int:
        """Messages."""
        return len(self._texts)

    def add(self, texts: Sequence[str]) -> bool:
        """Have one message more; False: there would be more gaps or longer values than the limits let.

        False, too, for one that is cut in another way than many before.
        """
        cut = _cut(texts)
        if not self._texts:
            self._base, self._layout = cut, _Layout(cut, {}, [[]])
            self._texts = [texts]
            return True
        shape, known = self._shape_with(cut), self._layout
        is_new = shape != self._shape
        if is_new:
            if len(self._texts) > _MOST_RECUT or self._are_too_long(cut, shape):
                return False
            known = _Layout(_shaped(self._base, shape), {}, [[]])
            for before in self._texts[1:]:
                known = known.with_one(_shaped(_cut(before), shape))
        layout = known.with_one(_shaped(cut, shape))
        if not self._fits(layout, seen=None if is_new else known.gaps):
            return False
        self._texts.append(texts)
        self._shape, self._layout = shape, layout
        return True

    def _shape_with(self, cut: list[list[str]]) -> _Shape:
        found = dict(self._shape)
        for at, (base, pieces) in enumerate(zip(self._base, cut, strict=True)):
            if at in found or base[1::2] != pieces[1::2]:
                found[at] = _in_common(base[1::2], pieces[1::2], found.get(at))
        return found

    def _are_too_long(self, cut: list[list[str]], shape: _Shape) -> bool:
        """Whether what is between is by itself more than fits, of this message or the first."""
        return any(
            self._limits.measure([_shaped(one, shape)[at][2 * head]]) > self._limits.size
            for at, (head, _) in shape.items()
            for one in (self._base, cut)
        )

    def texts(self, name: Callable[[int], str]) -> list[str]:
        """The texts, with the name of a gap in each."""
        made = [list(pieces) for pieces in self._layout.first]
        for (text, piece), gap in self._layout.gaps.items():
            made[text][piece] = name(gap)
        return ["".join(pieces) for pieces in made]

    def values(self, message: int) -> list[str]:
        """What a message has in the gaps 0, 1, 2 …"""
        return self._layout.values[message]

    def _fits(self, layout: "_Layout", seen: dict[_Place, int] | None) -> bool:
        """`seen`: gaps in which all but the last message are known to fit."""
        last = layout.values[-1]
        which = [last] if layout.gaps == seen else layout.values
        limits = self._limits
        return len(last) <= limits.gaps and all(limits.measure(values) <= limits.size for values in which)


@dataclass(frozen=True, slots=True)
class _Layout:
    """`first`: the first message in pieces; `gaps`: by place; `values`: of each message, of each gap."""

    first: list[list[str]]
    gaps: dict[_Place, int]
    values: list[list[str]]

    def with_one(self, new: list[list[str]]) -> "_Layout":
        """One message more. Places where every message has one and the same are one gap, as the id in each link."""
        gaps: dict[_Place, int] = {}
        named: dict[tuple[int | None, str, str], int] = {}
        added: list[str] = []
        origins: list[tuple[int | None, str]] = []  # of each gap: which it was, or what all had there
        for text, piece in sorted({*self.gaps, *_differing(self.first, new)}):
            here, was, is_now = self.gaps.get((text, piece)), self.first[text][piece], new[text][piece]
            gap = gaps[text, piece] = named.setdefault((here, was, is_now), len(named))
            if gap == len(added):
                added.append(is_now)
                origins.append((here, was))
        if gaps == self.gaps:
            return _Layout(self.first, gaps, [*self.values, added])
        before = [[was if here is None else values[here] for here, was in origins] for values in self.values]
        return _Layout(self.first, gaps, [*before, added])


def _cut(texts: Sequence[str]) -> list[list[str]]:
    """Each text as a piece, a delimiter, a piece … a piece."""
    return [_DELIMITERS.split(text) for text in texts]


def _in_common(base: list[str], new: list[str], before: tuple[int, int] | None) -> tuple[int, int]:
    """How many delimiters are the same from the beginning, and then from the end; no more than `before`."""
    most = min(len(base), len(new))
    head = _same(base, new, min(most, before[0] if before else most))
    tail = _same(base[::-1], new[::-1], min(most - head, before[1] if before else most))
    return head, tail


def _same(one: list[str], other: list[str], most: int) -> int:
    for at in range(most):
        if one[at] != other[at]:
            return at
    return most


def _shaped(cut: list[list[str]], shape: _Shape) -> list[list[str]]:
    """With what is between in one piece."""
    shaped = list(cut)
    for at, (head, tail) in shape.items():
        pieces, end = cut[at], len(cut[at]) - 2 * tail
        shaped[at] = [*pieces[: 2 * head], "".join(pieces[2 * head : end]), *pieces[end:]]
    return shaped


def _differing(first: list[list[str]], new: list[list[str]]) -> Iterator[_Place]:
    for text, (one, other) in enumerate(zip(first, new, strict=True)):
        if one != other:
            for piece, (a, b) in enumerate(zip(one, other, strict=True)):
                if a != b:
                    yield text, piece
