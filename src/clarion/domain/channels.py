# SPDX-License-Identifier: Apache-2.0
"""Channels whose messages are texts by name: which texts each has, their limits, and what must come out of them.

E-mails and webhooks have shapes of their own (`domain.broadcasts`). Everything else about a further channel is told
here as data, so that editing, checking, rendering, previewing and keeping its messages needs nothing of its own.
"""

import json
import re
from collections.abc import Mapping

from clarion.domain.parts import MAX_BODY_BYTES, Channel, Part
from clarion.domain.people import cio_id_of
from clarion.domain.person_actions import PERSON_ACTIONS

LIFE_DAYS = 60  # that a message waits for an app, as Customer.io has it
MOST_LIFE_DAYS = 365
LAST_PRIORITY = 999  # of in-app messages
MOST_BADGE_DIGITS = 6
PLATFORMS = ("ios", "android")  # of devices that a push message goes to
MOST_SMS_CHARACTERS = 1_600  # that one SMS may have, in as many segments as it takes (Twilio's limit)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
MOST_SLACK_CHARACTERS = 40_000  # what is longer, Slack cuts
MOST_SLACK_BLOCKS = 50
_SLACK_PLACE = re.compile(r"[#@]?[\w.-]{1,80}")
_EMOJI = re.compile(r":[\w+'-]+(?:::[\w-]+)?:")
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")  # of Twilio's templates
_BETWEEN_DIGITS = str.maketrans("", "", " \t-.()/\u00a0\u2011")


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


def device_token(text: str) -> str:
    """The token of a device, as its service gave it. Raises ValueError: it is none."""
    found = text.strip()
    if not found or not found.isascii() or not found.isprintable() or " " in found or "," in found:
        raise ValueError("is not the token of a device")
    return found


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
    links=("body",),
    tracked=True,
    picture="image_url",
)


def _push_problem(parts: Mapping[str, str]) -> tuple[str, str] | None:
    if parts["title"] or parts["message"] or parts["custom_payload"]:
        return None
    return "message", "title and message are both blank"


def _url_problem(text: str) -> str | None:
    return None if text.startswith(("https://", "http://")) else "must begin with https:// or http://"


def _badge_problem(text: str) -> str | None:
    whole = text.isascii() and text.isdigit() and len(text) <= MOST_BADGE_DIGITS
    return None if whole else "must be a whole number"


def _object_problem(text: str) -> str | None:
    return None if isinstance(json.loads(text), dict) else "must be a JSON object"


def _payload_problem(text: str) -> str | None:
    payload = json.loads(text)
    if not isinstance(payload, dict) or not payload.keys() <= set(PLATFORMS):
        return 'must be a JSON object with "ios", "android" or both'
    if not all(isinstance(one, dict) for one in payload.values()):
        return "must hold a JSON object for each platform"
    return None


PUSH = Channel(
    kind="push",
    type="push",
    title="a push message",
    parts=(
        Part("title", 8_000),
        Part("message", MAX_BODY_BYTES),
        Part("image_url", 8_000, wrong=_url_problem),
        Part("link", 8_000),
        Part("sound", default="default"),
        Part("badge", wrong=_badge_problem),
        Part("custom_data", MAX_BODY_BYTES, as_json=True, wrong=_object_problem),
        Part("custom_payload", MAX_BODY_BYTES, as_json=True, wrong=_payload_problem),
        Part("to", default="all", choices=("all", "last_used")),
    ),
    shown="title",
    shown_else="message",
    own_address="",
    address=device_token,
    problem=_push_problem,
    overrides={
        name: name for name in ("to", "title", "message", "image_url", "link", "sound", "custom_data", "custom_payload")
    },
    to_devices=True,
    picture="image_url",
)


def slack_place(text: str) -> str:
    """A channel or a member of a Slack workspace, by id or by name (``C024BE91L``, ``#alerts``, ``@ada``).

    Raises:
        ValueError: it is none.
    """
    if not _SLACK_PLACE.fullmatch(text):
        raise ValueError("is no channel or member of Slack, like #alerts or C024BE91L")
    return text


def _slack_body_problem(text: str) -> str | None:
    return f"is longer than {MOST_SLACK_CHARACTERS} characters" if len(text) > MOST_SLACK_CHARACTERS else None


def _blocks_problem(text: str) -> str | None:
    blocks = json.loads(text)
    if not isinstance(blocks, list) or not all(isinstance(one, dict) for one in blocks):
        return "must be a list of objects"
    return f"has more than {MOST_SLACK_BLOCKS} items" if len(blocks) > MOST_SLACK_BLOCKS else None


def _icon_problem(text: str) -> str | None:
    fits = text.startswith("https://") or _EMOJI.fullmatch(text)
    return None if fits else "must be an emoji, like :bus:, or begin with https://"


