# SPDX-License-Identifier: Apache-2.0
"""What is known before there is a person: a scope for compiling in which everything personal refuses to be read.

Compiling evaluates expressions and whole tags with the interpreter itself in a `StaticScope`. What raises
`NotStatic` depends on the person and becomes code; all the rest is text by then.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from liquid import Token
from liquid.undefined import UNDEFINED

from clarion.rendering.context import Links, Scope, Template
from clarion.rendering.filters_dates import is_moving

OF_ALL_OBJECTS = ("size", "first", "last")  # what Liquid knows of any object
_RANDOM = frozenset({"random"})
_SHIFTS = frozenset({
    "timezone", "add_day", "add_month", "add_year", "subtract_day", "subtract_month", "subtract_year",
})  # fmt: skip
_OF_TIMES = _SHIFTS | frozenset({
    "date", "date_to_string", "date_to_long_string", "date_to_rfc822", "date_to_xmlschema",
})  # fmt: skip


def is_lasting(name: str, before: Sequence[str]) -> bool:
    """Whether a filter, after others, gives the same again for the same value, unless that is ``now`` or ``today``.

    A filter may make one of these words of something else; only what shifts a time does not.
    """
    return name not in _RANDOM and (name not in _OF_TIMES or _SHIFTS.issuperset(before))


class NotStatic(Exception):
    """The value depends on the person, the message or the moment."""


class Unsupported(Exception):
    """The compiler does not take this template: the interpreter renders it."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A name whose value is known when a message is made: `code` is the expression that gives it.

    `missing`: it may be `Missing`; `absent`: it may hold `ABSENT`, not assigned yet. `attributes`: the raw
    attributes of a person, of which templates see the text.
    """

    code: str
    missing: bool = False
    absent: bool = False
    attributes: bool = False
    loop: str = ""  # a `forloop`: the number of its variables
    loop_name: str = ""


@dataclass(frozen=True, slots=True)
class Partly:
    """An object of which some properties are personal: `codes` gives their expressions, `whole` that of it all."""

    shared: Mapping[str, object]
    codes: Mapping[str, str]
    whole: str

    def __getitem__(self, key: str) -> object:
        return self.shared[key]

    def is_static(self, key: object) -> bool:
        """Whether the property is known."""
        if not isinstance(key, str) or key in self.codes:
            return False
        return key in self.shared or key not in OF_ALL_OBJECTS


class StaticScope(Scope):
    """A scope in which personal things raise `NotStatic`."""

    __slots__ = ("runtime_loops",)

    runtime_loops: int

    def __init__(self, template: Template, **others: Any) -> None:
        self.runtime_loops = 0
        super().__init__(template, **others)

    @property
    def links(self) -> Links | None:
        """Personal."""
        raise NotStatic

    @links.setter
    def links(self, value: Links | None) -> None:
        """There are none; `Scope` sets it."""

    @property
    def delivery_id(self) -> str:
        """Personal."""
        raise NotStatic

    @delivery_id.setter
    def delivery_id(self, value: str) -> None:
        """There is none; `Scope` sets it."""

    def once(self) -> None:
        """See `Scope`: different at every use, so never known."""
        raise NotStatic

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """As the interpreter; inside a loop that runs later the product is not known."""
        if self.runtime_loops:
            raise NotStatic
        super().raise_for_loop_limit(length)

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """See `Scope.get`. Raises NotStatic."""
        try:
            value = self.scope[path[0]]  # type: ignore[index]
        except (KeyError, TypeError):
            return super().get(path, token=token, default=default)
        if isinstance(value, Dynamic):
            raise NotStatic
        if isinstance(value, Partly) and (len(path) < 2 or not value.is_static(path[1])):
            raise NotStatic
        if self.runtime_loops and "parentloop" in path:
            raise Unsupported("parentloop of a loop that runs later")
        return super().get(path, token=token, default=default)

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """The filter; those that know the time or chance refuse."""
        if name in _RANDOM:
            raise NotStatic
        found = super().filter(name, token)
        return _timeless(found) if name in _OF_TIMES else found

    def inside(self, template: Template, *, part: str) -> "StaticScope":  # type: ignore[override]
        """See `Scope.inside`."""
        self.take_snippet(part)
        return StaticScope(
            template, names=self.globals, part=part, budget=self.budget, depth=self.depth + 1, plain=self.plain
        )

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Whatever was changed inside is as before if it raises."""
        budget = self.budget
        kept = dict(self.locals), dict(self.counters), budget.characters, budget.snippets
        state = {name: value.copy() if isinstance(value, dict) else value for name, value in self.tag_namespace.items()}
        try:
            yield
        except BaseException:
            mappings: Any = ((self.locals, kept[0]), (self.counters, kept[1]), (self.tag_namespace, state))
            for now, before in mappings:
                now.clear()
                now.update(before)
            budget.characters, budget.snippets = kept[2], kept[3]
            raise


def _timeless(found: Callable[..., object]) -> Callable[..., object]:
    def apply(value: object, *args: object, **options: object) -> object:
        if is_moving(value):
            raise NotStatic
        return found(value, *args, **options)

    return apply
