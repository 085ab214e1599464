# SPDX-License-Identifier: Apache-2.0
"""A template into which something was put before it is compiled, and where in it its author finds a fault."""

from collections.abc import Iterable
from dataclasses import dataclass

from clarion.domain.errors import RenderError


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`insertions`: what was put in at which offset of the original, in order."""

    text: str
    insertions: tuple[tuple[int, str], ...] = ()

    @property
    def original(self) -> str:
        """The template before."""
        pieces: list[str] = []
        done = moved = 0
        for place, text in self.insertions:
            pieces.append(self.text[done : place + moved])
            moved += len(text)
            done = place + moved
        return "".join((*pieces, self.text[done:]))

    def at_source(self, error: RenderError) -> RenderError:
        """A fault with its place in the original: what was put in counts where it was put."""
        if error.line is None or error.column is None or not self.insertions:
            return error
        offset = offset_of(self.text, error.line, error.column)
        for place, text in self.insertions:
            if offset < place:
                break
            offset = max(place, offset - len(text))
        line, column = place_of(self.original, offset)
        return RenderError(error.message, part=error.part, line=line, column=column)


def rewritten(original: str, insertions: Iterable[tuple[int, str]]) -> Rewritten:
    """With texts put in at offsets, in order."""
    kept = tuple(insertions)
    made: list[str] = []
    done = 0
    for at, text in kept:
        made += (original[done:at], text)
        done = at
    return Rewritten("".join((*made, original[done:])), kept)


def offset_of(text: str, line: int, column: int) -> int:
    """A place, counted from 1, as an offset."""
    begins = 0
    for _ in range(line - 1):
        begins = text.find("\n", begins) + 1
    return begins + column - 1


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
