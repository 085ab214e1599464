# SPDX-License-Identifier: Apache-2.0
"""Writes down what the vendors' own libraries send for the messages of `messages.json`. See README.md; not for CI.

Each library talks to a server on 127.0.0.1 that takes everything. What it was asked goes to `requests/<provider>.json`.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from shape import shaped, written  # noqa: E402

TOLD = json.loads((HERE.parent / "messages.json").read_text("utf-8"))
LOGIN, MAIL, MIME = TOLD["login"], TOLD["email"], TOLD["mime"]
NAMES = ("Zoë", "Bob")  # of the pair: what is somebody's own in the HTML; the text is somebody's own as a whole
GAPS = ("-0000000000000000000-", "-0000000000000000001-")  # as ours, whose tags are random otherwise
# What the libraries want to hear before they believe that it worked.
ANSWERS: dict[str, tuple[int, Any]] = {
    "/email": (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "1"}),
    "/email/batch": (200, [{"ErrorCode": 0, "Message": "OK", "MessageID": "1"}]),
    "/emails": (200, {"id": "1"}),
    "/emails/batch": (200, {"data": [{"id": "1"}]}),
    "/v3/mail/send": (202, {}),
    "/token": (200, {"access_token": "an-access-token", "expires_in": 3599, "token_type": "Bearer"}),
    "/v2/email/outbound-emails": (200, {"MessageId": "1"}),
    "/v2/email/outbound-bulk-emails": (200, {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "1"}]}),
    "/api/chat.postMessage": (200, {"ok": True, "channel": "C1", "ts": "1.1"}),
}


class Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: list[tuple[str, list[tuple[str, str]], bytes]]

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((self.path, list(self.headers.items()), body))
        status, told = ANSWERS.get(self.path, (200, {"name": "projects/x/messages/1", "sid": "SM1", "id": "1"}))
        if self.path.endswith("/Messages.json"):
            status = 201
        answer = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Not a word."""


@contextmanager
def capturing() -> Iterator[tuple[str, list[tuple[str, list[tuple[str, str]], bytes]]]]:
    requests: list[tuple[str, list[tuple[str, str]], bytes]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Asked,), {"requests": requests}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def node(case: str, url: str) -> Any:
    """Have a library of Node's send it, from the folder where this is run."""
    script = (HERE / "clients.mjs").read_text("utf-8")
    command = ["node", "--input-type=module", "-e", script, case, url, str(HERE.parent / "messages.json")]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout or "null")


def sendgrid(url: str, *, many: bool = False) -> None:
    from sendgrid import SendGridAPIClient  # noqa: PLC0415
    from sendgrid.helpers import mail as of  # noqa: PLC0415

    mail = of.Mail()
    mail.from_email = of.Email("news@example.com", "News")
    mail.reply_to = of.ReplyTo("help@example.com", "Help")
    tracking = of.TrackingSettings()
    tracking.click_tracking = of.ClickTracking(enable=False, enable_text=False)
    tracking.open_tracking = of.OpenTracking(enable=False)
    tracking.subscription_tracking = of.SubscriptionTracking(enable=False)
    mail.tracking_settings = tracking
    if many:
        texts = (GAPS[0], f"<p>Hello <b>{GAPS[1]}</b> &amp; all, it is spring.</p>")
        for told, name in reversed(list(zip(TOLD["pair"], NAMES, strict=True))):  # it puts each first
            person = sendgrid_person(told)
            person.subject = told["subject"]
            for header, value in told["headers"].items():
                person.add_header(of.Header(header, value))
            person.add_custom_arg(of.CustomArg("delivery_id", told["delivery_id"]))
            for gap, text in zip(GAPS, (told["text"], name), strict=True):
                person.add_substitution(of.Substitution(gap, text))
            mail.add_personalization(person)
    else:
        texts = (MAIL["text"], MAIL["html"])
        mail.subject = MAIL["subject"]
        person = sendgrid_person(MAIL)
        person.add_cc(of.Cc("bob@example.org"))
        person.add_bcc(of.Bcc("cy@example.org"))
        mail.add_personalization(person)
        for header, value in MAIL["headers"].items():
            mail.add_header(of.Header(header, value))
        mail.add_custom_arg(of.CustomArg("delivery_id", MAIL["delivery_id"]))
        one = MAIL["attachment"]
        mail.add_attachment(of.Attachment(one["content"], one["name"], one["type"], "attachment"))
    mail.add_content(of.Content("text/plain", texts[0]))
    mail.add_content(of.Content("text/html", texts[1]))
    SendGridAPIClient(LOGIN["key"], host=url).send(mail)


