# SPDX-License-Identifier: Apache-2.0
"""What tags and filters do, in a line each: for the reference and for whoever writes a template.

It is the first sentence of their docstring; standard Liquid's tags say nothing of the kind, so here it is.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from clarion.rendering.environment import environment

_INNER = frozenset({"content", "illegal", "output"})  # python-liquid keeps these three among the tags
_SOURCE = re.compile(r"\s*\(contract §[^)]*\)")
_RAISES = re.compile(r"\s*Raises\b.*$")
_STANDARD = {
    "#": "A remark: nothing of it is shown.",
    "assign": "Gives a value a name: {% assign name = value %}.",
    "break": "Leaves the loop.",
    "capture": "Gives the text up to its end a name.",
    "case": "Shows the part whose `when` has the value.",
    "comment": "Nothing of what stands in it is shown.",
    "continue": "Goes on with the next turn of the loop.",
    "cycle": "The next of several values, at each turn of a loop.",
    "decrement": "One less each time, from -1 on.",
    "doc": "Says what a template is for: nothing of it is shown.",
    "echo": "Shows a value, as {{ }} does.",
    "for": "Repeats what follows for each item of a list: {% for item in list %}.",
    "if": "Shows what follows only where a condition holds; with elsif and else.",
    "ifchanged": "Shows what follows only if it is not what it was at the last turn.",
    "increment": "One more each time, from 0 on.",
    "liquid": "Several tags, one on each line.",
    "tablerow": "Repeats what follows for each item of a list, as cells of a table.",
    "unless": "Shows what follows only where a condition does not hold.",
}


@dataclass(frozen=True, slots=True)
class Word:
    """`end`: the tag that closes it, None where nothing does; `ours`: not, or not only, standard Liquid's."""

    name: str
    help: str
    module: str
    end: str | None = None

    @property
    def ours(self) -> bool:
        """Whether it is Customer.io's, or behaves as there."""
        return self.module.startswith("clarion.")


@cache
def tags() -> tuple[Word, ...]:
    """Every tag, by name."""
    found = sorted(environment().tags.items())
    return tuple(
        Word(
            name,
            _STANDARD.get(name) or _line(type(tag).__doc__),
            type(tag).__module__,
            tag.end if tag.block else None,
        )
        for name, tag in found
        if name not in _INNER
    )


@cache
def filters() -> tuple[Word, ...]:
    """Every filter, by name."""
    found: Iterator[tuple[str, object]] = iter(sorted(environment().filters.items()))
    return tuple(
        Word(name, _line(inner.__doc__), inner.__module__)
        for name, inner in ((name, inspect.unwrap(func)) for name, func in found)  # type: ignore[arg-type]
    )


def _line(docstring: str | None) -> str:
    """The first line of a docstring as users read it."""
    first = inspect.cleandoc(docstring or "").partition("\n\n")[0].replace("\n", " ")
    first = _RAISES.sub("", _SOURCE.sub("", first)).replace("``", "`")
    return re.sub(r"(?<!\w)_(\w+?)_(?!\w)", r"\1", first).strip()
