# SPDX-License-Identifier: Apache-2.0
"""What stands in the way of an action on people, as far as it says so without Liquid. Pure."""

import json
import re
from collections.abc import Iterator, Mapping

from clarion.domain.broadcasts import EmailContent
from clarion.domain.errors import RenderError
from clarion.domain.person_actions import ATTRIBUTE_UPDATE, OTHER, SEGMENT_UPDATE, name_problem

_OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def person_problems(content: EmailContent, kinds: Mapping[int, str] | None) -> Iterator[RenderError]:
    """What is wrong with what it does; `kinds` of the workspace's segments by their numbers, None: not looked at."""
    if content.kind == ATTRIBUTE_UPDATE.kind:
        yield from _names(content.parts["attributes"])
        if content.parts["whom"] == OTHER and not content.parts["identifier"].strip():
            yield RenderError("is needed: by which identifier the other person is known", part="identifier")
    elif content.kind == SEGMENT_UPDATE.kind and kinds is not None:
        number = content.parts["segment_id"].strip()
        if number.isascii() and number.isdigit() and (problem := _segment(int(number), kinds)):
            yield RenderError(problem, part="segment_id")


def _names(text: str) -> Iterator[RenderError]:
    """Attributes that are held back, by their names; of a text without Liquid they are told as part of it."""
    if "{{" not in text or "{%" in text:
        return
    try:
        found = json.loads(_OUTPUT.sub("0", text), strict=False)
    except (ValueError, RecursionError):
        return
    for name in found if isinstance(found, dict) else ():
        if problem := name_problem(name):
            yield RenderError(problem, part="attributes")


def _segment(number: int, kinds: Mapping[int, str]) -> str | None:
    if number not in kinds:
        return f"segment {number} does not exist"
    return None if kinds[number] == "manual" else f"segment {number} is data-driven: its conditions say who is in it"
