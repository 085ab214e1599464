# SPDX-License-Identifier: Apache-2.0
"""One message to one person: the call, what it refuses, what it writes, what was sent (contract §7.13)."""

import asyncio
import base64
import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import Stage
from tests.support.jobs import LostJobs

from clarion.domain.deliveries import key_of
from clarion.store import retention
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

SECRET = b"0" * 32
INLINE: dict[str, Any] = {
    "identifiers": {"id": "p1"},
    "from": "Shop <shop@acme.test>",
    "subject": "Order {{ trigger.order }}",
    "body": "<p>Thank you, {{ customer.id }}</p>",
    "message_data": {"order": 1815},
}


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    made = Stage(store, workspace, tmp_path)
    made.crowd(2)
    return made


async def receipt(manage: Client, **more: Any) -> int:
    """An active transactional message called "receipt"."""
    action = {
        "subject": "Receipt {{ trigger.order }}",
        "body": "<p>Dear {{ customer.id }}</p>",
        "from": "shop@acme.test",
        **more,
    }
    body = {"name": "Receipt", "kind": "transactional", "trigger_name": "receipt", "actions": [action]}
    made = (await manage("POST", "/api/clarion/v1/broadcasts", body)).json["broadcast"]
    assert (made["kind"], made["trigger_name"]) == ("transactional", "receipt")
    activated = await manage("POST", f"/api/clarion/v1/broadcasts/{made['id']}/activate")
    assert activated.status == 200, activated.body
    return int(made["id"])


async def work_off(stage: Stage) -> list[EmailMessage]:
    """A worker sends all there is; the mails that left."""
    provider = Scripted()
    worker = stage.worker(provider, LostJobs())
    open_triggers = "SELECT trigger_id FROM broadcast_trigger WHERE processed_ms IS NULL"
    numbers = [int(row["trigger_id"]) for row in stage.select(open_triggers)]
    async with stage.working(worker):
        for number in numbers:
            await stage.finished(number)
    return [
        email.message_from_bytes(message.content, EmailMessage, policy=email.policy.default)
        for message in provider.taken
    ]


async def test_the_answer_names_an_account_that_is_in_the_ledger(client: Client, manage: Client, stage: Stage) -> None:
    number = await receipt(manage)
    body = {"transactional_message_id": number, "identifiers": {"id": "p1"}, "message_data": {"order": 7}}
    sent = await client("POST", "/v1/send/email", body)
    assert sent.status == 200, sent.body
    key = key_of(sent.json["delivery_id"], SECRET)
    assert key is not None
    assert stage.sums(key.trigger_id) == {"queued": 1}
    message = (await client("GET", f"/v1/messages/{sent.json['delivery_id']}")).json["message"]
    assert (message["transactional_message_id"], message["broadcast_id"]) == (number, None)
    assert message["created"] == sent.json["queued_at"]
    [mail] = await work_off(stage)
    assert (mail["Subject"], mail["To"]) == ("Receipt 7", "p1@x.test")
    assert mail["List-Unsubscribe"] is None
    assert stage.sums(key.trigger_id) == {"sent": 1}
    series = (await client("GET", f"/v1/transactional/{number}/metrics")).json["metric"]["series"]
    assert sum(series["sent"]) == 1
    listed = (await client("GET", f"/v1/transactional/{number}/messages")).json["messages"]
    assert [one["id"] for one in listed] == [sent.json["delivery_id"]]
    assert (await client("GET", f"/v1/messages?transactional_id={number}")).json["messages"] == listed


