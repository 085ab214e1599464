# SPDX-License-Identifier: Apache-2.0
"""What was made of a text is kept for the next person with the same one: first names, cities, plans, subjects."""

from collections.abc import Callable

from clarion.rendering.filters_dates import is_moving

_MOST = 512  # texts; the ones seen first are those that most people have
_LONGEST = 400  # characters, of a text and what was made of it


class Remembered(dict[str, str]):
    """What `make` gives for a text, looked up with ``[]``. `make` may depend on nothing else but the time.

    Raises what `make` raises. Once it is full, it learns nothing more: texts that are different for everybody would
    only drive out the others. Not for use by several threads at once.
    """

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> str:
        made = self._make(text)
        if len(self) < _MOST and len(text) + len(made) <= _LONGEST and not is_moving(text):
            self[text] = made
        return made
