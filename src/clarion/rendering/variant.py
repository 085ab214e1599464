# SPDX-License-Identifier: Apache-2.0
"""The parts of an e-mail compiled for one kind of recipient: those who bring the same keys of their own."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from clarion.rendering.binding import Dynamic, Partly, StaticScope, Unsupported
from clarion.rendering.code import PLAIN, Choice, Constants, Fixed, Hole, Ops, Ready, Writing, function, merged
from clarion.rendering.compiler import Compiler
from clarion.rendering.context import Links, Template
from clarion.rendering.headers import cleaned
from clarion.rendering.preheader import hidden, placed
from clarion.rendering.quoted import QUOTED, ended
from clarion.rendering.remembered import Remembered
from clarion.rendering.runtime import LONGEST
from clarion.rendering.tracking import Tracker, tracked

Write = Callable[..., str]  # of the five parameters
_PARAMETERS = ("customer", "trigger", "delivery_id", "subject", "preheader")


@dataclass(frozen=True, slots=True)
class Part:
    """One text: `text` when it is the same for everybody, else `write`; neither: the interpreter writes it."""

    text: str | None = None
    write: Write | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What is compiled: the templates, and the names that are the same for everybody.

    `whole_person`: some template looks at the person as a whole, so all attributes must be made text before.
    `links`: the URLs of a delivery id. `tracker`: makes links lead through us, if they are to.
    """

    parts: Mapping[str, "str | Template"]
    headers: tuple[tuple[str, "str | Template"], ...]
    snippets: Mapping[str, object]
    plain_snippets: Mapping[str, object]
    campaign: Mapping[str, object]
    message: Mapping[str, object]
    layout: Mapping[str, object]
    whole_person: bool
    links: Callable[[str], Links]
    tracker: Tracker | None = None
    offers_unsubscribe: bool = True


class Variant:
    """The compiled parts.

    `quoted`: text and HTML in quoted-printable between `head`, `middle` and `end`, which are further parameters; None
    where their place is not certain. `never_blank`: whatever the person, there is something to read.
    """

    def __init__(self, source: Source, shared: Mapping[str, object], own: frozenset[str] | None) -> None:
        self._source = source
        self._constants = Constants()
        self._constants.values["hidden"] = Remembered(hidden)
        self._trigger: object = Dynamic("trigger")
        if own:
            codes = {key: f"trigger[{key!r}]" for key in own}
            self._trigger = Partly(shared, codes, f"{{**{self._constants.code(shared)}, **trigger}}")
        elif own is not None:
            self._trigger = shared
        self._known = dict(source.message)
        self._codes: dict[str, str] = {}
        self.parts: dict[str, Part] = {}
        self.quoted: Write | None = None
        self._line("subject")
        self._line("preheader")
        self._texts()
        for part in ("from", "reply_to", "recipient", "cc", "bcc"):
            self.parts[part] = self._part(self._ops(part, source.parts[part]))
        self.headers = [(name, self._part(self._ops(f"headers.{name}", value))) for name, value in source.headers]

    def _line(self, part: str) -> None:
        """A part of one line, which the templates after it can read as ``message.<part>``."""
        made = self._part(self._ops(part, self._source.parts[part]))
        if made.text is None:
            self._codes[part] = part
        else:
            made = Part(cleaned(made.text))
            self._known[part] = made.text
        self.parts[part] = made

    def _texts(self) -> None:
        parts = self._source.parts
        body, plain = self._ops("body", parts["body"]), self._ops("plain", parts["plain"])
        never_blank = [ops is not None and _is_never_blank(ops) for ops in (body, plain)]
        self.never_blank = any(never_blank)
        preheader = self.parts["preheader"].text
        element: Fixed | Hole | None = None
        if preheader != "":
            element = Hole("hidden[preheader]", is_text=True) if preheader is None else Fixed(hidden(preheader))
        if body is not None:
            body = self._finished(body, element, never_blank=never_blank[0])
        self.parts["body"], self.parts["plain"] = self._part(body), self._part(plain)
        if body is not None and plain is not None and all(never_blank):
            with suppress(Unsupported):
                ops = [Ready("head"), *ended(plain), Ready("middle"), *ended(body), Ready("end")]
                self.quoted = self._function(ops, QUOTED, "head", "middle", "end", longest=2 * LONGEST)

    def _finished(self, body: Ops, preheader: Fixed | Hole | None, *, never_blank: bool) -> Ops | None:
        """The body with the preheader, its links and the pixel; None: the interpreter writes it."""
        tracker = self._source.tracker
        try:
            made = body if preheader is None else merged(placed(body, preheader))
            if tracker is not None and body:
                if not never_blank:
                    raise Unsupported("a blank mail has no pixel")
                made = merged(tracked(made, tracker, self._constants, preheader))
        except Unsupported:
            return None
        return made

    def _ops(self, part: str, template: "str | Template") -> Ops | None:
        """The operations; None: the interpreter writes this part."""
        if isinstance(template, str):
            return [Fixed(template)] if template else []
        source = self._source
        message: object = self._known
        if self._codes:
            added = "".join(f", {name!r}: {code}" for name, code in self._codes.items())
            message = Partly(self._known, dict(self._codes), f"{{**{self._constants.code(dict(self._known))}{added}}}")
        names: dict[str, object] = {
            "customer": Dynamic("customer", attributes=not source.whole_person),
            "trigger": self._trigger,
            "snippets": source.plain_snippets if part == "plain" else source.snippets,
            "campaign": source.campaign,
            "layout": source.layout,
            "message": message if self._codes else dict(self._known),
            "delivery_id": Dynamic("delivery_id"),
        }
        scope = StaticScope(template, names=names, part=part)
        try:
            return merged(Compiler(scope, self._constants, source.links).compile(template))
        except (Unsupported, RecursionError):
            return None

    def _part(self, ops: Ops | None) -> Part:
        if ops is None:
            return Part()
        if all(isinstance(op, Fixed) for op in ops):
            return Part("".join(op.text for op in ops if isinstance(op, Fixed)))
        return Part(write=self._function(ops, PLAIN))

    def _function(self, ops: Ops, writing: Writing, *more: str, longest: int = LONGEST) -> Write | None:
        try:
            return function((*_PARAMETERS, *more), ops, writing, self._constants, longest=longest)
        except (Unsupported, SyntaxError, RecursionError, MemoryError):
            return None  # nested too deeply for Python


def _is_never_blank(ops: Ops) -> bool:
    return any(
        (isinstance(op, Fixed) and op.text.strip())
        or (isinstance(op, Choice) and _is_never_blank(op.then) and _is_never_blank(op.other))
        for op in ops
    )
