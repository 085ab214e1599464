# SPDX-License-Identifier: Apache-2.0
"""Messages of Amazon SNS over HTTPS: signed with a certificate of Amazon's, after a subscription that we confirm.

Written after docs.aws.amazon.com/sns/latest/dg (Verifying the signatures of Amazon SNS messages; Subscribing an
HTTPS endpoint). What is fetched is at Amazon's own hosts, whatever a message says.
"""

import base64
import binascii
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from yarl import URL

from clarion.channels.hook import NotGenuineError, UnreadableError, decoded, read_as

Fetch = Callable[[str, int], Awaitable[bytes]]
"""What a URL serves, at most so many bytes. Raises what it likes: then there is no certificate."""
_HOST = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com(\.cn)?")
_HASHES: dict[str, type[HashAlgorithm]] = {"1": SHA1, "2": SHA256}  # SHA1 is what a topic has unless it is told better
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
MOST_CERTIFICATE = 100_000  # bytes
MOST_CERTIFICATES = 20  # that are remembered


class Message(msgspec.Struct):
    """One message as it was signed. `subject` is None where there is none."""

    kind: str = msgspec.field(name="Type")
    message_id: str = msgspec.field(name="MessageId")
    topic: str = msgspec.field(name="TopicArn")
    text: str = msgspec.field(name="Message")
    timestamp: str = msgspec.field(name="Timestamp")
    signature: str = msgspec.field(name="Signature")
    version: str = msgspec.field(name="SignatureVersion")
    certificate: str = msgspec.field(name="SigningCertURL")
    subject: str | None = msgspec.field(name="Subject", default=None)
    subscribe: str = msgspec.field(name="SubscribeURL", default="")
    token: str = msgspec.field(name="Token", default="")


class Sns:
    """Reads messages of one topic, or of any ("")."""

    def __init__(self, topic: str, fetch: Fetch) -> None:
        self._topic = topic
        self._fetch = fetch
        self._keys: OrderedDict[str, rsa.RSAPublicKey] = OrderedDict()

    async def read(self, body: bytes) -> Message:
        """What was signed. A subscription is confirmed. Raises NotGenuineError, UnreadableError."""
        message = read_as(Message, decoded(body))
        if message is None:
            raise UnreadableError("the body is no message of Amazon SNS's; raw message delivery must be off")
        if self._topic and message.topic != self._topic:
            raise NotGenuineError("the topic is not hooks.ses_topic")
        await self._check(message)
        if message.kind == "SubscriptionConfirmation":
            await self._get(message.subscribe, "SubscribeURL")
        return message

    async def _check(self, message: Message) -> None:
        kind, key = _HASHES.get(message.version), await self._key(message.certificate)
        if kind is None:
            raise NotGenuineError("the signature is of a version that is not known")
        try:
            signature = base64.b64decode(message.signature, validate=True)
            key.verify(signature, _signed(message), PKCS1v15(), kind())
        except (binascii.Error, ValueError, InvalidSignature):
            raise NotGenuineError("the signature is not Amazon's") from None

    async def _key(self, url: str) -> rsa.RSAPublicKey:
        known = self._keys.get(url)
        if known is not None:
            return known
        try:
            key = x509.load_pem_x509_certificate(await self._get(url, "SigningCertURL")).public_key()
        except ValueError:
            raise NotGenuineError("SigningCertURL serves no certificate") from None
        if not isinstance(key, rsa.RSAPublicKey):
            raise NotGenuineError("the certificate has no RSA key")
        self._keys[url] = key
        while len(self._keys) > MOST_CERTIFICATES:
            self._keys.popitem(last=False)
        return key

    async def _get(self, url: str, what: str) -> bytes:
        if not is_amazon(url):
            raise NotGenuineError(f"{what} is not at an Amazon SNS host")
        try:
            return await self._fetch(url, MOST_CERTIFICATE)
        except Exception as error:
            raise NotGenuineError(f"{what} cannot be read: {error}") from error


def is_amazon(text: str) -> bool:
    """Whether a URL is at an SNS host of Amazon's, over HTTPS, with nothing in it that another program reads apart."""
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and not set(text) & set(" \\@#")
    return plain and url.scheme == "https" and port == 443 and _HOST.fullmatch(url.host or "") is not None


def _signed(message: Message) -> bytes:
    """The text that the signature is of."""
    names = _NOTIFICATION if message.kind == "Notification" else _CONFIRMATION
    values = {
        "Message": message.text,
        "MessageId": message.message_id,
        "Subject": message.subject,
        "SubscribeURL": message.subscribe,
        "Timestamp": message.timestamp,
        "Token": message.token,
        "TopicArn": message.topic,
        "Type": message.kind,
    }
    lines = (f"{name}\n{values[name]}\n" for name in names if values[name] is not None)
    return "".join(lines).encode("utf-8", "replace")
