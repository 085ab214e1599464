# SPDX-License-Identifier: Apache-2.0
"""The Liquid environment ("latest" mode of contract §13.1): limits, tags, filters, errors at compile time."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from inspect import Parameter, Signature, signature
from typing import Any, NoReturn, TextIO, cast

from liquid import BoundTemplate, Environment, RenderContext, Token, TokenStream
from liquid import builtin as standard
from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, tokenize
from liquid.builtin.output import Output as OutputTag
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.exceptions import FilterArgumentError, LiquidError, LiquidSyntaxError, ResourceLimitError
from liquid.parser import get_parser
from liquid.token import TOKEN_EOF, TOKEN_EXPRESSION, TOKEN_OUTPUT, TOKEN_TAG

from clarion.domain.errors import RenderError
from clarion.rendering import filters, tags
from clarion.rendering.context import ODD_VALUES, JsonOutput, Missing, Scope, Template
from clarion.rendering.faults import fault, fault_at, unknown_tag
from clarion.rendering.syntax import Words, expressions_of, filters_of, harden
from clarion.rendering.text import shown, to_json

STRING_LIMIT = 500_000  # characters in the result of one filter
SOURCE_LIMIT = 1_000_000  # characters in one template

_UNCLOSED_LIMIT = 20
_VERBATIM = tuple(
    (name, re.compile(rf"\{{%-?\s*({name})\s*-?%\}}"), re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}"))
    for name in ("raw", "doc")
)
_INNER_TAGS = frozenset({"else", "elsif", "when"})


class ShownNode(OutputNode):
    """An output that shows objects as JSON and dates as dates, where python-liquid shows Python's repr."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value; the number of characters written."""
        value = self.expression.evaluate(context)
        if type(buffer) is JsonOutput:
            return buffer.show(to_json(value) if isinstance(value, list | tuple) else shown(value))
        return buffer.write(value if type(value) is str else shown(value))


class ShownTag(OutputTag):
    """``{{ … }}``."""

    node_class = ShownNode

    def parse(self, stream: TokenStream) -> ShownNode:
        """Read the expression. Raises LiquidSyntaxError."""
        token = stream.eat(TOKEN_OUTPUT)
        inner = stream.expect(TOKEN_EXPRESSION)
        return ShownNode(token, FilteredExpression.parse(self.env, Words(tokenize(inner.value, inner))))


class ShownEchoTag(EchoTag):
    """``{% echo … %}``."""

    node_class = ShownNode  # type: ignore[assignment]


class LiquidEnvironment(Environment):
    """python-liquid with every limit set; never includes other templates."""

    block_nesting_limit = 50
    context_depth_limit = 60
    loop_iteration_limit = 20_000
    local_namespace_limit = 4_000_000  # bytes, as sys.getsizeof counts
    output_stream_limit = 1  # only says "limited": `Scope` brings its own buffers
    template_class = Template

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002 the base class's signature
        """Register everything; `include` and `render` are left out, there is nothing to include from."""
        register(self)

    def add_filter(self, name: str, func: Callable[..., Any]) -> None:
        """Register a filter, guarded against missing values and results without bounds."""
        self.filters[name] = _guarded(name, func)

    def tokenizer(self) -> Callable[[str], Iterator[Token]]:
        """The lexer, which refuses what would make it slow."""
        lexer = super().tokenizer()

        def cut(source: str) -> Iterator[Token]:
            _refuse_unclosed(source)
            return lexer(source)

        return cut

    def _parse(self, source: str) -> list[Node]:
        stream = Words(self.tokenizer()(source))
        try:
            nodes = get_parser(self).parse(stream)
        except LiquidError as error:
            if error.token is None or error.token.start_index < 0:
                if stream.current.kind == TOKEN_EOF and (open_tag := self._open_tag(stream)):
                    error.args = (f"{open_tag.value} tag was never closed",)
                    error.token = open_tag
                elif stream.tokens:
                    error.token = stream.tokens[min(max(stream.pos - 1, 0), len(stream.tokens) - 1)]
            raise
        for expression in expressions_of(BoundTemplate(self, nodes)):
            harden(expression)
        return nodes

    def _open_tag(self, stream: TokenStream) -> Token | None:
        """The innermost block that has no end."""
        open_tags: list[Token] = []
        for token in stream.tokens:
            if token.kind != TOKEN_TAG:
                continue
            tag = self.tags.get(token.value)
            if tag is not None and tag.block and tag.end:
                open_tags.append(token)
            elif open_tags and token.value == self.tags[open_tags[-1].value].end:
                open_tags.pop()
        return open_tags[-1] if open_tags else None

    def unknown_tags(self, source: str) -> Iterator[Token]:
        """Every tag that nobody registered. Raises LiquidError when the text cannot even be cut into tags."""
        ends = {tag.end for tag in self.tags.values() if tag.block}
        for token in self.tokenizer()(source):
            known = token.value in self.tags or token.value in _INNER_TAGS or token.value in ends
            if token.kind == TOKEN_TAG and not known:
                yield token


