# SPDX-License-Identifier: Apache-2.0
"""Links in texts without HTML that lead through us: what programs on phones take for a link."""

import json
import re
from collections.abc import Callable
from typing import Any

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.links import LONGEST_TRACKED
from clarion.domain.short_links import ShortLinks

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
        """A text with its links as they go out to somebody."""
        return _URL.sub(lambda found: self._link(found[0], key), text) if "://" in text else text

    def tracked_json(self, text: str, key: DeliveryKey) -> str:
        """The same of every text in a JSON document."""
        if "://" not in text and ":\\/" not in text:
            return text
        return json.dumps(_each(json.loads(text), lambda one: self.tracked(one, key)), ensure_ascii=False)

    def _link(self, url: str, key: DeliveryKey) -> str:
        end = len(url)
        while url[end - 1] in _AFTER or (
            url[end - 1] in _BRACKETS and url.count(url[end - 1], 0, end) > url.count(_BRACKETS[url[end - 1]], 0, end)
        ):
            end -= 1
        url, after = url[:end], url[end:]
        if url.startswith(self._ours) or len(url.encode("utf-8", "replace")) > LONGEST_TRACKED:
            return url + after
        return self._short(url, key) + after


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each(one, change) for name, one in value.items()}
    return [_each(one, change) for one in value] if isinstance(value, list) else value
