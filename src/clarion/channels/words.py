# SPDX-License-Identifier: Apache-2.0
"""What another side said, made fit for an account or a log line."""

import re

MAX_WORDS = 500  # characters that are kept

_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")


def printable(text: str) -> str:
    """`text` on one line, without control characters, at most `MAX_WORDS` characters."""
    if len(text) <= MAX_WORDS and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return _BLANKS.sub(" ", text[: 2 * MAX_WORDS]).strip()[:MAX_WORDS]
