# SPDX-License-Identifier: Apache-2.0
"""The recorded exchanges of `exchanges/`, and our providers given the message that was recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clarion.channels.base import Deliverer
from clarion.channels.hook import Hook, Incoming
from clarion.channels.hooks import HookKeys, build_hooks
from clarion.channels.mailgun import MailgunSettings, mailgun
from clarion.channels.postmark import PostmarkSettings, postmark
from clarion.channels.push import PushSettings, push
from clarion.channels.resend import ResendSettings, resend
from clarion.channels.sendgrid import SendGridSettings, sendgrid
from clarion.channels.ses import SesSettings, ses
from clarion.channels.slack import SlackSettings, slack
from clarion.channels.twilio import TwilioSettings, twilio
from clarion.domain.attachments import Attachment
from clarion.domain.messages import EmailFields, EmailMessage, Message, PartsMessage
from clarion.domain.push import PushDevice

from .exchanges.record.shape import body_of
from .google_server import KEY
from .hook_server import Behaviour

EXCHANGES = Path(__file__).parent / "exchanges"
TOLD: dict[str, Any] = json.loads((EXCHANGES / "messages.json").read_text("utf-8"))
LOGIN = TOLD["login"]


def kept(what: str) -> dict[str, dict[str, Any]]:
    """The recordings of one kind: by provider, then by case."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((EXCHANGES / what).glob("*.json"))}


def in_parts(told: dict[str, Any], content: bytes = b"") -> EmailMessage:
    cc, bcc = ([told[name]] if name in told else [] for name in ("cc", "bcc"))
    one = told.get("attachment")
    fields = EmailFields(
        subject=told["subject"],
        html=told["html"],
        plain=told["text"],
        sender=told["from"],
        recipient=told["to"],
        reply_to=told["reply_to"],
        cc=tuple(cc),
        bcc=tuple(bcc),
        headers=tuple(told["headers"].items()),
        attachments=(Attachment(one["name"], one["type"], one["content"]),) if one else (),
    )
    sender, recipient = parseaddr(told["from"])[1], parseaddr(told["to"])[1]
    return EmailMessage(
        told["delivery_id"], sender, recipient, told["subject"], content, copies=(*cc, *bcc), fields=fields
    )


def in_bytes() -> EmailMessage:
    told = TOLD["mime"]
    first, *others = told["to"]
    content = told["content"].encode()
    return EmailMessage(told["delivery_id"], told["sender"], first, "Spring", content, copies=tuple(others))


def in_texts(channel: str, recipient: str, **parts: str) -> PartsMessage:
    return PartsMessage(TOLD[channel]["delivery_id"], channel, recipient, "Spring", parts)


def for_push(platform: str) -> PartsMessage:
    told = TOLD["push"]
    names = ("title", "message", "image_url", "link", "sound", "badge")
    device = PushDevice(told[platform], platform)
    parts = {name: told[name] for name in names}
    return PartsMessage(told["delivery_id"], "push", device.token, "Spring", parts, devices=(device,))


def messages(provider: str, case: str) -> Sequence[Message]:
    """The message of a case, or, of many in a call, all of them."""
    if case == "many":
        return [in_parts(told, b"Subject: x\r\n\r\n" if provider == "ses" else b"") for told in TOLD["pair"]]
    match provider:
        case "mailgun" | "ses":
            return [in_bytes()]
        case "twilio" if case == "whatsapp":
            told = TOLD["whatsapp"]
            body = json.dumps({name: told[name] for name in ("content_sid", "variables")})
            return [in_texts("whatsapp", told["to"], body=body, **{"from": told["from"]})]
        case "twilio" if case == "service":
            told = TOLD["sms"]
            return [in_texts("sms", told["to"], body=told["body"], **{"from": LOGIN["twilio_service"]})]
        case "twilio":
            told = TOLD["sms"]
            return [
                in_texts("sms", told["to"], body=told["body"], image_url=told["image_url"], **{"from": told["from"]})
            ]
        case "slack":
            told = TOLD["slack"]
            texts = {"body": told["body"], "username": told["username"], "icon": told["icon"]}
            return [in_texts("slack", told["channel"], blocks=json.dumps(told["blocks"]), **texts)]
        case "fcm":
            return [for_push("ios" if case == "ios" else "android")]
        case "apns":
            return [for_push("ios")]
        case _:
            return [in_parts(TOLD["email"])]


