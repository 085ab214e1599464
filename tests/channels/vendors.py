# SPDX-License-Identifier: Apache-2.0
"""Services over HTTP on 127.0.0.1, each as its vendor documents it: what it reads, what it answers."""

import asyncio
import base64
import re
import ssl
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web
from yarl import URL

from clarion.channels.http_delivery import HttpDeliverer
from clarion.channels.mailgun import MailgunSettings, mailgun
from clarion.channels.postmark import PostmarkSettings, postmark
from clarion.channels.resend import ResendSettings, resend
from clarion.channels.sendgrid import SendGridSettings, sendgrid
from clarion.channels.ses import SesSettings, ses
from clarion.channels.sigv4 import Credentials, signed
from clarion.channels.slack import SlackSettings, slack
from clarion.channels.twilio import TwilioSettings, twilio
from clarion.domain.messages import EmailFields, EmailMessage, Message, PartsMessage

from .messages import a_message
from .scripted import Kept

SECRET = "a-secret-of-a-test"
ACCOUNT = "AC" + 32 * "0"
AT = datetime(2026, 11, 29, 7, 30, tzinfo=UTC)


def mail(number: int, **fields: Any) -> EmailMessage:
    """In parts."""
    usual: dict[str, Any] = {
        "subject": f"Hello {number}",
        "html": "<p>Hello</p>",
        "plain": "Hello",
        "sender": "News <news@example.com>",
        "recipient": f"ann{number}@example.org",
        "headers": (("Message-ID", f"<d{number}@example.com>"),),
    }
    parts = EmailFields(**{**usual, **fields})
    copies = (*parts.cc, *parts.bcc)
    return EmailMessage(
        f"d{number}", "news@example.com", f"ann{number}@example.org", "x", b"", copies=copies, fields=parts
    )


@dataclass
class Call:
    """One request as it came."""

    server: "VendorServer"
    request: web.Request
    raw: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.raw)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw.decode(), keep_blank_values=True, strict_parsing=True))

    def drop(self) -> web.Response:
        """Hang up without a word."""
        assert self.request.transport is not None
        self.request.transport.abort()
        return web.Response()

    def usual(self) -> web.Response:
        """It is taken."""
        kept = self.server.vendor.kept(self)
        self.server.taken += kept
        return self.server.vendor.accepted(self, len(kept))


Behaviour = Callable[[Call], Awaitable[web.StreamResponse] | web.StreamResponse]


class Vendor(ABC):
    """One service: how to make our provider for it, and what it answers."""

    name: str
    channel = "email"
    message: Callable[..., Message] = staticmethod(mail)

    @abstractmethod
    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer: ...

    @abstractmethod
    def knows(self, call: Call) -> bool:
        """Whether it was asked for in the right way by somebody it knows."""

    @abstractmethod
    def kept(self, call: Call) -> list[Kept]: ...

    @abstractmethod
    def accepted(self, call: Call, count: int) -> web.Response: ...

    @abstractmethod
    def refusal(self, recipient: str) -> web.Response:
        """Of a call with one message, for good."""

    def refused(self, call: Call, recipient: str) -> web.Response:
        """One of a call is refused for good, the others are taken."""
        return self.refusal(recipient) if call.server.vendor.recipients(call) == [recipient] else call.usual()

    def recipients(self, call: Call) -> list[str]:
        return [kept.recipients[0] for kept in self.kept(call)]


class Postmark(Vendor):
    name = "postmark"

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        clock = options.pop("clock", None)
        return postmark(PostmarkSettings(token=secret, url=url, **options), **({"clock": clock} if clock else {}))

    def knows(self, call: Call) -> bool:
        return call.request.headers.get("X-Postmark-Server-Token") == SECRET

    def kept(self, call: Call) -> list[Kept]:
        mails = call.json if call.request.path == "/email/batch" else [call.json]
        return [Kept(one["From"], [one["To"], *filter(None, one.get("Cc", "").split(", "))], b"") for one in mails]

    def accepted(self, call: Call, count: int) -> web.Response:
        results = [{"ErrorCode": 0, "Message": "OK", "MessageID": "pm"}] * count
        return answer(200, results if call.request.path == "/email/batch" else results[0])

    def refusal(self, recipient: str) -> web.Response:
        return answer(422, {"ErrorCode": 406, "Message": f"inactive {recipient}"})

    def refused(self, call: Call, recipient: str) -> web.Response:
        kept = self.kept(call)
        bad = [one.recipients[0] == recipient for one in kept]
        call.server.taken += [one for one, is_bad in zip(kept, bad, strict=True) if not is_bad]
        return answer(200, [{"ErrorCode": 406 if is_bad else 0} for is_bad in bad])