async def test_a_message_has_files_of_its_own_and_a_call_brings_others(
    client: Client, manage: Client, stage: Stage
) -> None:
    number = await receipt(manage)
    action = (await manage("GET", f"/api/clarion/v1/broadcasts/{number}")).json["broadcast"]["actions"][0]["id"]
    path = f"/api/clarion/v1/broadcasts/{number}/actions/{action}/attachments"
    for name, octets in (("terms.pdf", b"terms"), ("bill.pdf", b"example"), ("large.bin", bytes(1_000_000))):
        assert (await manage("POST", f"{path}?name={name}", octets)).status == 201
    body: dict[str, Any] = {"transactional_message_id": number, "identifiers": {"id": "p1"}}
    body["message_data"] = {"order": 7}
    bill = base64.b64encode(b"yours").decode()
    assert (await client("POST", "/v1/send/email", {**body, "attachments": {"Bill.pdf": bill}})).status == 200
    [mail] = await work_off(stage)
    files = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
    assert files == {"terms.pdf": b"terms", "large.bin": bytes(1_000_000), "Bill.pdf": b"yours"}
    too_much = {"more.bin": base64.b64encode(bytes(999_996)).decode()}
    refused = await client("POST", "/v1/send/email", {**body, "attachments": too_much})
    assert refused.status in {400, 422}
    assert "have 2000008 bytes together with those of the message" in refused.error


async def test_a_text_may_come_with_the_call(client: Client, stage: Stage) -> None:
    attachments = {"bill ü.pdf": base64.b64encode(b"%PDF-\x00\xff").decode(), "a.txt": base64.b64encode(b"hi").decode()}
    more = {
        "to": "Ada <ada@else.test>, bob@else.test",
        "cc": "carl@else.test",
        "bcc": "dora@else.test",
        "reply_to": "help@acme.test",
        "headers": {"X-Order": "{{ trigger.order }}"},
        "preheader": "Soon",
        "attachments": attachments,
        "tracked": False,
    }
    sent = await client("POST", "/v1/send/email", INLINE | more)
    assert sent.status == 200, sent.body
    [mail] = await work_off(stage)
    assert mail["Subject"] == "Order 1815"
    assert mail["To"] == "Ada <ada@else.test>, bob@else.test"
    assert (mail["Cc"], mail["Reply-To"], mail["X-Order"]) == ("carl@else.test", "help@acme.test", "1815")
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    assert "Thank you, p1" in html.get_content()
    assert "Soon" in html.get_content()
    assert plain.get_content().strip() == "Thank you, p1"
    files = {part.get_filename(): (part.get_content_type(), part.get_content()) for part in mail.iter_attachments()}
    assert files == {"bill ü.pdf": ("application/pdf", b"%PDF-\x00\xff"), "a.txt": ("text/plain", "hi")}
    message = (await client("GET", f"/v1/messages/{sent.json['delivery_id']}")).json["message"]
    assert (message["transactional_message_id"], message["broadcast_id"], message["subject"]) == (None, None, None)
    archived = (await client("GET", f"/v1/messages/{sent.json['delivery_id']}/archived_message")).json
    assert archived["archived_message"]["subject"] == "Order 1815"
    assert (await client("GET", "/v1/broadcasts")).json["broadcasts"] == []


@pytest.mark.parametrize("off", [False, True])
async def test_styles_are_inlined_unless_the_call_says_no(
    client: Client, manage: Client, stage: Stage, off: bool
) -> None:
    body = "<style>p {color: red}</style><p>Dear {{ customer.id }}</p>"
    number = await receipt(manage, body=body)
    call = {"identifiers": {"id": "p1"}, "disable_css_preprocessing": off}
    assert (await client("POST", "/v1/send/email", call | {"transactional_message_id": number})).status == 200
    assert (await client("POST", "/v1/send/email", INLINE | call | {"body": body})).status == 200
    shown = {mail.get_body(("html",)).get_content().partition("</style>")[2][:9] for mail in await work_off(stage)}  # type: ignore[union-attr]
    assert shown == {"<p>Dear p" if off else "<p style="}
    (content,) = (await client("GET", f"/v1/transactional/{number}/contents")).json["contents"]
    assert content["preprocessor"] == "premailer"


