# SPDX-License-Identifier: Apache-2.0
"""Twilio tells what became of an SMS: it is written down once, and it is Twilio who tells."""

import base64
import hmac
import json
from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.applications import Starlette
from tests.api.conftest import Answer, Client
from tests.store.ledgers import Played, held, new_trigger
from tests.support.audience import add_people

from clarion.channels.hook import Incoming
from clarion.channels.hooks import HookKeys, build_hooks
from clarion.channels.public_addresses import may_be_public
from clarion.channels.twilio import TwilioDialect, TwilioSettings
from clarion.channels.twilio_events import DELIVERY_ID, twilio_hook
from clarion.domain.broadcasts import EmailContent
from clarion.domain.channels import SMS
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State, public_id
from clarion.domain.messages import PartsMessage
from clarion.domain.provider_events import Reply, hook_url
from clarion.domain.reporting import PREFERENCES_CHANGED
from clarion.domain.topics import PREFERENCES
from clarion.pipeline import replying
from clarion.pipeline.hear import HearRules
from clarion.store import broadcasts, esp, feedback, ledger, merging, metrics, people, reporting, texts
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.tracking.hooks import HookOptions, routes
from clarion.tracking.person import reader

from .conftest import Server

BASE, TOKEN, PHONE, SENDER = "https://go.example.com", "5ecre7" * 4, "+15551234567", "+15550001111"
ACCOUNT = "AC" + 32 * "a"


