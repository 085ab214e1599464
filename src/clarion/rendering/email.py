# SPDX-License-Identifier: Apache-2.0
"""The templates of an e-mail, compiled once per trigger and rendered once per person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain

from clarion.domain.broadcasts import EmailContent
from clarion.domain.errors import RenderError
from clarion.rendering.addresses import split_list
from clarion.rendering.binding import OF_ALL_OBJECTS
from clarion.rendering.campaign import TRANSACTIONAL, Campaign
from clarion.rendering.checked import Checked, Recipient, missing_snippet, rendered, sources_of
from clarion.rendering.context import Links, Snippets, Template, dotted
from clarion.rendering.environment import compile_template, inspect, render_text
from clarion.rendering.faults import fault_at
from clarion.rendering.headers import cleaned
from clarion.rendering.layouts import names_of
from clarion.rendering.preheader import with_preheader
from clarion.rendering.preparing import Prepared, with_params
from clarion.rendering.syntax import paths_below
from clarion.rendering.tracking import Tracker
from clarion.rendering.variant import Source

__all__ = [
    "TRANSACTIONAL",
    "Campaign",
    "CompiledEmail",
    "Links",
    "Recipient",
    "RenderedEmail",
    "check_email",
    "check_snippet",
    "compile_email",
    "render_text",
    "variables",
]


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """The texts of one message. Addresses are as written (``Name <a@b>``); `mime.build` checks them.

    `also_to`: further recipients that a caller named; what a template makes is one address. `fake_bcc`: it
    goes to nobody in `bcc`; they get a copy of their own.
    """

    subject: str
    preheader: str
    html: str
    plain: str
    sender: str
    reply_to: str
    recipient: str
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    also_to: tuple[str, ...] = ()
    amp: str = ""
    fake_bcc: bool = False


class CompiledEmail:
    """The parsed templates; safe to use from several threads."""

    __slots__ = (
        "_campaign", "_content", "_headers", "_message", "_parts", "_plain_snippets", "_prepared", "_snippets",
        "has_amp", "offers_unsubscribe",
    )  # fmt: skip

    def __init__(
        self,
        parts: Mapping[str, "str | Template"],
        headers: tuple[tuple[str, "str | Template"], ...],
        snippets: Mapping[str, "Template | RenderError"],
        plain_snippets: Mapping[str, "Template | RenderError"],
        campaign: Mapping[str, object],
        message: Mapping[str, object],
        content: EmailContent,
        prepared: Prepared,
        *,
        offers_unsubscribe: bool = True,
    ) -> None:
        self.offers_unsubscribe = offers_unsubscribe
        self._parts = parts
        self._headers = headers
        self._snippets: Mapping[str, object] = Snippets(snippets) if snippets else {}
        self._plain_snippets: Mapping[str, object] = Snippets(plain_snippets) if plain_snippets else {}
        self._campaign = campaign
        self._message = message
        self._content = content
        self._prepared = prepared
        self.has_amp = bool(content.amp.strip())

    def render(self, recipient: Recipient, tracker: Tracker | None = None) -> RenderedEmail:
        """The message for one person. Raises RenderError, also for a blank subject or body."""
        message = dict(self._message)
        names: dict[str, object] = {
            "customer": recipient.customer,
            "trigger": recipient.trigger,
            "snippets": self._snippets,
            "campaign": self._campaign,
            "layout": names_of(self._content),
            "message": message,
            "delivery_id": recipient.delivery_id,
        }
        subject = cleaned(self._text("subject", names, recipient))
        if not subject:
            raise RenderError("subject can not be blank", part="subject")
        message["subject"] = subject
        preheader = cleaned(self._text("preheader", names, recipient))
        message["preheader"] = preheader
        html = self._text("body", names, recipient)
        plain = self._text("plain", {**names, "snippets": self._plain_snippets}, recipient)
        if not html.strip() and not plain.strip():
            raise RenderError("body can not be blank", part="body")
        shown = with_preheader(html, preheader) if preheader else html
        if tracker is not None and html.strip():
            shown = tracker.instrumented(shown, recipient.delivery_id)
        return RenderedEmail(
            subject=subject,
            preheader=preheader,
            html=shown,
            plain=plain,
            sender=self._text("from", names, recipient).strip(),
            reply_to=self._text("reply_to", names, recipient).strip(),
            recipient=self._text("recipient", names, recipient).strip(),
            cc=split_list(self._text("cc", names, recipient)),
            bcc=split_list(self._text("bcc", names, recipient)),
            headers=tuple(
                (name, rendered(value, f"headers.{name}", names, recipient)) for name, value in self._headers
            ),
            amp=self._text("amp", names, recipient),
            fake_bcc=self._content.fake_bcc,
        )

    def addresses(self, recipient: Recipient) -> tuple[str, ...]:
        """Whom the message for one person would go to, as it is written. Raises RenderError."""
        names = {
            "customer": recipient.customer,
            "trigger": recipient.trigger,
            "snippets": self._snippets,
            "campaign": self._campaign,
            "layout": names_of(self._content),
            "message": self._message,
            "delivery_id": recipient.delivery_id,
        }
        copies = (split_list(self._text(part, names, recipient)) for part in ("cc", "bcc"))
        return (self._text("recipient", names, recipient).strip(), *chain.from_iterable(copies))

    def source(self, links: Callable[[str], Links], tracker: Tracker | None = None) -> Source:
        """What `special` compiles. `links`: the URLs of a delivery id."""
        templates = [*self._parts.values(), *(value for _, value in self._headers)]
        for snippets in (self._snippets, self._plain_snippets):
            templates += snippets.templates() if isinstance(snippets, Snippets) else []
        return Source(
            self._parts,
            self._headers,
            self._snippets,
            self._plain_snippets,
            self._campaign,
            self._message,
            names_of(self._content),
            whole_person=any(_sees_all(each) for each in templates if isinstance(each, Template)),
            links=links,
            tracker=tracker,
            offers_unsubscribe=self.offers_unsubscribe,
        )

    def _text(self, part: str, names: Mapping[str, object], recipient: Recipient) -> str:
        try:
            return rendered(self._parts[part], part, names, recipient)
        except RenderError as error:
            raise self._prepared.located(error) from error


def compile_email(
    content: EmailContent,
    *,
    snippets: Mapping[str, str],
    campaign: Campaign,
    message_id: int,
    message_name: str,
    send_to_unsubscribed: bool,
) -> CompiledEmail:
    """Parse the templates. `snippets` maps names to Liquid text; only those in use need to be right.

    Raises RenderError; its `part` is subject, body, plain, preheader, from, reply_to, recipient, cc, bcc,
    headers.<name> or snippets.<name>.
    """
    content = with_params(content, campaign.url_params)
    checked = Checked(content, snippets)
    if checked.problems:
        raise checked.problems[0]
    prepared = Prepared(content, content.url_params or (), snippets)
    parts = {part: _prepared(prepared, part, source, checked.parts[part]) for part, source in sources_of(content)}
    own = {name: _own_snippet(prepared, name, snippets[name], known) for name, known in checked.snippets.items()}
    plain_snippets = own
    if not content.plain.strip() and parts["body"]:
        # The body is known to be right; what stripping its HTML broke costs the text part, not the message.
        found, template = inspect(prepared.plain, "plain")
        parts["plain"] = template if template is not None and not found else ""
        plain_snippets = {name: _without_html(prepared, name, snippets[name], known) for name, known in own.items()}
    return CompiledEmail(
        parts,
        tuple((name, checked.parts[f"headers.{name}"]) for name, _ in content.headers),
        own,
        plain_snippets,
        campaign.shown(),
        campaign.message(message_id, message_name, "email", send_to_unsubscribed=send_to_unsubscribed),
        content,
        prepared,
        offers_unsubscribe=campaign.type != TRANSACTIONAL,
    )


def _sees_all(template: Template) -> bool:
    """Whether it looks at more of a person than attributes by their names."""
    return any(name is None or name in OF_ALL_OBJECTS for _, name in paths_below(template, "customer"))


def _prepared(prepared: Prepared, part: str, source: str, known: "str | Template") -> "str | Template":
    """A part as it is compiled."""
    text = prepared.text(part, source)
    if text == source:
        return known
    return compile_template(text, part) if "{{" in text or "{%" in text else text


def _own_snippet(prepared: Prepared, name: str, source: str, known: Template | RenderError) -> Template | RenderError:
    """A snippet as it is compiled."""
    text = source if isinstance(known, RenderError) else prepared.snippet(name, source)
    return known if text == source else compile_template(text, f"snippets.{name}")


def _without_html(prepared: Prepared, name: str, source: str, known: Template | RenderError) -> Template | RenderError:
    """A snippet as a generated text part uses it."""
    if isinstance(known, RenderError) or "<" not in source:
        return known
    found, template = inspect(prepared.plain_snippet(source), f"snippets.{name}")
    return template if template is not None and not found else known


def check_email(content: EmailContent, *, snippets: Mapping[str, str]) -> list[RenderError]:
    """Everything that can be known to be wrong before there is a recipient, all parts at once."""
    return Checked(content, snippets).problems


def check_snippet(name: str, source: str, *, snippets: Mapping[str, str]) -> list[RenderError]:
    """What is wrong with a new or changed snippet beside the others, `snippets`; all at once.

    Names that are computed are not looked into: what they lead to is known only when a message is made.
    """
    part = f"snippets.{name}"
    found, template = inspect(source, part)
    if template is None:
        return found
    known = {**snippets, name: source}
    mentions = cache(lambda each: _snippets_in(known[each]) & known.keys())  # each is parsed once
    circular = cache(lambda each: _leads_to(name, each, mentions))
    for path, mentioned in paths_below(template, "snippets"):
        if mentioned is None:
            continue
        if mentioned not in known:
            if mentioned not in OF_ALL_OBJECTS:
                found.append(missing_snippet(mentioned, part, path))
        elif circular(mentioned):
            how = "includes itself" if mentioned == name else f"includes itself through '{mentioned}'"
            found.append(fault_at(f"The snippet {how}", part, path.token))
    return sorted(found, key=lambda error: (error.line or 0, error.column or 0))


def _snippets_in(source: str) -> set[str]:
    """The snippets that a text names."""
    _, template = inspect(source, "")
    return {name for _, name in paths_below(template, "snippets") if name is not None} if template else set()


def _leads_to(wanted: str, start: str, mentions: Callable[[str], set[str]]) -> bool:
    """Whether rendering the snippet `start` renders `wanted`, however deep."""
    seen, pending = {start}, [start]
    while pending:
        name = pending.pop()
        if name == wanted:
            return True
        fresh = mentions(name) - seen
        seen |= fresh
        pending += fresh
    return False


def variables(content: EmailContent, *, snippets: Mapping[str, str]) -> frozenset[str]:
    """The paths that the templates read, for example ``customer.first_name``; those of used snippets too.

    A bare ``customer`` means that the whole object is used, for example by `assign` or with a computed name.
    Parts that do not parse are left out. Expressions in filter arguments (`where_exp`) are not looked into.
    """
    checked = Checked(content, snippets)
    paths: set[str] = set()
    for template in chain(checked.parts.values(), checked.snippets.values()):
        if isinstance(template, Template):
            for found in chain.from_iterable(template.analyze().globals.values()):
                fixed: list[object] = []
                for segment in found.segments:
                    if isinstance(segment, list):
                        break
                    fixed.append(segment)
                if fixed:
                    paths.add(dotted(fixed))
    return frozenset(paths)
