# SPDX-License-Identifier: Apache-2.0
"""The templates of one message, of whatever channel, parsed together with the snippets in use, and what is wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from liquid.builtin.expressions import Path

from clarion.domain.broadcasts import DEFAULT_RECIPIENT, EmailContent
from clarion.domain.errors import RenderError
from clarion.rendering.binding import OF_ALL_OBJECTS
from clarion.rendering.context import JsonOutput, Links, Scope, Template, dotted
from clarion.rendering.environment import inspect
from clarion.rendering.faults import fault_at
from clarion.rendering.headers import RESERVED, RESERVED_IN_CALLS, header_problem
from clarion.rendering.layouts import located, wrapped
from clarion.rendering.syntax import paths_below


@dataclass(frozen=True, slots=True)
class Recipient:
    """Everything about one message that depends on the person.

    `customer` holds the attributes as templates see them (scalars are text already) with id, email and
    cio_id; `trigger` the shared data merged with this person's.
    """

    customer: Mapping[str, object]
    trigger: Mapping[str, object]
    delivery_id: str
    links: Links


def missing_snippet(name: str, part: str, path: Path) -> RenderError:
    """That a snippet is named which is not there."""
    return fault_at(f"Variable '{dotted(['snippets', name])}' is missing", part, path.token)


class Checked:
    """All parts and the snippets in use, parsed, with everything that is wrong with them."""

    def __init__(self, content: EmailContent, snippets: Mapping[str, str]) -> None:
        """`problems` is everything that is wrong."""
        self.problems: list[RenderError] = []
        self.parts: dict[str, str | Template] = {}
        self.snippets: dict[str, Template | RenderError] = {}
        self._sources = snippets
        if content.kind == "email" and not content.subject.strip():
            self.problems.append(RenderError("subject can not be blank", part="subject"))
        for part, source in sources_of(content):
            self._parse(part, source)
        for name, source in content.headers:
            if problem := header_problem(name, RESERVED if content.webhook is None else RESERVED_IN_CALLS):
                self.problems.append(RenderError(problem, part=f"headers.{name}"))
            self._parse(f"headers.{name}", source)
        for name, source in content.url_params or ():
            self._parse(f"url_parameters.{name}", source)
        self.problems = [located(content, error) for error in self.problems]

    def _parse(self, part: str, source: str) -> None:
        if "{{" not in source and "{%" not in source:
            self.parts[part] = source
            return
        found, template = inspect(source, part)
        self.problems += found
        self.parts[part] = "" if template is None else template
        if template is not None:
            self._follow_snippets(template, part)

    def _follow_snippets(self, template: Template, part: str) -> None:
        for path, name in paths_below(template, "snippets"):
            if name is None:  # computed: any of them
                for each in self._sources:
                    self._parse_snippet(each, told=False)
            elif name in self._sources:
                self._parse_snippet(name, told=True)
            elif name not in OF_ALL_OBJECTS:
                self.problems.append(missing_snippet(name, part, path))

    def _parse_snippet(self, name: str, *, told: bool) -> None:
        before = self.snippets.get(name)
        if before is not None:
            if told and isinstance(before, RenderError) and before not in self.problems:
                self.problems.append(before)
            return
        found, template = inspect(self._sources[name], f"snippets.{name}")
        if told:
            self.problems += found
        if template is None or found:
            self.snippets[name] = found[0]
            return
        self.snippets[name] = template
        self._follow_snippets(template, f"snippets.{name}")


def sources_of(content: EmailContent) -> Iterator[tuple[str, str]]:
    """The templates of a message by their parts, without its headers."""
    if content.webhook is not None:
        yield "url", content.webhook.url
        yield "body", content.body
        return
    if (channel := content.made_of_parts) is not None:
        yield from ((part.name, content.parts.get(part.name, part.default)) for part in channel.parts)
        return
    yield "subject", content.subject
    yield "preheader", content.preheader
    yield "body", wrapped(content)
    yield "plain", content.plain
    yield "from", content.sender
    yield "reply_to", content.reply_to
    yield "recipient", content.recipient if content.recipient.strip() else DEFAULT_RECIPIENT
    yield "cc", content.cc
    yield "bcc", content.bcc
    yield "amp", content.amp


def rendered(
    template: str | Template, part: str, names: Mapping[str, object], recipient: Recipient, *, as_json: bool = False
) -> str:
    """One part for one person. Raises RenderError."""
    if isinstance(template, str):
        return template
    scope = Scope(template, names=names, part=part, links=recipient.links, delivery_id=recipient.delivery_id)
    return template.render_in(scope, JsonOutput(scope.budget) if as_json else None)