async def test_a_workspace_decides_whether_styles_of_new_mails_are_inlined(
    client: Client, manage: Client, stage: Stage
) -> None:
    body = "<style>p {color: red}</style><p>Dear {{ customer.id }}</p>"
    before = await receipt(manage, body=body)
    changed = await manage("PATCH", "/api/clarion/v1/workspace", {"inline_css": False})
    assert changed.json["workspace"]["inline_css"] is False
    later = {"name": "Later", "kind": "transactional", "actions": [{"subject": "Hi"}]}
    made = (await manage("POST", "/api/clarion/v1/broadcasts", later)).json["broadcast"]
    assert made["actions"][0]["inline_css"] is False
    path = f"/api/clarion/v1/broadcasts/{made['id']}/actions"
    assert (await manage("POST", path, {})).json["action"]["inline_css"] is False
    assert (await manage("POST", path, {"inline_css": True})).json["action"]["inline_css"] is True
    assert (await client("POST", "/v1/send/email", INLINE | {"body": body})).status == 200
    old = {"transactional_message_id": before, "identifiers": {"id": "p1"}, "message_data": {"order": 7}}
    assert (await client("POST", "/v1/send/email", old)).status == 200
    shown = {mail["Subject"]: mail.get_body(("html",)).get_content() for mail in await work_off(stage)}  # type: ignore[union-attr]
    assert "<p>Dear" in shown["Order 1815"]
    assert '<p style="color: red">Dear' in shown["Receipt 7"]
    kept = (await manage("PATCH", "/api/clarion/v1/workspace", {"name": "New"})).json["workspace"]
    assert kept["inline_css"] is False


async def test_a_fake_bcc_gets_a_message_of_its_own(client: Client, stage: Stage) -> None:
    sent = await client("POST", "/v1/send/email", INLINE | {"bcc": "b@e.test", "fake_bcc": True})
    mails = await work_off(stage)
    assert [mail["Subject"] for mail in mails] == ["Order 1815", "[To p1@x.test] Order 1815"]
    archived = (await client("GET", f"/v1/messages/{sent.json['delivery_id']}/archived_message")).json
    shown = archived["archived_message"]
    assert (shown["bcc"], shown["fake_bcc"]) == ("b@e.test", True)


async def test_every_envelope_recipient_gets_it(client: Client, stage: Stage) -> None:
    await client("POST", "/v1/send/email", INLINE | {"to": "a@e.test, b@e.test", "cc": "c@e.test", "bcc": "d@e.test"})
    provider = Scripted()
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(1)
    [message] = provider.taken
    assert (message.recipient, message.copies) == ("a@e.test", ("b@e.test", "c@e.test", "d@e.test"))


