# SPDX-License-Identifier: Apache-2.0
"""Walks parsed templates: which filters and names they use, and the few expressions we evaluate differently.

Expressions of python-liquid that are replaced after parsing: comparisons with `blank` (also true for what is
missing, contract §13.5), `<=` and `>=` between text and numbers (an error, §13.5), and ranges (bounded).
"""

from collections.abc import Iterable, Iterator
from typing import cast

from liquid import BoundTemplate, Expression, RenderContext, Token, TokenStream
from liquid.ast import Node
from liquid.builtin.expressions import (
    BooleanExpression,
    Filter,
    FilteredExpression,
    Path,
    is_empty,
)
from liquid.builtin.expressions.logical import (
    EqExpression,
    GeExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import Blank, RangeLiteral
from liquid.exceptions import LiquidTypeError, ResourceLimitError
from liquid.token import TOKEN_DOT, TOKEN_PIPE, TOKEN_WORD
from liquid.undefined import is_undefined

from clarion.rendering.faults import COMPARED

RANGE_LIMIT = 10_000  # numbers in one range


class BlankTest(Expression):
    """``x == blank``: missing, nil, false, empty or only whitespace (contract §13.5)."""

    __slots__ = ("negated", "value")

    def __init__(self, token: Token, value: Expression, *, negated: bool) -> None:
        super().__init__(token)
        self.value = value
        self.negated = negated

    def evaluate(self, context: RenderContext) -> bool:
        """Whether the value is blank, or is not when negated."""
        return is_blank(self.value.evaluate(context)) != self.negated

    def children(self) -> Iterable[Expression]:
        """The expression that is tested."""
        return [self.value]


class OrderTest(Expression):
    """``a <= b`` (swapped for ``>=``), an error between text and a number as ``<`` is."""

    __slots__ = ("high", "low")

    def __init__(self, token: Token, low: Expression, high: Expression) -> None:
        super().__init__(token)
        self.low = low
        self.high = high

    def evaluate(self, context: RenderContext) -> bool:
        """Whether low <= high; false when one is missing. Raises LiquidTypeError for text with a number."""
        return is_in_order(self.low.evaluate(context), self.high.evaluate(context), self.token)

    def children(self) -> Iterable[Expression]:
        """Both sides."""
        return [self.low, self.high]


class RangeEnd(Expression):
    """The upper end of a range; refuses when the range would be longer than `RANGE_LIMIT`."""

    __slots__ = ("start", "stop")

    def __init__(self, token: Token, start: Expression, stop: Expression) -> None:
        super().__init__(token)
        self.start = start
        self.stop = stop

    def evaluate(self, context: RenderContext) -> int:
        """The number. Raises ResourceLimitError."""
        start, stop = _whole(self.start.evaluate(context)), _whole(self.stop.evaluate(context))
        if stop - start >= RANGE_LIMIT:
            raise ResourceLimitError(f"A range has more than {RANGE_LIMIT} numbers", token=self.token)
        return stop

    def __str__(self) -> str:
        return str(self.stop)

    def children(self) -> Iterable[Expression]:
        """The end; the start is a child of the range itself."""
        return [self.stop]


class Words(TokenStream):
    """Tokens in which a keyword after a dot or a pipe is a plain name: ``customer.limit``, ``| contains``."""

    def __init__(self, tokens: Iterable[Token], block_depth_carry: int = 0) -> None:
        super().__init__(_worded(tokens), block_depth_carry)

    def into_inner(self, *, tag: Token | None = None, eat: bool = True) -> "Words":
        """The tokens of the expression that comes next."""
        return Words(iter(super().into_inner(tag=tag, eat=eat).tokens))


def _worded(tokens: Iterable[Token]) -> Iterator[Token]:
    before = ""
    for token in tokens:
        if before in (TOKEN_DOT, TOKEN_PIPE) and token.kind == token.value:
            token = token._replace(kind=TOKEN_WORD)  # noqa: PLW2901 the same token under another kind
        yield token
        before = token.kind


class FixedPath(Path):
    """A path of fixed names: the usual case, without python-liquid's look at every segment."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        """The value."""
        return context.get(cast(list[object], self.path), token=self.token)


def harden(expression: Expression) -> None:
    """Put our expressions in the place of python-liquid's, everywhere below `expression`."""
    if isinstance(expression, FilteredExpression):
        left = expression.left
        if type(left) is Path and not left.children():
            expression.left = FixedPath(left.token, left.path)
    elif isinstance(expression, RangeLiteral):
        if not isinstance(expression.stop, RangeEnd):
            expression.stop = RangeEnd(expression.token, expression.start, expression.stop)
    elif isinstance(expression, BooleanExpression):
        expression.expression = _ours(expression.expression)
    elif isinstance(expression, LogicalAndExpression | LogicalOrExpression):
        expression.left = _ours(expression.left)
        expression.right = _ours(expression.right)
    for child in expression.children():
        harden(child)


def expressions_of(template: BoundTemplate) -> Iterator[Expression]:
    """All expressions of the tags and outputs of a template, without those inside other expressions."""
    static = RenderContext(template)
    pending: list[Node] = list(template.nodes)
    while pending:
        node = pending.pop()
        yield from node.expressions()
        pending.extend(node.children(static, include_partials=False))


def below(expression: Expression) -> Iterator[Expression]:
    """The expression and everything inside it."""
    yield expression
    for child in expression.children():
        yield from below(child)


def filters_of(template: BoundTemplate) -> Iterator[Filter]:
    """Every use of a filter."""
    for outer in expressions_of(template):
        for expression in below(outer):
            if isinstance(expression, FilteredExpression):
                yield from expression.filters or ()


def paths_below(template: BoundTemplate, root: str) -> Iterator[tuple[Path, str | None]]:
    """Every path that starts with `root`, and its second segment when that is a fixed name."""
    for outer in expressions_of(template):
        for expression in below(outer):
            if isinstance(expression, Path) and expression.path[0] == root:
                second = expression.path[1] if len(expression.path) > 1 else None
                yield expression, second if isinstance(second, str) else None


def _ours(expression: Expression) -> Expression:
    if isinstance(expression, EqExpression | NeExpression):
        negated = isinstance(expression, NeExpression)
        if isinstance(expression.right, Blank):
            return BlankTest(expression.token, expression.left, negated=negated)
        if isinstance(expression.left, Blank):
            return BlankTest(expression.token, expression.right, negated=negated)
    elif isinstance(expression, LeExpression):
        return OrderTest(expression.token, expression.left, expression.right)
    elif isinstance(expression, GeExpression):
        return OrderTest(expression.token, expression.right, expression.left)
    return expression


def is_in_order(low: object, high: object, token: Token | None = None) -> bool:
    """Whether low <= high; false when one is missing. Raises LiquidTypeError for text with a number."""
    low, high = _plain(low), _plain(high)
    if low is None or high is None or isinstance(low, bool) or isinstance(high, bool):
        return False
    if isinstance(low, str) and isinstance(high, str):
        return low <= high
    if isinstance(low, int | float) and isinstance(high, int | float):
        return low <= high
    if isinstance(low, str | int | float) and isinstance(high, str | int | float):
        raise LiquidTypeError(COMPARED, token=token)
    return bool(low == high)


def is_blank(value: object) -> bool:
    """Whether a value is blank: missing, nil, false, empty or only whitespace (contract §13.5)."""
    if is_undefined(value) or value is None or value is False or isinstance(value, Blank):
        return True
    return is_empty(value) or (isinstance(value, str) and value.isspace())


def _plain(value: object) -> object:
    return None if is_undefined(value) else value


def _whole(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return 0
