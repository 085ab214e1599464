# SPDX-License-Identifier: Apache-2.0
"""Customer.io's tags (contract §13.3). The URLs come from the `Links` of the delivery being rendered."""

import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import ClassVar, TextIO, cast

from liquid import Environment, Expression, RenderContext, Tag, Token, TokenStream
from liquid.ast import Node
from liquid.builtin.expressions import parse_primitive, tokenize
from liquid.exceptions import LiquidError, LiquidSyntaxError
from liquid.token import TOKEN_ASSIGN, TOKEN_COLON, TOKEN_COMMA, TOKEN_EOF, TOKEN_EXPRESSION, TOKEN_TAG

from clarion.domain.errors import RenderError
from clarion.rendering.context import Links, Scope, Template, render_inside
from clarion.rendering.faults import fault, fault_at
from clarion.rendering.syntax import Words
from clarion.rendering.text import shown

Arguments = Mapping[str, Expression]
Writer = Callable[[Scope, Token, Mapping[str, object]], str]


class TextNode(Node):
    """A tag that writes one piece of text."""

    __slots__ = ("arguments", "writer")

    def __init__(self, token: Token, writer: Writer, arguments: Arguments) -> None:
        super().__init__(token)
        self.blank = False
        self.writer = writer
        self.arguments = arguments

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the text; the number of characters written."""
        if not isinstance(context, Scope):
            raise LiquidError(f"{self.token.value} needs a message", token=self.token)
        values = {name: expression.evaluate(context) for name, expression in self.arguments.items()}
        return buffer.write(self.writer(context, self.token, values))

    def expressions(self) -> Iterable[Expression]:
        """The arguments."""
        return self.arguments.values()


class TextTag(Tag):
    """A tag without a block. `accepts` names its arguments; `first` is the one without a name."""

    block = False
    accepts: ClassVar[frozenset[str]] = frozenset()
    first: ClassVar[str] = ""
    required: ClassVar[str] = ""

    def write(self, scope: Scope, token: Token, values: Mapping[str, object]) -> str:
        """The text that stands for the tag."""
        raise NotImplementedError

    def parse(self, stream: TokenStream) -> Node:
        """Read the arguments. Raises LiquidSyntaxError."""
        token = stream.expect(TOKEN_TAG)
        arguments: dict[str, Expression] = {}
        if stream.peek.kind == TOKEN_EXPRESSION:
            next(stream)
            inner = stream.current
            arguments = self._arguments(Words(tokenize(inner.value, parent_token=inner)), token)
        if self.required and self.required not in arguments:
            raise LiquidSyntaxError(f"{self.name}: {self.required} is missing", token=token)
        return TextNode(token, self.write, arguments)

    def _arguments(self, tokens: TokenStream, tag: Token) -> dict[str, Expression]:
        found: dict[str, Expression] = {}
        if self.first and tokens.peek.kind not in (TOKEN_COLON, TOKEN_ASSIGN):
            found[self.first] = parse_primitive(self.env, tokens)
        while tokens.current.kind != TOKEN_EOF:
            if tokens.current.kind == TOKEN_COMMA:
                next(tokens)
                continue
            name = next(tokens)
            if name.value not in self.accepts:
                raise LiquidSyntaxError(f"{self.name}: unknown argument '{name.value}'", token=name)
            if tokens.current.kind not in (TOKEN_COLON, TOKEN_ASSIGN):
                raise LiquidSyntaxError(f"{self.name}: {name.value} has no value", token=name)
            next(tokens)
            if tokens.current.kind == TOKEN_EOF:
                raise LiquidSyntaxError(f"{self.name}: {name.value} has no value", token=tag)
            found[name.value] = parse_primitive(self.env, tokens)
        return found


def _links(scope: Scope, token: Token) -> Links:
    if scope.links is None:
        raise fault_at(f"{token.value} can only be used in a message", scope.part, token)
    return scope.links


def _anchor(scope: Scope, words: str, url: str) -> str:
    if scope.plain:
        return f"{words} ({url})"
    return f'<a href="{escape(url)}" class="untracked">{words}</a>'


class UnsubscribeTag(TextTag):
    """A whole link; in the plain-text part its words and the URL."""

    name = "unsubscribe"

    def write(self, scope: Scope, token: Token, _values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        return _anchor(scope, "Unsubscribe", _links(scope, token).unsubscribe)


class UnsubscribeUrlTag(TextTag):
    """The bare URL."""

    name = "unsubscribe_url"

    def write(self, scope: Scope, token: Token, _values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        return _links(scope, token).unsubscribe


class PreferencesUrlTag(TextTag):
    """The page with a person's subscription preferences."""

    name = "manage_subscription_preferences_url"

    def write(self, scope: Scope, token: Token, _values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        return _links(scope, token).preferences


class ConsentUrlTag(TextTag):
    """The page where a person allows or forbids tracking."""

    name = "tracking_consent_url"

    def write(self, scope: Scope, token: Token, _values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        return _links(scope, token).consent


class ViewInBrowserTag(TextTag):
    """A whole link; in the plain-text part its words and the URL."""

    name = "view_in_browser"

    def write(self, scope: Scope, token: Token, _values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        return _anchor(scope, "View in browser", _links(scope, token).view_in_browser)


class ViewInBrowserUrlTag(TextTag):
    """The bare URL."""

    name = "view_in_browser_url"

    def write(self, scope: Scope, token: Token, _values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        return _links(scope, token).view_in_browser


class SubscriptionTopicNameTag(TextTag):
    """The name of the broadcast's topic, in a language if one is asked for; nothing where it has no topic."""

    name = "subscription_topic_name"
    accepts = frozenset({"lang"})

    def write(self, scope: Scope, token: Token, values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        wanted = shown(values["lang"]) if "lang" in values else ""
        path: list[object] = ["message", "subscription_topic", "names", wanted.lower()]
        found = scope.get(path, token=token, default="") or scope.get(
            ["message", "subscription_topic", "name"], token=token, default=""
        )
        return found if isinstance(found, str) else ""


class CioLinkTag(TextTag):
    """The URL, with the URL parameters of the workspace unless `url_params` is false; an empty one is an error.

    Contract §12.2. They are put in by `rendering.linking`, as is what `track` means in the HTML of a mail.
    """

    name = "cio_link"
    accepts = frozenset({"url", "track", "url_params"})
    first = "url"
    required = "url"

    def write(self, scope: Scope, token: Token, values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        url = shown(values["url"]).strip()
        if not url:
            raise fault_at("cio_link: url can not be blank", scope.part, token)
        return url


class CioLinkIdTag(TextTag):
    """The delivery's id, which identifies every link of the message."""

    name = "cio_link_id"

    def write(self, scope: Scope, _token: Token, _values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        return scope.delivery_id


class GenerateUuidTag(TextTag):
    """A random UUID (version 4), a new one at every use."""

    name = "generate_uuid"

    def write(self, scope: Scope, _token: Token, _values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        scope.once()
        return str(uuid.uuid4())


class RandomTag(TextTag):
    """``{% random N %}``: a whole number from 0 up to and without N."""

    name = "random"
    accepts = frozenset({"max"})
    first = "max"
    required = "max"

    def write(self, scope: Scope, token: Token, values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        try:
            limit = int(shown(values["max"]))
        except ValueError:
            limit = 0
        if limit < 1:
            raise fault_at("random needs a whole number above 0", scope.part, token)
        scope.once()
        return str(random.randrange(limit))  # noqa: S311 not a secret


class RenderLiquidTag(TextTag):
    """``{% render_liquid path %}``: the value is itself Liquid and is rendered with the same names."""

    name = "render_liquid"
    accepts = frozenset({"source"})
    first = "source"
    required = "source"

    def write(self, scope: Scope, token: Token, values: Mapping[str, object]) -> str:
        """See `TextTag`."""
        try:
            template = cast(Template, scope.env.from_string(shown(values["source"])))
            return render_inside(scope, template, part=scope.part)
        except LiquidError as error:
            message = fault(error, scope.part).message
        except RenderError as error:
            message = error.message
        raise fault_at(f"render_liquid: {message}", scope.part, token)


class CountdownTag(TextTag):
    """Refused: it would need a server that draws animated pictures."""

    name = "countdown"

    def parse(self, stream: TokenStream) -> Node:
        """Always raises LiquidSyntaxError."""
        token = stream.expect(TOKEN_TAG)
        raise LiquidSyntaxError("countdown is not offered: Clarion does not make pictures", token=token)


def register(env: Environment) -> None:
    """All tags of contract §13.3 that are not standard Liquid."""
    env.add_tag(UnsubscribeTag)
    env.add_tag(UnsubscribeUrlTag)
    env.add_tag(PreferencesUrlTag)
    env.add_tag(ConsentUrlTag)
    env.add_tag(ViewInBrowserTag)
    env.add_tag(ViewInBrowserUrlTag)
    env.add_tag(SubscriptionTopicNameTag)
    env.add_tag(CioLinkTag)
    env.add_tag(CioLinkIdTag)
    env.add_tag(GenerateUuidTag)
    env.add_tag(RandomTag)
    env.add_tag(RenderLiquidTag)
    env.add_tag(CountdownTag)
