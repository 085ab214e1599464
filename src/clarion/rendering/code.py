# SPDX-License-Identifier: Apache-2.0
"""What compiling makes of a template, as operations, and Python source made of those.

Only `repr` of plain values, numbered constants and names of our own making get into the source.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from clarion.rendering.runtime import LONGEST, NAMES

_PLAIN = frozenset({str, int, bool, type(None)})
_LONGEST_REPR = 200
_MANY = 50  # holes
_MOST_REMEMBERED = 32  # holes of one text


@dataclass(slots=True)
class Fixed:
    """Text that is the same for everybody."""

    text: str


@dataclass(slots=True)
class Hole:
    """An expression whose text is written. `is_text`: it is a string for sure. `plain`: it may not hold a ``<``.

    `linking`: what it holds of links is to be tracked. `of`: the attribute that alone decides its text.
    """

    code: str
    is_text: bool = False
    plain: bool = False
    is_safe: bool = False  # of letters and digits that no encoding changes
    linking: bool = False
    of: str = ""


@dataclass(slots=True)
class Ready:
    """An expression of text that is encoded already."""

    code: str


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


Op = Fixed | Hole | Ready | Line | Choice | Loop | Capture
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

    def function(self, filter_name: str, func: object) -> str:
        """The name of a filter's function; chance is told by its name."""
        name = f"{'x' if filter_name == 'random' else 'f'}_{filter_name}"
        self.values[name] = func
        return name


@dataclass(frozen=True, slots=True)
class Writing:
    """How the pieces of a text are encoded: once for what is fixed, per message for what is not."""

    fixed: Callable[[str], str]
    hole: Callable[[Hole], str]  # of an expression that gives text, the one that gives its encoding
    names: dict[str, object] = field(default_factory=dict)
    encoded: Callable[[str], str] = str  # of the expression of a text; no encoding may hide a ``<``

    def linked(self, made: str, op: Hole) -> str:
        """The expression for a hole with links; `made` gives it as it is, and nearly always that will do."""
        name = made if made.isidentifier() else "z"
        value = made if made.isidentifier() else f"(z := {made})"
        again = self.encoded(f"tracked_value({text_of(op)}, delivery_id)")
        return f"({name} if '<' not in {value} else {again})"


def text_of(hole: Hole) -> str:
    """The expression for the text of a hole."""
    code = hole.code if hole.is_text else f"text({hole.code})"
    return f"plain({code})" if hole.plain else code


PLAIN = Writing(lambda text: text, text_of)


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
    parameters: Sequence[str], ops: Ops, writing: Writing, constants: Constants, *, longest: int = LONGEST
) -> Callable[..., str]:
    """A function that writes a text of at most `longest` characters; `customer` is one of its parameters.

    Raises SyntaxError or RecursionError when it is nested too deeply for Python.
    """
    source = _Source(constants, ops, writing)
    source.line(0, f"def write({', '.join(parameters)}):")
    source.line(1, "n = 0; s = 0; g = 0")
    source.line(1, "p = []")
    source.write(ops, 1, "p", writing)
    if sum(isinstance(op, Hole) for op in every(ops)) > _MANY:  # before a text is made of it all
        source.line(1, f"if sum(map(len, p)) > {longest}: over()")
    source.line(1, "r = ''.join(p)")
    source.line(1, f"if len(r) + n > {longest}: over()")
    source.line(1, "return r")
    names: dict[str, Any] = {**NAMES, **constants.values, **writing.names, "__builtins__": {}}
    exec(compile("\n".join([*source.before, *source.lines]), "<template>", "exec"), names)  # noqa: S102 of our own making
    made: Callable[..., str] = names["write"]
    return made


# A temporary variable; a local variable of a template or of a loop; chance, which is another one at each use.
_TEMPORARY = re.compile(r"\bt\d+\b")
_CHANGING = re.compile(r"\bv\d+\b|\bx_|\bnew_uuid\b|\bsmall_random\b")


