# SPDX-License-Identifier: Apache-2.0
"""What Twilio tells: the status of messages, as a form, to the URL that each was sent with; and what people answer.

The signature covers the whole URL as Twilio knows it, with the delivery id in its query, and all fields of the form. It
is made with an account's auth token, or, after a rule for webhooks, with a key and an algorithm that a header names.
Written after https://www.twilio.com/docs/messaging/guides/track-outbound-message-status and
https://www.twilio.com/docs/usage/webhooks/webhooks-security; answers after
https://www.twilio.com/docs/messaging/guides/webhook-request and, for STOP and START,
https://help.twilio.com/articles/223134027.
"""

import base64
import hmac
import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs, parse_qsl, urlsplit

from clarion.channels.hook import Hook, Incoming, NotGenuineError, UnreadableError, address_of, words_of
from clarion.domain.metrics import Metric
from clarion.domain.provider_events import ProviderEvent, Reply

_WHATSAPP = "whatsapp:"
_RULE = "x-twilio-webhooks-signature-settings"  # ``key=…,algorithm=HMAC_SHA256``
_ALGORITHM = re.compile(r"(?:^|,)\s*algorithm\s*=\s*([^,\s]+)")
_HASHES = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
DELIVERY_ID = "delivery_id"  # its name in the query
_PORTS = {"https": 443, "http": 80}
_METRICS = {
    "delivered": Metric.DELIVERED,
    "read": Metric.OPENED,
    "undelivered": Metric.BOUNCED,
    "failed": Metric.BOUNCED,
}
# Alone in a message, in whatever case, they make Twilio itself stop, or go on: what it does, we do.
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_ON_THE_WAY = frozenset({"accepted", "scheduled", "queued", "sending", "sent"})
# Of https://www.twilio.com/docs/api/errors, those that Twilio gives no words with.
_CODES = {
    "30003": "the phone could not be reached",
    "30004": "the phone does not take it, or its carrier blocks it",
    "30005": "there is no such number any more",
    "30006": "a landline, or a carrier that takes no messages",
    "30007": "its carrier's filter kept it back",
    "63016": "outside of the time for messages without a template",
    "63024": "nobody who uses WhatsApp",
}


def twilio_hook(tokens: Sequence[str]) -> Hook:
    """`tokens`: the auth tokens of the accounts, and keys that rules for webhooks have."""

    async def read(incoming: Incoming) -> Sequence[ProviderEvent | Reply]:
        try:
            fields = parse_qsl(incoming.body.decode(), keep_blank_values=True, strict_parsing=bool(incoming.body))
        except (UnicodeDecodeError, ValueError):
            raise UnreadableError("the body is no form") from None
        given = incoming.headers.get("x-twilio-signature", "").encode("utf-8", "replace")
        name = _ALGORITHM.search(incoming.headers.get(_RULE, ""))
        algorithm = _HASHES.get(name[1] if name is not None else "HMAC_SHA1")
        if algorithm is None:
            raise NotGenuineError("the signature is of an algorithm that is not known")
        signed = (_signature(token, url, fields, algorithm) for token in tokens for url in _urls(incoming.url))
        if not any(hmac.compare_digest(given, one) for one in signed):
            why = "look whether server.base_url is the address that Twilio calls"
            raise NotGenuineError(f"the signature is not the one of an account's auth token and this URL: {why}")
        told, delivery_id = dict(fields), parse_qs(urlsplit(incoming.url).query).get(DELIVERY_ID, [""])[0]
        event = _event(told, delivery_id) if delivery_id else _reply(told)
        return () if event is None else (event,)

    return read


def _signature(token: str, url: str, fields: Sequence[tuple[str, str]], algorithm: str) -> bytes:
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(token.encode(), text.encode("utf-8", "replace"), algorithm))


def _urls(url: str) -> Iterator[str]:
    """The URL as it is, and without or with its port: Twilio signs either."""
    yield url
    parts = urlsplit(url)
    if parts.port is not None:
        yield parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()
    elif parts.scheme in _PORTS:
        yield parts._replace(netloc=f"{parts.netloc}:{_PORTS[parts.scheme]}").geturl()


def _event(told: dict[str, str], delivery_id: str) -> ProviderEvent | None:
    status, sid = told.get("MessageStatus", ""), told.get("MessageSid", "")
    if not sid or (status not in _METRICS and status not in _ON_THE_WAY):
        return None
    metric, code = _METRICS.get(status), told.get("ErrorCode", "")
    said = words_of(told.get("ChannelStatusMessage"), told.get("ErrorMessage"), _CODES.get(code))
    return ProviderEvent(
        delivery_id,
        f"{sid}:{status}",
        metric,
        None,
        address_of(told.get("To", "").removeprefix(_WHATSAPP)),
        " ".join(filter(None, (code, said))) if metric is Metric.BOUNCED else "",
        sender=address_of(told.get("From", "").removeprefix(_WHATSAPP)),
    )


def _reply(told: dict[str, str]) -> Reply | None:
    sid, phone, sender = told.get("MessageSid", ""), told.get("From", ""), told.get("To", "")
    if not sid or told.get("SmsStatus", "received") != "received" or "Body" not in told:
        return None
    word = (told.get("OptOutType") or told["Body"]).strip().upper()
    return Reply(
        "whatsapp" if phone.startswith(_WHATSAPP) else "sms",
        address_of(sid),
        address_of(phone.removeprefix(_WHATSAPP)),
        address_of(sender.removeprefix(_WHATSAPP)),
        False if word in _STOP else True if word in _START else None,
    )
