# SPDX-License-Identifier: Apache-2.0
"""What is done to an e-mail's templates before they are compiled: styles moved, URL parameters put into links."""

from collections.abc import Mapping
from dataclasses import replace

from clarion.domain.broadcasts import EmailContent
from clarion.domain.errors import RenderError
from clarion.domain.url_params import Params
from clarion.rendering.insertions import Rewritten, offset_of
from clarion.rendering.layouts import located, with_styles
from clarion.rendering.linking import IN_HTML, IN_TEXT, linked_html, linked_text, prefix
from clarion.rendering.plain import plain_template
from clarion.rendering.snippet_styles import styled_snippets

URL_PARAMETERS = "url_parameters"


class Prepared:
    """The templates of one message; `params`: what its links get; `snippets`: those that it may include."""

    def __init__(self, content: EmailContent, params: Params, snippets: Mapping[str, str]) -> None:
        self._content = content
        self._params = params
        self._prefix = prefix(params, IN_HTML)
        self._styled = with_styles(content).made
        self._styled_snippets = styled_snippets(content, snippets)
        self._changed: dict[str, Rewritten] = {}
        self._linked = self._link("body", self._styled.text)
        self._link("amp", content.amp)
        if content.plain.strip():
            self._link("plain", content.plain, is_html=False)

    def text(self, part: str, original: str) -> str:
        """A part as it is compiled."""
        if part in self._changed:
            return self._changed[part].text
        return self._styled.text if part == "body" else original

    def snippet(self, name: str, source: str) -> str:
        """A snippet as it is compiled."""
        styled = self._styled_snippets[name].text if name in self._styled_snippets else source
        self._link(f"snippets.{name}", styled)
        return self.text(f"snippets.{name}", styled)

    @property
    def plain(self) -> str:
        """The template of the text part that is made from the body."""
        return self.plain_of(self._linked.text, changed=bool(self._linked.insertions))

    def plain_snippet(self, source: str) -> str:
        """A snippet as a text part uses it."""
        made = self._links_of(source)
        return self.plain_of(made.text, changed=bool(made.insertions))

    def plain_of(self, html: str, *, changed: bool) -> str:
        """The template of the text of HTML in which links were changed, or not."""
        made = plain_template(html)
        return f"{prefix(self._params, IN_TEXT)}{made}" if changed and made else made

    def located(self, error: RenderError) -> RenderError:
        """A fault of what was compiled where its author finds it."""
        if error.part in self._changed and error.line is not None and error.column is not None:
            made = self._changed[error.part]
            if offset_of(made.text, error.line, error.column) < len(self._prefix):
                return RenderError(error.message, part=URL_PARAMETERS)
            error = made.at_source(error)
        kind, _, name = error.part.partition(".")
        if kind == "snippets" and name in self._styled_snippets:
            return self._styled_snippets[name].at_source(error)
        if error.part != "body":
            return error
        return located(self._content, self._styled.at_source(error))

    def _link(self, part: str, source: str, *, is_html: bool = True) -> Rewritten:
        made = self._links_of(source) if is_html else linked_text(source, self._params)
        if made.insertions:
            before = self._prefix if is_html else prefix(self._params, IN_TEXT)
            self._changed[part] = Rewritten(before + made.text, ((0, before), *made.insertions)) if before else made
        return made

    def _links_of(self, html: str) -> Rewritten:
        if not self._params and "cio_link" not in html:
            return Rewritten(html)
        return linked_html(html, self._params)


def with_params(content: EmailContent, of_workspace: Params) -> EmailContent:
    """An e-mail with the URL parameters that hold for it; others get them where they say so."""
    if content.url_params is not None or content.kind != "email":
        return content
    return replace(content, url_params=of_workspace)