def sendgrid_person(told: dict[str, Any]) -> Any:
    from sendgrid.helpers import mail as of  # noqa: PLC0415

    name, address = parseaddr(told["to"])
    person = of.Personalization()
    person.add_to(of.To(address, name or None))
    return person


def resend_mail(told: dict[str, Any]) -> dict[str, Any]:
    mail = {
        **{name: told[name] for name in ("from", "reply_to", "subject", "html", "text", "headers")},
        "to": [told["to"]],
        "tags": [{"name": "delivery_id", "value": told["delivery_id"]}],
    }
    if "attachment" in told:
        one = told["attachment"]
        files = [{"filename": one["name"], "content": one["content"], "content_type": one["type"]}]
        mail |= {"cc": [told["cc"]], "bcc": [told["bcc"]], "attachments": files}
    return mail


def resend(url: str, *, many: bool = False) -> None:
    import resend as of  # noqa: PLC0415

    of.api_key, of.api_url = LOGIN["key"], url
    if many:
        mails = [resend_mail(one) for one in TOLD["pair"]]
        of.Batch.send(mails, options={"idempotency_key": "a-key", "batch_validation": "permissive"})
    else:
        of.Emails.send(resend_mail(MAIL), options={"idempotency_key": MAIL["delivery_id"]})


def ses(url: str, *, many: bool = False) -> None:
    import boto3  # noqa: PLC0415

    client = boto3.client(
        "sesv2",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id=LOGIN["aws_key"],
        aws_secret_access_key=LOGIN["key"],
        aws_session_token=LOGIN["aws_token"],
    )
    if many:
        html = "<p>Hello <b>{{g0}}</b> &amp; all, it is spring.</p>"
        content = {"Subject": "Spring", "Html": html, "Text": "{{g1}}"}
        client.send_bulk_email(
            FromEmailAddress=MAIL["from"],
            ReplyToAddresses=[MAIL["reply_to"]],
            DefaultContent={"Template": {"TemplateContent": content, "TemplateData": "{}"}},
            BulkEmailEntries=[ses_entry(told, name) for told, name in zip(TOLD["pair"], NAMES, strict=True)],
            ConfigurationSetName="news",
        )
    else:
        client.send_email(
            Content={"Raw": {"Data": MIME["content"].encode()}},
            Destination={"ToAddresses": MIME["to"][:1], "BccAddresses": MIME["to"][1:]},
            EmailTags=[{"Name": "delivery_id", "Value": MIME["delivery_id"]}],
            ConfigurationSetName="news",
        )


def ses_entry(told: dict[str, Any], name: str) -> dict[str, Any]:
    data = json.dumps({"g0": name, "g1": told["text"]}, ensure_ascii=False, separators=(",", ":"))
    headers = [{"Name": key, "Value": value} for key, value in told["headers"].items() if key != "Message-ID"]
    return {
        "Destination": {"ToAddresses": [told["to"]]},
        "ReplacementTags": [{"Name": "delivery_id", "Value": told["delivery_id"]}],
        "ReplacementHeaders": headers,
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
    }


def twilio(url: str, *, channel: str = "sms", key: bool = False) -> None:
    from twilio.http.http_client import TwilioHttpClient  # noqa: PLC0415
    from twilio.rest import Client  # noqa: PLC0415

    class Here(TwilioHttpClient):  # type: ignore[misc]
        def request(self, method: str, to: str, *args: Any, **options: Any) -> Any:
            return super().request(method, to.replace("https://api.twilio.com", url), *args, **options)

    login = (LOGIN["twilio_key"], LOGIN["key"], LOGIN["twilio"]) if key else (LOGIN["twilio"], LOGIN["key"])
    client = Client(*login, http_client=Here())
    told = TOLD[channel]
    if key:
        client.messages.create(to=told["to"], messaging_service_sid=LOGIN["twilio_service"], body=told["body"])
    elif channel == "sms":
        client.messages.create(
            to=told["to"],
            from_=told["from"],
            body=told["body"],
            media_url=[told["image_url"]],
            status_callback=told["status_callback"],
        )
    else:
        client.messages.create(
            to=f"whatsapp:{told['to']}",
            from_=f"whatsapp:{told['from']}",
            content_sid=told["content_sid"],
            content_variables=json.dumps(told["variables"]),
        )


