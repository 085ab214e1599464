# SPDX-License-Identifier: Apache-2.0
"""What the compiler asks about the nodes of a template before it compiles them."""

from collections.abc import Iterator
from typing import cast

from liquid import RenderContext
from liquid.ast import Node
from liquid.builtin.expressions.primitive import StringLiteral
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.tablerow_tag import TablerowNode

from clarion.rendering.binding import Unsupported

_STATEFUL = frozenset({"CycleNode", "IncrementNode", "DecrementNode", "IfChangedNode", "TablerowNode"})
_NO_CONTEXT = cast(RenderContext, None)  # only needed for including other templates


def refuse_continued(nodes: list[Node]) -> None:
    """Raises Unsupported for a loop that goes on where another one ended: it needs the interpreter's memory."""
    for node in below_nodes(nodes):
        offset = node.expression.offset if isinstance(node, ForNode | TablerowNode) else None
        if isinstance(offset, StringLiteral) and offset.value == "continue":
            raise Unsupported("offset: continue")


def below_nodes(nodes: list[Node]) -> Iterator[Node]:
    """The nodes and all inside them."""
    for node in nodes:
        yield node
        yield from below_nodes(_children(node))


def assigned_names(nodes: list[Node]) -> list[str]:
    """The names that may be assigned below, each once. Raises Unsupported for tags with a memory."""
    found: dict[str, None] = {}
    for node in below_nodes(nodes):
        if isinstance(node, AssignNode | CaptureNode):
            found[str(node.name)] = None
        elif type(node).__name__ in _STATEFUL:
            raise Unsupported(type(node).__name__)
    return list(found)


def has_interrupts(nodes: list[Node]) -> bool:
    """Whether a `break` or `continue` below belongs to the loop around."""
    for node in nodes:
        if isinstance(node, BreakNode | ContinueNode):
            return True
        if isinstance(node, ForNode):
            if node.default is not None and has_interrupts([node.default]):
                return True
        elif has_interrupts(_children(node)):
            return True
    return False


def _children(node: Node) -> list[Node]:
    return list(node.children(_NO_CONTEXT, include_partials=False))
