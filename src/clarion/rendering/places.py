# SPDX-License-Identifier: Apache-2.0
"""Whether rules that go by the place of an element (``:first-child``, ``+``) may hold for others once Liquid has run.

Only the elements beside which Liquid leaves out, repeats or brings elements can be meant by them or not.
"""

import re
from collections.abc import Iterable, Sequence

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
