# SPDX-License-Identifier: Apache-2.0
"""Accounts at providers by our API: how they fare, what an owner changes about them, a test through one of them."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.pipeline.providers import Fails, Scripted

from clarion.api import application
from clarion.api.calls import Api
from clarion.api.clarion import accounts
from clarion.channels import registry
from clarion.channels.base import Capabilities, Deliverer, Source
from clarion.channels.webhook import WebhookProvider, WebhookSettings
from clarion.domain.errors import Away, Permanent
from clarion.domain.outlets import Terms
from clarion.domain.people import IdKind, Reference
from clarion.store import access, outlets, people
from clarion.store.access import Keys
from clarion.store.engine import Store
from clarion.store.outlets import Standing

from .conftest import Client

pytestmark = pytest.mark.usefixtures("workspace")
PATH = "/api/clarion/v1/providers"
SETTINGS = {"ses": Terms(per_second=14.0), "ses-eu": Terms(per_day=3, ramp="2, 400"), "relay": Terms()}


class Keeps:
    """A provider of any channel that takes everything."""

    name = "keeps"

    def __init__(self, channel: str) -> None:
        self.capabilities = Capabilities(channel, 1)
        self.taken: list[Any] = []

    async def deliver(self, source: Source) -> None:
        while (handover := source.take()) is not None:
            assert handover.begin()
            self.taken.append(handover.message)
            handover.sent("200 OK")

    async def close(self) -> None:
        """Nothing is open."""


def client_of(api: Api, keys: Keys, **made: Deliverer) -> Client:
    """With three accounts of e-mail in the settings and one of SMS; `made`: what a test goes through."""
    mail, sms = Capabilities("email", 10), Capabilities("sms", 2)
    told = [registry.sending("ses", {}, mail, account=name, terms=terms) for name, terms in SETTINGS.items()]
    options = replace(api.options, sending=(*told, registry.sending("twilio", {}, sms)))

    def provider(channel: str, account: str = "ses") -> Deliverer:
        return made[account.replace("-", "_")]

    return Client(application.build(replace(api, options=options, provider=provider)), f"Bearer {keys.manage_key}")


def told(answer: Any) -> tuple[str, int | None, str, str | None]:
    """How a test ended."""
    found = answer.json["result"]
    assert found["sent"] == (found["ending"] == "taken")
    return found["ending"], found["status"], found["words"], found["reason"]


async def names(client: Client) -> list[str]:
    return [one["account"] for one in (await client("GET", PATH)).json["providers"] if one["channel"] == "email"]


async def one(client: Client, name: str) -> dict[str, Any]:
    (found,) = [each for each in (await client("GET", PATH)).json["providers"] if each["account"] == name]
    return dict(found)


async def test_what_is_changed_comes_before_the_settings_and_goes_back_to_them(api: Api, keys: Keys) -> None:
    client = client_of(api, keys)
    assert await names(client) == ["ses", "ses-eu", "relay"]
    before = await one(client, "ses-eu")
    assert (before["enabled"], before["per_day"], before["ramp"], before["changed"]) == (True, 3, "2, 400", [])
    assert (before["away"], before["today"]) == (None, {"sent": 0, "share": 2, "ramp_day": 1})

    body = {"enabled": False, "per_second": 2.5, "per_day": 9, "ramp": " 50 X 2 "}
    changed = await client("PATCH", f"{PATH}/email/ses-eu", body)
    assert changed.status == 200
    shown = await one(client, "ses-eu")
    assert changed.json["account"].items() <= shown.items()
    assert (shown["enabled"], shown["per_second"], shown["per_day"], shown["ramp"]) == (False, 2.5, 9, "50 X 2")
    assert shown["changed"] == ["enabled", "per_second", "per_day", "ramp"]
    assert shown["today"]["share"] == 9

    back = await client("PATCH", f"{PATH}/email/ses-eu", {"per_day": None, "ramp": None, "enabled": None})
    assert back.json["account"]["changed"] == ["per_second"]
    assert (await one(client, "ses-eu"))["ramp"] == "2, 400"


async def test_the_order(api: Api, keys: Keys) -> None:
    client = client_of(api, keys)
    wanted = ["relay", "ses-eu", "ses"]
    assert (await client("PUT", f"{PATH}/email/order", {"accounts": wanted})).json == {"accounts": wanted}
    assert await names(client) == wanted
    for wrong in (["relay"], ["relay", "ses-eu", "nobody"], ["ses", "ses", "relay"], "ses", None, [1, 2, 3]):
        refused = await client("PUT", f"{PATH}/email/order", {"accounts": wrong})
        assert refused.status == 422, wrong
        assert "/accounts" in str(refused.json) or "accounts" in str(refused.json)
    assert await names(client) == wanted
    assert (await client("PUT", f"{PATH}/pigeon/order", {"accounts": []})).status == 404


async def test_how_it_fares_and_a_ramp_that_begins_anew(api: Api, keys: Keys, store: Store) -> None:
    client = client_of(api, keys)
    number = store.write(partial(outlets.register, channel="email", name="ses-eu"))
    store.write(partial(outlets.note_states, holder="a", news=[Standing(number, "connection refused", 30.0)]))

    def two_days(tx: Any) -> None:
        day = tx.now_ms() // 86_400_000
        assert outlets.take(tx, number, day - 1, 2, 2) == 2
        assert outlets.take(tx, number, day, 5, 3) == 3

    store.write(two_days)
    shown = await one(client, "ses-eu")
    assert (shown["circuit"], shown["away"]["words"], shown["away"]["processes"]) == ("paused", "connection refused", 1)
    assert 29 <= shown["away"]["until"] - shown["away"]["since"] <= 31
    assert shown["today"] == {"sent": 3, "share": 3, "ramp_day": 2}
    assert (await client("PATCH", f"{PATH}/email/ses-eu", {"restart_ramp": True})).status == 200
    assert (await one(client, "ses-eu"))["today"] == {"sent": 3, "share": 2, "ramp_day": 1}
    store.write(partial(outlets.note_states, holder="a", news=[Standing(number, None)]))
    shown = await one(client, "ses-eu")
    assert (shown["circuit"], shown["away"], shown["failed"]["words"]) == ("closed", None, "connection refused")
    store.write(partial(outlets.note_states, holder="b", news=[Standing(number, "503", -1.0)]))
    assert (await one(client, "ses-eu"))["circuit"] == "trying"


async def test_a_ramp_where_there_was_none_begins_today(api: Api, keys: Keys, store: Store) -> None:
    client = client_of(api, keys)
    number = store.write(partial(outlets.register, channel="email", name="relay"))
    store.write(lambda tx: outlets.take(tx, number, tx.now_ms() // 86_400_000 - 1, 9, 9))  # under a limit a day
    assert (await client("PATCH", f"{PATH}/email/relay", {"ramp": "7, 8, 9"})).status == 200
    assert (await one(client, "relay"))["today"] == {"sent": 0, "share": 7, "ramp_day": 1}
    store.write(lambda tx: outlets.restart_ramp(tx, number, 0))
    assert (await client("PATCH", f"{PATH}/email/relay", {"ramp": "7, 8"})).status == 200
    assert (await one(client, "relay"))["today"] == {"sent": 0, "share": 8, "ramp_day": 2}  # it goes on


async def test_a_trigger_says_when_no_account_takes_its_messages(
    api: Api, keys: Keys, store: Store, manage: Client
) -> None:
    action = {"name": "x", "body": "<p>x</p>", "subject": "s", "from": "n@x.example"}
    made = await manage("POST", "/api/clarion/v1/broadcasts", {"name": "News", "actions": [action]})
    number = made.json["broadcast"]["id"]
    client = client_of(api, keys)
    mail = Capabilities("email", 10)
    sending = [registry.sending("ses", {}, mail, account=name) for name in ("ses", "ses-eu")]

    def said() -> tuple[str, ...]:
        return store.read(lambda tx: accounts.all_away(tx, sending, number))

    ids = [store.write(partial(outlets.register, channel="email", name=name)) for name in ("ses", "ses-eu")]
    store.write(partial(outlets.note_states, holder="a", news=[Standing(ids[0], "connection refused", 30.0)]))
    assert said() == ()
    assert (await client("PATCH", f"{PATH}/email/ses-eu", {"enabled": False})).status == 200
    assert said() == ("email/ses: connection refused", "email/ses-eu: switched off")
    store.write(partial(outlets.note_states, holder="a", news=[Standing(ids[0], "connection refused", -90.0)]))
    assert said() == ()  # it was to be asked again long ago: whoever said so works no more


async def test_what_cannot_be_set(api: Api, keys: Keys) -> None:
    client = client_of(api, keys)
    for body, field in (
        ({"enabled": "no"}, "enabled"),
        ({"per_second": -1}, "per_second"),
        ({"per_second": True}, "per_second"),
        ({"per_day": 1.5}, "per_day"),
        ({"per_day": 10**10}, "per_day"),
        ({"ramp": "soon"}, "ramp"),
        ({"ramp": 5}, "ramp"),
        ({"restart_ramp": None}, "restart_ramp"),
        ({"secret_access_key": "x"}, "secret_access_key"),
    ):
        refused = await client("PATCH", f"{PATH}/email/ses", body)
        assert (refused.status, field in str(refused.json)) == (422, True), body
    assert (await one(client, "ses"))["changed"] == []


async def test_only_who_owns_every_workspace_changes_what_all_send_by(api: Api, keys: Keys, store: Store) -> None:
    client = client_of(api, keys, ses=Scripted())
    store.write(lambda tx: access.create_workspace(tx, "Another", "id_email", access.random_keys()))
    test = {"to": "ann@x.test", "from": "n@x.test"}
    for method, path, body in (
        ("PATCH", "email/ses", {"enabled": False}),
        ("PUT", "email/order", {"accounts": list(SETTINGS)}),
        ("POST", "email/ses/test", test),
        ("PUT", "domains/gmail.com", {"per_second": 1}),
    ):
        refused = await client(method, f"{PATH}/{path}", body)
        assert (refused.status, "every workspace" in str(refused.json)) == (403, True)
    assert (await one(client, "ses"))["changed"] == []


async def test_a_test_goes_through_the_chosen_account_and_counts(api: Api, keys: Keys) -> None:
    first, europe = Scripted(), Scripted({"bob@x.test": [Fails(Permanent("550 no such user", "refused"))]})
    client = client_of(
        api, keys, ses=first, ses_eu=europe, relay=Scripted(usual=Fails(Away("connection refused", 5.0)))
    )
    path = f"{PATH}/email/ses-eu/test"
    sent = await client("POST", path, {"to": "Ann <ann@x.test>", "from": "News <n@x.test>"})
    said = {"account": "ses-eu", "address": "ann@x.test", "sent": True, "ending": "taken", "status": 250}
    assert sent.json == {"result": {**said, "words": "250 kept ann@x.test", "reason": None, "advice": None}}
    assert (len(first.taken), europe.recipients) == (0, ["ann@x.test"])
    assert b"Test of ses-eu" in europe.taken[0].content
    refused = await client("POST", path, {"to": "bob@x.test", "from": "n@x.test"})
    assert told(refused) == ("refused", 550, "550 no such user", "refused")
    assert refused.json["result"]["advice"].startswith("The provider refuses this message")
    assert (await one(client, "ses-eu"))["today"]["sent"] == 2
    over = await client("POST", path, {"to": "ann@x.test", "from": "n@x.test"})
    assert (over.status, "share of the day" in str(over.json)) == (409, True)
    assert (await client("PATCH", f"{PATH}/email/ses", {"per_second": 0.02})).status == 200
    tried = [await client("POST", f"{PATH}/email/ses/test", {"to": "ann@x.test", "from": "n@x.test"}) for _ in range(2)]
    assert [each.status for each in tried] == [200, 409]
    assert "limit per second" in str(tried[1].json)
    away = await client("POST", f"{PATH}/email/relay/test", {"to": "ann@x.test", "from": "n@x.test"})
    assert told(away) == ("away", None, "connection refused", None)
    assert away.json["result"]["advice"].startswith("Nobody answers there")


async def test_a_test_of_every_channel(api: Api, keys: Keys, track: Client, store: Store) -> None:
    kinds = ("whatsapp", "push", "slack", "in_app", "inbox_message", "webhook")
    made = {kind: Keeps(kind) for kind in kinds}
    sending = [registry.sending("outbox", {}, Capabilities(kind, 1), account=kind) for kind in kinds]
    options = replace(api.options, sending=tuple(sending))
    app = application.build(replace(api, options=options, provider=lambda kind, _="": made[kind]))
    client = Client(app, f"Bearer {keys.manage_key}")
    assert (await track("PUT", "/api/v1/customers/ann", {"email": "ann@x.test"})).status == 200
    for token in ("t1", "t2"):
        device = {"id": token, "platform": "android"}
        assert (await track("PUT", "/api/v1/customers/ann/devices", {"device": device})).status == 200
    (workspace, *_) = store.read(access.workspaces)
    (ann,) = store.read(lambda tx: people.find(tx, workspace, Reference(IdKind.ID, "ann")))

    async def sent(kind: str, body: object) -> Any:
        done = await client("POST", f"{PATH}/{kind}/{kind}/test", body)
        assert done.status == 200, done.json
        assert told(done)[0] == "taken"
        return made[kind].taken[-1]

    template = {"content_sid": "HX" + "a" * 32, "variables": {"1": "Ann"}}
    one = await sent("whatsapp", {"to": "+1 555 123 4567", "template": template, "from": "+15550001111"})
    assert (one.recipient, json.loads(one.parts["body"]), one.parts["from"]) == (
        "+15551234567",
        template,
        "+15550001111",
    )
    one = await sent("push", {"to": "f" * 64})
    assert [(device.token, device.platform) for device in one.devices] == [("f" * 64, "ios")]
    assert one.parts["title"] == "Test of push"
    one = await sent("push", {"person": {"id": "ann"}})
    assert {device.token for device in one.devices} == {"t1", "t2"}
    assert (await sent("slack", {"to": "#alerts"})).recipient == "#alerts"
    for kind in ("in_app", "inbox_message"):
        one = await sent(kind, {"person": {"id": "ann"}})
        assert one.recipient == ann.cio_id
        assert one.parts["expires_days"] == "1"
    one = await sent("webhook", {"to": "https://x.example/in?a=1"})
    assert (one.url, one.method.value, json.loads(one.body)["test"]) == ("https://x.example/in?a=1", "post", True)

    for kind, body, status, field in (
        ("whatsapp", {"to": "+15551234567"}, 422, "/template"),
        ("whatsapp", {"to": "+15551234567", "template": {"content_sid": "HX1"}}, 422, "/template"),
        ("whatsapp", {"to": "+15551234567", "template": {**template, "variables": {"1": 1}}}, 422, "/template"),
        ("push", {}, 422, "/to"),
        ("push", {"to": "a b"}, 422, "/to"),
        ("push", {"to": "a", "person": {"id": "ann"}}, 422, "/to"),
        ("push", {"person": {"id": "bob"}}, 404, "bob"),
        ("push", {"person": {"id": "bob", "email": "x"}}, 422, "/person"),
        ("in_app", {"to": "ann"}, 422, "/to"),
        ("in_app", {}, 422, "/person"),
        ("inbox_message", {"person": "ann"}, 422, "/person"),
        ("slack", {"to": "# alerts"}, 422, "/to"),
        ("webhook", {"to": "ftp://x.example/"}, 422, "/to"),
        ("webhook", {"to": "https://bücher.example/"}, 422, "/to"),
        ("webhook", {"to": "https://x.example/", "from": "x"}, 422, "/from"),
    ):
        refused = await client("POST", f"{PATH}/{kind}/{kind}/test", body)
        assert (refused.status, field in str(refused.json)) == (status, True), (kind, body, refused.json)


async def test_a_webhook_s_test_calls_no_private_address(api: Api, keys: Keys) -> None:
    made = WebhookProvider(WebhookSettings())
    sending = registry.sending("webhook", {}, made.capabilities)
    options = replace(api.options, sending=(sending,))
    app = application.build(replace(api, options=options, provider=lambda _, __="": made))
    client = Client(app, f"Bearer {keys.manage_key}")
    done = await client("POST", f"{PATH}/webhook/webhook/test", {"to": "http://127.0.0.1:9/in"})
    assert told(done)[0] == "refused"
    assert "webhook.allow_private_addresses" in done.json["result"]["advice"]


async def test_a_test_that_cannot_be(api: Api, keys: Keys) -> None:
    client = client_of(api, keys, ses=Scripted(), twilio=Scripted())
    for path, body, status, words in (
        ("email/ses/test", {"to": "ann@x.test"}, 422, "/from"),
        ("email/ses/test", {"to": "ann", "from": "n@x.test"}, 422, "/to"),
        ("email/ses/test", {"from": "n@x.test"}, 422, "/to"),
        ("email/nobody/test", {"to": "ann@x.test"}, 404, "not found"),
        ("sms/twilio/test", {"to": "nonsense"}, 422, "/to"),
        ("sms/twilio/test", {"to": "+15005550006", "cc": "x"}, 422, "/cc"),
    ):
        refused = await client("POST", f"{PATH}/{path}", body)
        assert (refused.status, words in str(refused.json)) == (status, True), (path, body, refused.json)
