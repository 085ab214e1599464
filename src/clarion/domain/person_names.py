# SPDX-License-Identifier: Apache-2.0
"""How people are called by their attributes, for searches: which attributes are names, and whether some words fit."""

import re
from collections.abc import Mapping, Sequence

_NAMES = frozenset({"name", "fullname", "firstname", "lastname", "givenname", "familyname", "surname", "nickname"})
_WORD = re.compile(r"\w+")
MOST_WORDS = 5


def is_name(attribute: str) -> bool:
    """Whether an attribute says how somebody is called: `first_name`, `firstName` and `First name` alike."""
    return re.sub(r"[\s_-]", "", attribute).casefold() in _NAMES


def words_of(text: str) -> tuple[str, ...]:
    """What is looked for when `text` is typed; empty where it cannot be a name. Case does not count."""
    return () if "@" in text else tuple(_WORD.findall(text.casefold())[:MOST_WORDS])


def is_called(attributes: Mapping[str, object], words: Sequence[str]) -> bool:
    """Whether each of the words begins a word of a name."""
    said = [
        part
        for attribute, value in attributes.items()
        if isinstance(value, str) and is_name(attribute)
        for part in _WORD.findall(value.casefold())
    ]
    return all(any(part.startswith(word) for part in said) for word in words)
