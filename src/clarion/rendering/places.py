# SPDX-License-Identifier: Apache-2.0
"""Whether rules that go by the place of an element (``:first-child``, ``+``) may hold for others once Liquid has run.

Only the elements beside which Liquid leaves out, repeats or brings elements can be meant by them or not.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from clarion.rendering.markup import Element
from clarion.rendering.plain import OPEN

_ATTRIBUTE = re.compile(r"\[[^\]]*\]")
_WITH_VALUE = re.compile(r"\[\s*([\w-]+)[^\]]*\]")
_NAMED = re.compile(r"\[([\w-]+)\]")
_BY_CONTENT = re.compile(r":(?:empty|has)\b", re.IGNORECASE)
_BY_PLACE = re.compile(r":(?:first|last|nth|only)-", re.IGNORECASE)
_ARGUMENTS = re.compile(r"\([^()]*\)")
_ARGUMENTS_OF_NTH = re.compile(r"(:nth-[\w-]+)\([^()]*\)", re.IGNORECASE)
_AMONG = re.compile(r":(?:not|is|where)(\([^()]*\))", re.IGNORECASE)
_BESIDE = re.compile(r"\s*([+~])\s*")
_SIMPLE = re.compile(r"([.#])([\w-]+)")
_PSEUDO = re.compile(r"::?[\w-]+")
# What holds of an element by itself, or only while somebody does something: such rules never move.
_OF_A_MOMENT = re.compile(
    r"::?(?:hover|focus|active|visited|link|any-link|before|after|target)(?![\w-])", re.IGNORECASE
)
_IMPLIED = {"html", "body", "tbody", "tr"}  # a parser adds them
_NAME = re.compile(r"[a-zA-Z][\w-]*")


def may_move(selectors: str, elements: Sequence[Element], moved: Iterable[int], brought: Iterable[int]) -> bool:
    """Whether some selector, one or several in a line, may mean other elements than it does in the template.

    `moved`, `brought`: numbers of elements, -1 for none, in which Liquid moves what is there, or brings what nobody
    knows.
    """
    unknown = set(brought)
    families = {parent: [one for one in elements if one.parent == parent] for parent in {*moved, *unknown}}
    if not families:
        return False
    if _BY_CONTENT.search(selectors):
        return True
    plain = _ARGUMENTS.sub("", _AMONG.sub(_in_place, _ARGUMENTS_OF_NTH.sub(r"\1", _ATTRIBUTE.sub("", selectors))))
    for selector in re.split(r"[,\n]", plain):
        for compounds in re.split(r"[\s>]+", _BESIDE.sub(r"\1", selector).strip()):
            beside = re.split(r"[+~]", compounds)
            if len(beside) == 1 and not _BY_PLACE.search(compounds):
                continue
            for parent, family in families.items():
                known = [one for one in beside if parent not in unknown or one == beside[-1]]
                if all(any(_may_be(compound, element) for element in family) for compound in known):
                    return True
    return False


def by_context(selectors: str, around: Sequence[Element]) -> set[str]:
    """What selectors ask of an element itself that may hold it, or not, by what it stands in or beside.

    `around`: all elements that it may stand in. What asks for more than name, class, id and attributes counts as one.
    """
    plain, inner = _OF_A_MOMENT.sub("", _ATTRIBUTE.sub("", selectors)), ""
    while plain != inner:
        inner, plain = plain, _ARGUMENTS.sub("", plain)
    is_there = _Known(around)
    found: set[str] = set()
    for selector in re.split(r"[,\n]", plain):
        words = re.findall(r"[+~>]|[^\s+~>]+", selector)
        if "\\" in selector:
            found.add("")  # whatever it is that is escaped
        if not words or "\\" in selector or (len(words) == 1 and ":" not in selector):
            continue
        above = (one for one, after in pairwise(words) if one not in "+~>" and after not in "+~")
        if all(map(is_there, above)):
            found.add(words[-1])
    return found


class _Known:
    """Whether some of many elements may be what a compound asks for: its name and its words each occur in one."""

    def __init__(self, elements: Sequence[Element]) -> None:
        self._names = _IMPLIED | {one.name for one in elements}
        self._words: dict[str, set[str] | None] = {}  # None: Liquid makes some
        for kind, attribute in ((".", "class"), ("#", "id")):
            values = [one.attributes.get(attribute, "") for one in elements]
            unknown = any(OPEN in value for value in values) or any(one.is_glued for one in elements)
            self._words[kind] = None if unknown else {word for value in values for word in value.split()}

    def __call__(self, compound: str) -> bool:
        bare = _PSEUDO.sub("", compound)
        name = _NAME.match(bare)
        if name and name[0].lower() not in self._names:
            return False
        return all((known := self._words[kind]) is None or word in known for kind, word in _SIMPLE.findall(bare))


def may_be_any(compounds: Iterable[str], element: Element) -> bool:
    """Whether an element may be what one of them asks for."""
    return any(_may_be(one, element) for one in compounds)


def _in_place(found: re.Match[str]) -> str:
    """What ``:not(…)`` asks of an element's place."""
    return ":first-child" if _BY_PLACE.search(found[1]) or re.search(r"[+~]", found[1]) else ""


def asked_for(selectors: str) -> set[tuple[str, str]]:
    """The attributes that rules look at, of elements of a name, "" for any."""
    found = {("", "class"), ("", "id")}
    for compound in re.split(r"[\s>+~,]+", _WITH_VALUE.sub(r"[\1]", selectors)):
        name = _NAME.match(compound)
        found |= {(name[0].lower() if name else "", one.lower()) for one in _NAMED.findall(compound)}
    return found


def _may_be(compound: str, element: Element) -> bool:
    """Whether what a selector asks of an element by name, class and id may be so."""
    bare = _PSEUDO.sub("", compound)
    name = _NAME.match(bare)
    if name and name[0].lower() != element.name:
        return False
    for kind, word in _SIMPLE.findall(bare):
        value = element.attributes.get("class" if kind == "." else "id", "")
        if OPEN not in value and not element.is_glued and word not in value.split():
            return False
    return True
