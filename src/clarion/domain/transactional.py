# SPDX-License-Identifier: Apache-2.0
"""The call that sends one message to one person (contract §7.13): its keys, its limits, what it overrides."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from clarion.domain import channels
from clarion.domain.attachments import MAX_BYTES, MAX_NAME_BYTES, Attachment, media_type_of
from clarion.domain.broadcasts import Action, EmailContent, FrozenContent
from clarion.domain.entries import encode_data
from clarion.domain.errors import InvalidRequest
from clarion.domain.parts import Channel
from clarion.domain.people import MAX_ID_BYTES, Device, IdKind, Reference
from clarion.domain.push import parse_device
from clarion.domain.topics import best

CHANNELS: Final = ("email", "push", "sms", "whatsapp", "in_app", "inbox_message")
MAX_ADDRESSES: Final = 15  # of to, cc and bcc together
MAX_AHEAD_S: Final = 90 * 86_400
MAX_BODY_BYTES: Final = 1_000_000
MAX_LINE_BYTES: Final = 1_000
MAX_HEADERS: Final = 50
MAX_DATA_BYTES: Final = 50_000  # as of a trigger call


@dataclass(frozen=True, slots=True)
class Override:
    """What a call says in place of the message's own: fields of `EmailContent`, or parts of it, and settings."""

    texts: dict[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] | None = None
    tracked: bool | None = None
    inline_css: bool | None = None
    fake_bcc: bool | None = None
    send_to_unsubscribed: bool = True
    also_to: tuple[str, ...] = ()  # recipients beside the first
    language: str = ""  # that of the message whoever gets it; "": the person's

    def applied(self, content: FrozenContent) -> FrozenContent:
        """The content as this message is made of it."""
        return replace(content, actions=tuple(self._applied(action) for action in content.actions))

    def _applied(self, action: Action) -> Action:
        texts: dict[str, Any] = dict(self.texts)
        if self.headers is not None:
            texts["headers"] = self.headers
        if self.tracked is not None:
            texts["tracked"] = self.tracked
        if self.inline_css is not None:
            texts["inline_css"] = self.inline_css
        if self.fake_bcc is not None:
            texts["fake_bcc"] = self.fake_bcc
        variants = tuple(replace(one, content=_with(one.content, texts)) for one in action.variants)
        content = _with(action.content, texts)
        if self.language:
            spoken = best([one.language for one in variants], self.language)
            content = next((one.content for one in variants if one.language == spoken), content)
            variants = ()
        return replace(action, content=content, variants=variants, send_to_unsubscribed=self.send_to_unsubscribed)


