# SPDX-License-Identifier: Apache-2.0
"""What a template sees while it renders: names, links, and the budget it may use.

A missing attribute of something that exists is an error, an unknown root name is nothing (contract §13.5).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any, TextIO, cast

from liquid import BoundTemplate, FalsyStrictUndefined, RenderContext, Token, Undefined
from liquid.exceptions import LiquidError, LiquidInterrupt, OutputStreamLimitError, UndefinedError
from liquid.undefined import UNDEFINED
from liquid.utils import ReadOnlyChainMap

from clarion.domain.errors import RenderError
from clarion.rendering.faults import fault, fault_at

OUTPUT_LIMIT = 4_000_000  # characters one part may write, captures and snippets included
SNIPPET_LIMIT = 500  # snippets one part may render
DEPTH_LIMIT = 8  # snippets or `render_liquid` inside each other

# What a filter or tag can raise on odd values besides LiquidError; anything else is a bug and stays one.
ODD_VALUES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip

_ABSENT = object()
_QUOTE = re.compile(r'\\.|"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Links:
    """The absolute URLs of one delivery."""

    unsubscribe: str
    preferences: str
    consent: str
    view_in_browser: str


class Missing(FalsyStrictUndefined):
    """An attribute that is not there: false in conditions, replaced by `default`, otherwise an error."""

    __slots__ = ()

    def failure(self) -> UndefinedError:
        """The exception that using it means."""
        return UndefinedError(self.msg, token=self.token)

    allowed_properties = FalsyStrictUndefined.allowed_properties | {"failure"}


class Budget:
    """What is left to one part of one message; shared with its snippets."""

    __slots__ = ("characters", "snippets")

    def __init__(self) -> None:
        self.characters = OUTPUT_LIMIT
        self.snippets = SNIPPET_LIMIT


class Output(StringIO):
    """A buffer that takes what it writes from a budget."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget
        self._pieces: list[str] = []

    def write(self, text: str, /) -> int:
        """Append `text`. Raises OutputStreamLimitError when the budget is used up."""
        budget = self._budget
        budget.characters -= len(text)
        if budget.characters < 0:
            raise OutputStreamLimitError(f"The text is too long: more than {OUTPUT_LIMIT} characters", token=None)
        self._pieces.append(text)
        return len(text)

    def getvalue(self) -> str:
        """Everything written."""
        return "".join(self._pieces)


class JsonOutput(Output):
    """The text of a JSON document in which whatever an output shows stays one value, or stays inside its string."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self._in_string = False

    def write(self, text: str, /) -> int:
        """Append what the template's author wrote. Raises OutputStreamLimitError when the budget is used up."""
        for found in _QUOTE.finditer(text):
            if found[0] == '"':
                self._in_string = not self._in_string
        return super().write(text)

    def show(self, text: str) -> int:
        """Append what an output shows: escaped inside a string, quoted elsewhere unless it is JSON by itself."""
        if self._in_string:
            return super().write(json.dumps(text, ensure_ascii=False)[1:-1])
        try:
            json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            text = json.dumps(text, ensure_ascii=False)
        return super().write(text)