class Resend(Vendor):
    """The batch endpoint in permissive mode."""

    name = "resend"

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        clock = options.pop("clock", None)
        return resend(ResendSettings(api_key=secret, url=url, **options), **({"clock": clock} if clock else {}))

    def knows(self, call: Call) -> bool:
        headers = call.request.headers
        return headers.get("Authorization") == f"Bearer {SECRET}" and 1 <= len(headers["Idempotency-Key"]) <= 256

    def _many(self, call: Call) -> bool:
        assert call.request.path in {"/emails", "/emails/batch"}
        return call.request.path == "/emails/batch"

    def kept(self, call: Call) -> list[Kept]:
        mails = call.json if self._many(call) else [call.json]
        return [Kept(one["from"], [*one["to"], *one.get("cc", ()), *one.get("bcc", ())], b"") for one in mails]

    def accepted(self, call: Call, count: int) -> web.Response:
        results = [{"id": f"re-{number}"} for number in range(count)]
        return answer(200, {"data": results} if self._many(call) else results[0])

    def refusal(self, recipient: str) -> web.Response:
        return answer(422, {"statusCode": 422, "name": "validation_error", "message": f"Invalid `to` {recipient}"})

    def refused(self, call: Call, recipient: str) -> web.Response:
        if not self._many(call):
            return super().refused(call, recipient)
        assert call.request.headers["x-batch-validation"] == "permissive"
        kept = self.kept(call)
        good = [one for one in kept if one.recipients[0] != recipient]
        call.server.taken += good
        errors = [
            {"index": place, "message": f"Invalid `to` {recipient}"}
            for place, one in enumerate(kept)
            if one.recipients[0] == recipient
        ]
        return answer(200, {"data": [{"id": "re"}] * len(good), "errors": errors})


class ResendAlone(Resend):
    """One message in a call."""

    name = "resend-alone"

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        return super().make(url, secret, batch=1, **options)


class SendGrid(Vendor):
    name = "sendgrid"

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        clock = options.pop("clock", None)
        return sendgrid(SendGridSettings(api_key=secret, url=url, **options), **({"clock": clock} if clock else {}))

    def knows(self, call: Call) -> bool:
        return call.request.headers.get("Authorization") == f"Bearer {SECRET}" and call.request.path == "/v3/mail/send"

    def kept(self, call: Call) -> list[Kept]:
        (envelope,) = call.json["personalizations"]
        everybody = [*envelope["to"], *envelope.get("cc", ()), *envelope.get("bcc", ())]
        return [Kept(call.json["from"]["email"], [one["email"] for one in everybody], b"")]

    def accepted(self, call: Call, count: int) -> web.Response:
        return web.Response(status=202, headers={"X-Message-Id": f"sg-{count}"})

    def refusal(self, recipient: str) -> web.Response:
        wrong = {"message": f"bad {recipient}", "field": "content.0.value"}
        return answer(400, {"errors": [wrong]})


