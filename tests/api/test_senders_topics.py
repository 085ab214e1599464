# SPDX-License-Identifier: Apache-2.0
"""Sender identities, topics and languages: made, shown, used by messages, and sent (contract §5.2, §7.7, §7.10)."""

import email
import email.policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import MAIL, Stage
from tests.support.jobs import LostJobs

from clarion.store import triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

OURS = "/api/clarion/v1"


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


async def sender(manage: Client, name: str = "Acme", address: str = "news@acme.test", **more: Any) -> int:
    made = await manage("POST", f"{OURS}/sender_identities", {"name": name, "email": address, **more})
    assert made.status == 201, made.body
    return int(made.json["sender_identity"]["id"])


async def topic(manage: Client, **more: Any) -> dict[str, Any]:
    made = await manage("POST", f"{OURS}/subscription_topics", {"name": "Offers", **more})
    assert made.status == 201, made.body
    found: dict[str, Any] = made.json["topic"]
    return found


async def mails(stage: Stage, trigger_id: int) -> dict[str, EmailMessage]:
    """What left, by recipient."""
    provider = Scripted()
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(trigger_id)
    return {
        message.recipient: email.message_from_bytes(message.content, EmailMessage, policy=email.policy.default)
        for message in provider.taken
    }


async def test_identities_are_listed_in_pages(client: Client, manage: Client) -> None:
    numbers = [await sender(manage, f"S{n}", f"s{n}@acme.test") for n in range(3)]
    secret = await sender(manage, "Hidden", "h@acme.test", hidden=True)
    seen, target = [], "/v1/sender_identities?limit=2"
    page = (await client("GET", target)).json
    seen += page["sender_identities"]
    page = (await client("GET", f"{target}&start={page['next']}")).json
    seen += page["sender_identities"]
    assert ([one["id"] for one in seen], page["next"]) == (numbers, "")
    assert seen[0] == {
        "id": numbers[0],
        "deduplicate_id": seen[0]["deduplicate_id"],
        "name": "S0",
        "email": "s0@acme.test",
        "address": "S0 <s0@acme.test>",
        "template_type": "email",
        "auto_generated": False,
        "hidden": False,
    }
    backwards = (await client("GET", "/v1/sender_identities?sort=desc&hidden=true&limit=3")).json
    assert [one["id"] for one in backwards["sender_identities"]] == [secret, numbers[2], numbers[1]]
    rest = (await client("GET", f"/v1/sender_identities?sort=desc&hidden=true&start={backwards['next']}")).json
    assert [one["id"] for one in rest["sender_identities"]] == [numbers[0]]
    assert (await client("GET", f"/v1/sender_identities/{secret}")).json["sender_identity"]["hidden"]
    assert (await client("GET", "/v1/sender_identities/999")).status == 404
    assert (await client("GET", "/v1/sender_identities?sort=up")).status == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.test", "name": "a\nb"}, "name"),
        ({"email": "a@b.test", "hidden": 1}, "hidden"),
        ({"email": "a@b.test", "colour": 1}, "colour"),
    ],
)
async def test_a_wrong_identity_is_refused(manage: Client, body: Any, field: str) -> None:
    refused = await manage("POST", f"{OURS}/sender_identities", body)
    assert (refused.status, field in refused.error) == (422, True)


async def test_a_message_is_sent_from_its_identity(client: Client, manage: Client, stage: Stage) -> None:
    stage.crowd(1)
    broadcast = stage.broadcast()
    number, reply = await sender(manage, "Ada, of Acme", "ada@acme.test"), await sender(manage, "", "help@acme.test")
    action = f"/v1/broadcasts/{broadcast.broadcast_id}/actions/{broadcast.actions[0].action_id}"
    changed = await client("PUT", action, {"from_id": number, "reply_to_id": reply})
    assert changed.json["action"]["from"] == '"Ada, of Acme" <ada@acme.test>'
    assert (changed.json["action"]["from_id"], changed.json["action"]["reply_to_id"]) == (number, reply)
    again = await client("PUT", action, changed.json["action"])  # what was read may be sent back
    assert again.json["action"]["from_id"] == number
    refused = await client("PUT", action, {"from_id": 4711})
    assert (refused.status, "from_id" in refused.error) == (422, True)
    assert (await client("GET", f"/v1/sender_identities/{number}/used_by")).json["used_by"]["campaigns"] == [
        broadcast.broadcast_id
    ]
    early = stage.trigger(broadcast)
    await manage("PATCH", f"{OURS}/sender_identities/{number}", {"name": "Grace", "email": "grace@acme.test"})
    late = stage.trigger(broadcast)
    first = await mails(stage, early)
    assert first["p1@x.test"]["Reply-To"] == "help@acme.test"
    frozen = [
        stage.store.read(partial(triggers.content, content_hash=stage.get(n).content_hash)) for n in (early, late)
    ]
    froms = [one.actions[0].content.sender for one in frozen]
    assert froms == ['"Ada, of Acme" <ada@acme.test>', "Grace <grace@acme.test>"]
    used = await manage("DELETE", f"{OURS}/sender_identities/{number}")
    assert (used.status, str(broadcast.broadcast_id) in used.error) == (409, True)
    by_hand = await manage(
        "PATCH",
        f"{OURS}/broadcasts/{broadcast.broadcast_id}/actions/{broadcast.actions[0].action_id}",
        {"from": "x@acme.test"},
    )
    assert by_hand.json["action"]["from_id"] is None
    assert (await manage("DELETE", f"{OURS}/sender_identities/{number}")).status == 204


