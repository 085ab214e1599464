# SPDX-License-Identifier: Apache-2.0
"""What compiling makes of a template, as operations, and Python source made of those.

Only `repr` of plain values, numbered constants and names of our own making get into the source.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from clarion.rendering.runtime import LONGEST, NAMES

_PLAIN = frozenset({str, int, bool, type(None)})
_LONGEST_REPR = 200


@dataclass(slots=True)
class Fixed:
    """Text that is the same for everybody."""

    text: str


@dataclass(slots=True)
class Hole:
    """An expression whose text is written. `is_text`: it is a string for sure. `plain`: it may not hold a ``<``."""

    code: str
    is_text: bool = False
    plain: bool = False
    is_safe: bool = False  # of letters and digits that no encoding changes


@dataclass(slots=True)
class Line:
    """A statement."""

    code: str


@dataclass(slots=True)
class Choice:
    """``if``; `holds` is an expression."""

    holds: str
    then: "Ops"
    other: "Ops"


@dataclass(slots=True)
class Loop:
    """``for``; `head` is the whole line."""

    head: str
    body: "Ops"


@dataclass(slots=True)
class Capture:
    """Writes into a variable instead of the output."""

    variable: str
    body: "Ops"


Op = Fixed | Hole | Line | Choice | Loop | Capture
Ops = list[Op]


class Constants:
    """Values that generated code uses by number."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def code(self, value: object) -> str:
        """The expression for a value."""
        if type(value) in _PLAIN and len(shown := repr(value)) <= _LONGEST_REPR:
            return shown
        name = f"k{len(self.values)}"
        self.values[name] = value
        return name


@dataclass(frozen=True, slots=True)
class Writing:
    """How the pieces of a text are encoded: once for what is fixed, per message for what is not."""

    fixed: Callable[[str], str]
    hole: Callable[[Hole], str]  # of an expression that gives text, the one that gives its encoding
    names: dict[str, object] = field(default_factory=dict)


def _text_of(hole: Hole) -> str:
    code = hole.code if hole.is_text else f"text({hole.code})"
    return f"plain({code})" if hole.plain else code


PLAIN = Writing(lambda text: text, _text_of)


def merged(ops: Iterable[Op]) -> Ops:
    """With neighbouring texts joined and empty ones left out."""
    found: Ops = []
    for op in ops:
        if isinstance(op, Fixed):
            if not op.text:
                continue
            if found and isinstance(found[-1], Fixed):
                found[-1] = Fixed(found[-1].text + op.text)
                continue
        elif isinstance(op, Choice):
            op = Choice(op.holds, merged(op.then), merged(op.other))  # noqa: PLW2901
        elif isinstance(op, Loop):
            op = Loop(op.head, merged(op.body))  # noqa: PLW2901
        elif isinstance(op, Capture):
            op = Capture(op.variable, merged(op.body))  # noqa: PLW2901
        found.append(op)
    return found


def every(ops: Iterable[Op]) -> Iterator[Op]:
    """All operations, those inside others too."""
    for op in ops:
        yield op
        if isinstance(op, Choice):
            yield from every(op.then)
            yield from every(op.other)
        elif isinstance(op, Loop | Capture):
            yield from every(op.body)


def function(
    name: str, parameters: Sequence[str], ops: Ops, constants: Constants, writing: Writing
) -> Callable[..., str]:
    """The function that writes `ops`. Raises SyntaxError or RecursionError when they are nested too deeply."""
    source = _Source(constants, writing)
    source.line(0, f"def {name}({', '.join(parameters)}):")
    source.line(1, "o = []; n = 0; s = 0")
    source.write(ops, 1, "o", writing)
    looped = any(isinstance(op, Loop) for op in every(ops))
    if looped:  # before a text is made of it all
        source.line(1, f"if sum(map(len, o)) > {LONGEST}: over()")
    source.line(1, "r = ''.join(o)")
    source.line(1, f"if len(r) + n > {LONGEST}: over()")
    source.line(1, "return r")
    names: dict[str, Any] = {**NAMES, **writing.names, **constants.values, "__builtins__": {}}
    exec(compile("\n".join(source.lines), f"<{name}>", "exec"), names)  # noqa: S102 of our own making
    made: Callable[..., str] = names[name]
    return made


class _Source:
    def __init__(self, constants: Constants, writing: Writing) -> None:
        self.lines: list[str] = []
        self._constants = constants
        self._writing = writing
        self._lists = 0

    def line(self, depth: int, text: str) -> None:
        self.lines.append(" " * depth + text)

    def write(self, ops: Ops, depth: int, into: str, writing: Writing) -> None:
        """The statements for `ops`, appending to the list `into`."""
        pieces: list[str] = []
        empty = True

        def flush() -> None:
            if pieces:
                self.line(depth, f"{into} += ({', '.join(pieces)},)")
                pieces.clear()

        for op in ops:
            empty = False
            if isinstance(op, Fixed):
                pieces.append(self._constants.code(writing.fixed(op.text)))
                continue
            if isinstance(op, Hole):
                pieces.append(writing.hole(op))
                continue
            flush()
            if isinstance(op, Line):
                self.line(depth, op.code)
            elif isinstance(op, Choice):
                self.line(depth, f"if {op.holds}:")
                self.write(op.then, depth + 1, into, writing)
                if op.other:
                    self.line(depth, "else:")
                    self.write(op.other, depth + 1, into, writing)
            elif isinstance(op, Loop):
                self.line(depth, op.head)
                self.write(op.body, depth + 1, into, writing)
            else:
                self._lists += 1
                inner = f"o{self._lists}"
                self.line(depth, f"{inner} = []")
                self.write(op.body, depth, inner, PLAIN)
                self.line(depth, f"if sum(map(len, {inner})) > {LONGEST}: over()")
                self.line(depth, f"{op.variable} = ''.join({inner}); n += len({op.variable})")
                self.line(depth, f"if n > {LONGEST}: over()")
        flush()
        if empty:
            self.line(depth, "pass")
