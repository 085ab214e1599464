# SPDX-License-Identifier: Apache-2.0
"""Calls of providers that tell what became of messages: bodies as the vendors document them, signed as they sign."""

import base64
import hmac
import json
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from clarion.channels.hooks import HookKeys

AT = datetime(2026, 11, 29, 7, 0, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem"
SUBSCRIBE = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x&Token=y"
HREF = "https://shop.example/spring?a=1"
WORDS = {"hard": "550 5.1.1 user unknown", "soft": "452 4.2.2 mailbox full", "deferred": "421 4.7.0 try again later"}
KINDS = ("delivered", "deferred", "hard", "soft", "spam", "dropped", "opened", "clicked", "unsubscribed")

Call = tuple[bytes, dict[str, str]]


def iso(at: datetime = AT) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Teller(ABC):
    """One provider. `event` makes what it says of a message, `call` signs a call with it."""

    name: str

    @abstractmethod
    def event(self, kind: str, delivery_id: str, recipient: str, number: int = 1) -> Any: ...

    @abstractmethod
    def call(self, event: Any, *, now: datetime, number: int = 1) -> Call:
        """`number`: the call's own, where it has one that repeats keep."""


class PostmarkTeller(Teller):
    name = "postmark"

    def event(self, kind: str, delivery_id: str, recipient: str, number: int = 1) -> Any:
        bounce = {"RecordType": "Bounce", "ID": number, "Email": recipient, "BouncedAt": iso()}
        shapes: dict[str, dict[str, Any]] = {
            "delivered": {"RecordType": "Delivery", "Recipient": recipient, "DeliveredAt": iso(), "Details": "250 ok"},
            "deferred": {**bounce, "Type": "Transient", "Details": WORDS["deferred"]},
            "hard": {**bounce, "Type": "HardBounce", "Inactive": True, "Details": WORDS["hard"]},
            "soft": {**bounce, "Type": "SoftBounce", "Inactive": False, "Details": WORDS["soft"]},
            "spam": {**bounce, "RecordType": "SpamComplaint", "Type": "SpamComplaint"},
            "dropped": {**bounce, "Type": "ManuallyDeactivated"},
            "opened": {"RecordType": "Open", "Recipient": recipient, "ReceivedAt": iso(), "FirstOpen": True},
            "clicked": {"RecordType": "Click", "Recipient": recipient, "ReceivedAt": iso(), "OriginalLink": HREF},
            "unsubscribed": {
                "RecordType": "SubscriptionChange",
                "Recipient": recipient,
                "ChangedAt": iso(),
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "Origin": "Recipient",
            },
        }
        return {
            "MessageID": f"pm-{number}",
            "MessageStream": "broadcast",
            "ServerID": 23,
            "Tag": "",
            "Metadata": {"delivery_id": delivery_id},
            **shapes[kind],
        }

    def call(self, event: Any, *, now: datetime, number: int = 1) -> Call:
        return json.dumps(event).encode(), {
            "authorization": "Basic " + base64.b64encode(b"clarion:open sesame").decode()
        }


class SendGridTeller(Teller):
    name = "sendgrid"

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def key(self) -> str:
        public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(public).decode()

    def event(self, kind: str, delivery_id: str, recipient: str, number: int = 1) -> Any:
        shapes: dict[str, dict[str, Any]] = {
            "delivered": {"event": "delivered", "response": "250 OK"},
            "deferred": {"event": "deferred", "response": WORDS["deferred"], "attempt": "5"},
            "hard": {"event": "bounce", "type": "bounce", "reason": WORDS["hard"], "status": "5.1.1"},
            "soft": {"event": "bounce", "type": "blocked", "reason": WORDS["soft"]},
            "spam": {"event": "spamreport"},
            "dropped": {"event": "dropped", "reason": "Bounced Address", "status": "5.0.0"},
            "opened": {"event": "open", "sg_machine_open": False, "useragent": "Mozilla/4.0"},
            "clicked": {"event": "click", "url": HREF},
            "unsubscribed": {"event": "unsubscribe"},
        }
        return {
            "email": recipient,
            "timestamp": int(AT.timestamp()),
            "smtp-id": "<x@example.com>",
            "category": ["news"],
            "sg_event_id": f"event-{kind}-{number}",
            "sg_message_id": f"message-{number}",
            "delivery_id": delivery_id,
            **shapes[kind],
        }

    def call(self, event: Any, *, now: datetime, number: int = 1) -> Call:
        body = json.dumps(event if isinstance(event, list) else [event]).encode()
        at = str(int(now.timestamp()))
        signature = self.private.sign(at.encode() + body, ec.ECDSA(SHA256()))
        return body, {
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
            "x-twilio-email-event-webhook-timestamp": at,
        }


class MailgunTeller(Teller):
    name = "mailgun"
    key = "a-signing-key"

    def event(self, kind: str, delivery_id: str, recipient: str, number: int = 1) -> Any:
        def failed(severity: str, reason: str, code: int, message: str) -> dict[str, Any]:
            status = {"code": code, "message": message, "description": "", "attempt-no": 1}
            return {"event": "failed", "severity": severity, "reason": reason, "delivery-status": status}

        shapes: dict[str, dict[str, Any]] = {
            "delivered": {"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}},
            "deferred": failed("temporary", "generic", 421, WORDS["deferred"]),
            "hard": failed("permanent", "bounce", 550, WORDS["hard"]),
            "soft": failed("permanent", "old", 452, WORDS["soft"]),
            "spam": {"event": "complained"},
            "dropped": failed("permanent", "suppress-bounce", 605, "Not delivering to previously bounced address"),
            "opened": {"event": "opened", "client-info": {"client-type": "mobile browser", "bot": ""}},
            "clicked": {"event": "clicked", "url": HREF, "client-info": {"client-name": "Chrome"}},
            "unsubscribed": {"event": "unsubscribed"},
        }
        return {
            "id": f"event-{kind}-{number}",
            "timestamp": AT.timestamp(),
            "log-level": "info",
            "recipient": recipient,
            "tags": [],
            "user-variables": {"delivery_id": delivery_id},
            **shapes[kind],
        }

    def call(self, event: Any, *, now: datetime, number: int = 1, token: str = "") -> Call:
        at, token = str(int(now.timestamp())), token or sha256(json.dumps(event).encode()).hexdigest()
        signature = hmac.digest(self.key.encode(), f"{at}{token}".encode(), "sha256").hex()
        told = {"signature": {"timestamp": at, "token": token, "signature": signature}, "event-data": event}
        return json.dumps(told).encode(), {}


class ResendTeller(Teller):
    name = "resend"
    raw = b"0123456789abcdef01234567"

    @property
    def secret(self) -> str:
        return "whsec_" + base64.b64encode(self.raw).decode()

    def event(self, kind: str, delivery_id: str, recipient: str, number: int = 1) -> Any:
        shapes: dict[str, tuple[str, dict[str, Any]]] = {
            "delivered": ("email.delivered", {}),
            "deferred": ("email.delivery_delayed", {}),
            "hard": (
                "email.bounced",
                {"bounce": {"type": "Permanent", "subType": "General", "message": WORDS["hard"]}},
            ),
            "soft": ("email.bounced", {"bounce": {"type": "Transient", "message": WORDS["soft"]}}),
            "spam": ("email.complained", {}),
            "dropped": ("email.suppressed", {"suppressed": {"message": "on the list", "type": "OnAccount"}}),
            "opened": ("email.opened", {}),
            "clicked": ("email.clicked", {"click": {"link": HREF, "timestamp": iso(), "userAgent": "x"}}),
            "unsubscribed": ("contact.updated", {}),
        }
        kind_of, more = shapes[kind]
        data = {
            "email_id": f"email-{number}",
            "from": "News <news@example.com>",
            "to": [recipient],
            "subject": "Hello",
            "created_at": iso(),
            "tags": {"delivery_id": delivery_id},
            **more,
        }
        return {"type": kind_of, "created_at": iso(), "data": data}

    def call(self, event: Any, *, now: datetime, number: int = 1) -> Call:
        body, at, call_id = json.dumps(event).encode(), str(int(now.timestamp())), f"msg_{event['type']}_{number}"
        signed = hmac.digest(self.raw, f"{call_id}.{at}.".encode() + body, "sha256")
        headers = {
            "svix-id": call_id,
            "svix-timestamp": at,
            "svix-signature": f"v1,AAAA v1,{base64.b64encode(signed).decode()}",
        }
        return body, headers


class SesTeller(Teller):
    """Through a topic of Amazon SNS. `served`: what its hosts serve."""

    name = "ses"

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.private.public_key())
            .serial_number(7)
            .not_valid_before(AT - timedelta(days=1))
            .not_valid_after(AT + timedelta(days=3_650))
            .sign(self.private, SHA256())
        )
        self.served = {
            CERTIFICATE: certificate.public_bytes(Encoding.PEM),
            SUBSCRIBE: b"<ConfirmSubscriptionResponse/>",
        }
        self.asked: list[str] = []

    async def fetch(self, url: str, most_bytes: int) -> bytes:
        self.asked.append(url)
        return self.served[url][:most_bytes]

    def event(self, kind: str, delivery_id: str, recipient: str, number: int = 1) -> Any:
        def bounce(kind: str, sub: str, words: str) -> dict[str, Any]:
            whom = {
                "emailAddress": recipient,
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": f"smtp; {words}",
            }
            told = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [whom], "timestamp": iso()}
            return {"eventType": "Bounce", "bounce": told}

        delay = {"delayedRecipients": [{"emailAddress": recipient}], "delayType": "MailboxFull", "timestamp": iso()}
        complaint = {"complainedRecipients": [{"emailAddress": recipient}], "timestamp": iso()}
        leaving = {"source": "UnsubscribeHeader", "timestamp": iso(), "newTopicPreferences": {"unsubscribeAll": True}}
        delivery = {"recipients": [recipient], "smtpResponse": "250 ok", "timestamp": iso()}
        shapes: dict[str, dict[str, Any]] = {
            "delivered": {"eventType": "Delivery", "delivery": delivery},
            "deferred": {"eventType": "DeliveryDelay", "deliveryDelay": delay},
            "hard": bounce("Permanent", "General", WORDS["hard"]),
            "soft": bounce("Transient", "MailboxFull", WORDS["soft"]),
            "spam": {"eventType": "Complaint", "complaint": complaint},
            "dropped": bounce("Permanent", "OnAccountSuppressionList", ""),
            "opened": {"eventType": "Open", "open": {"ipAddress": "192.0.2.1", "timestamp": iso()}},
            "clicked": {"eventType": "Click", "click": {"link": HREF, "linkTags": None, "timestamp": iso()}},
            "unsubscribed": {"eventType": "Subscription", "subscription": leaving},
        }
        mail = {
            "timestamp": iso(),
            "messageId": f"ses-{number}",
            "destination": [recipient],
            "tags": {"delivery_id": [delivery_id], "ses:configuration-set": ["news"]},
        }
        return {**shapes[kind], "mail": mail}

    def call(
        self, event: Any, *, now: datetime, number: int = 1, kind: str = "Notification", version: str = "2", **more: Any
    ) -> Call:
        text = event if isinstance(event, str) else json.dumps(event)
        message = {
            "Type": kind,
            "MessageId": f"sns-{number}-{len(text)}",
            "TopicArn": TOPIC,
            "Message": text,
            "Timestamp": iso(now),
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **({} if kind == "Notification" else {"Token": "y", "SubscribeURL": SUBSCRIBE}),
            **more,
        }
        names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        algorithm = SHA256() if version == "2" else SHA1()
        signature = self.private.sign(signed.encode(), PKCS1v15(), algorithm)
        return json.dumps({**message, "Signature": base64.b64encode(signature).decode()}).encode(), {}


SES, SENDGRID = SesTeller(), SendGridTeller()
TELLERS: dict[str, Teller] = {
    one.name: one for one in (MailgunTeller(), PostmarkTeller(), ResendTeller(), SENDGRID, SES)
}
KEYS = HookKeys(
    MailgunTeller.key, "clarion:open sesame", ResendTeller().secret, SENDGRID.key, TOPIC, ("twilio's token",)
)
