# SPDX-License-Identifier: Apache-2.0
"""Classes of words: what a provider said of many messages, without what differs from one to the next. Pure."""

import re

MOST_CHARACTERS = 160
_PARTS = re.compile(
    r"(?P<url>https?://[^\s<>\"']+)"
    r"|(?P<address><?[^\s<>@,;:()\"']+@[^\s<>@,;:()\"']+>?)"
    r"|(?P<token>(?=[\w-]*\d)[\w-]{8,})"
    r"|(?P<host>(?:\d{1,3}\.){3}\d{1,3})"
    r"|(?P<number>\d{4,})"
)


def cause_of(words: str | None) -> str:
    """The class that words belong to: addresses, links, numbers and ids become placeholders; "" for no words."""
    if not words:
        return ""
    found = _PARTS.sub(lambda match: f"[{match.lastgroup}]", " ".join(words[: 4 * MOST_CHARACTERS].split()))
    return found[:MOST_CHARACTERS].rstrip()
