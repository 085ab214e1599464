# SPDX-License-Identifier: Apache-2.0
"""Expressions of templates as Python expressions, or as the values that they have for everybody."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from liquid import Expression
from liquid.builtin.expressions import BooleanExpression, Filter, FilteredExpression, KeywordArgument, Path
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GtExpression,
    LogicalAndExpression,
    LogicalNotExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError
from liquid.undefined import Undefined

from clarion.domain.errors import RenderError
from clarion.rendering.binding import OF_ALL_OBJECTS, Dynamic, NotStatic, Partly, StaticScope, Unsupported, is_lasting
from clarion.rendering.code import Constants
from clarion.rendering.context import ODD_VALUES, Missing, Snippets, Template
from clarion.rendering.environment import STRING_LIMIT
from clarion.rendering.syntax import BlankTest, OrderTest, RangeEnd

_ERRORS = (LiquidError, RenderError, *ODD_VALUES)
_FORLOOP = {
    "index": "({0} + 1)",
    "index0": "{0}",
    "rindex": "({1} - {0})",
    "rindex0": "({1} - {0} - 1)",
    "first": "({0} == 0)",
    "last": "({0} == {1} - 1)",
    "length": "{1}",
}
# Filters whose result is text, and never longer than what they get but by a few times.
_TEXT_FILTERS = frozenset({
    "append", "capitalize", "currency", "downcase", "escape", "escape_once", "format_number", "join", "json", "lstrip",
    "md5", "prepend", "remove", "replace", "rstrip", "sha1", "sha256", "slugify", "strip", "strip_html",
    "strip_newlines", "titlecase", "truncate", "truncatewords", "upcase", "url_encode", "xml_escape",
})  # fmt: skip

# Filters that are a method of a string; python-liquid's own function for anything else.
_METHODS = {"capitalize": "capitalize", "downcase": "lower", "strip": "strip", "upcase": "upper"}


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression gives: `code` is Python; `known` with `constant` when it is the same for everybody."""

    code: str
    known: bool = False
    constant: Any = None
    missing: bool = False  # it may be `Missing`
    is_text: bool = False
    is_true: bool = False  # it is True or False
    is_safe: bool = False
    of: str = ""  # the attribute that alone decides it, as text too: 5 and "5" give the same


