# SPDX-License-Identifier: Apache-2.0
"""Tags that differ from message to message, compiled: links around the delivery id, chance, Liquid in values."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from clarion.rendering.binding import Unsupported
from clarion.rendering.code import Fixed, Hole, Ops
from clarion.rendering.context import Links, Scope, Template
from clarion.rendering.tags import (
    CioLinkTag,
    GenerateUuidTag,
    RandomTag,
    RenderLiquidTag,
    SubscriptionTopicNameTag,
    TextNode,
)
from clarion.rendering.text import shown

if TYPE_CHECKING:
    from clarion.rendering.statements import Statements

LinksOf = Callable[[str], Links]
_MARK = "Qm7delivery0id0mark7mQ"  # stands for a delivery id while a tag writes; HTML and URLs leave it as it is


def tag_ops(node: TextNode, compiler: "Statements", links: LinksOf | None) -> Ops:
    """The operations of a tag; they may also be added to `compiler`. Raises Unsupported."""
    tag = getattr(node.writer, "__self__", None)
    if isinstance(tag, CioLinkTag):
        return [Hole(f"link({compiler.value(node.arguments['url'], needed=True).code})", is_text=True)]
    if isinstance(tag, GenerateUuidTag):
        return [Hole("new_uuid()", is_text=True, is_safe=True)]
    if isinstance(tag, RandomTag):
        most = compiler.value(node.arguments["max"])
        if not most.known:
            raise Unsupported("random with a personal limit")
        return [Hole(f"small_random({int(shown(most.constant))})", is_text=True, is_safe=True)]
    if isinstance(tag, RenderLiquidTag):
        source = compiler.value(node.arguments["source"])
        if not source.known:
            raise Unsupported("render_liquid of a personal value")
        compiler.snippet(cast(Template, compiler.scope.env.from_string(shown(source.constant))))
        return []
    if isinstance(tag, SubscriptionTopicNameTag):
        values = {name: compiler.value(expression) for name, expression in node.arguments.items()}
        if not all(value.known for value in values.values()):
            raise Unsupported("subscription_topic_name in a personal language")
        constants = {name: value.constant for name, value in values.items()}
        return [Fixed(node.writer(compiler.scope, node.token, constants))]
    if node.arguments or links is None:
        raise Unsupported(node.token.value)
    return _around_the_id(node, compiler, links)


def _around_the_id(node: TextNode, compiler: "Statements", links: LinksOf) -> Ops:
    """A tag that writes nothing but links and the delivery id."""
    scope = compiler.scope
    made = Scope(
        cast(Template, scope.template),
        names={},
        part=scope.part,
        links=links(_MARK),
        delivery_id=_MARK,
        plain=scope.plain,
    )
    first, *rest = node.writer(made, node.token, {}).split(_MARK)
    ops: Ops = [Fixed(first)]
    for text in rest:
        ops += [Hole("delivery_id", is_text=True, is_safe=True), Fixed(text)]
    return ops