def signature(url: str, form: dict[str, str], token: str = TOKEN) -> str:
    """As Twilio signs."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


class Teller:
    """Twilio, as it calls us."""

    def __init__(self, server: Server, keys: HookKeys | None = None) -> None:
        self.secret = server.secret
        self.counts: Counter[str] = Counter()
        keys = keys or HookKeys("", "", "", "", "", ("another", TOKEN))
        options = HookOptions(build_hooks(keys, _nothing), HearRules(1), self._count, BASE)
        self._client = Client(Starlette(routes=routes(server, options)), None)

    def _count(self, _: str, outcome: str, number: int) -> None:
        self.counts[outcome] += number

    async def tell(self, key: DeliveryKey, status: str, signed: str | None = None, **more: str) -> Answer:
        form = {"MessageSid": "SM1", "MessageStatus": status, "To": PHONE, "From": SENDER, **more}
        query = urlencode({DELIVERY_ID: public_id(key, self.secret)})
        return await self.post(f"{hook_url('', 'twilio', self.secret)}?{query}", form, signed)

    async def answer(self, text: str, sid: str = "SM9", **more: str) -> Answer:
        """A person answers."""
        form = {"MessageSid": sid, "SmsStatus": "received", "From": PHONE, "To": SENDER, "Body": text, **more}
        return await self.post(hook_url("", "twilio", self.secret), form)

    async def post(self, path: str, form: dict[str, str], signed: str | None = None) -> Answer:
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signature(BASE + path, form) if signed is None else signed,
        }
        return await self._client("POST", path, urlencode(form).encode(), headers)


async def _nothing(url: str, most_bytes: int) -> bytes:
    raise AssertionError(url, most_bytes)


@pytest.fixture
def teller(server: Server) -> Teller:
    return Teller(server)


@pytest.fixture
def key(store: Store, workspace: Workspace) -> DeliveryKey:
    """An SMS that was handed over to the first of two people."""
    add_people(store, workspace, 2)

    def make(tx: Transaction) -> Any:
        made = broadcasts.create(tx, workspace, "Texts", recipients={})
        broadcasts.add_action(tx, made, "SMS", EmailContent(parts_of="sms", parts={**SMS.new(), "body": "Hi"}))
        found = broadcasts.get(tx, workspace, made.broadcast_id)
        assert found is not None
        trigger_id = new_trigger(tx, workspace, found)
        held(tx, trigger_id)
        return Played(store, workspace, found, trigger_id)

    played = store.write(make)
    played.freeze(2, 2)
    assert played.finish()
    key: DeliveryKey = played.key(1)
    settle(store, [Outcome(key, State.SENT, recipient=PHONE), Outcome(played.key(2), State.SENT)])
    return key


def settle(store: Store, outcomes: list[Outcome]) -> None:
    trigger_id = outcomes[0].key.trigger_id
    store.write(lambda tx: ledger.settle(tx, trigger_id, outcomes, shard=1, source=State.QUEUED))


def heard(store: Store, key: DeliveryKey) -> tuple[set[str], dict[Any, int]]:
    return store.read(
        lambda tx: (
            {metric.value for metric in feedback.first_times(tx, key)},
            dict(metrics.heard_of(tx, key.trigger_id)),
        )
    )


@pytest.mark.parametrize(
    ("status", "first"),
    [
        ("queued", set()),
        ("sent", set()),
        ("delivered", {"delivered"}),
        ("undelivered", {"bounced"}),
        ("failed", {"bounced"}),
        ("read", {"opened", "human_opened"}),
        ("canceled", set()),
    ],
)
async def test_what_is_told_is_written_down_once(
    teller: Teller, store: Store, key: DeliveryKey, status: str, first: set[str]
) -> None:
    answered = await teller.tell(key, status, ErrorCode="30005")
    assert (answered.status, answered.body) == (204, b""), "a text would go to the person"
    after = heard(store, key)
    assert after == (first, dict.fromkeys(first, 1))
    assert (await teller.tell(key, status, ErrorCode="30005")).status == 204
    assert heard(store, key) == after
    counted = {"canceled": {}, "queued": {"repeated": 2}, "sent": {"repeated": 2}}
    assert teller.counts == counted.get(status, {"taken": 1, "repeated": 1})


async def test_a_bounce_says_why_and_keeps_nobody_from_getting_mail(
    teller: Teller, store: Store, workspace: Workspace, key: DeliveryKey
) -> None:
    await teller.tell(key, "undelivered", ErrorCode="30005", To=f"whatsapp:{PHONE}")
    (row,) = store.read(lambda tx: tx.composed("SELECT detail FROM delivery_event", {}))
    assert "30005 there is no such number any more" in row["detail"]
    assert PHONE in row["detail"]
    barred = store.read(lambda tx: [esp.of_address(tx, workspace.workspace_id, one) for one in (PHONE, "p1@x.test")])
    assert barred == [[], []]


@pytest.mark.parametrize("status", ["queued", "delivered"])
async def test_a_message_in_doubt_is_settled_by_it(
    teller: Teller, store: Store, workspace: Workspace, key: DeliveryKey, status: str
) -> None:
    played = Played.sending(store, workspace, people=1, size=1)
    doubted: DeliveryKey = played.key(1)
    settle(store, [Outcome(doubted, State.IN_DOUBT, Reason.NO_ANSWER)])
    assert (await teller.tell(doubted, status)).status == 204
    account = store.read(lambda tx: ledger.get(tx, doubted))
    assert account is not None
    assert (account["state"], teller.counts) == (State.SENT, {"taken": 1})


@pytest.mark.parametrize("signed", ["", "x", "ü", signature(f"{BASE}/hooks/twilio/x", {})])
async def test_who_does_not_sign_is_not_believed(teller: Teller, store: Store, key: DeliveryKey, signed: str) -> None:
    answered = await teller.tell(key, "delivered", signed.encode("utf-8").decode("latin-1"))
    assert (answered.status, "server.base_url" in answered.json["error"]) == (403, True)
    assert heard(store, key) == (set(), {})


async def test_the_signature_is_of_this_message(teller: Teller, store: Store, key: DeliveryKey) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    path = hook_url("", "twilio", teller.secret)
    mine, other = (
        f"{path}?{urlencode({DELIVERY_ID: public_id(one, teller.secret)})}" for one in (key, key._replace(seq=2))
    )
    assert (await teller.post(other, form, signature(BASE + mine, form))).status == 403
    assert (await teller.post(mine, {**form, "MessageStatus": "read"}, signature(BASE + mine, form))).status == 403
    assert (await teller.post(mine, form)).status == 204


async def test_a_signature_may_be_of_the_url_with_its_port(teller: Teller, key: DeliveryKey) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    path = f"{hook_url('', 'twilio', teller.secret)}?{urlencode({DELIVERY_ID: public_id(key, teller.secret)})}"
    assert (await teller.post(path, form, signature(f"{BASE}:443{path}", form))).status == 204


async def test_what_is_no_status_is_passed_over(teller: Teller, key: DeliveryKey) -> None:
    path = hook_url("", "twilio", teller.secret)
    assert (await teller.post(path, {"MessageSid": "SM1", "MessageStatus": "delivered"})).status == 204
    assert (await teller.post(f"{path}?{DELIVERY_ID}=x", {"MessageSid": "SM1", "MessageStatus": "read"})).status == 204
    assert (await teller.post(f"{path}?{DELIVERY_ID}=x", {})).status == 204
    assert (await teller.post(path, {})).status == 204
    assert teller.counts == {"unknown": 1}


async def test_without_a_token_nobody_is_believed(server: Server, key: DeliveryKey) -> None:
    teller = Teller(server, HookKeys("", "", "", "", ""))
    answered = await teller.tell(key, "delivered")
    assert (answered.status, "no key is set" in answered.json["error"]) == (403, True)


def test_each_message_says_where_twilio_tells_of_it() -> None:
    settings: dict[str, Any] = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": SENDER}
    message = PartsMessage("d/1", "sms", PHONE, "Hi", {"body": "Hi"})
    told = TwilioDialect(TwilioSettings(**settings, status_callback=f"{BASE}/hooks/twilio/x")).encode(message)
    (where,) = parse_qs(told.decode())["StatusCallback"]
    assert (where.partition("?")[0], parse_qs(urlsplit(where).query)) == (
        f"{BASE}/hooks/twilio/x",
        {DELIVERY_ID: ["d/1"]},
    )
    assert b"StatusCallback" not in TwilioDialect(TwilioSettings(**settings)).encode(message)


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://go.example.com", True),
        ("https://8.8.8.8:8443", True),
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000", False),
        ("http://10.1.2.3", False),
        ("http://[::1]:8000", False),
        ("https://clarion.internal", False),
        ("https://clarion.test", False),
        ("https://mail.local.", False),
        ("", False),
    ],
)
def test_which_urls_somebody_elsewhere_may_reach(url: str, public: bool) -> None:
    assert may_be_public(url) is public


def preferences(store: Store, key: DeliveryKey) -> Any:
    found = store.read(lambda tx: reader(tx, key))
    assert found is not None
    assert found.person is not None
    return found.person.attributes.get(PREFERENCES)


def told_of(store: Store) -> list[str]:
    return [row["event"] for row in store.read(lambda tx: tx.composed("SELECT event FROM reporting_event", {}))]


@pytest.fixture
def listening(store: Store, workspace: Workspace) -> None:
    """Somebody wants to hear of answers."""
    events = ("sms_replied", PREFERENCES_CHANGED)
    webhook = reporting.Webhook(0, workspace.workspace_id, "x", "https://x.test", events, False, True, False, "s")
    store.write(lambda tx: reporting.insert(tx, replace(webhook, webhook_id=reporting.new_number(tx))))


@pytest.mark.usefixtures("listening")
async def test_an_answer_counts_for_the_last_message(teller: Teller, store: Store, key: DeliveryKey) -> None:
    await teller.tell(key, "sent")
    answered = await teller.answer("Thanks!")
    assert (answered.status, answered.body) == (204, b"")
    assert heard(store, key) == ({"replied"}, {"replied": 1})
    assert (await teller.answer("Thanks!")).status == 204
    assert heard(store, key) == ({"replied"}, {"replied": 1})
    assert (told_of(store), preferences(store, key)) == (["sms_replied"], None)
    (row,) = store.read(lambda tx: tx.composed("SELECT detail FROM delivery_event", {}))
    assert json.loads(row["detail"]) == {"inbound_event_id": "SM9", "to": SENDER}
    assert teller.counts == {"repeated": 2, "taken": 1}


async def test_an_answer_after_three_days_is_none_and_stop_holds_all_the_same(
    teller: Teller, store: Store, key: DeliveryKey
) -> None:
    await teller.tell(key, "sent")
    by = {"by": replying.WITHIN_MS + 1}
    store.write(lambda tx: tx.composed("UPDATE texted SET at_ms = at_ms - :by RETURNING at_ms", by))
    await teller.answer("Stop")
    assert heard(store, key) == (set(), {})
    assert preferences(store, key) == {"channels": {"sms": False}}


async def test_whoever_was_never_written_to_is_nobody(teller: Teller, store: Store, key: DeliveryKey) -> None:
    assert (await teller.answer("STOP")).status == 204
    await teller.tell(key, "sent")
    for more in ({"From": "+15559999999"}, {"To": "+15559999999"}, {"From": f"whatsapp:{PHONE}"}):
        await teller.answer("STOP", sid=f"SM{len(teller.counts)}{more}", **more)
    assert (preferences(store, key), teller.counts["unknown"]) == (None, 4)


@pytest.mark.usefixtures("listening")
async def test_stop_and_start_hold_for_this_channel(teller: Teller, store: Store, key: DeliveryKey) -> None:
    await teller.tell(key, "sent")
    await teller.answer(" stop ", sid="SM7")
    assert preferences(store, key) == {"channels": {"sms": False}}
    assert heard(store, key)[0] == {"replied", "unsubscribed"}
    await teller.answer("START", sid="SM8")
    assert preferences(store, key) == {"channels": {"sms": True}}
    await teller.answer("stop", sid="SM7")
    assert preferences(store, key) == {"channels": {"sms": True}}, "what is told late again is no wish"
    await teller.answer("whatever", sid="SM9", OptOutType="STOP")
    assert preferences(store, key) == {"channels": {"sms": False}}
    assert heard(store, key)[1] == {"replied": 1, "unsubscribed": 1}
    assert sorted(told_of(store)) == [PREFERENCES_CHANGED] * 3 + ["sms_replied"] * 3


@pytest.mark.parametrize(
    ("text", "wants"),
    [("STOPALL", False), ("Unsubscribe", False), ("unstop", True), ("YES", True), ("stop please", None), ("", None)],
)
async def test_which_words_are_wishes(text: str, wants: bool | None) -> None:
    form = {"MessageSid": "SM1", "From": f"whatsapp:{PHONE}", "To": f"whatsapp:{SENDER}", "Body": text}
    headers = {"x-twilio-signature": signature(BASE, form)}
    (reply,) = await twilio_hook([TOKEN])(Incoming(urlencode(form).encode(), headers, 0, BASE))
    assert reply == Reply("whatsapp", "SM1", PHONE, SENDER, wants)


async def test_everybody_with_that_phone_is_meant(
    teller: Teller, store: Store, workspace: Workspace, key: DeliveryKey
) -> None:
    second = key._replace(seq=2)
    for one in (key, second):
        await teller.tell(one, "sent")
    await teller.answer("STOP")
    assert [preferences(store, one) for one in (key, second)] == [{"channels": {"sms": False}}] * 2
    assert {"replied", "unsubscribed"} in [heard(store, one)[0] for one in (key, second)]
    assert heard(store, key)[1] == {"replied": 1, "unsubscribed": 1}


async def test_what_is_told_late_of_an_earlier_message_does_not_make_it_the_last(
    teller: Teller, store: Store, key: DeliveryKey
) -> None:
    await teller.tell(key, "sent")
    before = store.read(lambda tx: [dict(row) for row in tx.composed("SELECT * FROM texted", {})])
    await teller.tell(key, "delivered")
    (partner,) = store.read(lambda tx: texts.partners(tx, _ASKED))
    account = {"person_id": partner.person_id, "settled_ms": partner.at_ms - 1}
    late = {"channel": "sms", "phone": PHONE, "sender": SENDER}
    store.write(lambda tx: texts.sent(tx, key._replace(trigger_id=9_999), account, **late))
    assert store.read(lambda tx: [dict(row) for row in tx.composed("SELECT * FROM texted", {})]) == before


async def test_who_is_gone_or_merged_takes_it_along(
    teller: Teller, store: Store, workspace: Workspace, key: DeliveryKey
) -> None:
    for one in (key, key._replace(seq=2)):
        await teller.tell(one, "sent")
    first, second = sorted(one.person_id for one in store.read(lambda tx: texts.partners(tx, _ASKED)))
    store.write(lambda tx: merging.leave(tx, first, second))
    assert [one.person_id for one in store.read(lambda tx: texts.partners(tx, _ASKED))] == [second]
    store.write(lambda tx: people.delete(tx, second))
    assert store.read(lambda tx: texts.partners(tx, _ASKED)) == []


_ASKED = Reply("sms", "", PHONE, SENDER)