async def test_overrides_stand_in_for_the_messages_own(client: Client, manage: Client, stage: Stage) -> None:
    await receipt(manage)
    body = {"transactional_message_id": "receipt", "identifiers": {"email": "P2@x.test"}, "subject": "Other"}
    assert (await client("POST", "/v1/send/email", body)).status == 200
    [mail] = await work_off(stage)
    assert (mail["Subject"], mail["To"]) == ("Other", "p2@x.test")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"identifiers": None}, "identifiers"),
        ({"identifiers": {"id": "p1", "email": "p1@x.test"}}, "identifiers"),
        ({"identifiers": {"id": True}}, "identifiers"),
        ({"identifiers": {"phone": "+491"}}, "identifiers"),
        ({"from": ""}, "from"),
        ({"from": "nobody"}, "from"),
        ({"subject": "  "}, "subject"),
        ({"subject": "{{ oops"}, "subject"),
        ({"body": "{% if %}"}, "body"),
        ({"body": None}, "body"),
        ({"to": "not an address"}, "to"),
        ({"cc": "a@b.test, c@"}, "cc"),
        ({"bcc": ", ".join(f"b{n}@x.test" for n in range(15))}, "to"),
        ({"headers": {"Content-Type": "x"}}, "headers"),
        ({"headers": [1]}, "headers"),
        ({"attachments": {"a": "?"}}, "attachments"),
        ({"attachments": {"a": "A" * 2_700_000}}, "attachments"),
        ({"attachments": ["a"]}, "attachments"),
        ({"message_data": [1]}, "message_data"),
        ({"message_data": {"a": "x" * 60_000}}, "message_data"),
        ({"send_at": 99_999_999_999}, "send_at"),
        ({"send_at": "soon"}, "send_at"),
        ({"queue_draft": "yes"}, "queue_draft"),
        ({"tracked": "yes"}, "tracked"),
        ({"transactional_message_id": 77}, "transactional_message_id"),
        ({"transactional_message_id": "nobody"}, "transactional_message_id"),
        ({"transactional_message_id": 2**70}, "transactional_message_id"),
        ({"transactional_message_id": 1.5}, "transactional_message_id"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be_sent_is_refused_by_name_and_leaves_nothing(
    client: Client, stage: Stage, change: dict[str, Any], field: str
) -> None:
    answer = await client("POST", "/v1/send/email", INLINE | change)
    assert answer.status == 422, answer.body
    assert field in answer.error
    assert stage.select("SELECT trigger_id FROM broadcast_trigger") == []


async def test_a_message_that_is_not_active_is_refused(client: Client, manage: Client, stage: Stage) -> None:
    number = await receipt(manage)
    await manage("POST", f"/api/clarion/v1/broadcasts/{number}/stop")
    body = {"transactional_message_id": "receipt", "identifiers": {"id": "p1"}}
    answer = await client("POST", "/v1/send/email", body)
    assert (answer.status, "not active" in answer.error) == (422, True)


async def test_a_transactional_message_is_no_broadcast(client: Client, manage: Client, stage: Stage) -> None:
    number = await receipt(manage)
    other = stage.broadcast()
    assert (await client("GET", f"/v1/broadcasts/{number}")).status == 404
    assert (await client("POST", f"/v1/campaigns/{number}/triggers", {})).status == 404
    assert (await client("GET", f"/v1/transactional/{other.broadcast_id}")).status == 404
    body = {"transactional_message_id": other.broadcast_id, "identifiers": {"id": "p1"}}
    assert (await client("POST", "/v1/send/email", body)).status == 422
    listed = (await client("GET", "/v1/transactional")).json["messages"]
    assert [one["id"] for one in listed] == [number]
    assert (await client("GET", f"/v1/transactional/{number}")).json["message"] == listed[0]
    mine = await manage("GET", "/api/clarion/v1/broadcasts?kind=transactional")
    assert [one["id"] for one in mine.json["broadcasts"]] == [number]


async def test_its_content_is_read_and_changed(client: Client, manage: Client, stage: Stage) -> None:
    number = await receipt(manage)
    [content] = (await client("GET", f"/v1/transactional/{number}/contents")).json["contents"]
    path = f"/v1/transactional/{number}/content/{content['id']}"
    changed = await client("PUT", path, {"subject": "New {{ trigger.order }}"})
    assert changed.json["content"]["subject"] == "New {{ trigger.order }}"
    assert (await client("PUT", path, {"subject": "{{ oops"})).status == 422
    assert (await client("GET", f"/v1/transactional/{number}/language/")).json == changed.json
    assert (await client("GET", f"/v1/transactional/{number}/language/de")).status == 400
    again = await client("PUT", f"/v1/transactional/{number}/language/", {"body": "<p>x</p>"})
    assert again.json["content"]["body"] == "<p>x</p>"


async def test_a_trigger_name_is_one_messages(client: Client, manage: Client, stage: Stage) -> None:
    number = await receipt(manage)
    body = {"name": "Two", "kind": "transactional", "trigger_name": "receipt"}
    assert (await manage("POST", "/api/clarion/v1/broadcasts", body)).status == 422
    copy = (await manage("POST", f"/api/clarion/v1/broadcasts/{number}/duplicate")).json["broadcast"]
    assert (copy["kind"], copy["trigger_name"]) == ("transactional", None)
    path = f"/api/clarion/v1/broadcasts/{copy['id']}"
    assert (await manage("PATCH", path, {"trigger_name": "receipt"})).status == 422
    assert (await manage("PATCH", path, {"trigger_name": "two"})).status == 200
    assert (await manage("PATCH", path, {"kind": "broadcast"})).status == 422
    plain = {"name": "Three", "trigger_name": "three"}
    assert (await manage("POST", "/api/clarion/v1/broadcasts", plain)).status == 422


async def test_the_unsubscribed_get_it_unless_the_call_says_otherwise(client: Client, stage: Stage) -> None:
    stage.person("left", unsubscribed=True)
    whom = {"identifiers": {"id": "left"}}
    one = key_of((await client("POST", "/v1/send/email", INLINE | whom)).json["delivery_id"], SECRET)
    quiet = whom | {"send_to_unsubscribed": False}
    two = key_of((await client("POST", "/v1/send/email", INLINE | quiet)).json["delivery_id"], SECRET)
    assert one is not None
    assert two is not None
    assert len(await work_off(stage)) == 1
    assert stage.sums(one.trigger_id) == {"sent": 1}
    assert stage.sums(two.trigger_id) == {"skipped unsubscribed": 1}


async def test_an_unknown_person_is_made_or_not_as_the_call_says(
    client: Client, track: Client, stage: Stage, workspace: Workspace
) -> None:
    whom = {"identifiers": {"email": "new@x.test"}}
    refused = await client("POST", "/v1/send/email", INLINE | whom | {"auto_create": False})
    assert (refused.status, "no person" in refused.error) == (422, True)
    assert (await client("POST", "/v1/send/email", INLINE | whom)).status == 200
    found = (await client("GET", "/v1/customers?email=new@x.test")).json["results"]
    assert len(found) == 1
    by_cio = {"identifiers": {"cio_id": f"cio_{found[0]['cio_id']}"}}
    assert (await client("POST", "/v1/send/email", INLINE | by_cio)).status == 200
    nobody = {"identifiers": {"cio_id": "0ff000000"}}
    assert (await client("POST", "/v1/send/email", INLINE | nobody)).status == 422
    await track("POST", "/api/v1/customers/gone/suppress")
    blocked = await client("POST", "/v1/send/email", INLINE | {"identifiers": {"id": "gone"}})
    assert (blocked.status, "suppressed" in blocked.error) == (422, True)


async def test_a_time_is_kept(client: Client, stage: Stage) -> None:
    now_s = stage.store.read(lambda tx: tx.now_ms()) // 1_000
    sent = await client("POST", "/v1/send/email", INLINE | {"send_at": now_s + 3_600})
    key = key_of(sent.json["delivery_id"], SECRET)
    assert key is not None
    later = await client("POST", "/v1/send/email", INLINE | {"send_at": now_s - 5})
    other = key_of(later.json["delivery_id"], SECRET)
    assert other is not None
    provider = Scripted()
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(other.trigger_id)
    assert stage.sums(key.trigger_id) == {"queued": 1}
    early = "UPDATE slice SET due_ms = 1 WHERE trigger_id = :t RETURNING no"
    stage.store.write(lambda tx: tx.composed(early, {"t": key.trigger_id}))
    assert len(await work_off(stage)) == 1


async def test_a_repeated_key_sends_once(client: Client, stage: Stage) -> None:
    key = {"Idempotency-Key": "order 1815"}
    answers = await asyncio.gather(*(client("POST", "/v1/send/email", INLINE, key) for _ in range(6)))
    assert {answer.body for answer in answers} == {answers[0].body}
    assert len(stage.select("SELECT trigger_id FROM broadcast_trigger")) == 1
    assert (await client("POST", "/v1/send/email", INLINE | {"subject": "x"}, key)).status == 409


async def test_first_ones_at_once_share_one_holder(client: Client, stage: Stage) -> None:
    answers = await asyncio.gather(*(client("POST", "/v1/send/email", INLINE) for _ in range(6)))
    assert {answer.status for answer in answers} == {200}
    assert len(stage.select("SELECT broadcast_id FROM broadcast WHERE kind = 'inline'")) == 1


async def test_what_may_not_be_kept_goes_once_it_is_settled(client: Client, stage: Stage) -> None:
    sent = await client("POST", "/v1/send/email", INLINE | {"disable_message_retention": True})
    kept = await client("POST", "/v1/send/email", INLINE)
    assert list(retention.forget(stage.store, 0)) == []  # not before it is sent
    assert len(await work_off(stage)) == 2
    assert list(retention.forget(stage.store, 0))
    assert len(stage.select("SELECT trigger_id FROM trigger_override")) == 1
    gone = (await client("GET", f"/v1/messages/{sent.json['delivery_id']}/archived_message")).json
    assert gone["archived_message"]["forgotten"]
    assert gone["archived_message"]["body"] == ""
    there = (await client("GET", f"/v1/messages/{kept.json['delivery_id']}/archived_message")).json
    assert "Thank you" in there["archived_message"]["body"]


async def drafts_of(manage: Client) -> list[dict[str, Any]]:
    return list((await manage("GET", "/api/clarion/v1/drafts")).json["drafts"])


async def test_a_draft_waits_and_goes_out_as_it_was_made(client: Client, manage: Client, stage: Stage) -> None:
    number = await receipt(manage, **{"from": "shop@acme.test"})
    files = {"attachments": {"a.txt": base64.b64encode(b"hi").decode()}, "disable_message_retention": True}
    named = {"transactional_message_id": "receipt", "identifiers": {"id": "p1"}, "message_data": {"order": 7}}
    one = (await client("POST", "/v1/send/email", named | files | {"queue_draft": True})).json["delivery_id"]
    two = (await client("POST", "/v1/send/email", INLINE | {"queue_draft": True})).json["delivery_id"]
    at_once = await client("POST", "/v1/send/email", named)
    assert len(await work_off(stage)) == 1, "what is no draft goes out, of the same message too"
    assert (await client("GET", f"/v1/messages/{at_once.json['delivery_id']}")).json["message"]["metrics"]["sent"]
    waiting = {one["id"]: one for one in await drafts_of(manage)}
    assert waiting.keys() == {one, two}
    assert (waiting[one]["broadcast"]["id"], waiting[one]["subject"]) == (number, "Receipt 7")
    assert waiting[two]["subject"] == "Order 1815"
    listed = (await client("GET", "/v1/messages?drafts=true")).json["messages"]
    assert {message["id"] for message in listed} == {one, two}
    # What the call said stays while the draft waits, and goes once it went out.
    kept = "SELECT trigger_id FROM trigger_override"
    list(retention.forget(stage.store, 0))
    assert len(stage.select(kept)) == 3
    sent = await manage("POST", "/api/clarion/v1/drafts/send", {"ids": [one]})
    assert sent.json == {"drafts": 1, "not_waiting": []}
    (mail,) = await work_off(stage)
    assert mail["Subject"] == "Receipt 7"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["a.txt"]
    list(retention.forget(stage.store, 0))
    assert len(stage.select(kept)) == 2
    gone = await manage("POST", "/api/clarion/v1/drafts/delete", {"ids": [two]})
    assert gone.json["drafts"] == 1
    assert await work_off(stage) == []
    key = key_of(two, SECRET)
    assert key is not None
    assert stage.sums(key.trigger_id) == {"skipped draft_deleted": 1}


async def test_a_message_may_be_set_to_wait_as_a_draft(client: Client, manage: Client, stage: Stage) -> None:
    await receipt(manage, sending_state="draft")
    (told,) = (await client("GET", "/v1/transactional")).json["messages"]
    assert told["queue_drafts"]
    named = {"transactional_message_id": "receipt", "identifiers": {"id": "p1"}, "message_data": {"order": 7}}
    made = (await client("POST", "/v1/send/email", named)).json["delivery_id"]
    assert await work_off(stage) == []
    assert [one["id"] for one in await drafts_of(manage)] == [made]


async def test_a_draft_goes_out_after_what_the_call_said_is_gone(client: Client, manage: Client, stage: Stage) -> None:
    made = (await client("POST", "/v1/send/email", INLINE | {"queue_draft": True})).json["delivery_id"]
    assert await work_off(stage) == []
    stage.store.write(lambda tx: tx.composed("DELETE FROM trigger_override RETURNING trigger_id", {}))
    assert (await manage("POST", "/api/clarion/v1/drafts/send", {"ids": [made]})).json["drafts"] == 1
    (mail,) = await work_off(stage)
    assert mail["Subject"] == "Order 1815"


async def test_an_amp_part_goes_beside_the_others(client: Client, manage: Client, stage: Stage) -> None:
    await receipt(manage, amp="<html amp4email>{{ trigger.order }}</html>")
    named = {"transactional_message_id": "receipt", "identifiers": {"id": "p1"}, "message_data": {"order": 7}}
    await client("POST", "/v1/send/email", named)
    await client("POST", "/v1/send/email", INLINE | {"body_amp": "<html amp4email>{{ customer.id }}</html>"})
    mails = await work_off(stage)
    texts = {
        mail["Subject"]: [part.get_content().strip() for part in mail.walk() if part.get_content_type() == kind]
        for mail in mails
        for kind in ("text/x-amp-html",)
    }
    assert texts == {
        "Receipt 7": ["<html amp4email>7</html>"],
        "Order 1815": ["<html amp4email>p1</html>"],
    }
    refused = await client("POST", "/v1/send/email", INLINE | {"body_amp": "{{ oops"})
    assert (refused.status, "body_amp" in refused.error) == (422, True)


async def test_attachments_go_when_they_were_sent(client: Client, stage: Stage) -> None:
    files = {"attachments": {"a.txt": base64.b64encode(b"hi").decode()}}
    await client("POST", "/v1/send/email", INLINE | files)
    await client("POST", "/v1/send/email", INLINE | files | {"message_data": {}})  # lacks what the subject asks for
    with_files = "SELECT trigger_id FROM trigger_override WHERE attachments IS NOT NULL"
    assert list(retention.forget(stage.store, 0)) == []
    assert len(await work_off(stage)) == 1
    assert list(retention.forget(stage.store, 0)) == [1]
    assert [row["trigger_id"] for row in stage.select(with_files)] == [2]  # it may be sent again
    assert len(stage.select("SELECT trigger_id FROM trigger_override")) == 2


async def test_an_erasure_takes_what_the_call_said(client: Client, manage: Client, stage: Stage) -> None:
    await client("POST", "/v1/send/email", INLINE)
    await client("POST", "/v1/send/email", INLINE | {"identifiers": {"id": "p2"}})
    await work_off(stage)
    answer = await manage("POST", "/api/clarion/v1/people/erase", {"id": "p1"})
    assert answer.status in {200, 202}, answer.body
    assert len(stage.select("SELECT trigger_id FROM trigger_override")) == 1


@pytest.mark.parametrize("channel", ["in_app", "inbox_message"])
async def test_other_channels_need_a_message(client: Client, stage: Stage, channel: str) -> None:
    wrong = await client("POST", f"/v1/send/{channel}", {"identifiers": {"id": "p1"}})
    assert (wrong.status, "transactional_message_id" in wrong.error) == (422, True)
