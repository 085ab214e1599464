# SPDX-License-Identifier: Apache-2.0
"""The provider in use, to look at: what it can do and how it is set, never its secrets."""

from dataclasses import replace

import pytest

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import registry
from clarion.channels.base import Capabilities
from clarion.domain.provider_events import is_hook_token
from clarion.store import mailboxes
from clarion.store.access import Keys

from .conftest import Client

PATH = "/api/clarion/v1/providers"
OPTIONS = {"host": "mail.x.test", "port": 587, "verify": True, "username": "AKIA1", "password": "hush", "helo": ""}


async def test_what_sends_is_shown_without_its_secrets(api: Api, manage: Client, keys: Keys) -> None:
    assert (await manage("GET", PATH)).json["providers"] == []
    sending = registry.sending("smtp", OPTIONS, Capabilities("email", 10))
    options = replace(api.options, sending=(sending,), ip_addresses=("192.0.2.1",), per_domain={"gmail.com": 50.0})
    client = Client(application.build(replace(api, options=options)), f"Bearer {keys.manage_key}")
    shown = await client("GET", PATH)
    (one,) = shown.json["providers"]
    assert shown.json["ip_addresses"] == ["192.0.2.1"]
    limit = {"domain": "gmail.com", "per_second": 50.0, "changed": False, "settings": 50.0}
    assert shown.json["per_domain"] == [limit]
    assert (one["provider"], one["captures"]) == ("smtp", False)
    assert one["others"] == ["mailgun", "outbox", "postmark", "resend", "sendgrid", "ses"]
    assert (one["amp"], one["most_recipients"]) == (True, None)
    settings = {each["name"]: (each["value"], each["secret"], each["given"]) for each in one["settings"]}
    assert settings["host"] == ("mail.x.test", False, True)
    assert settings["verify"] == ("true", False, True)
    assert settings["helo"] == ("", False, False)
    assert settings["username"] == settings["password"] == (None, True, True)
    assert "hush" not in str(shown.body)
    assert "AKIA1" not in str(shown.body)


@pytest.mark.usefixtures("workspace")
async def test_limits_of_domains_are_changed_and_go_back_to_the_settings(api: Api, keys: Keys) -> None:
    options = replace(api.options, per_domain={"gmail.com": 50.0})
    client = Client(application.build(replace(api, options=options)), f"Bearer {keys.manage_key}")

    async def put(domain: str, most: float | None) -> list[tuple[str, float, bool]]:
        done = await client("PUT", f"{PATH}/domains/{domain}", {"per_second": most})
        assert done.status == 200
        assert done.json["per_domain"] == (await client("GET", PATH)).json["per_domain"]
        return [(one["domain"], one["per_second"], one["changed"]) for one in done.json["per_domain"]]

    assert await put("GMAIL.com", 10) == [("gmail.com", 10.0, True)]
    assert await put("x.example", 0.5) == [("gmail.com", 10.0, True), ("x.example", 0.5, True)]
    assert await put("gmail.com", 0) == [("gmail.com", 0.0, True), ("x.example", 0.5, True)]
    assert await put("gmail.com", None) == [("gmail.com", 50.0, False), ("x.example", 0.5, True)]
    assert await put("x.example", 0) == [("gmail.com", 50.0, False)]  # there was none before

    for domain, body, field in (
        ("gmail", {"per_second": 1}, "domain"),
        ("a@gmail.com", {"per_second": 1}, "domain"),
        ("gmail.com", {}, "per_second"),
        ("gmail.com", {"per_second": -1}, "per_second"),
        ("gmail.com", {"per_second": 1e-300}, "per_second"),
        ("gmail.com", {"per_second": True}, "per_second"),
        ("gmail.com", {"per_second": "1"}, "per_second"),
        ("gmail.com", {"per_second": 1, "per_day": 2}, "per_day"),
    ):
        refused = await client("PUT", f"{PATH}/domains/{domain}", body)
        assert (refused.status, field in str(refused.json)) == (422, True), (domain, body)


async def test_how_the_mailbox_of_bounces_is_read_is_shown(api: Api, manage: Client, keys: Keys) -> None:
    assert (await manage("GET", PATH)).json["bounce_mailbox"] is None
    box = "bounces@imap.x.test:993/INBOX"
    client = Client(
        application.build(replace(api, options=replace(api.options, bounce_mailbox=box))), f"Bearer {keys.manage_key}"
    )
    never = {"name": box, "read_at": None, "failed_at": None, "failure": None, "messages": 0}
    assert (await client("GET", PATH)).json["bounce_mailbox"] == never
    fence = api.store.write(lambda tx: mailboxes.take(tx, box, 1_000))
    assert fence == 1
    api.store.write(lambda tx: mailboxes.keep(tx, box, 1, 1_000))
    api.store.write(lambda tx: mailboxes.leave(tx, box, 1, pause_ms=0, failure="login refused"))
    shown = (await client("GET", PATH)).json["bounce_mailbox"]
    assert (shown["failure"], shown["messages"], shown["read_at"]) == ("login refused", 1, None)
    assert isinstance(shown["failed_at"], int)


async def test_a_broadcast_that_the_provider_cannot_carry_is_held_back(api: Api, manage: Client, keys: Keys) -> None:
    capabilities = Capabilities("email", 10, takes="fields", amp=False)
    sending = registry.sending("postmark", {}, capabilities)
    options = replace(api.options, sending=(sending,))
    client = Client(application.build(replace(api, options=options)), f"Bearer {keys.manage_key}")
    action = {"name": "x", "body": "<p>x</p>", "subject": "s", "from": "n@x.example", "amp": "<html amp4email></html>"}
    path = "/api/clarion/v1/broadcasts"
    made = (await manage("POST", path, {"name": "News", "actions": [action]})).json["broadcast"]
    found = (await client("GET", f"{path}/{made['id']}/review")).json
    assert found["ready"] is False
    (problem,) = found["problems"]
    assert problem["field"] == f"actions/{made['actions'][0]['id']}/amp"
    assert problem["message"].startswith("postmark carries no AMP part")
    refused = await client("POST", f"{path}/{made['id']}/activate", {})
    assert (refused.status, "AMP" in refused.json["meta"]["error"]) == (422, True)
    assert (await manage("GET", f"{path}/{made['id']}/review")).json["ready"] is True


async def test_where_providers_tell_is_for_owners_only(api: Api, manage: Client, keys: Keys) -> None:
    assert (await manage("GET", f"{PATH}/hooks")).json == {"hooks": [], "reachable": False}
    options = replace(api.options, listening=(("postmark", True), ("sendgrid", False)))
    app = application.build(replace(api, options=options))
    shown = (await Client(app, f"Bearer {keys.manage_key}")("GET", f"{PATH}/hooks")).json["hooks"]
    outside = application.build(replace(api, options=replace(options, base_url="https://mail.example.com")))
    assert (await Client(outside, f"Bearer {keys.manage_key}")("GET", f"{PATH}/hooks")).json["reachable"] is True
    assert [(one["provider"], one["ready"]) for one in shown] == [("postmark", True), ("sendgrid", False)]
    for one in shown:
        beginning = f"https://clarion.test/hooks/{one['provider']}/"
        assert one["url"].startswith(beginning)
        assert is_hook_token(one["url"].removeprefix(beginning), one["provider"], api.secret)
    assert shown[0]["url"].rpartition("/")[2] != shown[1]["url"].rpartition("/")[2]
    assert (await Client(app, f"Bearer {keys.app_key}")("GET", f"{PATH}/hooks")).status in {401, 403}
