# SPDX-License-Identifier: Apache-2.0
"""Links in texts without HTML that lead through us: what programs on phones take for a link."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.links import LONGEST_TRACKED
from clarion.domain.short_links import ShortLinks

UNTRACKED = "\ufdd0"  # before a link that stays as it is; no character, so that no text has it. Never sent.
_URL = re.compile(r"https?://[^\s/<>\"\\^`{|}]" r"[^\s<>\"\\^`{|}«»“”„‘’‹›…。，、！？；：（）「」『』]*", re.IGNORECASE)
_AFTER = ".,;:!?'"  # what ends a sentence around it
_BRACKETS = {")": "(", "]": "["}
_OURS = ("unsubscribe", "preferences", "consent", "view", "e", "s")


class TextTracker:
    """Makes the links of texts lead through us."""

    def __init__(self, short: ShortLinks) -> None:
        self._short = short
        self._ours = tuple(f"{short.base_url}/{word}/" for word in _OURS)

    def tracked(self, text: str, key: DeliveryKey) -> str:
        """A text with its links as they go out to somebody, and without marks of those that stay."""
        if "://" not in text:
            return unmarked(text)
        made: list[str] = []
        done = 0
        for begin, end in urls(text):
            stays = text[begin - 1 : begin] == UNTRACKED
            made += (text[done:begin], text[begin:end] if stays else self._link(text[begin:end], key))
            done = end
        return unmarked("".join((*made, text[done:])))

    def tracked_json(self, text: str, key: DeliveryKey) -> str:
        """The same of every text in a JSON document."""
        if "://" not in text and ":\\/" not in text:
            return unmarked(text)
        return json.dumps(_each(json.loads(text), lambda one: self.tracked(one, key)), ensure_ascii=False)

    def _link(self, url: str, key: DeliveryKey) -> str:
        if url.startswith(self._ours) or len(url.encode("utf-8", "replace")) > LONGEST_TRACKED:
            return url
        return self._short(url, key)


def unmarked(text: str) -> str:
    """A text in which nothing tells any more which of its links stay."""
    return text.replace(UNTRACKED, "")


def urls(text: str) -> Iterator[tuple[int, int]]:
    """Where the links in a text begin and end, without what a sentence puts around them."""
    for found in _URL.finditer(text):
        url = found[0]
        end = len(url)
        while url[end - 1] in _AFTER or (
            url[end - 1] in _BRACKETS and url.count(url[end - 1], 0, end) > url.count(_BRACKETS[url[end - 1]], 0, end)
        ):
            end -= 1
        yield found.start(), found.start() + end


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each(one, change) for name, one in value.items()}
    return [_each(one, change) for one in value] if isinstance(value, list) else value
