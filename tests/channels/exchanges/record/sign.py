# SPDX-License-Identifier: Apache-2.0
"""Signs the event webhooks of `events/` as the vendors' own libraries do, or has these check it. See README.md; not CI.

The payloads are written by hand; this writes their signatures, and the keys to check them by, into the same files.
"""

import base64
import hmac
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from mailgun.security import SecurityGuard
from sendgrid.helpers.eventwebhook import EventWebhook
from shape import body_of, written
from svix.webhooks import Webhook
from twilio.request_validator import RequestValidator

HERE = Path(__file__).parent
File = dict[str, Any]


def sendgrid(file: File) -> str:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    file["key"], at = base64.b64encode(public).decode(), str(file["at"])
    for told in file["cases"].values():
        body = body_of(told, file["tail"])
        signature = base64.b64encode(private.sign(at.encode() + body, ec.ECDSA(SHA256()))).decode()
        assert EventWebhook(file["key"]).verify_signature(body.decode(), signature, at)
        told["headers"] = {
            "x-twilio-email-event-webhook-signature": signature,
            "x-twilio-email-event-webhook-timestamp": at,
        }
    return f"hand, checked by sendgrid {version('sendgrid')} (EventWebhook)"


def resend(file: File) -> str:
    file["key"] = "whsec_" + base64.b64encode(b"a-secret-of-a-test-of-24").decode()
    at = datetime.fromtimestamp(file["at"], UTC)
    for number, told in enumerate(file["cases"].values()):
        call_id = f"msg_2LJC7S5QfRZ{number:02}"
        signature = Webhook(file["key"]).sign(call_id, at, body_of(told).decode())
        told["headers"] = {"svix-id": call_id, "svix-timestamp": str(file["at"]), "svix-signature": signature}
    return f"svix {version('svix')} (Webhook.sign)"


def mailgun(file: File) -> str:
    file["key"] = "a-signing-key-of-a-test"
    for told in file["cases"].values():
        given = told["payload"]["signature"]
        text = (given["timestamp"] + given["token"]).encode()
        given["signature"] = hmac.digest(file["key"].encode(), text, "sha256").hex()
        assert SecurityGuard.verify_webhook(file["key"], **given, max_age_seconds=0)
    return f"hand, checked by mailgun {version('mailgun')} (SecurityGuard.verify_webhook)"


def twilio(file: File) -> str:
    for told in file["cases"].values():
        algorithm = told.get("algorithm", "HMAC_SHA1")
        shared = "algorithm" in told
        validator = RequestValidator(file["shared_key" if shared else "key"])
        told["headers"] = {"x-twilio-signature": validator.compute_signature(told["url"], told["form"], algorithm)}
        if shared:
            settings = f"key=webhooks_sharedkey_0123456789,algorithm={algorithm}"
            told["headers"]["x-twilio-webhooks-signature-settings"] = settings
    return f"twilio {version('twilio')} (RequestValidator.compute_signature)"


def ses(file: File) -> str:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    at = datetime.fromtimestamp(file["at"], UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    made = made.serial_number(7).not_valid_before(at).not_valid_after(at + timedelta(days=3_650))
    file["certificate"] = made.sign(private, SHA256()).public_bytes(Encoding.PEM).decode()
    for told in file["cases"].values():
        envelope = told["envelope"]
        message = {**envelope, "Message": json.loads(body_of(told))["Message"]}
        own = ("SubscribeURL", "Timestamp", "Token") if "Token" in envelope else ("Subject", "Timestamp")
        names = [one for one in ("Message", "MessageId", *own, "TopicArn", "Type") if one in message]
        text = "".join(f"{one}\n{message[one]}\n" for one in names).encode()
        kind = SHA256() if envelope["SignatureVersion"] == "2" else SHA1()
        envelope["Signature"] = base64.b64encode(private.sign(text, PKCS1v15(), kind)).decode()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    bodies = [body_of(told).decode() for told in file["cases"].values()]
    asked = json.dumps({"key": pem, "certificate": file["certificate"], "bodies": bodies})
    command = ["node", "--input-type=module", "-e", (HERE / "sns.mjs").read_text("utf-8")]
    done = subprocess.run(command, input=asked, check=True, capture_output=True, text=True)
    return f"hand, checked by npm sns-validator {done.stdout}"


SIGNED: dict[str, Callable[[File], str]] = {
    "mailgun": mailgun,
    "resend": resend,
    "sendgrid": sendgrid,
    "ses": ses,
    "twilio": twilio,
}


def main() -> None:
    for name, sign in SIGNED.items():
        path = HERE.parent / "events" / f"{name}.json"
        file = json.loads(path.read_text("utf-8"))
        by = sign(file)
        file = {"signed_by": by, **{key: value for key, value in file.items() if key != "signed_by"}}
        path.write_text(written(file) + "\n", "utf-8")


if __name__ == "__main__":
    main()