class SendGridBulk(SendGrid):
    """Replaces tags again and again, as it did at times, and takes no more of them than it says."""

    name = "sendgrid-bulk"

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        return super().make(url, secret, **{"batch": 1_000, **options})

    def filled(self, call: Call) -> list[dict[str, Any]]:
        """Who gets what, of a call with several."""
        people = call.json["personalizations"]
        assert 1 <= len(people) <= 1_000
        assert len({one["to"][0]["email"].lower() for one in people}) == len(people)
        return [
            {**one, **{text["type"]: self._text(text["value"], one) for text in call.json["content"]}} for one in people
        ]

    def _text(self, text: str, person: dict[str, Any]) -> str:
        tags = person.get("substitutions", {})
        assert sum(len(tag.encode()) + len(value.encode()) for tag, value in tags.items()) <= 10_000
        assert len(tags) <= 100
        for _ in range(4):
            for tag, value in tags.items():
                text = text.replace(tag, value)
        return text

    def kept(self, call: Call) -> list[Kept]:
        if len(call.json["personalizations"]) == 1:
            return super().kept(call)
        sender = call.json["from"]["email"]
        return [Kept(sender, [one["to"][0]["email"]], b"") for one in self.filled(call)]

    def refused(self, call: Call, recipient: str) -> web.Response:
        found = self.recipients(call)
        if len(found) == 1 or recipient not in found:
            return super().refused(call, recipient)
        wrong = f"personalizations.{found.index(recipient)}.to.0.email"
        return answer(400, {"errors": [{"message": f"bad {recipient}", "field": wrong}]})


class InBytes(Vendor):
    """Services that take what we wrote."""

    message = staticmethod(a_message)


class Mailgun(InBytes):
    name = "mailgun"

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        clock = options.pop("clock", None)
        settings = MailgunSettings(domain="mg.example.com", api_key=secret, url=url, **options)
        return mailgun(settings, **({"clock": clock} if clock else {}))

    def knows(self, call: Call) -> bool:
        credentials = base64.b64encode(f"api:{SECRET}".encode()).decode()
        assert call.request.path == "/v3/mg.example.com/messages.mime"
        return call.request.headers.get("Authorization") == f"Basic {credentials}"

    def form(self, call: Call) -> list[tuple[str, bytes]]:
        """Read by hand, so that nothing of what we wrote is touched."""
        kind, _, boundary = call.request.headers["Content-Type"].partition("; boundary=")
        assert kind == "multipart/form-data"
        first, *parts, last = call.raw.split(f"--{boundary}".encode())
        assert (first, last) == (b"", b"--\r\n")
        found = []
        for part in parts:
            head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            name = re.match(rb'Content-Disposition: form-data; name="([^"]+)"', head)
            assert name is not None
            assert (b"filename=" in head) == (name[1] == b"message")
            found.append((name[1].decode(), value.removesuffix(b"\r\n")))
        return found

    def kept(self, call: Call) -> list[Kept]:
        form = self.form(call)
        (content,) = (value for name, value in form if name == "message")
        return [Kept("", [value.decode() for name, value in form if name == "to"], content)]

    def accepted(self, call: Call, count: int) -> web.Response:
        return answer(200, {"id": "<mg@example.com>", "message": "Queued. Thank you."})

    def refusal(self, recipient: str) -> web.Response:
        return answer(400, {"message": f"'to' parameter is not a valid address. {recipient}"})


class Ses(InBytes):
    """Checks signatures by making them again."""

    name = "ses"
    credentials = Credentials("AKIDEXAMPLE", SECRET, "a-session-token")

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        clock = options.pop("clock", None)
        settings = SesSettings(
            region="eu-west-1",
            access_key_id="AKIDEXAMPLE",
            secret_access_key=secret,
            session_token="a-session-token",
            configuration_set="news",
            url=url,
            **options,
        )
        return ses(settings, now=lambda: AT, **({"clock": clock} if clock else {}))

    def knows(self, call: Call) -> bool:
        headers = call.request.headers
        assert headers["X-Amz-Security-Token"] == "a-session-token"
        made = signed(
            self.credentials,
            region="eu-west-1",
            service="ses",
            method="POST",
            url=URL(call.server.url + call.request.path),
            headers=[("Content-Type", headers["Content-Type"])],
            body=call.raw,
            at=AT,
        )
        return headers["Authorization"] == dict(made)["Authorization"]

    def kept(self, call: Call) -> list[Kept]:
        to = call.json["Destination"]
        content = base64.b64decode(call.json["Content"]["Raw"]["Data"])
        return [Kept("", [*to["ToAddresses"], *to.get("BccAddresses", ())], content)]

    def accepted(self, call: Call, count: int) -> web.Response:
        return answer(200, {"MessageId": "ses-1"})

    def refusal(self, recipient: str) -> web.Response:
        return answer(400, {"message": f"bad {recipient}"}, **{"x-amzn-ErrorType": "MessageRejected:http://x"})


