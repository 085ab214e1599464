# SPDX-License-Identifier: Apache-2.0
"""The templates of a webhook's call: compiled once per trigger, rendered once per person."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from clarion.domain.broadcasts import EmailContent, Method, WebhookCall
from clarion.domain.errors import RenderError
from clarion.rendering.campaign import Campaign
from clarion.rendering.checked import Checked, Recipient, rendered
from clarion.rendering.context import Snippets
from clarion.rendering.headers import cleaned

LONGEST_URL = 8_000  # characters
JSON_TYPE = "application/json"
_TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RenderedWebhook:
    """One call: `headers` have a Content-Type where there is a body."""

    url: str
    method: Method
    headers: tuple[tuple[str, str], ...]
    body: str


class CompiledWebhook:
    """The parsed templates of a webhook; safe to use from several threads."""

    __slots__ = ("_call", "_campaign", "_headers", "_message", "_parts", "_snippets")

    def __init__(
        self, content: EmailContent, call: WebhookCall, checked: Checked, names: Mapping[str, Mapping[str, object]]
    ) -> None:
        self._call = call
        self._parts = checked.parts
        self._headers = tuple((name, checked.parts[f"headers.{name}"]) for name, _ in content.headers)
        self._snippets: Mapping[str, object] = Snippets(checked.snippets) if checked.snippets else {}
        self._campaign = names["campaign"]
        self._message = names["message"]

    def render(self, recipient: Recipient) -> RenderedWebhook:
        """The call for one person. Raises RenderError, also for what is no URL."""
        names: dict[str, object] = {
            "customer": recipient.customer,
            "trigger": recipient.trigger,
            "snippets": self._snippets,
            "campaign": self._campaign,
            "message": self._message,
            "delivery_id": recipient.delivery_id,
        }
        url = rendered(self._parts["url"], "url", names, recipient).strip()
        if problem := url_problem(url):
            raise RenderError(problem, part="url")
        headers = [
            (name, cleaned(rendered(value, f"headers.{name}", names, recipient))) for name, value in self._headers
        ]
        for name, value in headers:
            if not value.isascii():
                raise RenderError("a header's value must be ASCII", part=f"headers.{name}")
        kind = next((value for name, value in headers if name.lower() == "content-type"), None)
        body = rendered(self._parts["body"], "body", names, recipient, as_json=is_json_type(kind or JSON_TYPE))
        if kind is None and body:
            headers.append(("Content-Type", JSON_TYPE))
        return RenderedWebhook(url, self._call.method, tuple(headers), body)


def compile_webhook(
    content: EmailContent,
    *,
    snippets: Mapping[str, str],
    campaign: Campaign,
    message_id: int,
    message_name: str,
    send_to_unsubscribed: bool,
) -> CompiledWebhook:
    """Parse the templates of content that has a webhook.

    Raises RenderError; its `part` is url, body, headers.<name> or snippets.<name>.
    """
    if content.webhook is None:
        raise TypeError("the content is not a webhook's")
    checked = Checked(content, snippets)
    if checked.problems:
        raise checked.problems[0]
    message = campaign.message(message_id, message_name, "webhook", send_to_unsubscribed=send_to_unsubscribed)
    return CompiledWebhook(content, content.webhook, checked, {"campaign": campaign.shown(), "message": message})


def url_problem(url: str) -> str | None:
    """What is wrong with a rendered URL, or None."""
    if not url:
        return "url can not be blank"
    if len(url) > LONGEST_URL:
        return f"url is longer than {LONGEST_URL} characters"
    if not url.lower().startswith(("https://", "http://")):
        return "url must begin with https:// or http://"
    if not url.isprintable() or " " in url:
        return "url has blanks or control characters in it (| url_encode)"
    return None


def is_json_type(kind: str) -> bool:
    """Whether a Content-Type says JSON (RFC 6839 §3.1: also ``…+json``)."""
    media_type = kind.partition(";")[0].strip().lower()
    return media_type in {JSON_TYPE, "text/json"} or media_type.endswith("+json")


def may_be_json(body: str) -> bool:
    """Whether a template's body can come out as JSON, as far as one sees; with tags in it nobody does."""
    if "{%" in body or not body.strip():
        return True
    try:
        json.loads(_TAG.sub("0", body), strict=False)
    except (ValueError, RecursionError):
        return False
    return True