class Expressions:
    """Compiles expressions with the names of `scope`."""

    def __init__(self, scope: StaticScope, constants: Constants) -> None:
        self.scope = scope
        self.constants = constants
        self._numbers = 0

    def fresh(self) -> str:
        """A new variable."""
        self._numbers += 1
        return f"v{self._numbers}"

    def temporary(self) -> str:
        """A new variable that lives in one expression."""
        self._numbers += 1
        return f"t{self._numbers}"

    def captured(self, template: Template) -> Value:
        """The text of a snippet."""
        raise NotImplementedError

    def known(self, value: object) -> Value:
        """A value that is the same for everybody."""
        missing, is_text = isinstance(value, Missing), type(value) is str
        return Value(self.constants.code(value), known=True, constant=value, missing=missing, is_text=is_text)

    def value(self, expression: Expression, *, needed: bool = False) -> Value:
        """An expression. `needed`: one that is missing is an error in any case, so looking it up may fail.

        Raises what evaluating it raises, or Unsupported.
        """
        try:
            with self.scope.attempt():
                return self.known(expression.evaluate(self.scope))
        except NotStatic:
            pass
        if isinstance(expression, FilteredExpression):
            return self._filtered(expression, needed=needed)
        if isinstance(expression, Path):
            return self._path(expression, needed=needed)
        if isinstance(expression, RangeLiteral):
            stop = expression.stop.stop if isinstance(expression.stop, RangeEnd) else expression.stop
            start, end = self.value(expression.start, needed=True), self.value(stop, needed=True)
            return Value(f"range_of({start.code}, {end.code})")
        return self._logic(expression)

    def truth(self, expression: Expression) -> Value:
        """Whether an expression counts as true."""
        if isinstance(expression, BooleanExpression):
            return self.truth(expression.expression)
        try:
            value = self.value(expression)
        except _ERRORS:
            # What fails may still stand behind an `and` that is never true; the interpreter knows.
            return Value("over()", is_true=True)
        if value.known:
            constant = not (value.constant is None or value.constant is False or isinstance(value.constant, Undefined))
            return Value(repr(constant), known=True, constant=constant, is_true=True)
        return value if value.is_true else Value(f"is_true({value.code})", is_true=True)

    # -- conditions --------------------------------------------------------------------------------------------------

    def _logic(self, expression: Expression) -> Value:
        code = self._comparison(expression)
        if code is None:
            if isinstance(expression, LogicalAndExpression):
                code = f"({self.truth(expression.left).code} and {self.truth(expression.right).code})"
            elif isinstance(expression, LogicalOrExpression):
                code = f"({self.truth(expression.left).code} or {self.truth(expression.right).code})"
            elif isinstance(expression, LogicalNotExpression):
                code = f"(not {self.truth(expression.right).code})"
            elif isinstance(expression, BooleanExpression):
                code = self.truth(expression).code
            else:
                raise Unsupported(type(expression).__name__)
        return Value(code, is_true=True)

    def _comparison(self, expression: Expression) -> str | None:
        if isinstance(expression, EqExpression):
            return self._equality(expression.left, expression.right)
        if isinstance(expression, NeExpression):
            return f"(not {self._equality(expression.left, expression.right)})"
        if isinstance(expression, LtExpression):
            return f"less(None, {self.value(expression.left).code}, {self.value(expression.right).code})"
        if isinstance(expression, GtExpression):
            return f"less(None, {self.value(expression.right).code}, {self.value(expression.left).code})"
        if isinstance(expression, ContainsExpression):
            return f"has(None, {self.value(expression.left).code}, {self.value(expression.right).code})"
        if isinstance(expression, BlankTest):
            test = f"is_blank({self.value(expression.value).code})"
            return f"(not {test})" if expression.negated else test
        if isinstance(expression, OrderTest):
            return f"in_order({self.value(expression.low).code}, {self.value(expression.high).code})"
        return None

    def _equality(self, left: Expression, right: Expression) -> str:
        return self._equal(self.value(left), self.value(right))

    def _equal(self, left: Value, right: Value) -> str:
        for one, other in ((left, right), (right, left)):
            if one.known and type(one.constant) is str and not other.known:
                return f"({other.code} == {one.code})"
        return f"equal({left.code}, {right.code})"

    def matches(self, code: str, expressions: list[Expression]) -> str:
        """Whether a `case` value is one of those of a `when`. Raises Unsupported when it may be so twice."""
        values = [self.value(expression) for expression in expressions]
        texts = [value.constant for value in values if value.known and type(value.constant) is str]
        if len(values) > 1 and (len(texts) != len(values) or len(set(texts)) != len(texts)):
            raise Unsupported("when with several values")
        return " or ".join(f"equal({code}, {value.code})" for value in values)

    # -- paths -------------------------------------------------------------------------------------------------------

    def snippet_of(self, expression: Expression) -> Template | None:
        """The snippet that an expression is, when it is nothing else."""
        if isinstance(expression, FilteredExpression):
            if expression.filters:
                return None
            expression = expression.left
        if not isinstance(expression, Path) or len(expression.path) != 2 or expression.path[0] != "snippets":
            return None
        try:
            snippets = self.scope.scope["snippets"]
        except KeyError:
            return None
        name = expression.path[1]
        if not isinstance(snippets, Snippets) or not isinstance(name, str) or name not in snippets:
            return None
        return snippets.template(name)

    def _path(self, path: Path, *, needed: bool) -> Value:
        root = path.path[0]
        if not isinstance(root, str):
            raise Unsupported("a computed name")
        snippet = self.snippet_of(path)
        if snippet is not None:
            return self.captured(snippet)
        try:
            value = self.scope.scope[root]
        except KeyError:
            return self.known(Undefined(root, token=path.token))
        rest: list[object] = list(path.path[1:])
        if isinstance(value, Dynamic):
            return self._dynamic(path, root, value, rest, needed=needed)
        if isinstance(value, Partly):
            if rest and isinstance(rest[0], str) and rest[0] in value.codes:
                return self._below(path, root, value.codes[rest[0]], rest[1:], needed=needed)
            return self._below(path, root, value.whole, rest, needed=needed)
        if root == "snippets":
            raise Unsupported("a computed snippet")
        return self._below(path, root, self.constants.code(value), rest, needed=needed)

    def _dynamic(self, path: Path, root: str, name: Dynamic, rest: list[object], *, needed: bool) -> Value:
        if name.loop:
            word = rest[0] if len(rest) == 1 else None
            if word == "name":
                return self.known(name.loop_name)
            if word not in _FORLOOP:
                raise Unsupported("forloop")
            code = _FORLOOP[str(word)].format(*name.loop.split())
            return Value(code, is_true=word in {"first", "last"})
        if name.attributes:
            if not rest or not isinstance(rest[0], str) or rest[0] in OF_ALL_OBJECTS:
                raise Unsupported("the whole person")
            return self._attribute(path, root, name.code, rest, needed=needed)
        code = name.code
        if name.absent:
            nothing = self.constants.code(Undefined(root, token=path.token))
            if rest:
                inner = self._below(path, root, code, rest, needed=False).code
                return Value(f"({nothing} if {code} is ABSENT else {inner})", missing=True)
            return Value(f"({nothing} if {code} is ABSENT else {code})", missing=name.missing)
        return self._below(path, root, code, rest, needed=needed, missing=name.missing)

    def _attribute(self, path: Path, root: str, code: str, rest: list[object], *, needed: bool) -> Value:
        key = repr(rest[0])
        if needed or len(rest) > 1:
            variable = self.temporary()
            found = (
                f"({variable} if ({variable} := {code}[{key}]).__class__ is str and {variable} else attr({variable}))"
            )
            if len(rest) == 1:
                return Value(found, of=str(rest[0]))
            if needed:
                return self._below(path, root, found, rest[1:], needed=True)
            missing = self._missing(path, root)
            inner = self._below(path, root, f"attr({code}[{key}])", rest[1:], needed=False)
            return Value(f"({inner.code} if {key} in {code} else {missing})", missing=True)
        variable, missing = self.temporary(), self._missing(path, root)
        usual = f"{variable} if ({variable} := {code}.get({key})).__class__ is str and {variable}"
        return Value(f"({usual} else attr_or({code}, {key}, {missing}))", missing=True, of=str(rest[0]))

    def _missing(self, path: Path, root: str) -> str:
        return self.constants.code(Missing(root, token=path.token, hint=f"Variable '{path}' is missing"))

    def _below(
        self, path: Path, root: str, code: str, rest: list[object], *, needed: bool, missing: bool = False
    ) -> Value:
        if not rest:
            return Value(code, missing=missing, is_safe=code == "delivery_id", is_text=code == "delivery_id")
        keys = ", ".join(self.value(key).code if isinstance(key, Path) else repr(key) for key in rest)
        if needed:
            return Value(f"item({code}, {keys})")
        return Value(f"item_or({self._missing(path, root)}, {code}, {keys})", missing=True)

    # -- filters -----------------------------------------------------------------------------------------------------

    def _filtered(self, expression: FilteredExpression, *, needed: bool) -> Value:
        filters = list(expression.filters or ())
        first_needs = bool(filters) and filters[0].name != "default"
        snippet = self.snippet_of(expression.left)
        if snippet is not None:
            value = self.captured(snippet)
        else:
            value = self.value(expression.left, needed=first_needs or (needed and not filters))
        for index, each in enumerate(filters):
            value = self._filter(value, each)
            if not is_lasting(each.name, [earlier.name for earlier in filters[:index]]):
                value = replace(value, of="")
        return value

    def _filter(self, value: Value, used: Filter) -> Value:
        guarded: Any = self.scope.env.filters[used.name]
        if getattr(guarded, "with_context", False):
            raise Unsupported(f"filter {used.name}")
        func: Any = guarded.__wrapped__
        if getattr(guarded, "with_environment", False):
            func = partial(func, environment=self.scope.env)
        lenient = used.name == "default"
        codes = [value.code if lenient or not value.missing else f"need({value.code})"]
        missing = lenient and value.missing
        of = value.of
        for argument in used.args:
            given = self.value(argument.value, needed=not lenient and not isinstance(argument, KeywordArgument))
            of = of if given.known else ""
            if isinstance(argument, KeywordArgument):
                if not argument.name.isidentifier():
                    raise Unsupported("an odd name of an argument")
                codes.append(f"**{{{argument.name!r}: {given.code}}}")
                continue
            missing = missing or (lenient and given.missing)
            codes.append(given.code if lenient or not given.missing else f"need({given.code})")
        name = self.constants.function(used.name, func)
        call = f"{name}({', '.join(codes)})"
        variable = self.temporary()
        if used.name in _METHODS and len(codes) == 1:
            word = self.temporary()
            method = f"{word}.{_METHODS[used.name]}()"
            call = f"({method} if ({word} := {codes[0]}).__class__ is str else {name}({word}))"
        if used.name in _TEXT_FILTERS:
            return Value(
                f"({variable} if len({variable} := {call}) <= {STRING_LIMIT} else over())", is_text=True, of=of
            )
        tested = f"({variable} := {call}).__class__ is not str or len({variable}) <= {STRING_LIMIT}"
        return Value(f"({variable} if {tested} else over())", missing=missing, of=of)
