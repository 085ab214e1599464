# SPDX-License-Identifier: Apache-2.0
"""Compiling outputs, snippets and variables: what is known is text by now, the rest is code (`binding`, `code`).

The interpreter stays the authority. Compiled code handles no errors: whatever it raises means that the interpreter
renders that message again. What is not known here raises `Unsupported`, and the interpreter renders them all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode
from liquid.builtin.tags.liquid_tag import LiquidNode
from liquid.exceptions import LiquidError, LiquidInterrupt

from clarion.domain.errors import RenderError
from clarion.rendering.binding import Dynamic, NotStatic, StaticScope, Unsupported
from clarion.rendering.code import Capture, Constants, Fixed, Hole, Line, Op, Ops
from clarion.rendering.context import ODD_VALUES, OUTPUT_LIMIT, Output, Template
from clarion.rendering.environment import ShownNode
from clarion.rendering.expressions import Expressions, Value
from clarion.rendering.nodes import assigned_names, refuse_continued
from clarion.rendering.personal import LinksOf, tag_ops
from clarion.rendering.runtime import ABSENT
from clarion.rendering.tags import TextNode
from clarion.rendering.text import shown

ERRORS = (LiquidError, LiquidInterrupt, RenderError, *ODD_VALUES)
_LOCALS = 16  # of one text, decided later
_LOCALS_SIZE = 2_000_000  # half of what the interpreter allows, for the known ones and for the others
_MOST_OPS = 20_000
_SNIPPETS = 250  # rendered inside loops that run later, by one message
_SILENT = frozenset({"CommentNode", "DocNode", "InlineCommentNode"})


class Statements(Expressions):
    """Output, snippets and variables. Raises Unsupported; the operations are in `ops`."""

    def __init__(self, scope: StaticScope, constants: Constants, links: LinksOf | None = None) -> None:
        super().__init__(scope, constants)
        self._links = links
        self.ops: Ops = []
        self._made = 0
        self._personal = False  # inside of something that is decided for each message
        self._muted = False
        self._loops: list[int | str] = []  # the lengths of the loops around, numbers or variables
        self._breakable = False  # directly inside a loop that runs later
        self._locals: dict[str, str] = {}

    def compile(self, template: Template) -> Ops:
        """The operations of a whole text."""
        refuse_continued(template.nodes)
        with self._guarded():
            self._nodes(template.nodes)
        if self.scope.budget.characters < OUTPUT_LIMIT // 2 or self.scope.budget.snippets < _SNIPPETS:
            raise Unsupported("a lot of text")
        return self.ops

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except ERRORS as error:
            raise Unsupported(f"fails for everybody: {error}") from error
        except NotStatic:
            raise Unsupported("not known in time") from None

    # -- writing -----------------------------------------------------------------------------------------------------

    def add(self, op: Op) -> None:
        """One more operation. Raises Unsupported when they become too many."""
        self._made += 1
        if self._made > _MOST_OPS:
            raise Unsupported("too long")
        self.ops.append(op)

    @contextmanager
    def _into(self) -> Iterator[Ops]:
        before, self.ops = self.ops, []
        try:
            yield self.ops
        finally:
            self.ops = before

    def _write(self, op: Op) -> None:
        if not self._muted:
            self.add(op)

    def fail(self) -> None:
        """What is reached here fails: let the interpreter say how."""
        self.add(Line("over()"))

    # -- nodes -------------------------------------------------------------------------------------------------------

    def _nodes(self, nodes: list[Node]) -> None:
        for node in nodes:
            self._node(node)

    def _node(self, node: Node) -> None:
        if type(node) is ContentNode:
            self._write(Fixed(node.text))
            return
        if not self._personal:
            text = self._known(node)
            if text is not None:
                self._write(Fixed(text))
                return
            self._dispatch(node)
            return
        try:
            self._dispatch(node)
        except ERRORS:
            self.fail()

    def _known(self, node: Node) -> str | None:
        """What a tag writes for everybody, as the interpreter writes it; None when it depends on the person."""
        if isinstance(node, BreakNode | ContinueNode):
            return None
        buffer = Output(self.scope.budget)
        with suppress(NotStatic), self.scope.attempt():
            node.render(self.scope, buffer)
            return buffer.getvalue()
        return None

    def _dispatch(self, node: Node) -> None:
        handler: Callable[[Node], None] | None = cast(
            "Callable[[Node], None] | None", getattr(self, f"_{type(node).__name__}", None)
        )
        if isinstance(node, ShownNode):
            self._output(node)
        elif handler is not None:
            handler(node)
        elif type(node).__name__ not in _SILENT:
            raise Unsupported(type(node).__name__)

    def _output(self, node: ShownNode) -> None:
        snippet = self.snippet_of(node.expression)
        if snippet is not None:
            self.snippet(snippet)
            return
        value = self.value(node.expression, needed=True)
        if value.known:
            self._write(Fixed(shown(value.constant)))
        elif self._muted:
            self.add(Line(f"text({value.code})"))
        else:
            self.add(Hole(value.code, is_text=value.is_text, is_safe=value.is_safe, of=value.of))

    def _TextNode(self, node: TextNode) -> None:  # noqa: N802 named after the node
        for op in tag_ops(node, self, self._links):
            self._write(op)

    def _LiquidNode(self, node: LiquidNode) -> None:  # noqa: N802
        self._block(node.block)

    def _block(self, block: BlockNode) -> None:
        before = self._muted
        self._muted = before or block.blank
        try:
            self._nodes(block.nodes)
        finally:
            self._muted = before

    # -- snippets ----------------------------------------------------------------------------------------------------

    def snippet(self, template: Template, part: str = "") -> None:
        """The text of a snippet in the place of its name: with its own locals, under the same budget."""
        inner = self.scope.inside(template, part=part or self.scope.part)
        refuse_continued(template.nodes)
        if self.scope.runtime_loops:
            self.add(Line("s += 1"))
            self.add(Line(f"if s > {_SNIPPETS}: over()"))
        inner.runtime_loops = 0
        kept = self.scope, self._locals, self._loops, self._breakable
        self.scope, self._locals, self._loops, self._breakable = inner, {}, [], False
        try:
            self._nodes(template.nodes)
        finally:
            self.scope, self._locals, self._loops, self._breakable = kept

    def kept(self, value: Value) -> str:
        """A value in a variable, for more than one use."""
        if value.known:
            return value.code
        variable = self.fresh()
        self.add(Line(f"{variable} = {value.code}"))
        return variable

    def captured(self, template: Template) -> Value:
        """A snippet's text as a value."""
        variable = self.fresh()
        with self._into() as body:
            muted, self._muted = self._muted, False
            try:
                self.snippet(template)
            finally:
                self._muted = muted
        self.add(Capture(variable, body))
        return Value(variable, is_text=True)

    # -- locals ------------------------------------------------------------------------------------------------------

    def _AssignNode(self, node: AssignNode) -> None:  # noqa: N802
        value = self.value(node.expression)
        if value.known and not self._personal:
            self.scope.assign(node.name, value.constant)
            if self.scope.get_size_of_locals() > _LOCALS_SIZE:
                raise Unsupported("large variables")
            return
        variable = self._variable(node.name)
        self.add(Line(f"{variable} = {value.code}"))
        self.add(Line(f"fits({variable}, {_LOCALS_SIZE // _LOCALS})"))
        self.scope.locals[node.name] = Dynamic(variable, missing=value.missing)

    def _CaptureNode(self, node: CaptureNode) -> None:  # noqa: N802
        variable = self._variable(node.name)
        muted, self._muted = self._muted, False
        try:
            with self._into() as body:
                self._block(node.block)
        finally:
            self._muted = muted
        self.add(Capture(variable, body))
        self.add(Line(f"fits({variable}, {_LOCALS_SIZE // _LOCALS})"))
        self.scope.locals[node.name] = Dynamic(variable)

    def _variable(self, name: str) -> str:
        if name not in self._locals:
            if len(self._locals) >= _LOCALS:
                raise Unsupported("too many variables")
            self._locals[name] = self.fresh()
        return self._locals[name]

    def _personal_names(self, nodes: list[Node]) -> None:
        """Before what is decided for each message: the names that it may assign are variables from now on."""
        for name in assigned_names(nodes):
            value = self.scope.locals.get(name, ABSENT)
            variable = self._variable(name)
            if value is ABSENT:
                if name in self.scope.globals or name in self.scope.counters:
                    raise Unsupported(f"'{name}' is assigned only sometimes")
                self.add(Line(f"{variable} = ABSENT"))
                self.scope.locals[name] = Dynamic(variable, missing=True, absent=True)
            elif isinstance(value, Dynamic):
                # Inside, what it is assigned may be missing even if it is not so far.
                self.scope.locals[name] = Dynamic(variable, missing=True, absent=value.absent)
            else:
                self.add(Line(f"{variable} = {self.constants.code(value)}"))
                self.scope.locals[name] = Dynamic(variable, missing=True)

    @contextmanager
    def _decided_later(self, nodes: list[Node]) -> Iterator[dict[str, object]]:
        """Around code that may run or not, or several times; afterwards its names are whatever it left.

        Gives these names, to be set again between parts of which either runs.
        """
        self._personal_names(nodes)
        names: dict[str, object] = {name: self.scope.locals[name] for name in assigned_names(nodes)}
        before, self._personal = self._personal, True
        try:
            yield names
        finally:
            self._personal = before
            self.scope.locals.update(names)
