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
_ANSWER = re.compile(r"(?P<code>\d{3,4})(?:[ -]+(?P<text>\S.*))?", re.DOTALL)


def cause_of(words: str | None) -> str:
    """The class that words belong to: addresses, links, numbers and ids become placeholders; "" for no words."""
    if not words:
        return ""
    found = _PARTS.sub(lambda match: f"[{match.lastgroup}]", " ".join(words[: 4 * MOST_CHARACTERS].split()))
    return found[:MOST_CHARACTERS].rstrip()


def answer_of(words: str | None) -> tuple[int | None, str]:
    """A provider's words as its code and its text; no code: nobody answered, or what did has none."""
    found = _ANSWER.fullmatch(words or "")
    return (int(found["code"]), found["text"] or "") if found else (None, words or "")