def _with(content: EmailContent, texts: Mapping[str, Any]) -> EmailContent:
    texts = dict(texts)
    if content.made_of_parts is not None:
        tracked = texts.pop("tracked", content.tracked)
        return replace(content, parts={**content.parts, **texts}, tracked=tracked)
    return replace(content, **texts)


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A checked call. `message`: the transactional message's number or trigger name; None: all texts are inline.

    `channel`: of which kind the message must be. `data` is compact JSON, what templates see as ``trigger``; `send_at`
    Unix seconds; `forget`: nothing of what it
    said is kept once it is settled; `auto_create`: an unknown person is made; `queue_draft`: it is made and waits until
    somebody sends it; `device`: one that the person has from then on, and that it goes to.
    """

    reference: Reference
    message: int | str | None
    override: Override
    attachments: tuple[Attachment, ...] = ()
    data: bytes = b"{}"
    send_at: int | None = None
    forget: bool = False
    auto_create: bool = True
    queue_draft: bool = False
    channel: str = "email"
    device: Device | None = None


# Key of the call → field of EmailContent, and its limit in bytes.
_TEXTS: Final = {
    "to": ("recipient", MAX_LINE_BYTES),
    "from": ("sender", MAX_LINE_BYTES),
    "reply_to": ("reply_to", MAX_LINE_BYTES),
    "cc": ("cc", MAX_LINE_BYTES),
    "bcc": ("bcc", MAX_LINE_BYTES),
    "subject": ("subject", MAX_LINE_BYTES),
    "preheader": ("preheader", MAX_LINE_BYTES),
    "body": ("body", MAX_BODY_BYTES),
    "body_plain": ("plain", MAX_BODY_BYTES),
    "body_amp": ("amp", MAX_BODY_BYTES),
}
_INLINE: Final = ("from", "subject", "body")
_FLAGS: Final = {
    "disable_message_retention": False,
    "send_to_unsubscribed": True,
    "tracked": True,
    "queue_draft": False,
    "auto_create": True,
    "fake_bcc": False,
    "disable_css_preprocessing": False,
}
_EMAIL_KEYS: Final = frozenset({
    *_TEXTS, *_FLAGS, "transactional_message_id", "identifiers", "message_data", "attachments", "headers", "send_at",
    "language",
})  # fmt: skip
_COMMON: Final = frozenset({
    "transactional_message_id", "identifiers", "to", "message_data", "send_at", "language", "auto_create",
    "disable_message_retention", "send_to_unsubscribed", "queue_draft",
})  # fmt: skip
_OF_CHANNEL: Final = {
    "push": frozenset({
        "title", "message", "image_url", "link", "sound", "custom_data", "custom_device", "custom_payload",
    }),
    "sms": frozenset({"from", "tracked", "body"}),
    "whatsapp": frozenset({"from", "tracked", "body"}),
    "in_app": frozenset(),
    "inbox_message": frozenset(),
}  # fmt: skip


def parse_email(body: Mapping[str, Any], now_s: int) -> SendRequest:
    """Read the body of `POST /v1/send/email`.

    Raises:
        InvalidRequest: naming the key.
    """
    _only(body, _EMAIL_KEYS)
    flags = {name: _flag(body, name, default=default) for name, default in _FLAGS.items()}
    message = _message(body)
    texts = {inner: text for name, (inner, most) in _TEXTS.items() if (text := _text(body, name, most)) is not None}
    if message is None:
        for name in _INLINE:
            if not texts.get(_TEXTS[name][0], "").strip():
                raise InvalidRequest("is required without a transactional_message_id", f"/{name}")
    return SendRequest(
        reference=reference_of(body),
        message=message,
        override=Override(
            texts,
            _headers(body.get("headers")),
            flags["tracked"] if body.get("tracked") is not None or message is None else None,
            False if flags["disable_css_preprocessing"] else (True if message is None else None),
            None if body.get("fake_bcc") is None else flags["fake_bcc"],
            send_to_unsubscribed=flags["send_to_unsubscribed"],
            language=_text(body, "language", MAX_LINE_BYTES) or "",
        ),
        attachments=_attachments(body.get("attachments")),
        data=_data(body.get("message_data")),
        send_at=_send_at(body.get("send_at"), now_s),
        forget=flags["disable_message_retention"],
        auto_create=flags["auto_create"],
        queue_draft=flags["queue_draft"],
    )


def parse_other(kind: str, body: Mapping[str, Any], now_s: int) -> SendRequest:
    """Read the body of `POST /v1/send/{kind}` for one of the other `CHANNELS`.

    Raises:
        InvalidRequest: naming the key that is wrong.
    """
    _only(body, _COMMON | _OF_CHANNEL[kind])
    message = _message(body)
    if message is None:
        raise InvalidRequest("is required", "/transactional_message_id")
    channel = channels.CHANNELS[kind]
    texts = _parts(body, channel)
    tracked = _flag(body, "tracked", default=channel.tracked)
    flags = {name: _flag(body, name, default=_FLAGS[name]) for name in _COMMON & _FLAGS.keys()}
    return SendRequest(
        reference=reference_of(body),
        message=message,
        override=Override(
            texts,
            tracked=tracked if body.get("tracked") is not None else None,
            send_to_unsubscribed=flags["send_to_unsubscribed"],
            language=_text(body, "language", MAX_LINE_BYTES) or "",
        ),
        data=_data(body.get("message_data")),
        send_at=_send_at(body.get("send_at"), now_s),
        forget=flags["disable_message_retention"],
        auto_create=flags["auto_create"],
        queue_draft=flags["queue_draft"],
        channel=kind,
        device=None if body.get("custom_device") is None else parse_device(body["custom_device"], "/custom_device"),
    )


def _parts(body: Mapping[str, Any], channel: Channel) -> dict[str, str]:
    """What the call says in place of the message's own parts; one that is JSON may come as it is."""
    found = {}
    for key, name in channel.overrides.items():
        part = channel.part(name)
        if part is None or body.get(key) is None:
            continue
        value = body[key]
        if part.as_json and not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            if len(value.encode()) > part.most_bytes:
                raise InvalidRequest(f"is longer than {part.most_bytes} bytes", f"/{key}")
            found[name] = value
        elif (text := _text(body, key, part.most_bytes)) is not None:
            found[name] = text
    return found