async def test_topics_are_made_changed_and_shown(client: Client, manage: Client, stage: Stage) -> None:
    made = await topic(manage, translations={"de": {"name": "Angebote", "description": "Monatlich"}})
    assert made["identifier"] == f"topic_{made['id']}"
    await topic(manage, name="News", subscribed_by_default=False)
    listed = (await client("GET", "/v1/subscription_topics")).json["topics"]
    assert [one["name"] for one in listed] == ["Offers", "News"]
    stage.person("ada", cio_subscription_preferences={"topics": {made["identifier"]: "false"}})
    path = "/v1/customers/ada/subscription_preferences"
    shown = (await client("GET", path)).json["customer"]
    assert [(one["name"], one["subscribed"]) for one in shown["topics"]] == [("Offers", False), ("News", False)]
    german = (await client("GET", f"{path}?language=de-AT")).json["customer"]["topics"][0]
    assert (german["name"], german["description"]) == ("Angebote", "Monatlich")
    header = {"accept-language": "fr;q=0.9, de;q=0.5, *;q=0.1"}
    assert (await client("GET", path, None, header)).json["customer"]["topics"][0]["name"] == "Angebote"
    changed = await manage("PATCH", f"{OURS}/subscription_topics/{made['id']}", {"name": "Deals"})
    assert (changed.json["topic"]["name"], changed.json["topic"]["translations"]) == ("Deals", made["translations"])
    assert (await manage("DELETE", f"{OURS}/subscription_topics/{made['id']}")).status == 204
    assert (await manage("DELETE", f"{OURS}/subscription_topics/{made['id']}")).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x", "subscribed_by_default": "yes"}, "subscribed_by_default"),
        ({"name": "x", "translations": []}, "translations"),
        ({"name": "x", "translations": {"no tag": {"name": "y"}}}, "translations"),
        ({"name": "x", "translations": {"de": {"description": "y"}}}, "translations.de.name"),
    ],
)
async def test_a_wrong_topic_is_refused(manage: Client, body: Any, field: str) -> None:
    refused = await manage("POST", f"{OURS}/subscription_topics", body)
    assert (refused.status, field in refused.error) == (422, True)


async def test_whoever_opted_out_of_its_topic_is_not_sent_a_broadcast(
    client: Client, manage: Client, track: Client, stage: Stage
) -> None:
    made = await topic(manage)
    for name in ("in", "out", "default"):
        stage.person(name)
    one = {f"cio_subscription_preferences.topics.{made['identifier']}": False}
    assert (await track("PUT", "/api/v1/customers/out", one)).status == 200
    whole = {"cio_subscription_preferences": {"topics": {made["identifier"]: True}}}
    assert (await track("PUT", "/api/v1/customers/in", whole)).status == 200
    broadcast = stage.broadcast()
    path = f"{OURS}/broadcasts/{broadcast.broadcast_id}"
    assert (await manage("PATCH", path, {"topic_id": 4711})).status == 422
    shown = await manage("PATCH", path, {"topic_id": made["id"]})
    assert shown.json["broadcast"]["topic_id"] == made["id"]
    assert (await manage("DELETE", f"{OURS}/subscription_topics/{made['id']}")).status == 409
    body = "{{ message.subscription_topic.name }}/{% subscription_topic_name %}/{{ campaign.subscription_topic_ids }}"
    await manage("PATCH", f"{path}/actions/{broadcast.actions[0].action_id}", {"body": f"<p>{body}</p>"})
    trigger_id = stage.trigger(broadcast.broadcast_id)
    found = await mails(stage, trigger_id)
    assert stage.sums(trigger_id) == {"sent": 2, "skipped unsubscribed_topic": 1}
    html = found["in@x.test"].get_body(("html",))
    assert html is not None
    assert f"Offers/Offers/{made['id']}" in html.get_content()
    await manage("PATCH", f"{path}/actions/{broadcast.actions[0].action_id}", {"send_to_unsubscribed": True})
    everybody = stage.trigger(broadcast.broadcast_id)
    await mails(stage, everybody)
    assert stage.sums(everybody) == {"sent": 3}