def register(env: Environment) -> None:
    """All tags and filters of contract §13.3 and §13.4, on top of standard Liquid."""
    standard.register(env)
    del env.tags["include"], env.tags["render"]
    env.add_tag(ShownTag)
    env.add_tag(ShownEchoTag)
    tags.register(env)
    filters.register(env)


@cache
def environment() -> LiquidEnvironment:
    """The one environment of the process; it holds no state of any template."""
    return LiquidEnvironment()


def compile_template(source: str, part: str) -> Template:
    """Parse `source` once for many renders. Raises RenderError: syntax, unknown tag or filter."""
    found, template = inspect(source, part)
    if template is None or found:
        raise found[0]
    return template


def inspect(source: str, part: str) -> tuple[list[RenderError], Template | None]:
    """All problems of a template that can be known before rendering, and the template when it parses."""
    env = environment()
    if len(source) > SOURCE_LIMIT:
        return [RenderError(f"The template has more than {SOURCE_LIMIT} characters", part=part)], None
    try:
        template = cast(Template, env.from_string(source))
    except LiquidError as error:
        return _all_syntax_errors(env, source, part, error), None
    unknown = [
        fault_at(f"Unknown filter '{used.name}'", part, used.token)
        for used in filters_of(template)
        if used.name not in env.filters
    ]
    return sorted(unknown, key=lambda found: (found.line or 0, found.column or 0)), template


def render_text(template: str, *, scope: Mapping[str, object], part: str) -> str:
    """Render one text with the names of `scope`. Raises RenderError."""
    compiled = compile_template(template, part)
    return compiled.render_in(Scope(compiled, names=scope, part=part))


def _all_syntax_errors(env: LiquidEnvironment, source: str, part: str, first: LiquidError) -> list[RenderError]:
    """The parser stops at the first; unknown tags are all told."""
    main = fault(first, part)
    found = {(main.line, main.column): main}
    try:
        for token in env.unknown_tags(source):
            error = fault_at(unknown_tag(token.value), part, token)
            found.setdefault((error.line, error.column), error)
    except LiquidError:
        pass  # the text ends inside a tag; that is what `first` says
    return list(found.values())


def _guarded(name: str, func: Callable[..., Any]) -> Callable[..., Any]:
    takes, strict = signature(func), name != "default"

    @wraps(func)
    def guarded(value: object, *args: object, **options: object) -> object:
        if strict:
            if type(value) is Missing:
                raise value.failure()
            for argument in args:
                if type(argument) is Missing:
                    raise argument.failure()
        try:
            result = func(value, *args, **options)
        except (LiquidError, *ODD_VALUES) as error:
            try:
                takes.bind(value, *args, **options)
            except TypeError:
                raise FilterArgumentError(_misfit(name, takes, len(args), options), token=None) from error
            if isinstance(error, LiquidError):
                raise
            _refuse(name, error)
        if type(result) is str and len(result) > STRING_LIMIT:
            raise ResourceLimitError(f"{name}: the text has more than {STRING_LIMIT} characters", token=None)
        return result

    return guarded


def _misfit(name: str, takes: Signature, given: int, options: Mapping[str, object]) -> str:
    """What is wrong with a filter's arguments, in words of Liquid."""
    known = [*takes.parameters.values()][1:]  # the first is what stands before the pipe
    for option in options:
        if all(option != parameter.name for parameter in known):
            return f"filter '{name}': it has no argument called '{option}'"
    slots = [parameter for parameter in known if parameter.kind is not Parameter.KEYWORD_ONLY]
    least, most = sum(parameter.default is Parameter.empty for parameter in slots), len(slots)
    wanted = str(most) if least == most else f"{least} to {most}"
    return f"filter '{name}': wrong number of arguments (given {given}, expected {wanted})"


def _refuse_unclosed(source: str) -> None:
    """The lexer looks for the end of each `raw` and `doc` up to the end of the text: quadratic without."""
    for name, opening, end in _VERBATIM:
        ends = [found.end() for found in end.finditer(source)]
        unclosed = list(opening.finditer(source, ends[-1] if ends else 0))
        if len(unclosed) > _UNCLOSED_LIMIT:
            token = Token(TOKEN_TAG, name, unclosed[0].start(1), source)
            raise LiquidSyntaxError(f"{name} tag was never closed", token=token)


def _refuse(name: str, error: Exception) -> NoReturn:
    words = str(error) or type(error).__name__
    raise FilterArgumentError(f"{name}: {words}", token=None) from error
