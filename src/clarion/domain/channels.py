# SPDX-License-Identifier: Apache-2.0
"""Channels whose messages are texts by name: which texts each has, their limits, and what must come out of them.

E-mails and webhooks have shapes of their own (`domain.broadcasts`). Everything else about a further channel is told
here as data, so that editing, checking, rendering, previewing and keeping its messages needs nothing of its own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MAX_LINE_BYTES = 1_000
MAX_BODY_BYTES = 100_000
MOST_SMS_CHARACTERS = 1_600  # that one SMS may have, in as many segments as it takes (Twilio's limit)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_BETWEEN_DIGITS = str.maketrans("", "", " \t-.()/\u00a0\u2011")


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a message: a template in Liquid, unless it is one of `choices`.

    `most_bytes` of the template; `default` of a new message; `required`: may not come out blank; `as_json`: what is put
    out is put in as JSON, and what comes out must be JSON, unless it is blank.
    """

    name: str
    most_bytes: int = MAX_LINE_BYTES
    default: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    as_json: bool = False


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
    message → the part that it stands in for (contract §7.13).
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

    def part(self, name: str) -> Part | None:
        """A part by its name."""
        return next((one for one in self.parts if one.name == name), None)

    def new(self) -> dict[str, str]:
        """The texts of a new message."""
        return {one.name: one.default for one in self.parts}


def phone_number(text: str) -> str:
    """A phone number in E.164 (``+15551234567``); blanks and signs between its digits are left out.

    Raises:
        ValueError: it is none, or one without a country.
    """
    number = text.strip().translate(_BETWEEN_DIGITS)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _PHONE.fullmatch(number):
        raise ValueError("is not a phone number with its country, like +15551234567")
    return number


def _sms_problem(parts: Mapping[str, str]) -> tuple[str, str] | None:
    if len(parts["body"]) > MOST_SMS_CHARACTERS:
        return "body", f"is longer than {MOST_SMS_CHARACTERS} characters"
    image = parts["image_url"]
    if image and not image.startswith(("https://", "http://")):
        return "image_url", "must begin with https:// or http://"
    return None


SMS = Channel(
    kind="sms",
    type="twilio",
    title="an SMS",
    parts=(
        Part("recipient", default="{{customer.phone}}"),
        Part("from"),
        Part("body", MAX_BODY_BYTES, required=True),
        Part("image_url", 8_000),
    ),
    shown="body",
    own_address="phone",
    address=phone_number,
    problem=_sms_problem,
    overrides={"to": "recipient", "from": "from", "body": "body"},
)

CHANNELS: Mapping[str, Channel] = {one.kind: one for one in (SMS,)}
"""By the kind of their actions."""
TYPE_OF: Mapping[str, str] = {
    "email": "email",
    "webhook": "webhook",
    **{one.kind: one.type for one in CHANNELS.values()},
}
"""Kind of an action → Customer.io's word for it."""
KIND_OF: Mapping[str, str] = {word: kind for kind, word in TYPE_OF.items()}