class _Source:
    """Lines of Python, and those that stand before the function.

    What is written several times for the same person is made once, and what depends on one attribute is remembered.
    """

    def __init__(self, constants: Constants, ops: Ops, writing: Writing) -> None:
        self.lines: list[str] = []
        self.before: list[str] = []
        self._constants = constants
        self._captures = 0
        self._loops = 0
        codes = [_canonical(writing.hole(op)) for op in every(ops) if isinstance(op, Hole)]
        counted = Counter(codes)
        self._repeated = {code for code in counted if code is not None and counted[code] > 1}
        self._made: dict[str, str] = {}
        self._remembered: dict[str, str] = {}

    def line(self, depth: int, text: str) -> None:
        self.lines.append(" " * depth + text)

    def _hole(self, op: Hole, writing: Writing, depth: int) -> str:
        """The expression for a hole: a variable where it is, or will be, needed again."""
        code = writing.hole(op)
        canonical = _canonical(code)
        if op.of and canonical is not None and (op.is_text or code != text_of(op)):
            code = self._of_one(op.of, code, canonical)
        if canonical is None or canonical not in self._repeated:
            return code
        if canonical in self._made:
            return self._made[canonical]
        if depth > 1:  # not reached by everybody
            return code
        name = self._made[canonical] = f"h{len(self._made)}"
        self.line(depth, f"{name} = {code}")
        return name

    def _of_one(self, name: str, code: str, canonical: str) -> str:
        """The expression for what one attribute decides: looked up by its text, made where it is a list or object."""
        if canonical not in self._remembered:
            if len(self._remembered) >= _MOST_REMEMBERED:
                return code
            number = len(self._remembered)
            self._remembered[canonical] = f"m{number}"
            self.before.append(f"w{number} = lambda customer: {code}")
            self.before.append(f"m{number} = remembered(lambda value: w{number}({{{name!r}: value}}))")
        made = self._remembered[canonical]
        as_text = f"{made}[str(u)] if u.__class__ is int else w{made[1:]}(customer)"
        return f"({made}[u] if (u := customer.get({name!r})).__class__ is str else {as_text})"

    def write(self, ops: Ops, depth: int, into: str, writing: Writing) -> None:
        """The statements for `ops`, appending to the list `into`."""
        pieces: list[str] = []

        def flush() -> None:
            if pieces and self._loops:  # counted as they come: encoding too much takes long
                self.line(depth, f"q = ({', '.join(pieces)},)")
                self.line(depth, f"{into} += q; g += sum(map(len, q))")
                self.line(depth, f"if g > {LONGEST}: over()")
            elif pieces:
                self.line(depth, f"{into} += ({', '.join(pieces)},)")
            pieces.clear()

        for op in ops:
            if isinstance(op, Fixed):
                pieces.append(self._constants.code(writing.fixed(op.text)))
            elif isinstance(op, Ready):
                pieces.append(op.code)
            elif isinstance(op, Hole):
                made = self._hole(op, writing, depth)
                pieces.append(writing.linked(made, op) if op.linking else made)
            else:
                flush()
                self._statement(op, depth, into, writing)
        flush()
        if not ops:
            self.line(depth, "pass")

    def _statement(self, op: Line | Choice | Loop | Capture, depth: int, into: str, writing: Writing) -> None:
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
            self._loops += 1
            self.write(op.body, depth + 1, into, writing)
            self._loops -= 1
        else:
            self._captures += 1
            inner = f"c{self._captures}"
            self.line(depth, f"{inner} = []")
            self.write(op.body, depth, inner, PLAIN)
            self.line(depth, f"if sum(map(len, {inner})) > {LONGEST}: over()")
            self.line(depth, f"{op.variable} = ''.join({inner}); n += len({op.variable})")
            self.line(depth, f"if n > {LONGEST}: over()")


def _canonical(code: str) -> str | None:
    """The same for expressions that give the same; None for what is different at each use."""
    return None if _CHANGING.search(code) else _TEMPORARY.sub("t", code)