def letter(number: int = 0, **fields: Any) -> EmailMessage:
    """In parts and in bytes; what is said of the message rather than its parts is that of the bytes."""
    of_bytes = {name: fields.pop(name) for name in ("content", "copies", "recipient", "sender") if name in fields}
    return a_message(number, fields=mail(number, **fields).fields, **of_bytes)


class SesBulk(Ses):
    """Fills in a template for each entry, once, and refuses what is no simple substitution."""

    name = "ses-bulk"
    message = staticmethod(letter)

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        return super().make(url, secret, **{"batch": 50, **options})

    def _many(self, call: Call) -> bool:
        return call.request.path == "/v2/email/outbound-bulk-emails"

    def filled(self, call: Call) -> list[dict[str, Any]]:
        """The entries of a call with the texts that each gets."""
        assert len(call.raw) <= 1_000_000
        template = call.json["DefaultContent"]["Template"]
        assert template["TemplateData"] == "{}"
        entries = call.json["BulkEmailEntries"]
        assert 1 <= len(entries) <= 50
        return [{**entry, **self._texts(template["TemplateContent"], entry)} for entry in entries]

    def _texts(self, content: dict[str, str], entry: dict[str, Any]) -> dict[str, str]:
        data = msgspec.json.decode(entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
        assert not any(re.search(r"\{\{(?!g\d+\}\}(?!\}))|\{\{\{", text) for text in content.values())
        fill = partial(re.sub, r"\{\{(g\d+)\}\}", lambda found: data[found[1]])
        return {name: fill(text) for name, text in content.items()}

    def kept(self, call: Call) -> list[Kept]:
        if not self._many(call):
            return super().kept(call)
        return [
            Kept(call.json["FromEmailAddress"], one["Destination"]["ToAddresses"], one.get("Html", "").encode())
            for one in self.filled(call)
        ]

    def accepted(self, call: Call, count: int) -> web.Response:
        if not self._many(call):
            return super().accepted(call, count)
        results = [{"Status": "SUCCESS", "MessageId": f"ses-{number}"} for number in range(count)]
        return answer(200, {"BulkEmailEntryResults": results})

    def refused(self, call: Call, recipient: str) -> web.Response:
        if not self._many(call):
            return super().refused(call, recipient)
        kept = self.kept(call)
        bad = [one.recipients[0] == recipient for one in kept]
        call.server.taken += [one for one, is_bad in zip(kept, bad, strict=True) if not is_bad]
        words = {True: {"Status": "MESSAGE_REJECTED", "Error": "a virus"}, False: {"Status": "SUCCESS"}}
        return answer(200, {"BulkEmailEntryResults": [words[is_bad] for is_bad in bad]})


def post(number: int, **fields: Any) -> PartsMessage:
    """A Slack message."""
    usual: dict[str, Any] = {"recipient": f"ann{number}@example.org", "subject": "Hello", "parts": {"body": "Hello"}}
    return PartsMessage(f"d{number}", "slack", **{**usual, **fields})


class Slack(Vendor):
    """Says 200 to everything, and in the body whether it was meant."""

    name = channel = "slack"
    message = staticmethod(post)

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        clock = options.pop("clock", None)
        return slack(SlackSettings(token=secret, url=url, **options), **({"clock": clock} if clock else {}))

    def knows(self, call: Call) -> bool:
        assert call.request.path == "/chat.postMessage"
        return call.request.headers.get("Authorization") == f"Bearer {SECRET}"

    def kept(self, call: Call) -> list[Kept]:
        return [Kept("", [call.json["channel"]], call.json["text"].encode())]

    def accepted(self, call: Call, count: int) -> web.Response:
        return answer(200, {"ok": True, "channel": "C1", "ts": "1503435956.000247"})

    def refusal(self, recipient: str) -> web.Response:
        return answer(200, {"ok": False, "error": "channel_not_found"})


def text(number: int, **fields: Any) -> PartsMessage:
    """An SMS; its address is one that the shared tests know."""
    usual: dict[str, Any] = {"recipient": f"ann{number}@example.org", "subject": "Hello", "parts": {"body": "Hello"}}
    return PartsMessage(f"d{number}", "sms", **{**usual, **fields})


class Twilio(Vendor):
    """Takes a form, and numbers its refusals."""

    name = "twilio"
    channel = "sms"
    message = staticmethod(text)

    def make(self, url: str, secret: str = SECRET, **options: Any) -> HttpDeliverer:
        clock = options.pop("clock", None)
        usual = {"account_sid": ACCOUNT, "sender": "+15550001111"}
        settings = TwilioSettings(auth_token=secret, url=url, **{**usual, **options})
        return twilio(settings, **({"clock": clock} if clock else {}))

    def knows(self, call: Call) -> bool:
        assert call.request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        assert call.request.content_type == "application/x-www-form-urlencoded"
        expected = base64.b64encode(f"{ACCOUNT}:{SECRET}".encode()).decode()
        return call.request.headers.get("Authorization") == f"Basic {expected}"

    def kept(self, call: Call) -> list[Kept]:
        form = call.form
        return [Kept(form.get("From", ""), [form["To"]], form.get("Body", "").encode())]

    def accepted(self, call: Call, count: int) -> web.Response:
        return answer(201, {"sid": "SM1", "status": "queued", "error_code": None})

    def refusal(self, recipient: str) -> web.Response:
        return answer(400, {"code": 21211, "message": f"Invalid 'To' {recipient}", "status": 400})


OF_MAIL: dict[str, Vendor] = {
    one.name: one
    for one in (Postmark(), Resend(), ResendAlone(), SendGrid(), SendGridBulk(), Mailgun(), Ses(), SesBulk())
}
VENDORS: dict[str, Vendor] = {**OF_MAIL, "slack": Slack(), "twilio": Twilio()}
IN_BYTES = tuple(name for name, one in VENDORS.items() if isinstance(one, InBytes))
OTHERS = tuple(name for name in VENDORS if name not in IN_BYTES)
IN_PARTS = tuple(name for name in OF_MAIL if name not in IN_BYTES)
BATCHES = ("postmark", "resend", "sendgrid-bulk", "ses-bulk")
SIGNED = ("ses-bulk",)


@dataclass
class VendorServer:
    """`script`: what to do with the next calls; `always`: with those after; without it they are taken."""

    vendor: Vendor
    tls: ssl.SSLContext | None = None
    script: deque[Behaviour] = field(default_factory=deque)
    always: Behaviour | None = None
    calls: list[Call] = field(default_factory=list)
    taken: list[Kept] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def recipients(self) -> list[str]:
        """Who was sent a message, in the order they were taken."""
        return [kept.recipients[0] for kept in self.taken]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        call = Call(self, request, await request.read())
        self.calls.append(call)
        if not self.vendor.knows(call):
            return answer(401, {"message": "who are you?"})
        behaviour = self.script.popleft() if self.script else self.always
        if behaviour is None:
            return call.usual()
        done = behaviour(call)
        return done if isinstance(done, web.StreamResponse) else await done


def answer(status: int, body: Any = None, **headers: str) -> web.Response:
    """A response with JSON, or, given bytes, with just them."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return web.Response(status=status, body=content, headers=headers, content_type="application/json")


def says(status: int, body: Any = None, **headers: str) -> Behaviour:
    """Always this answer, and nothing is taken."""
    return lambda _call: answer(status, body, **headers)


class Held:
    """Answers nothing until it is let go; `reached` is set when a call is there."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, call: Call) -> web.StreamResponse:
        self.reached.set()
        await self.let_go.wait()
        return call.usual()


def addresses(numbers: Sequence[int]) -> list[str]:
    return [f"ann{number}@example.org" for number in numbers]
