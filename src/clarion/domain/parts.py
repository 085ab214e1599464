# SPDX-License-Identifier: Apache-2.0
"""What is told of an action whose content is texts by name: its texts, and what must come out of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MAX_LINE_BYTES = 1_000
MAX_BODY_BYTES = 100_000


def _nothing_wrong(_: str) -> str | None:
    return None


def is_json(text: str) -> bool:
    """Whether it can be read as JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a message: a template in Liquid, unless it is one of `choices`.

    `most_bytes` of the template; `default` of a new message; `required`: may not come out blank; `as_json`: what is put
    out is put in as JSON, and what comes out must be JSON, unless it is blank; `wrong`: what else is wrong with a text
    that came out and is not blank; `instead`: what a preview puts in place of a required one that fails.
    """

    name: str
    most_bytes: int = MAX_LINE_BYTES
    default: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    as_json: bool = False
    wrong: Callable[[str], str | None] = _nothing_wrong
    instead: str = "-"

    def problem(self, text: str) -> str | None:
        """What is wrong with a text that came out."""
        if not text:
            return f"{self.name} can not be blank" if self.required else None
        if self.as_json and not is_json(text):
            return f"{self.name} is not JSON"
        return self.wrong(text)


def _as_it_is(address: str) -> str:
    return address


def _nothing(_: Mapping[str, str]) -> tuple[str, str] | None:
    return None


@dataclass(frozen=True, slots=True)
class Channel:
    """`kind` of its actions; `type`: Customer.io's word for them (contract §5.3); `title` in sentences; `shown`: the
    part that lists show.

    Where a message goes is its part `recipient`; `own_address`: the attribute of a person that it is by default, and
    without which nothing is sent. `address`: that text as the provider wants it, raises ValueError for what is none.
    `problem`: the part and what is wrong with it in what was rendered. `overrides`: key of a call that sends one
    message → the part that it stands in for (contract §7.13). `shown_else`: what lists show where `shown` is
    blank; `shown_as`: in place of both.
    `to_devices`: it goes to devices of the person, chosen by its part `to` (`domain.push`), instead of to an address.
    `links`: parts whose links may lead through us; `tracked`: those of a new message do.
    `html`: the part that is HTML, unless it is JSON; `picture`: the part that is a picture's address.
    """

    kind: str
    type: str
    title: str
    parts: tuple[Part, ...]
    shown: str
    own_address: str
    address: Callable[[str], str] = _as_it_is
    problem: Callable[[Mapping[str, str]], tuple[str, str] | None] = _nothing
    overrides: Mapping[str, str] = field(default_factory=dict)
    shown_else: str = ""
    shown_as: Callable[[Mapping[str, str]], str] | None = None
    to_devices: bool = False
    links: tuple[str, ...] = ()
    tracked: bool = False
    html: str = ""
    picture: str = ""

    def heading(self, parts: Mapping[str, str]) -> str:
        """What lists show of a message, or of its templates."""
        if self.shown_as is not None:
            return self.shown_as(parts)
        return parts.get(self.shown) or parts.get(self.shown_else, "")

    def part(self, name: str) -> Part | None:
        """A part by its name."""
        return next((one for one in self.parts if one.name == name), None)

    def new(self) -> dict[str, str]:
        """The texts of a new message."""
        return {one.name: one.default for one in self.parts}
