# SPDX-License-Identifier: Apache-2.0
"""Texts of several messages as texts with gaps, the same for all, and what each message has in the gaps.

Messages of one broadcast are much alike: what differs is a name here and the delivery's id in each link. A service
that sends a template with values for each person gets the whole texts back from this, character for character.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# A gap is never longer than the text between two of these, which links and tags are made of. Not spaces: names have
# some more, some fewer.
_DELIMITERS = re.compile(r'([<>"/\n])')
_Place = tuple[int, int]  # which text, which piece of it


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service takes: gaps, and the size of the values of one message as `measure` has it."""

    gaps: int
    size: int
    measure: Callable[[Sequence[str]], int]


class GappedTexts:
    """Of each message the same number of texts. A text of other delimiters than the first one's is a gap as a whole."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._texts: list[Sequence[str]] = []
        self._whole: frozenset[int] = frozenset()  # texts that are one gap
        self._layout = _Layout([], {}, [])

    def __len__(self) -> int:
        """Messages."""
        return len(self._texts)

    def add(self, texts: Sequence[str]) -> bool:
        """Have one message more; False: there would be more gaps or longer values than the limits let."""
        cut = [_DELIMITERS.split(text) for text in texts]
        if not self._texts:
            self._layout = _Layout(cut, {}, [[]])
            self._texts = [texts]
            return True
        first = self._layout.first
        odd = {
            at for at, pieces in enumerate(cut) if at not in self._whole and pieces[1::2] != first[at][1::2]
        }  # fmt: skip
        whole, known = self._whole | odd, self._layout
        if any(
            self._limits.measure([text]) > self._limits.size for at in odd for text in (texts[at], self._texts[0][at])
        ):
            return False
        if odd:
            known = _Layout(_cut(self._texts[0], whole), {}, [[]])
            for before in self._texts[1:]:
                known = known.with_one(_cut(before, whole))
        layout = known.with_one([[text] if at in whole else cut[at] for at, text in enumerate(texts)])
        if not self._fits(layout, seen=known.gaps if not odd else None):
            return False
        self._texts.append(texts)
        self._whole, self._layout = whole, layout
        return True

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


def _cut(texts: Sequence[str], whole: frozenset[int]) -> list[list[str]]:
    return [[text] if at in whole else _DELIMITERS.split(text) for at, text in enumerate(texts)]


def _differing(first: list[list[str]], new: list[list[str]]) -> Iterator[_Place]:
    for text, (one, other) in enumerate(zip(first, new, strict=True)):
        if one != other:
            for piece, (a, b) in enumerate(zip(one, other, strict=True)):
                if a != b:
                    yield text, piece