def google_account(folder: Path, token_url: str) -> str:
    """A service account's file."""
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"project_id": LOGIN["project"], "client_email": "push@night-bus.example", "private_key": pem}
    path = folder / "account.json"
    path.write_text(json.dumps({**account, "token_uri": token_url}), "utf-8")
    return str(path)


def provider(name: str, case: str, url: str, folder: Path) -> Deliverer:
    """Ours, speaking to `url`."""
    key, batch = LOGIN["key"], 2 if case == "many" else 1
    match name:
        case "postmark":
            return postmark(PostmarkSettings(token=key, url=url, batch=batch))
        case "resend":
            return resend(ResendSettings(api_key=key, url=url, batch=batch))
        case "sendgrid":
            return sendgrid(SendGridSettings(api_key=key, url=url, batch=batch))
        case "mailgun":
            return mailgun(MailgunSettings(domain=LOGIN["mailgun"], api_key=key, url=url))
        case "ses":
            return ses(
                SesSettings(
                    region="eu-west-1",
                    access_key_id=LOGIN["aws_key"],
                    secret_access_key=key,
                    session_token=LOGIN["aws_token"],
                    configuration_set="news",
                    batch=batch,
                    url=url,
                )
            )
        case "twilio":
            options: dict[str, Any] = {"auth_token": key}
            if case == "service":
                options = {"key_sid": LOGIN["twilio_key"], "key_secret": key}
            elif case == "whatsapp":
                options["channel"] = "whatsapp"
            else:
                options["status_callback"] = TOLD["sms"]["status_callback"].partition("?")[0]
            return twilio(TwilioSettings(LOGIN["twilio"], url=url, **options))
        case "slack":
            return slack(SlackSettings(token=key, url=f"{url}/api"))
        case "fcm":
            account = google_account(folder, f"{url}/token")
            return push(PushSettings(fcm_credentials=account, fcm_url=url))
        case _:
            raise LookupError(name)


@dataclass(frozen=True)
class Told:
    """An event webhook as it was signed, and what ours is to hear."""

    name: str
    case: str

    @property
    def file(self) -> dict[str, Any]:
        return EVENTS[self.name]

    @property
    def recorded(self) -> dict[str, Any]:
        found: dict[str, Any] = self.file["cases"][self.case]
        return found

    @property
    def expected(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.recorded["told"]
        return found

    @property
    def body(self) -> bytes:
        return body_of(self.recorded, self.file.get("tail", ""))

    @property
    def incoming(self) -> Incoming:
        headers = {**self.file.get("headers", {}), **self.recorded.get("headers", {})}
        return Incoming(self.body, headers, float(self.file["at"]), self.recorded.get("url", ""))


EVENTS = kept("events")
CALLS = [Told(name, case) for name, file in EVENTS.items() for case in file["cases"]]


async def amazon(url: str, _: int) -> bytes:
    """What its hosts serve: the certificate, and whatever confirms a subscription."""
    return EVENTS["ses"]["certificate"].encode() if url == EVENTS["ses"]["certificate_url"] else b"<Response/>"


def hooks() -> Mapping[str, Hook | None]:
    """Ours, with the keys of the recordings."""
    keys = {name: file.get("key", "") for name, file in EVENTS.items()}
    tokens = (keys["twilio"], EVENTS["twilio"]["shared_key"])
    topic = EVENTS["ses"]["topic"]
    given = HookKeys(keys["mailgun"], keys["postmark"], keys["resend"], keys["sendgrid"], topic, tokens)
    return build_hooks(given, amazon)


def replies(told: dict[str, Any]) -> Behaviour:
    """Answers as it was recorded."""
    body, headers = told.get("body", ""), dict(told.get("headers", {}))
    if not isinstance(body, str):
        headers.setdefault("Content-Type", "application/json")
        body = json.dumps(body)
    return lambda _: web.Response(status=told["status"], body=body.encode(), headers=headers)