def slack(url: str) -> None:
    from slack_sdk import WebClient  # noqa: PLC0415
    from slack_sdk.models.metadata import Metadata  # noqa: PLC0415

    told = TOLD["slack"]
    WebClient(LOGIN["key"], base_url=f"{url}/api/").chat_postMessage(
        channel=told["channel"],
        text=told["body"],
        blocks=told["blocks"],
        username=told["username"],
        icon_emoji=told["icon"],
        metadata=Metadata("clarion_delivery", {"delivery_id": told["delivery_id"]}),
    )


def fcm(url: str, *, platform: str = "android") -> None:
    import firebase_admin as of  # noqa: PLC0415
    from firebase_admin import messaging as say  # noqa: PLC0415

    key = rsa.generate_private_key(65_537, 2_048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "project_id": LOGIN["project"], "client_email": "push@night-bus.example"}
    app = of.initialize_app(of.credentials.Certificate({**account, "private_key": pem, "token_uri": f"{url}/token"}))
    say._MessagingService.FCM_URL = url + "/v1/projects/{0}/messages:send"
    told = TOLD["push"]
    ids = {"CIO-Delivery-ID": told["delivery_id"], "CIO-Delivery-Token": told[platform]}
    shown = {"link": told["link"], "image": told["image_url"]}
    shape: dict[str, Any] = {
        "android": say.AndroidConfig(
            notification=say.AndroidNotification(tag=told["delivery_id"], sound=told["sound"], notification_count=3)
        )
    }
    if platform == "ios":
        alert = say.ApsAlert(title=told["title"], body=told["message"])
        aps = say.Aps(alert=alert, sound=told["sound"], badge=3, mutable_content=True)
        headers = {"apns-collapse-id": told["delivery_id"]}
        shape = {"apns": say.APNSConfig(headers=headers, payload=say.APNSPayload(aps, CIO={"push": shown}))}
    message = say.Message(
        token=told[platform],
        notification=say.Notification(told["title"], told["message"], told["image_url"]),
        data={**shown, **ids},
        **shape,
    )
    say.send(message, app=app)
    of.delete_app(app)


CASES: dict[str, dict[str, tuple[str, Callable[[str], Any]]]] = {
    "postmark": {
        "one": ("npm postmark", lambda url: node("postmark", url)),
        "many": ("npm postmark", lambda url: node("postmark-many", url)),
    },
    "resend": {"one": ("resend", resend), "many": ("resend", lambda url: resend(url, many=True))},
    "sendgrid": {"one": ("sendgrid", sendgrid), "many": ("sendgrid", lambda url: sendgrid(url, many=True))},
    "mailgun": {"one": ("npm mailgun.js", lambda url: node("mailgun", url))},
    "ses": {"one": ("boto3", ses), "many": ("boto3", lambda url: ses(url, many=True))},
    "twilio": {
        "sms": ("twilio", twilio),
        "whatsapp": ("twilio", lambda url: twilio(url, channel="whatsapp")),
        "service": ("twilio", lambda url: twilio(url, key=True)),
    },
    "slack": {"one": ("slack_sdk", slack)},
    "fcm": {"android": ("firebase-admin", fcm), "ios": ("firebase-admin", lambda url: fcm(url, platform="ios"))},
    "apns": {"one": ("npm @parse/node-apn", lambda url: node("apns", url))},
}


def client_of(name: str) -> str:
    package = name.removeprefix("npm ")
    if package == name:
        return f"{name} {version(name)}"
    found = json.loads(Path("node_modules", package, "package.json").read_text("utf-8"))
    return f"{name} {found['version']}"


def recorded(name: str, run: Callable[[str], Any]) -> dict[str, Any]:
    with capturing() as (url, requests):
        told = run(url)
    if told is not None:  # it had a server of its own
        requests.append((told["path"], list(told["headers"].items()), told["body"].encode()))
    found = [shaped("POST", path, headers, body) for path, headers, body in requests]
    record = {"client": client_of(name), "request": found[-1]}
    if len(found) > 1:
        record["before"] = json.loads(json.dumps(found[0]).replace(url, "http://127.0.0.1"))
    _, headers, body = requests[-1]
    signature = dict(headers).get("Authorization", "")
    if signature.startswith("AWS4"):
        named = {name.lower(): value for name, value in headers}
        names = signature.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        signed = {name: named[name] for name in names}
        record["signed"] = {"headers": signed, "body": body.decode(), "authorization": signature}
    return record


def main() -> None:
    for provider in sys.argv[1:] or CASES:
        path = HERE.parent / "requests" / f"{provider}.json"
        path.parent.mkdir(exist_ok=True)
        found = {case: recorded(name, run) for case, (name, run) in CASES[provider].items()}
        path.write_text(written(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
