# SPDX-License-Identifier: Apache-2.0
"""Slack actions: made, reviewed, and sent to a channel or to each person's own account."""

import email
import email.policy
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import Stage
from tests.support.jobs import LostJobs

from clarion.channels import registry
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_webhook_actions import made

_ROOT = "/api/clarion/v1"
_SLACK: dict[str, Any] = {
    "kind": "slack",
    "name": "Desk",
    "recipient": "{{customer.slack_id}}",
    "body": "{{ customer.name | escape }} is late",
    "blocks": '[{"type": "section", "text": {"type": "mrkdwn", "text": {{ customer.name }} }}]',
    "username": "",
    "icon": ":bus:",
}


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"recipient": "C024BE91L", "icon": "https://x.example/a.png"}, []),
        ({"recipient": "two words"}, ["recipient"]),
        ({"body": ""}, ["body"]),
        ({"body": "x" * 40_001}, ["body"]),
        ({"blocks": "{}"}, ["blocks"]),
        ({"blocks": "["}, ["blocks"]),
        ({"blocks": f"[{','.join(['{}'] * 51)}]"}, ["blocks"]),
        ({"icon": "bus"}, ["icon"]),
    ],
)
async def test_what_a_review_says(manage: Client, changes: dict[str, Any], problems: list[str]) -> None:
    broadcast = await made(manage, {**_SLACK, "recipient": "#alerts", "body": "Hi", "blocks": "", **changes})
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json
    where = f"actions/{broadcast['actions'][0]['id']}/"
    assert [each["field"].removeprefix(where) for each in found["problems"]] == problems


async def test_each_goes_to_who_has_an_account(
    manage: Client, client: Client, track: Client, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    stage = Stage(store, workspace, tmp_path)
    for no, more in enumerate(({"slack_id": "U024BE7LH", "name": '<!channel> "A"'}, {}, {"slack_id": "a b"}), start=1):
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com", "name": "Ben", **more})
    broadcast = await made(manage, _SLACK)
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})
    texts = registry.build("outbox", {"directory": stage.folder / "outbox", "channel": "slack"})
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(texts,))):
        await stage.finished(sent.json["id"])
    assert stage.sums(sent.json["id"]) == {"sent": 1, "skipped no_address": 1, "failed invalid_address": 1}
    messages = (await client("GET", "/v1/messages?type=slack")).json["messages"]
    (arrived,) = [one for one in messages if "sent" in one["metrics"]]
    assert arrived["recipient"] == "U024BE7LH"
    said = (await client("GET", f"/v1/messages/{arrived['id']}/archived_message")).json["archived_message"]
    assert said["body"] == "&lt;!channel&gt; &#34;A&#34; is late"
    (kept,) = registry.captured_mail(stage.folder / "outbox", workspace.workspace_id).page(0, 9)
    shown = email.message_from_bytes(kept.content, policy=email.policy.default).get_content()
    assert '"text": "<!channel> \\"A\\"" }}]' in shown