class Scope(RenderContext):
    """The render context of one part of one message."""

    __slots__ = ("budget", "delivery_id", "depth", "links", "part", "plain")

    def __init__(
        self,
        template: BoundTemplate,
        *,
        names: Mapping[str, object],
        part: str,
        links: Links | None = None,
        delivery_id: str = "",
        budget: Budget | None = None,
        depth: int = 0,
        plain: bool = False,
    ) -> None:
        super().__init__(template, globals=names)
        # Without python-liquid's `now` and `today`, which are in the host's time zone.
        self.scope = ReadOnlyChainMap(self.locals, names, self.counters)
        snippets = names.get("snippets")
        if isinstance(snippets, Snippets):
            self.scope.push({"snippets": snippets.bound(self)})
        self.part = part
        self.plain = plain or part == "plain"
        self.links = links
        self.delivery_id = delivery_id
        self.budget = budget or Budget()
        self.depth = depth

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """The value at `path`; `Missing` below something that exists, plain Undefined for an unknown root."""
        root = path[0]
        try:
            value = self.scope[cast(str, root)]
        except (KeyError, TypeError):
            return Undefined(str(root), token=token) if default is UNDEFINED else default
        for position in range(1, len(path)):
            segment = path[position]
            try:
                if type(value) is dict:
                    found = value.get(segment, _ABSENT)
                    value = self.get_item(value, segment) if found is _ABSENT else found
                else:
                    value = self.get_item(value, segment)
            except (KeyError, TypeError, IndexError):
                if default is not UNDEFINED:
                    return default
                name = dotted(path[: position + 1])
                return Missing(str(root), token=token, hint=f"Variable '{name}' is missing")
        return value

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:  # noqa: ARG002 the budget is shared anyway
        """A buffer for `capture` and the like."""
        return Output(self.budget)

    def once(self) -> None:
        """To be called by what is different at every use, such as chance."""

    def take_snippet(self, part: str) -> None:
        """One more text inside this one. Raises RenderError when they are nested too deeply or are too many."""
        if self.depth >= DEPTH_LIMIT:
            raise RenderError(f"Snippets are nested more than {DEPTH_LIMIT} deep; does one include itself?", part=part)
        self.budget.snippets -= 1
        if self.budget.snippets < 0:
            raise RenderError(f"More than {SNIPPET_LIMIT} snippets in one text", part=part)

    def inside(self, template: BoundTemplate, *, part: str) -> "Scope":
        """A scope for text rendered inside this one: same names, own locals, same budget. Raises RenderError."""
        self.take_snippet(part)
        return Scope(
            template,
            names=self.globals,
            part=part,
            links=self.links,
            delivery_id=self.delivery_id,
            budget=self.budget,
            depth=self.depth + 1,
            plain=self.plain,
        )


class Template(BoundTemplate):
    """A parsed template that renders in a `Scope` and raises nothing but `RenderError`."""

    def render_in(self, scope: Scope, buffer: Output | None = None) -> str:
        """The text. Raises RenderError with the place of the fault."""
        buffer = buffer or Output(scope.budget)
        for node in self.nodes:
            try:
                node.render(scope, buffer)
            except LiquidInterrupt as stop:
                raise fault_at(f"'{stop}' outside of a loop", scope.part, node.token) from None
            except LiquidError as error:
                error.token = error.token or node.token
                raise fault(error, scope.part) from error
            except ODD_VALUES as error:
                raise fault_at(f"A value does not fit: {error}", scope.part, node.token) from error
        return buffer.getvalue()


class Snippets(Mapping[str, object]):
    """The object behind ``snippets.<name>``: each look-up renders the snippet with its own locals.

    A snippet that did not compile raises its error when it is used. It must be bound to a scope, because
    what a snippet says depends on the person.
    """

    __slots__ = ("_scope", "_templates")

    def __init__(self, templates: Mapping[str, Template | RenderError], scope: "Scope | None" = None) -> None:
        self._templates = templates
        self._scope = scope

    def bound(self, scope: Scope) -> "Snippets":
        """The same snippets for the names and the budget of `scope`."""
        return Snippets(self._templates, scope)

    def template(self, name: str) -> Template:
        """The snippet's template. Raises RenderError when it did not compile, KeyError when there is none."""
        template = self._templates[name]
        if isinstance(template, RenderError):
            raise template
        return template

    def templates(self) -> list[Template]:
        """All that compiled."""
        return [template for template in self._templates.values() if isinstance(template, Template)]

    def __getitem__(self, name: str) -> str:
        template = self.template(name)
        if self._scope is None:
            raise KeyError(name)
        return render_inside(self._scope, template, part=f"snippets.{name}")

    def __contains__(self, name: object) -> bool:
        return name in self._templates

    def __iter__(self) -> Any:
        return iter(self._templates)

    def __len__(self) -> int:
        return len(self._templates)


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is not JSON")


def render_inside(scope: Scope, template: Template, *, part: str) -> str:
    """Render `template` with the names of `scope` and fresh locals. Raises RenderError."""
    return template.render_in(scope.inside(template, part=part))


def dotted(path: list[object]) -> str:
    """A path as people write it: ``customer.first_name``, ``trigger.items[0]``, ``customer["odd name"]``."""
    text = str(path[0])
    for segment in path[1:]:
        if isinstance(segment, str):
            text += f".{segment}" if segment.replace("-", "_").isidentifier() else f'["{segment}"]'
        else:
            text += f"[{segment}]"
    return text
