# SPDX-License-Identifier: Apache-2.0
"""What a review tells of settings that nobody sees when messages go out, and what each of them takes to be silent."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import registry
from clarion.pipeline import segment_building
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_MAIL: dict[str, Any] = {
    "subject": "Hi",
    "body": "<p>Hi {% unsubscribe_url %}",
    "from": "Acme <n@example.com>",
    "tracked": True,
}
_GOAL = {"kind": "event", "event": "purchase"}
_ALL: dict[str, Any] = {"attribute": {"field": "email", "operator": "exists"}}


class Author:
    """Whoever writes a broadcast, and reads its review."""

    def __init__(self, manage: Client) -> None:
        self._manage = manage

    async def makes(self, action: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
        body = {"name": "Spring", "goal": _GOAL, "recipients": _ALL, "actions": [{**_MAIL, **(action or {})}], **given}
        made: dict[str, Any] = (await self._manage("POST", f"{_ROOT}/broadcasts", body)).json["broadcast"]
        return made

    async def told(self, broadcast: dict[str, Any]) -> dict[str, str]:
        """By field; of its action without its number."""
        found = (await self._manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json["warnings"]
        inside = f"actions/{broadcast['actions'][0]['id']}"
        return {each["field"].replace(inside, "action"): each["message"] for each in found if each["quiet"]}


@pytest.fixture
def app(api: Api, tmp_path: Path) -> ASGIApp:
    """With a provider, for tests of messages."""
    folder = tmp_path / "outbox"
    return application.build(
        replace(api, provider=lambda channel: registry.build("outbox", {"directory": folder, "channel": channel}))
    )


@pytest.fixture
def author(manage: Client) -> Author:
    return Author(manage)


async def test_each_quiet_setting_is_told_where_it_is_set(author: Author) -> None:
    told = await author.told(await author.makes())
    assert told == {"action": "no test of it was sent yet"}
    loud = {"send_to_unsubscribed": True, "tracked": False, "bcc": "archive@example.com", "sending_state": "draft"}
    told = await author.told(await author.makes(loud, goal=None, recipients={}, doubt_policy="resend"))
    assert told.keys() == {
        "recipients",
        "goal",
        "doubt_policy",
        "action",
        "action/sending_state",
        "action/send_to_unsubscribed",
        "action/tracked",
        "action/bcc",
    }
    assert told["recipients"].endswith("reaches everybody")
    assert "archive@example.com" in told["action/bcc"]
    told = await author.told(await author.makes({"sending_state": "off", "tracked": False}))
    assert told == {"action/sending_state": "it is switched off: no trigger sends it"}


async def test_what_the_workspace_has_decides_too(author: Author, manage: Client) -> None:
    exempt = await author.makes(ignores_message_limit=True)
    assert (await author.told(exempt)).keys() == {"action"}
    limit = {"message_limit": {"messages": 2, "days": 7}}
    assert (await manage("PATCH", f"{_ROOT}/workspace", limit)).status == 200
    assert "2 messages within 7 days" in (await author.told(exempt))["ignores_message_limit"]
    assert (await author.told(await author.makes())).keys() == {"action"}
    hook = {"kind": "webhook", "url": "https://x.example", "body": "{}"}
    of_hook = {"name": "Call", "goal": _GOAL, "recipients": _ALL, "actions": [hook], "ignores_message_limit": True}
    called = (await manage("POST", f"{_ROOT}/broadcasts", of_hook)).json["broadcast"]
    assert (await author.told(called)).keys() == {"action"}, "no limit counts webhooks"
    made = await manage("POST", f"{_ROOT}/subscription_topics", {"name": "News"})
    assert "topic_id" in await author.told(exempt)
    assert "topic_id" not in await author.told(await author.makes(topic_id=made.json["topic"]["id"]))


async def test_a_test_that_was_sent_is_known_until_the_message_changes(
    author: Author, manage: Client, track: Client
) -> None:
    await track("PUT", "/api/v1/customers/ann", {"email": "ann@example.com"})
    made = await author.makes()
    one = f"{_ROOT}/broadcasts/{made['id']}/actions/{made['actions'][0]['id']}"
    refused = await manage("POST", f"{one}/test_send", {"to": []})
    assert refused.status == 422
    assert "action" in await author.told(made)
    sent = await manage("POST", f"{one}/test_send", {"to": ["me@example.com"], "person": {"id": "ann"}})
    assert sent.status == 200, sent.body
    assert sent.json["results"][0]["sent"]
    assert await author.told(made) == {}
    assert (await manage("PATCH", one, {"subject": "Hello"})).status == 200
    assert await author.told(made) == {"action": "it was changed after the last test of it"}


async def test_a_segment_that_is_being_built_is_told_of(author: Author, manage: Client, store: Store) -> None:
    conditions = {"event": {"name": "purchase"}}
    segment = (await manage("POST", f"{_ROOT}/segments", {"name": "Buyers", "conditions": conditions})).json["segment"]
    named = {"segment": {"id": segment["id"]}}
    aim = {"kind": "enters_segment", "segment_id": segment["id"]}
    made = await author.makes({"condition": named}, recipients=named, goal=aim)
    told = await author.told(made)
    assert told.keys() == {"recipients", "goal", "action/condition", "action"}
    assert "Buyers is still being built" in told["recipients"]
    while segment_building.build_some(store):
        pass
    assert (await author.told(made)).keys() == {"action"}


@pytest.mark.parametrize("place", ["goal", "recipients", "condition"])
async def test_a_segment_says_where_it_is_used_and_stays(
    author: Author, manage: Client, client: Client, place: str
) -> None:
    made = (await client("POST", "/v1/segments", {"segment": {"name": "Some"}})).json["segment"]
    named = {"segment": {"id": made["id"]}}
    given: dict[str, dict[str, Any]] = {
        "goal": {"goal": {"kind": "leaves_segment", "segment_id": made["id"]}},
        "recipients": {"recipients": named},
        "condition": {"action": {"condition": named}},
    }
    broadcast = await author.makes(**given[place])
    shown = (await manage("GET", f"{_ROOT}/segments/{made['id']}")).json["segment"]
    assert shown["used_by"] == [{"id": broadcast["id"], "name": "Spring", "places": [place]}]
    used = (await client("GET", f"/v1/segments/{made['id']}/used_by")).json["used_by"]
    assert used["campaigns"] == [broadcast["id"]]
    for whose, path in ((client, f"/v1/segments/{made['id']}"), (manage, f"{_ROOT}/segments/{made['id']}")):
        refused = await whose("DELETE", path)
        assert refused.status == 400
        assert f"by the {place}" in refused.error
        assert f"of broadcast {broadcast['id']} (Spring)" in refused.error