async def test_everybody_reads_it_in_their_language(client: Client, manage: Client, stage: Stage) -> None:
    for name, language in (("en", "en"), ("de", "de-CH"), ("pt", "pt_br"), ("none", None), ("odd", 7)):
        stage.person(name, f"{name}@x.test", language=language)
    broadcast = stage.broadcast(MAIL)
    action = f"{OURS}/broadcasts/{broadcast.broadcast_id}/actions/{broadcast.actions[0].action_id}"
    for language, subject in (("de", "Hallo {{ customer.id }}"), ("pt-BR", "Oi {{ customer.id }}")):
        made = await manage("PUT", f"{action}/languages/{language}", {"subject": subject})
        assert made.json["content"]["subject"] == subject
    assert (await manage("GET", f"{action}/languages/de")).json["content"]["body"] == MAIL.body
    assert (await manage("GET", f"{action}/languages/fr")).status == 404
    assert (await manage("PUT", f"{action}/languages/no%20tag", {})).status == 422
    refused = await manage("PUT", f"{action}/languages/de", {"subject": "{{ oops"})
    assert (refused.status, "languages.de.subject" in refused.error) == (422, True)
    theirs = f"/v1/broadcasts/{broadcast.broadcast_id}/actions/{broadcast.actions[0].action_id}/language"
    shown = (await client("GET", f"{theirs}/de")).json["action"]
    assert (shown["language"], shown["subject"]) == ("de", "Hallo {{ customer.id }}")
    assert (await client("PUT", f"{theirs}/fr", {"subject": "x"})).status == 400
    changed = await client("PUT", f"{theirs}/de", {"subject": "Guten Tag {{ customer.id }}"})
    assert changed.json["action"]["subject"] == "Guten Tag {{ customer.id }}"
    trigger_id = stage.trigger(broadcast.broadcast_id)
    found = {address: mail["Subject"] for address, mail in (await mails(stage, trigger_id)).items()}
    assert found == {
        "en@x.test": "Hello en",
        "de@x.test": "Guten Tag de",
        "pt@x.test": "Oi pt",
        "none@x.test": "Hello none",
        "odd@x.test": "Hello odd",
    }
    assert (await manage("DELETE", f"{action}/languages/DE")).status == 204
    assert (await manage("DELETE", f"{action}/languages/de")).status == 404
    whole = (await manage("GET", f"{OURS}/broadcasts/{broadcast.broadcast_id}")).json["broadcast"]
    assert whole["actions"][0]["languages"] == ["pt-BR"]
    copy = (await manage("POST", f"{OURS}/broadcasts/{broadcast.broadcast_id}/duplicate")).json["broadcast"]
    assert copy["actions"][0]["languages"] == ["pt-BR"]


async def test_a_transactional_message_speaks_the_language_of_the_call(
    client: Client, manage: Client, stage: Stage
) -> None:
    stage.person("ada", language="en")
    texts = {"subject": "Hello", "body": "<p>x</p>", "from": "a@acme.test"}
    body = {"name": "Hi", "kind": "transactional", "trigger_name": "hi", "actions": [texts]}
    made = (await manage("POST", f"{OURS}/broadcasts", body)).json["broadcast"]
    path = f"{OURS}/broadcasts/{made['id']}"
    await manage("PUT", f"{path}/actions/{made['actions'][0]['id']}/languages/de", {"subject": "Hallo"})
    await manage("POST", f"{path}/activate")
    call = {"transactional_message_id": "hi", "identifiers": {"id": "ada"}}
    for language, to in (("de", "a@x.test"), ("", "b@x.test"), ("fr", "c@x.test")):
        sent = await client("POST", "/v1/send/email", {**call, "language": language, "to": to})
        assert sent.status == 200, sent.body
    provider = Scripted()
    async with stage.working(stage.worker(provider, LostJobs())):
        for number in (1, 2, 3):
            await stage.finished(number)
    assert {m.recipient: m.subject for m in provider.taken} == {
        "a@x.test": "Hallo",
        "b@x.test": "Hello",
        "c@x.test": "Hello",
    }
    assert (await client("GET", f"/v1/transactional/{made['id']}/language/de")).json["content"]["subject"] == "Hallo"


async def test_the_token_of_a_person_opens_their_preferences(client: Client, stage: Stage) -> None:
    stage.person("ada")
    told = (await client("GET", "/v1/subscription_center/ada/token")).json
    assert told["url"].endswith(f"/preferences/{told['token']}")
    assert (await client("GET", "/v1/subscription_center/nobody/token")).status == 404
