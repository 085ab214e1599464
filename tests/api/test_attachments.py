# SPDX-License-Identifier: Apache-2.0
"""Attachments of an e-mail: added, fetched, renamed, ordered, removed; in versions, copies, previews and reviews."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.pipeline.providers import Scripted
from tests.pipeline.stage import Stage
from tests.support.jobs import LostJobs

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import refused_files, registry
from clarion.channels.base import Capabilities, Deliverer
from clarion.domain.attachments import hash_of
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_management_versions import history, make, shown

_ROOT = "/api/clarion/v1/broadcasts"
PDF = b"%PDF-1.7 \x00\xff\r\n.\r\n"


async def action_of(manage: Client, number: int) -> dict[str, Any]:
    return dict((await shown(manage, number))["actions"][0])


async def path_of(manage: Client, number: int) -> str:
    return f"{_ROOT}/{number}/actions/{(await action_of(manage, number))['id']}/attachments"


async def attach(manage: Client, path: str, name: str, octets: bytes = PDF, more: str = "") -> dict[str, Any]:
    found = await manage("POST", f"{path}?name={quote(name)}{more}", octets)
    assert found.status == 201, found.body
    return dict(found.json)


async def names(manage: Client, path: str) -> list[str]:
    return [one["name"] for one in (await manage("GET", path)).json["attachments"]]


async def test_added_fetched_renamed_ordered_and_removed(manage: Client) -> None:
    number = await make(manage)
    path = await path_of(manage, number)
    assert (await manage("GET", path)).json == {"attachments": [], "bytes": 0, "most_bytes": 2_000_000}
    added = await attach(manage, path, "Größe 1.pdf")
    file = {"name": "Größe 1.pdf", "media_type": "application/pdf", "size": len(PDF), "hash": hash_of(PDF)}
    assert (added["attachments"], added["bytes"]) == ([file], len(PDF))
    assert added["version"] == (await shown(manage, number))["version"]
    assert (await action_of(manage, number))["attachments"] == [file]
    fetched = await manage("GET", f"{path}/{file['hash']}")
    assert (fetched.status, fetched.body) == (200, PDF)
    assert fetched.headers["content-type"] == "application/pdf"
    assert fetched.headers["content-disposition"] == "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.pdf"
    await attach(manage, path, "b.bin", b"b", "&media_type=text/plain")
    other = hash_of(b"b")
    changed = await manage("PATCH", f"{path}/{other}", {"name": "notes.txt"})
    assert changed.json["attachments"][1] == {"name": "notes.txt", "media_type": "text/plain", "size": 1, "hash": other}
    ordered = await manage("PUT", f"{path}/order", {"attachments": [other, file["hash"]]})
    assert [one["name"] for one in ordered.json["attachments"]] == ["notes.txt", "Größe 1.pdf"]
    removed = await manage("DELETE", f"{path}/{other}")
    assert (removed.json["bytes"], removed.json["version"]) == (len(PDF), ordered.json["version"] + 1)
    assert await names(manage, path) == ["Größe 1.pdf"]
    assert (await manage("DELETE", f"{path}/{other}")).status == 404
    assert (await manage("GET", f"{path}/{other}")).status == 404


async def test_what_is_refused_names_its_field_and_changes_nothing(manage: Client) -> None:
    number = await make(manage)
    path = await path_of(manage, number)
    added = await attach(manage, path, "a.pdf")

    async def refused(method: str, target: str, body: object) -> tuple[int, str, str]:
        answer = await manage(method, target, body)
        (problem,) = answer.json["errors"]
        pointer = problem.get("source", {}).get("pointer", "")
        return answer.status, pointer.removeprefix("/data/attributes"), problem["detail"]

    for target, body, expected in (
        (f"{path}?name=A.PDF", b"x", (422, "/name", "there is an attachment of this name already: a.pdf")),
        (f"{path}?name=b.pdf", PDF, (422, "/body", "the same file is attached already, as a.pdf")),
        (f"{path}?name=b.pdf", b"", (422, "/body", "the file is empty")),
        (path, b"x", (422, "/name", "a file name must have 1 to 255 printable bytes")),
        (f"{path}?name=b.eml&media_type=message/rfc822", b"x", (422, "/media_type", "a file can not be sent as")),
        (f"{path}?name=b.pdf&version=1", b"x", (409, "/version", "")),
        (f"{path}?name=b.pdf", bytes(2_000_001), (413, "/body", "at most 2000000 bytes together")),
        (f"{path}?name=b.pdf", bytes(2_000_000), (422, "/body", "2000016 bytes together")),
    ):
        status, pointer, detail = await refused("POST", target, body)
        assert (status, pointer) == expected[:2], detail
        assert expected[2] in detail
    one = f"{path}/{added['attachments'][0]['hash']}"
    assert (await refused("PATCH", one, {"name": "a/b.pdf"}))[:2] == (422, "/name")
    assert (await refused("PATCH", one, {"media_type": "pdf"}))[:2] == (422, "/media_type")
    assert (await refused("PUT", f"{path}/order", {"attachments": []}))[:2] == (422, "/attachments")
    assert (await refused("PUT", f"{path}/order", {}))[:2] == (422, "/attachments")
    assert (await shown(manage, number))["version"] == added["version"]
    hook = await manage("POST", f"{_ROOT}/{number}/actions", {"kind": "webhook", "url": "https://x.example"})
    target = f"{_ROOT}/{number}/actions/{hook.json['action']['id']}/attachments?name=a.pdf"
    assert "only an e-mail has attachments" in (await refused("POST", target, b"x"))[2]


async def test_the_history_tells_of_them_and_going_back_brings_them_back(manage: Client) -> None:
    number = await make(manage)
    path = await path_of(manage, number)
    await manage("POST", f"{_ROOT}/{number}/activate")
    await attach(manage, path, "a.pdf")
    with_it = (await history(manage, number))[0]
    action = path.split("/")[-2]
    assert with_it["changed"] == [f"actions/{action}/attachments"]
    one = (await manage("GET", f"{_ROOT}/{number}/versions/{with_it['version']}")).json
    (difference,) = one["differences"]
    assert (difference["before"], [file["name"] for file in difference["after"]]) == ([], ["a.pdf"])
    await manage("POST", f"{_ROOT}/{number}/versions/{one['against']}/restore", {})
    assert await names(manage, path) == []
    await manage("POST", f"{_ROOT}/{number}/versions/{with_it['version']}/restore", {})
    assert await names(manage, path) == ["a.pdf"]


async def test_other_edits_languages_and_copies_keep_them(manage: Client, client: Client) -> None:
    number = await make(manage)
    path = await path_of(manage, number)
    await attach(manage, path, "a.pdf")
    action = path.removesuffix("/attachments")
    await manage("PUT", f"{action}/languages/de", {"subject": "Zwei"})
    await manage("PATCH", action, {"subject": "Two"})
    wire = await client("PUT", f"/v1/campaigns/{number}/actions/{action.split('/')[-1]}", {"subject": "Three"})
    assert wire.status == 200, wire.body
    found = await action_of(manage, number)
    assert (found["subject"], [one["name"] for one in found["attachments"]]) == ("Three", ["a.pdf"])
    copied = (await manage("POST", f"{action}/duplicate", {})).json["action"]
    assert copied["attachments"] == found["attachments"]
    whole = (await manage("POST", f"{_ROOT}/{number}/duplicate", {})).json["broadcast"]
    assert whole["actions"][0]["attachments"] == found["attachments"]


async def test_a_test_message_carries_them(
    api: Api, keys: Keys, track: Client, workspace: Workspace, tmp_path: Path
) -> None:
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})

    def provider(channel: str) -> Deliverer:
        return registry.build("outbox", {"directory": tmp_path, "channel": channel})

    manage = Client(application.build(replace(api, provider=provider)), f"Bearer {keys.manage_key}")
    path = await path_of(manage, await make(manage))
    await attach(manage, path, "a.pdf")
    sent = await manage(
        "POST", path.replace("/attachments", "/test_send"), {"to": ["ada@example.com"], "person": "random"}
    )
    assert sent.json["results"][0]["sent"]
    (mail,) = registry.captured_mail(tmp_path, workspace.workspace_id).page(0, 9)
    (file,) = message_from_bytes(mail.content, EmailMessage, policy=policy.default).iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("a.pdf", PDF)


async def test_a_delivery_lists_what_it_carried(
    client: Client, manage: Client, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    number = await make(manage)
    path = await path_of(manage, number)
    await attach(manage, path, "a.pdf")
    await manage("POST", f"{_ROOT}/{number}/activate")
    stage = Stage(store, workspace, tmp_path)
    stage.person("ada")
    trigger_id = stage.trigger(number)
    await manage("DELETE", f"{path}/{hash_of(PDF)}")
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(trigger_id)
    listed = (await manage("GET", f"/api/clarion/v1/deliveries?trigger_id={trigger_id}")).json["deliveries"]
    one = (await manage("GET", f"/api/clarion/v1/deliveries/{listed[0]['id']}")).json["delivery"]
    assert [(file["name"], file["size"]) for file in one["attachments"]] == [("a.pdf", len(PDF))]
    said = (await client("GET", f"/v1/messages/{listed[0]['id']}/archived_message")).json["archived_message"]
    assert said["clarion"]["attachments"] == one["attachments"]


async def test_a_preview_lists_and_weighs_them(manage: Client, track: Client) -> None:
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})
    number = await make(manage)
    path = await path_of(manage, number)
    body = {"broadcast_id": number, "action_id": (await action_of(manage, number))["id"], "person": {"id": "p1"}}
    bare = (await manage("POST", "/api/clarion/v1/preview", body)).json
    assert bare["errors"] == []
    await attach(manage, path, "a.bin", bytes(30_000))
    found = (await manage("POST", "/api/clarion/v1/preview", body)).json
    assert [one["name"] for one in found["attachments"]] == ["a.bin"]
    assert found["message"]["size"] - bare["message"]["size"] == 40_000 + 2 * 527


def told(review: dict[str, Any], where: str) -> list[str]:
    return [one["message"] for one in review["warnings"] if one["field"] == where]


async def test_a_review_refuses_what_a_provider_would_and_tells_the_weight(
    api: Api, manage: Client, keys: Keys
) -> None:
    number = await make(manage)
    path = await path_of(manage, number)
    await attach(manage, path, "Setup.EXE", bytes(600_000))
    able = Capabilities("email", 10, takes="fields", refused_files=refused_files.POSTMARK)
    options = replace(api.options, sending=(registry.sending("postmark", {}, able),))
    client = Client(application.build(replace(api, options=options)), f"Bearer {keys.manage_key}")
    found = (await client("GET", f"{_ROOT}/{number}/review")).json
    where = path.removeprefix(f"{_ROOT}/{number}/")
    assert [(one["field"], one["message"]) for one in found["problems"]] == [
        (where, "postmark takes no files that end in .exe: Setup.EXE")
    ]
    assert told(found, where) == ["each message carries 0.8 MB of attachments: to a thousand people 0.8 GB are sent"]
    await manage("PATCH", path.removesuffix("/attachments"), {"sending_state": "draft"})
    drafted = told((await client("GET", f"{_ROOT}/{number}/review")).json, where)
    assert "each draft keeps its own attachments, 821 kB in the database until it is decided about" in drafted
    assert (await client("POST", f"{_ROOT}/{number}/activate")).status == 422
    assert (await manage("POST", f"{_ROOT}/{number}/activate")).status == 200