SLACK = Channel(
    kind="slack",
    type="slack",
    title="a Slack message",
    parts=(
        Part("recipient", default="{{customer.slack_id}}"),
        Part("body", MAX_BODY_BYTES, required=True, wrong=_slack_body_problem),
        Part("blocks", MAX_BODY_BYTES, as_json=True, wrong=_blocks_problem),
        Part("username"),
        Part("icon", wrong=_icon_problem),
    ),
    shown="body",
    own_address="slack_id",
    address=slack_place,
)


_NO_TEMPLATE = json.dumps({"content_sid": "HX" + "0" * 32})  # what a preview is made of while there is none


def _template_problem(text: str) -> str | None:
    told = json.loads(text)
    if not isinstance(told, dict) or not told.keys() <= {"content_sid", "variables"}:
        return 'must be a JSON object with "content_sid" and, for what is put into the template, "variables"'
    sid, variables = told.get("content_sid"), told.get("variables", {})
    if not isinstance(sid, str) or not _CONTENT_SID.fullmatch(sid):
        return "content_sid must name a template: HX and 32 hexadecimal digits"
    if not isinstance(variables, dict) or not all(isinstance(one, str) for one in variables.values()):
        return 'variables must be an object of texts, such as {"1": "Ann"}'
    return None


WHATSAPP = Channel(
    kind="whatsapp",
    type="whatsapp",
    title="a WhatsApp message",
    parts=(
        Part("recipient", default="{{customer.phone}}"),
        Part("from"),
        Part("body", MAX_BODY_BYTES, required=True, as_json=True, wrong=_template_problem, instead=_NO_TEMPLATE),
    ),
    shown="body",
    own_address="phone",
    address=phone_number,
    overrides={"to": "recipient", "from": "from", "body": "body"},
    links=("body",),
)


def _days_problem(text: str) -> str | None:
    fits = text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_LIFE_DAYS
    return None if fits else f"must be days, from 1 to {MOST_LIFE_DAYS}"


def lives_days(parts: Mapping[str, str]) -> int:
    """For how many days an app may show a message."""
    return int(parts.get("expires_days") or LIFE_DAYS)


def _priority_problem(text: str) -> str | None:
    fits = text.isascii() and text.isdigit() and int(text) <= LAST_PRIORITY if len(text) <= 3 else False
    return None if fits else f"must be a whole number, from 0 to {LAST_PRIORITY}"


def place_of(parts: Mapping[str, str]) -> int:
    """Where a message stands among those that an app may show: the smallest number comes first, those without last."""
    return int(parts.get("priority") or LAST_PRIORITY + 1)


def _in_app_problem(parts: Mapping[str, str]) -> tuple[str, str] | None:
    if parts["position"] == "inline" and not parts["element_id"]:
        return "element_id", "is needed by a message that is shown inline"
    return None


_EXPIRES = Part("expires_days", default=str(LIFE_DAYS), wrong=_days_problem)

# Both go to the person, whatever addresses they have: the app asks for what is theirs.
IN_APP = Channel(
    kind="in_app",
    type="in_app",
    title="an in-app message",
    parts=(
        Part("title"),
        Part("body", MAX_BODY_BYTES, required=True),
        Part("position", default="modal", choices=("modal", "top", "bottom", "inline")),
        Part("element_id"),
        Part("page_rule"),
        Part("persistent", default="false", choices=("false", "true")),
        Part("priority", wrong=_priority_problem),
        _EXPIRES,
    ),
    shown="title",
    shown_else="body",
    own_address="cio_id",
    address=cio_id_of,
    problem=_in_app_problem,
    html="body",
)
INBOX_MESSAGE = Channel(
    kind="inbox_message",
    type="inbox_message",
    title="an inbox message",
    parts=(
        Part("type"),
        Part("topic"),
        Part("properties", MAX_BODY_BYTES, required=True, as_json=True, wrong=_object_problem, instead="{}"),
        _EXPIRES,
    ),
    shown="type",
    shown_else="properties",
    own_address="cio_id",
    address=cio_id_of,
)

SENT: Mapping[str, Channel] = {one.kind: one for one in (SMS, PUSH, SLACK, WHATSAPP, IN_APP, INBOX_MESSAGE)}
"""Those of messages, which something takes that can be chosen, by the kind of their actions."""
CHANNELS: Mapping[str, Channel] = {**SENT, **PERSON_ACTIONS}
"""By the kind of their actions: all that are made of parts."""
TYPE_OF: Mapping[str, str] = {
    "email": "email",
    "webhook": "webhook",
    **{one.kind: one.type for one in CHANNELS.values()},
}
"""Kind of an action → Customer.io's word for it."""
KIND_OF: Mapping[str, str] = {word: kind for kind, word in TYPE_OF.items()}
