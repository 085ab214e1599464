# SPDX-License-Identifier: Apache-2.0
"""Compiling conditions and loops; with `statements`, all of what the compiler takes."""

from contextlib import suppress

from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.expressions import LoopExpression
from liquid.builtin.expressions.primitive import StringLiteral
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForLoop, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode

from clarion.rendering.binding import Dynamic, NotStatic, Unsupported
from clarion.rendering.code import Choice, Line, Loop
from clarion.rendering.nodes import below_nodes, has_interrupts
from clarion.rendering.statements import Statements

_LOOP_LIMIT = 20_000
_MOST_UNROLLED = 200  # items
_MOST_UNROLLED_NODES = 3_000


class Compiler(Statements):
    """Compiles one text; its personal names are `Dynamic` or `Partly` in the names of `scope`. Raises Unsupported."""

    # -- conditions --------------------------------------------------------------------------------------------------

    def _IfNode(self, node: IfNode) -> None:  # noqa: N802
        self._choice(node, negated=False)

    def _UnlessNode(self, node: UnlessNode) -> None:  # noqa: N802
        self._choice(node, negated=True)

    def _choice(self, node: IfNode | UnlessNode, *, negated: bool) -> None:
        holds = self.truth(node.condition)
        if holds.known and bool(holds.constant) is not negated:
            self._block(node.consequence)
            return
        if holds.known:
            self._alternatives(node.alternatives, node.default)
            return
        with self._decided_later([node]) as names:
            with self._into() as then:
                self._block(node.consequence)
            self.scope.locals.update(names)
            with self._into() as other:
                self._alternatives(node.alternatives, node.default)
        code = holds.code
        self.add(Choice(f"not ({code})" if negated else code, then, other))

    def _alternatives(self, alternatives: list[ConditionalBlockNode], default: BlockNode | None) -> None:
        if not alternatives:
            if default is not None:
                self._block(default)
            return
        first, *rest = alternatives
        holds = self.truth(first.expression)
        if holds.known:
            if holds.constant:
                self._block(first.block)
            else:
                self._alternatives(rest, default)
            return
        nodes: list[Node] = [first, *rest, *([default] if default else [])]
        with self._decided_later(nodes) as names:
            with self._into() as then:
                self._block(first.block)
            self.scope.locals.update(names)
            with self._into() as other:
                self._alternatives(rest, default)
        self.add(Choice(holds.code, then, other))

    def _CaseNode(self, node: CaseNode) -> None:  # noqa: N802
        value = self.value(node.expression)
        code = self.kept(value)
        pending = self.fresh()
        with self._decided_later([node]) as names:
            self.add(Line(f"{pending} = True"))
            for block in node.blocks:
                self.scope.locals.update(names)
                if isinstance(block, MultiExpressionBlockNode):
                    holds = self.matches(code, block.expression.expressions)
                    body: BlockNode = block.block
                else:
                    holds, body = pending, block
                with self._into() as then:
                    if body is not block:
                        self.add(Line(f"{pending} = False"))
                    self._block(body)
                self.add(Choice(holds, then, []))

    # -- loops -------------------------------------------------------------------------------------------------------

    def _ForNode(self, node: ForNode) -> None:  # noqa: N802
        items: list[object] | None = None
        with suppress(NotStatic), self.scope.attempt():
            found, _ = node.expression.evaluate(self.scope)
            items = list(found)
        if items is not None and not items:
            if node.default is not None:
                self._block(node.default)
            return
        if items is not None and self._may_unroll(node, len(items)):
            self._unrolled(node, items)
        else:
            self._later(node, items)

    def _may_unroll(self, node: ForNode, length: int) -> bool:
        count = sum(1 for _ in below_nodes([node.block]))
        return (
            length <= _MOST_UNROLLED and length * count <= _MOST_UNROLLED_NODES and not has_interrupts(node.block.nodes)
        )

    def _unrolled(self, node: ForNode, items: list[object]) -> None:
        name = node.expression.identifier
        loop = ForLoop(f"{name}-{node.expression.iterable}", iter(items), len(items), self.scope.parentloop())
        if self.scope.runtime_loops:
            self._check_iterations(len(items))
        else:
            self.scope.raise_for_loop_limit(len(items))
        namespace = {"forloop": loop, name: None}
        self.scope.loops.append(loop)
        self._loops.append(len(items))
        try:
            with self.scope.extend(namespace):
                for value in loop:
                    namespace[name] = value
                    self._block(node.block)
        finally:
            self.scope.loops.pop()
            self._loops.pop()

    def _later(self, node: ForNode, known: list[object] | None) -> None:
        expression = node.expression
        code = self.constants.code(known) if known is not None else self._items(expression)
        index, length, name = self.fresh(), self.fresh(), self.fresh()
        items = self.fresh()
        self.add(Line(f"{items} = {code}"))
        self.add(Line(f"{length} = len({items})"))
        namespace = {
            "forloop": Dynamic(
                "", loop=f"{index} {length}", loop_name=f"{expression.identifier}-{expression.iterable}"
            ),
            expression.identifier: Dynamic(name),
        }
        with self._decided_later([node]) as names:
            with self._into() as body:
                self._check_iterations(length)
                breakable, self._breakable = self._breakable, True
                self.scope.runtime_loops += 1
                self._loops.append(length)
                with self.scope.extend(namespace), self._into() as inner:
                    self._block(node.block)
                self._loops.pop()
                self.scope.runtime_loops -= 1
                self._breakable = breakable
                self.add(Loop(f"for {index}, {name} in enumerate({items}):", inner))
            self.scope.locals.update(names)
            with self._into() as other:
                if node.default is not None:
                    self._block(node.default)
        self.add(Choice(length, body, other))

    def _check_iterations(self, length: int | str) -> None:
        product = " * ".join(str(each) for each in (*self._loops, length))
        self.add(Line(f"if {product} > {_LOOP_LIMIT}: over()"))

    def _items(self, expression: LoopExpression) -> str:
        if isinstance(expression.offset, StringLiteral) and expression.offset.value == "continue":
            raise Unsupported("offset: continue")
        iterable = self.value(expression.iterable, needed=True).code
        limit = self.value(expression.limit).code if expression.limit else "None"
        offset = self.value(expression.offset).code if expression.offset else "ABSENT"
        return f"items_of({iterable}, {limit}, {offset}, {expression.reversed}, {expression.limit is not None})"

    def _BreakNode(self, _: BreakNode) -> None:  # noqa: N802
        self._interrupt("break")

    def _ContinueNode(self, _: ContinueNode) -> None:  # noqa: N802
        self._interrupt("continue")

    def _interrupt(self, word: str) -> None:
        if not self._breakable:
            raise Unsupported(f"{word} outside of a loop that runs later")
        self.add(Line(word))