def _only(body: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in body:
        if key not in known:
            shown = key[:60].replace("~", "~0").replace("/", "~1")  # a JSON pointer, RFC 6901 §3
            raise InvalidRequest(f"unknown key; known: {', '.join(sorted(known))}", f"/{shown}")


def _flag(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidRequest("must be true or false", f"/{name}")
    return value


def _text(body: Mapping[str, Any], name: str, most_bytes: int) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if name in {"to", "cc", "bcc"} and isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    if not isinstance(value, str):
        raise InvalidRequest("must be a string", f"/{name}")
    if len(value.encode()) > most_bytes:
        raise InvalidRequest(f"is longer than {most_bytes} bytes", f"/{name}")
    return value


def _message(body: Mapping[str, Any]) -> int | str | None:
    value = body.get("transactional_message_id")
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, int) and value < 0):
        raise InvalidRequest("must be a number or a trigger name", "/transactional_message_id")
    if isinstance(value, int) and value >= 2**53:
        raise InvalidRequest("is too large", "/transactional_message_id")
    return value


def reference_of(body: Mapping[str, Any]) -> Reference:
    """Whom the `identifiers` of a call name. Raises InvalidRequest."""
    value = body.get("identifiers")
    if not isinstance(value, dict):
        raise InvalidRequest("is required: an object with one of id, email, cio_id", "/identifiers")
    given = {key: one for key, one in value.items() if one not in (None, "")}
    if len(given) != 1 or not given.keys() <= {kind.value for kind in IdKind}:
        raise InvalidRequest("give exactly one of id, email, cio_id", "/identifiers")
    [(key, one)] = given.items()
    if key == "id" and isinstance(one, int) and not isinstance(one, bool):
        one = str(one)
    if not isinstance(one, str):
        raise InvalidRequest("must be a string", f"/identifiers/{key}")
    kind = IdKind(key)
    longest = MAX_ID_BYTES if kind is IdKind.ID else 254
    if len(one.encode()) > longest:
        raise InvalidRequest(f"is longer than {longest} bytes", f"/identifiers/{key}")
    return Reference(kind, one.removeprefix("cio_") if kind is IdKind.CIO_ID else one)


def _headers(value: object) -> tuple[tuple[str, str], ...] | None:
    """An object of names and values, or a list of objects with both."""
    if value is None:
        return None
    pairs: list[tuple[object, object]]
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
        pairs = [(one.get("name"), one.get("value")) for one in value]
    else:
        raise InvalidRequest("must be an object of names and values", "/headers")
    if len(pairs) > MAX_HEADERS:
        raise InvalidRequest(f"has more than {MAX_HEADERS} items", "/headers")
    headers = []
    for name, text in pairs:
        if not isinstance(name, str) or not isinstance(text, str):
            raise InvalidRequest("names and values must be strings", "/headers")
        if len(text.encode()) > MAX_LINE_BYTES:
            raise InvalidRequest(f"a value is longer than {MAX_LINE_BYTES} bytes", "/headers")
        headers.append((name, text))
    return tuple(headers)


def _attachments(value: object) -> tuple[Attachment, ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object: file name → base64", "/attachments")
    found, total = [], 0
    for name, encoded in value.items():
        if not name.strip() or len(name.encode()) > MAX_NAME_BYTES or not name.isprintable():
            raise InvalidRequest(f"a file name must have 1 to {MAX_NAME_BYTES} printable bytes", "/attachments")
        if not isinstance(encoded, str):
            raise InvalidRequest(f"{name[:60]}: must be base64", "/attachments")
        try:
            octets = base64.b64decode("".join(encoded.split()), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidRequest(f"{name[:60]}: must be base64", "/attachments") from None
        total += len(octets)
        found.append(Attachment(name, media_type_of(name), base64.b64encode(octets).decode()))
    if total > MAX_BYTES:
        raise InvalidRequest(f"have more than {MAX_BYTES} bytes together", "/attachments")
    return tuple(found)


def _data(value: object) -> bytes:
    data = encode_data(value)
    if isinstance(data, str):
        raise InvalidRequest(data.replace("data must", "must"), "/message_data")
    if len(data) > MAX_DATA_BYTES:
        raise InvalidRequest(f"is larger than {MAX_DATA_BYTES} bytes", "/message_data")
    return data


def _send_at(value: object, now_s: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidRequest("must be Unix seconds", "/send_at")
    if value > now_s + MAX_AHEAD_S:
        raise InvalidRequest("is more than 90 days ahead", "/send_at")
    return value if value > now_s else None
