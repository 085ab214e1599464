# SPDX-License-Identifier: Apache-2.0
"""The trigger call, and a trigger's status, list and errors, over HTTP (contract §2, §3, §4)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.pipeline.stage import MAIL, Stage

from clarion.api import application
from clarion.api.calls import Api
from clarion.domain.broadcasts import BroadcastState, DoubtPolicy
from clarion.domain.deliveries import Outcome, Reason, State
from clarion.domain.triggers import MAX_BODY_BYTES
from clarion.store import access, control, ledger
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Answer, Client, basic

ROAD = "road@runner.net"
SIX_IDS = [f"x{n}" for n in range(6)]
UNCONTROLLED = {
    "in_doubt": 0,
    "doubt_policy": "hold",
    "paused": False,
    "priority": 0,
    "scheduled_at": None,
    "expires_at": None,
    "cancelled_at": None,
}


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


@pytest.fixture
def limited(api: Api, keys: Keys, workspace: Workspace) -> Callable[..., Client]:
    """A client of an application with other limits: interval in seconds, unfinished triggers at once."""

    def make(interval: float = 0, queue: int = 10_000) -> Client:
        options = replace(api.options, trigger_interval_seconds=interval, trigger_queue=queue)
        return Client(application.build(replace(api, options=options)), f"Bearer {keys.app_key}")

    return make


@pytest.fixture
def many(limited: Callable[..., Client]) -> Client:
    """Calls without limits."""
    return limited()


def path_of(broadcast_id: object) -> str:
    return f"/v1/campaigns/{broadcast_id}/triggers"


def trigger_ids(stage: Stage) -> list[int]:
    return [int(r["trigger_id"]) for r in stage.select("SELECT trigger_id FROM broadcast_trigger ORDER BY trigger_id")]


def flaws(answer: Answer, status: int, pointer: str | None = None) -> list[str]:
    """What is wrong with a refusal: its status, either envelope, the field it names."""
    if answer.status != status:
        return [f"{answer.status} instead of {status}: {answer.body[:300]!r}"]
    found = []
    body = answer.json
    if body.keys() != {"errors", "meta"} or body["meta"] != {"error": body["errors"][0]["detail"]}:
        found.append(f"envelopes: {body}")
    if not all(error["status"] == str(status) and error["detail"].strip() for error in body["errors"]):
        found.append(f"entries: {body}")
    source = body["errors"][0].get("source")
    if source != ({"pointer": f"/data/attributes{pointer}"} if pointer else None):
        found.append(f"pointer {source}, not {pointer}")
    if "application/json" not in answer.headers["content-type"]:
        found.append("not JSON")
    return found


# -- what is taken ------------------------------------------------------------------------------------------


async def test_every_documented_body_is_taken(many: Client, stage: Stage) -> None:
    wiley = stage.person("wiley")
    stage.person("7", ROAD)
    segment = {"segment": {"id": stage.segment([wiley])}}
    plan = {"attribute": {"field": "plan", "operator": "eq", "value": "gold"}}
    exists = {"attribute": {"field": "plan", "operator": "exists"}}
    broadcast = stage.broadcast(recipients=segment)
    flags = {"email_add_duplicates": False, "email_ignore_missing": False, "id_ignore_missing": False}
    bodies: list[Any] = [
        {},
        {"data": {"x": 1}},
        {"recipients": segment},
        {"data": {"x": 1}, "emails": [ROAD], "email_ignore_missing": True},
        {"data": None, "recipients": {}},
        {"data": None, "recipients": segment},
        {"recipients": {"and": [segment, {"or": [plan, exists]}, {"not": plan}]}},
        {"recipients": {"attribute": {**plan["attribute"], "inverse": True}}},
        {"recipients": {"attribute": {**plan["attribute"], "value": True}}},
        {"recipients": {"attribute": {**plan["attribute"], "value": 7.5}}},
        {"recipients": {"segment": {"id": str(segment["segment"]["id"])}}},
        {"emails": [ROAD.upper()]},
        {"ids": ["wiley", "7"]},
        {"ids": [7]},
        {"ids": ["wiley"] * 10_000},
        {"per_user_data": [{"id": "wiley", "data": {"voucher": "F"}}, {"email": ROAD, "data": {"voucher": "c"}}]},
        {"per_user_data": [{"id": 7}, {"id": "wiley", "data": None}]},
        {"data_file_url": "https://files.test/people.jsonl?signature=a%2Fb"},
        {"ids": ["wiley"], "emails": None, "per_user_data": None, "data_file_url": None, "recipients": None, **flags},
        {"recipients": segment, **dict.fromkeys(flags, True)},
        {**dict.fromkeys(flags)},
        {"scheduled_at": None, "expires_after": None},
        {"data": {"text": "x" * 49_000}},
        {"data": {"big": 10**40, "ünï": ["\u2028", "\x7f", "😀"], "": None}},
        b"",
        b" \r\n",
        b"null",
        b"{}" + b" " * (MAX_BODY_BYTES - 2),
        b'{"data":' + b'{"k":' * 61 + b"1" + b"}" * 62,
    ]
    for body in bodies:
        answer = await many("POST", path_of(broadcast.broadcast_id), body, {"content-type": "application/json"})
        shown = body[:80] if isinstance(body, bytes) else str(body)[:200]
        assert (answer.status, answer.json) == (200, {"id": trigger_ids(stage)[-1]}), shown
    assert len(trigger_ids(stage)) == len(bodies)
    entries = stage.select("SELECT COUNT(*) AS n FROM trigger_entry")[0]["n"]
    assert entries == 1 + 1 + 2 + 1 + 10_000 + 2 + 2 + 1


async def test_older_prefix_and_other_spellings_are_the_same_call(many: Client, stage: Stage) -> None:
    broadcast_id = stage.broadcast().broadcast_id
    for path, content_type in [
        (f"/v1/api/campaigns/{broadcast_id}/triggers", "application/json"),
        (path_of(f"%3{broadcast_id}" if broadcast_id < 10 else broadcast_id), "application/json"),
        (path_of(f"00{broadcast_id}"), "application/json"),
        (path_of(broadcast_id), "application/json; charset=utf-8"),
        (path_of(broadcast_id), "APPLICATION/JSON"),
        (path_of(broadcast_id), "application/vnd.api+json"),
    ]:
        answer = await many("POST", path, {"data": {}}, {"content-type": content_type})
        assert (answer.status, answer.json) == (200, {"id": trigger_ids(stage)[-1]}), path
        assert answer.body.endswith(b"}\n")
    assert len(trigger_ids(stage)) == 6


# -- what is refused ----------------------------------------------------------------------------------------


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"attribute": {"field": "a", "operator": "exists"}}
    for _ in range(levels):
        inner = {"not": inner}
    return inner


EQ = {"field": "a", "operator": "eq", "value": "x"}
TESTS: list[tuple[Any, str | None]] = [
    ([], None),
    ("x", None),
    (5, None),
    (True, None),
    ({"nonsense": 1}, "/nonsense"),
    ({"Data": {}}, "/Data"),
    ({"message_data": {}}, "/message_data"),
    ({"": 1}, "/"),
    ({"emails": [ROAD], "recipients": {"segment": {"id": 1}}}, "/emails"),
    ({"emails": [ROAD], "ids": ["1"]}, "/ids"),
    ({"ids": ["1"], "per_user_data": [{"id": "1"}]}, "/per_user_data"),
    ({"emails": [], "data_file_url": "https://x.test/f"}, "/data_file_url"),
    ({"data": []}, "/data"),
    ({"data": "x"}, "/data"),
    ({"data": False}, "/data"),
    ({"data": {"text": "x" * 50_000}}, "/data"),
    ({"email_ignore_missing": "true"}, "/email_ignore_missing"),
    ({"id_ignore_missing": 1}, "/id_ignore_missing"),
    ({"email_add_duplicates": []}, "/email_add_duplicates"),
    ({"scheduled_at": 1_500_000_000}, "/scheduled_at"),
    ({"scheduled_at": "soon"}, "/scheduled_at"),
    ({"expires_after": -60}, "/expires_after"),
    ({"ids": "wiley"}, "/ids"),
    ({"ids": {"0": "wiley"}}, "/ids"),
    ({"ids": 7}, "/ids"),
    ({"ids": []}, "/ids"),
    ({"ids": ["wiley"] * 10_001}, "/ids"),
    ({"ids": ["wiley", 1.5]}, "/ids/1"),
    ({"ids": [True]}, "/ids/0"),
    ({"ids": ["wiley", None]}, "/ids/1"),
    ({"ids": [["wiley"]]}, "/ids/0"),
    ({"emails": []}, "/emails"),
    ({"emails": ROAD}, "/emails"),
    ({"emails": [7]}, "/emails/0"),
    ({"emails": [ROAD] * 10_001}, "/emails"),
    ({"per_user_data": []}, "/per_user_data"),
    ({"per_user_data": {"id": "wiley"}}, "/per_user_data"),
    ({"per_user_data": [{"id": "wiley"}] * 10_001}, "/per_user_data"),
    ({"data_file_url": 5}, "/data_file_url"),
    ({"data_file_url": ""}, "/data_file_url"),
    ({"data_file_url": "ftp://x.test/f"}, "/data_file_url"),
    ({"data_file_url": "file:///etc/passwd"}, "/data_file_url"),
    ({"data_file_url": "people.jsonl"}, "/data_file_url"),
    ({"data_file_url": "https://x.test/" + "x" * 8_000}, "/data_file_url"),
    ({"recipients": []}, "/recipients"),
    ({"recipients": "all"}, "/recipients"),
    ({"recipients": {"xor": []}}, "/recipients"),
    ({"recipients": {"and": [{"attribute": EQ}], "or": [{"attribute": EQ}]}}, "/recipients"),
    ({"recipients": {"and": []}}, "/recipients/and"),
    ({"recipients": {"or": {}}}, "/recipients/or"),
    ({"recipients": {"not": [{"attribute": EQ}]}}, "/recipients/not"),
    ({"recipients": {"and": [{"attribute": EQ}, {}]}}, "/recipients/and/1"),
    ({"recipients": {"and": [5]}}, "/recipients/and/0"),
    ({"recipients": {"segment": 7}}, "/recipients/segment"),
    ({"recipients": {"segment": {}}}, "/recipients/segment"),
    ({"recipients": {"segment": {"id": 1, "name": "x"}}}, "/recipients/segment"),
    ({"recipients": {"segment": {"id": "x"}}}, "/recipients/segment/id"),
    ({"recipients": {"segment": {"id": 1.5}}}, "/recipients/segment/id"),
    ({"recipients": {"segment": {"id": True}}}, "/recipients/segment/id"),
    ({"recipients": {"segment": {"id": 0}}}, "/recipients/segment/id"),
    ({"recipients": {"segment": {"id": 2**63}}}, "/recipients/segment/id"),
    ({"recipients": {"segment": {"id": 2**63 - 1}}}, "/recipients"),
    ({"recipients": {"attribute": "a"}}, "/recipients/attribute"),
    ({"recipients": {"attribute": {**EQ, "extra": 1}}}, "/recipients/attribute"),
    ({"recipients": {"attribute": {**EQ, "field": ""}}}, "/recipients/attribute/field"),
    ({"recipients": {"attribute": {**EQ, "field": 5}}}, "/recipients/attribute/field"),
    ({"recipients": {"attribute": {**EQ, "operator": "gt"}}}, "/recipients/attribute/operator"),
    ({"recipients": {"attribute": {"field": "a"}}}, "/recipients/attribute/operator"),
    ({"recipients": {"attribute": {"field": "a", "operator": "eq"}}}, "/recipients/attribute/value"),
    ({"recipients": {"attribute": {**EQ, "value": None}}}, "/recipients/attribute/value"),
    ({"recipients": {"attribute": {**EQ, "value": ["x"]}}}, "/recipients/attribute/value"),
    ({"recipients": {"attribute": {**EQ, "inverse": "yes"}}}, "/recipients/attribute/inverse"),
    ({"recipients": nested(32)}, "/recipients" + "/not" * 32),
    ({"recipients": {"or": [{"attribute": EQ}] * 2_000}}, "/recipients/or/1999"),
]
BROKEN = [
    b'{"data":',
    b"{'data': {}}",
    b"{}x",
    b'{"data":{},}',
    b'{"data":NaN}',
    b'{"data":{"x":1e999}}',
    b'{"data":{"x":' + b"1" * 5_000 + b"}}",
    b"\xff\xfe{\x00}\x00",
    b'{"data":{"x":"\xff"}}',
    b'{"\xed\xa0\x80":1}',
    b'{"data":{"x":"a\\u0000b"}}',
    b'{"data":{"a\\u0000b":1}}',
    b'{"ids":["a\\u0000b"]}',
    b'{"data":{"x":"a\0b"}}',
    b"\0",
    b'{"data":{"x":"\\ud800"}}',
    b'{"data":{"x":"\\udc00\\ud800"}}',
    b'{"emails":["\\ud83dx"]}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"data":' + b'{"k":' * 65 + b"1" + b"}" * 66,
    b'{"data":{"k":' + b"[" * 63 + b"]" * 63 + b"}}",
    b'{"recipients":' + b'{"not":' * 70 + b"1" + b"}" * 71,
]


async def test_a_body_against_the_rules_names_its_field_and_leaves_nothing(many: Client, stage: Stage) -> None:
    stage.person("wiley")
    path = path_of(stage.broadcast().broadcast_id)
    wrong = {}
    for body, pointer in TESTS:
        found = flaws(await many("POST", path, body, {"content-type": "application/json"}), 422, pointer)
        if found:
            wrong[str(body)[:120]] = found
    assert not wrong
    assert trigger_ids(stage) == []


async def test_bytes_that_are_no_json_are_refused_and_leave_nothing(many: Client, stage: Stage) -> None:
    path = path_of(stage.broadcast().broadcast_id)
    answers = {body[:60]: await many("POST", path, body) for body in BROKEN}
    wrong = {body: found for body, answer in answers.items() if (found := flaws(answer, 400))}
    assert not wrong
    assert all("bad request" in answer.error and "(reference " in answer.error for answer in answers.values())
    assert trigger_ids(stage) == []


async def test_a_body_of_more_than_25_megabytes(many: Client, stage: Stage) -> None:
    path = path_of(stage.broadcast().broadcast_id)
    too_large = b'{"data":{}}' + b" " * (MAX_BODY_BYTES - 10)
    assert not flaws(await many("POST", path, too_large), 413)
    assert not flaws(await many("POST", path, too_large, {"content-length": "11"}), 413)
    assert not flaws(await many("POST", path, b"{}", {"content-length": str(MAX_BODY_BYTES + 1)}), 413)
    assert trigger_ids(stage) == []


async def test_what_else_is_wrong_with_a_call(
    many: Client,
    nobody: Client,
    app: Any,
    keys: Keys,
    id_client: Client,
    stage: Stage,
) -> None:
    running = stage.broadcast().broadcast_id
    draft = stage.broadcast(state=BroadcastState.DRAFT).broadcast_id
    stopped = stage.broadcast(state=BroadcastState.STOPPED).broadcast_id
    for content_type in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"):
        answer = await many("POST", path_of(running), {}, {"content-type": content_type})
        assert not flaws(answer, 422), content_type
        assert "Content-Type" in answer.error
    assert not flaws(await many("POST", path_of(running)), 422)  # no header at all
    for unusual in ("abc", "1.5", "-1", "+1", "1e3", "9" * 19 + "x", "%ff", "%00", "1%2F2", "%D9%A3", "%20", "1%20"):
        assert not flaws(await many("POST", path_of(unusual), {}), 400, "/broadcast_id"), unusual
    for unknown in ("0", "999999", "9" * 18, "9" * 19):
        assert not flaws(await many("POST", path_of(unknown), {}), 404), unknown
    for inactive in (draft, stopped):
        answer = await many("POST", path_of(inactive), {})
        assert not flaws(answer, 422)
        assert "not active" in answer.error
    wrong_keys = [None, "Bearer", "Bearer ", "Bearer x", f"Bearer {keys.track_key}", f"Basic {keys.app_key}"]
    for wrong in [*wrong_keys, basic(keys.site_id, keys.track_key)]:
        answer = await Client(app, wrong)("POST", path_of(running), {})
        assert not flaws(answer, 401), wrong
        assert answer.error == "unauthorized"
    assert not flaws(await id_client("POST", path_of(running), {}), 404)  # another workspace's key
    assert (await many("PUT", path_of(running), {})).status == 405
    assert trigger_ids(stage) == []


async def test_a_segment_of_another_workspace_does_not_exist(
    many: Client, id_client: Client, id_only: tuple[Workspace, Keys], stage: Stage, tmp_path: Path
) -> None:
    other = Stage(stage.store, id_only[0], tmp_path)
    theirs = {"segment": {"id": other.segment([])}}
    broadcast_id = stage.broadcast().broadcast_id
    answer = await many("POST", path_of(broadcast_id), {"recipients": {"not": theirs}})
    assert not flaws(answer, 422, "/recipients")
    assert (await id_client("POST", path_of(other.broadcast().broadcast_id), {"recipients": theirs})).status == 200


# -- limits -------------------------------------------------------------------------------------------------


def move_last_trigger(stage: Stage, broadcast_id: int, seconds: float) -> None:
    """As if the last trigger were so much longer ago, by the database's clock."""
    by = int(seconds * 1_000)
    stage.store.script(
        f"UPDATE broadcast SET last_trigger_ms = last_trigger_ms - {by} WHERE broadcast_id = {broadcast_id};"
    )


async def test_too_soon_says_truly_when_to_come_back(limited: Callable[..., Client], stage: Stage) -> None:
    client = limited(interval=60)
    first, second = stage.broadcast().broadcast_id, stage.broadcast().broadcast_id
    assert (await client("POST", path_of(first), {})).status == 200
    answer = await client("POST", path_of(first), {})
    assert not flaws(answer, 429)
    assert "60s" in answer.error
    wait = int(answer.headers["retry-after"])
    assert 30 <= wait <= 60
    assert (await client("POST", path_of(second), {})).status == 200  # the rule is a broadcast's own
    move_last_trigger(stage, first, wait - 20)
    answer = await client("POST", path_of(first), {})
    assert answer.status == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    move_last_trigger(stage, first, int(answer.headers["retry-after"]))
    assert (await client("POST", path_of(first), {})).status == 200
    assert len(trigger_ids(stage)) == 3


async def test_refusals_do_not_start_the_clock(limited: Callable[..., Client], stage: Stage) -> None:
    client = limited(interval=60)
    broadcast_id = stage.broadcast().broadcast_id
    for body in ({"ids": ["nobody"]}, {"nonsense": 1}):
        assert (await client("POST", path_of(broadcast_id), body)).status == 422
    assert (await client("POST", path_of(broadcast_id), {})).status == 200
    assert (await client("POST", path_of(broadcast_id), {"ids": ["nobody"]})).status == 429


async def test_five_unfinished_triggers_are_enough(client: Client, stage: Stage) -> None:
    broadcast, other = stage.broadcast(), stage.broadcast()
    path = path_of(broadcast.broadcast_id)
    assert (await client("POST", path, {"ids": ["nobody"]})).status == 422  # over at once, so it does not count
    for _ in range(5):
        assert (await client("POST", path, {})).status == 200
    answer = await client("POST", path, {})
    assert not flaws(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1
    assert "not finished" in answer.error
    assert "rate limited" not in answer.error
    assert (await client("POST", path_of(other.broadcast_id), {})).status == 200
    stage.stop(broadcast)
    assert (await client("POST", path, {})).status == 200


# -- people who are not there -------------------------------------------------------------------------------


async def test_unknown_people_fail_the_trigger_and_it_says_who(client: Client, stage: Stage) -> None:
    stage.person("wiley")
    path = path_of(stage.broadcast().broadcast_id)
    entries = [
        {"id": "wiley"},
        {"id": "nobody", "data": {"x": 1}},
        {"email": "no@x.test"},
        {"email": ""},
        "text",
        {"id": "a", "email": "b"},
        {"id": 1.5},
        {"name": "x"},
        {"id": "wiley", "data": 5},
    ]
    answer = await client("POST", path, {"per_user_data": entries})
    (trigger_id,) = trigger_ids(stage)
    assert not flaws(answer, 422, "/per_user_data")
    text = "Errors were found while processing per user data (ids, emails or json data). "
    text += f"More detail available from the errors endpoint for trigger {trigger_id}"
    assert answer.error == text
    sentences = [
        'line 2: customer id "nobody" not found',
        'line 3: email "no@x.test" not found',
        "line 4: id or email is required",
        "line 5: must be an object",
        "line 6: give either id or email, not both",
        "line 7: id must be a string or a number",
        'line 8: unknown key "name"',
        "line 9: data must be an object",
    ]
    assert (await client("GET", f"{path}/{trigger_id}/errors")).json == {"errors": sentences, "next": 0}
    status = (await client("GET", f"{path}/{trigger_id}")).json
    assert status["clarion"]["state"] == "failed"
    assert status["clarion"]["failure"] == "8 of 9 entries do not name a person"
    assert (status["recipients_count"], status["data_file_error_count"]) == (0, 8)
    assert status["processed_at"] is not None
    assert stage.rows(trigger_id) == []
    assert stage.select("SELECT COUNT(*) AS n FROM trigger_entry")[0]["n"] == 0


@pytest.mark.parametrize("selector", ["ids", "emails"])
async def test_errors_come_in_pages(client: Client, stage: Stage, selector: str) -> None:
    path = path_of(stage.broadcast().broadcast_id)
    assert (await client("POST", path, {selector: SIX_IDS})).status == 422
    target = f"{path}/{trigger_ids(stage)[0]}/errors"
    every = (await client("GET", target)).json["errors"]
    kind = "customer id" if selector == "ids" else "email"
    assert every == [f'line {n}: {kind} "x{n - 1}" not found' for n in range(1, 7)]
    for limit in (1, 2, 4, 6, 7):
        found: list[str] = []
        following, rounds = 0, 0
        while following or not rounds:
            page = (await client("GET", f"{target}?start={following}&limit={limit}")).json
            assert len(page["errors"]) <= limit
            found += page["errors"]
            following = page["next"]
            rounds += 1
        assert found == every
        assert rounds == -(-6 // limit)
    assert (await client("GET", f"{target}?start=6")).json == {"errors": [], "next": 0}
    assert (await client("GET", f"{target}?start=&limit=")).json["errors"] == every
    for query in ("start=x", "start=-1", "limit=0", "limit=x", "limit=10001", "start=%00", "start=1.5"):
        name = query.partition("=")[0]
        assert not flaws(await client("GET", f"{target}?{query}"), 400, f"/{name}"), query


async def test_flags_excuse_who_is_not_there_but_not_what_is_wrong(client: Client, stage: Stage) -> None:
    stage.person("wiley")
    path = path_of(stage.broadcast().broadcast_id)
    both = [{"id": "nobody"}, {"email": "no@x.test"}, {"id": "wiley"}]
    ids, emails = {"id_ignore_missing": True}, {"email_ignore_missing": True}
    for flags, taken in [(ids, False), (emails, False), ({**ids, **emails}, True)]:
        answer = await client("POST", path, {"per_user_data": both, **flags})
        assert answer.status == (200 if taken else 422), flags
    trigger_id = trigger_ids(stage)[-1]
    sentences = ['line 1: customer id "nobody" not found', 'line 2: email "no@x.test" not found']
    assert (await client("GET", f"{path}/{trigger_id}/errors")).json["errors"] == sentences
    status = (await client("GET", f"{path}/{trigger_id}")).json
    assert (status["clarion"]["state"], status["data_file_error_count"]) == ("queued", 2)
    answer = await client("POST", path, {"per_user_data": [*both, {"data": {}}], **ids, **emails})
    assert not flaws(answer, 422, "/per_user_data")
    assert (await client("POST", path, {"ids": ["nobody"], **ids})).status == 200
    assert (await client("POST", path, {"emails": ["no@x.test"], **ids})).status == 422
    assert (await client("POST", path, {"emails": ["no@x.test"], **emails})).status == 200


async def test_an_address_of_several_people(
    id_client: Client, id_only: tuple[Workspace, Keys], store: Store, tmp_path: Path
) -> None:
    stage = Stage(store, id_only[0], tmp_path)
    shared = [stage.person(name, ROAD) for name in ("a", "b", "c")]
    alone = stage.person("d")
    path = path_of(stage.broadcast().broadcast_id)
    body = {"emails": [ROAD.upper(), "d@x.test"]}
    for flags in ({}, {"email_add_duplicates": False}, {"email_ignore_missing": True}):
        assert not flaws(await id_client("POST", path, {**body, **flags}), 422, "/per_user_data")
        sentences = (await id_client("GET", f"{path}/{trigger_ids(stage)[-1]}/errors")).json["errors"]
        assert sentences == [f'line 1: email "{ROAD.upper()}" matches more than one customer']
    assert (await id_client("POST", path, {**body, "email_add_duplicates": True})).status == 200
    rows = stage.select("SELECT line, person_id FROM trigger_entry ORDER BY entry")
    assert sorted(row["person_id"] for row in rows if row["line"] == 1) == shared
    assert [row["person_id"] for row in rows if row["line"] == 2] == [alone]


# -- status and list ----------------------------------------------------------------------------------------


async def test_status_has_the_shape_of_the_contract(many: Client, stage: Stage) -> None:
    stage.crowd(3)
    broadcast = stage.broadcast(MAIL, MAIL)
    path = path_of(broadcast.broadcast_id)
    url = "https://files.test/people.jsonl"
    recipients = {"recipients": {"attribute": {"field": "id", "operator": "exists"}}}
    for body, echo in [
        ({"data": {"x": 1}}, {}),
        ({"recipients": {}}, {}),
        (recipients, recipients),
        ({"ids": ["p1", "p2"], "id_ignore_missing": True}, {"ids": ["p1", "p2"]}),
        ({"emails": ["p1@x.test"]}, {"emails": ["p1@x.test"]}),
        ({"per_user_data": [{"id": "p1", "data": {"a": [1]}}]}, {"per_user_data": [{"id": "p1", "data": {"a": [1]}}]}),
        ({"data_file_url": url}, {"data_file_url": url}),
    ]:
        trigger_id = (await many("POST", path, body)).json["id"]
        answer = await many("GET", f"{path}/{trigger_id}")
        assert answer.status == 200
        assert answer.json == {
            "id": trigger_id,
            "broadcast_id": broadcast.broadcast_id,
            "created_at": stage.get(trigger_id).created_ms // 1_000,
            "processed_at": None,
            "recipients_count": 0,
            "workflow_action_ids": [action.action_id for action in broadcast.actions],
            "data_file_position": 0,
            "data_file_processed": False,
            "data_file_error_count": 0,
            "recipients_filter": echo,
            "clarion": {"state": "queued", "failure": None, "audience": 0, **UNCONTROLLED},
        }
        for base in (
            f"/v1/broadcasts/{broadcast.broadcast_id}/triggers",
            f"/v1/api{path[3:]}",
        ):
            assert (await many("GET", f"{base}/{trigger_id}")).json == answer.json


async def test_status_of_one_that_is_resolved(many: Client, stage: Stage) -> None:
    stage.crowd(3)
    stage.person("no-mail", None)
    broadcast = stage.broadcast()
    path = path_of(broadcast.broadcast_id)
    trigger_id = (await many("POST", path, {})).json["id"]
    assert await stage.resolver().run_once(trigger_id)
    status = (await many("GET", f"{path}/{trigger_id}")).json
    assert (status["recipients_count"], status["processed_at"]) == (3, None)
    assert status["clarion"] == {"state": "sending", "failure": None, "audience": 4, **UNCONTROLLED}
    assert status["data_file_processed"] is False
    nobody = {"recipients": {"attribute": {"field": "plan", "operator": "exists"}}}
    trigger_id = (await many("POST", path, nobody)).json["id"]
    assert await stage.resolver().run_once(trigger_id)
    status = (await many("GET", f"{path}/{trigger_id}")).json
    assert status["processed_at"] >= status["created_at"]
    assert status["clarion"] == {"state": "done", "failure": None, "audience": 0, **UNCONTROLLED}


async def test_status_tells_what_waits_for_a_person(many: Client, stage: Stage) -> None:
    stage.crowd(3)
    broadcast = stage.broadcast(policy=DoubtPolicy.RESEND)
    path = path_of(broadcast.broadcast_id)
    trigger_id = (await many("POST", path, {})).json["id"]
    assert await stage.resolver().run_once(trigger_id)
    key = stage.keys(trigger_id)[0]
    doubt = Outcome(key, State.IN_DOUBT, Reason.NO_ANSWER)
    stage.store.write(lambda tx: ledger.settle(tx, trigger_id, [doubt], shard=0))
    assert stage.store.write(lambda tx: control.pause(tx, trigger_id, "Ann"))
    status = (await many("GET", f"{path}/{trigger_id}")).json["clarion"]
    assert (status["state"], status["paused"]) == ("sending", True)
    assert (status["in_doubt"], status["doubt_policy"]) == (1, "resend")


async def test_list_is_newest_first(many: Client, stage: Stage) -> None:
    broadcast, other = stage.broadcast(), stage.broadcast()
    path = path_of(broadcast.broadcast_id)
    assert (await many("GET", f"/v1/broadcasts/{broadcast.broadcast_id}/triggers")).json == {"triggers": []}
    made = [(await many("POST", path, {})).json["id"] for _ in range(3)]
    await many("POST", path_of(other.broadcast_id), {})
    assert (await many("POST", path, {"ids": ["nobody"]})).status == 422
    failed = trigger_ids(stage)[-1]
    expected = [
        {
            "id": trigger_id,
            "broadcast_id": broadcast.broadcast_id,
            "created_at": stage.get(trigger_id).created_ms // 1_000,
            "processed_at": (stage.get(trigger_id).processed_ms or 0) // 1_000 if trigger_id == failed else None,
        }
        for trigger_id in [failed, *made[::-1]]
    ]
    for target in (path, f"/v1/broadcasts/{broadcast.broadcast_id}/triggers", f"/v1/api{path[3:]}"):
        assert (await many("GET", target)).json == {"triggers": expected}


async def test_others_triggers_are_not_found(many: Client, nobody: Client, id_client: Client, stage: Stage) -> None:
    broadcast, other = stage.broadcast(), stage.broadcast()
    path = path_of(broadcast.broadcast_id)
    trigger_id = (await many("POST", path, {})).json["id"]
    for tail in (f"/{trigger_id}", f"/{trigger_id}/errors", ""):
        assert (await many("GET", path + tail)).status == 200
        assert not flaws(await id_client("GET", path + tail), 404), tail
        assert not flaws(await nobody("GET", path + tail), 401), tail
        if tail:
            assert not flaws(await many("GET", path_of(other.broadcast_id) + tail), 404), tail
        assert not flaws(await many("GET", path_of("x") + tail), 400, "/broadcast_id"), tail
        assert not flaws(await many("GET", path_of(999_999) + tail), 404), tail
    for tail in (f"/{trigger_id + 1}", f"/{trigger_id + 1}/errors", f"/{'9' * 19}"):
        assert not flaws(await many("GET", path + tail), 404), tail
    for tail in ("/x", "/x/errors", "/1.5", "/%00"):
        assert not flaws(await many("GET", path + tail), 400, "/trigger_id"), tail


async def test_a_key_taken_from_the_store_stops_at_once(many: Client, stage: Stage) -> None:
    found = stage.store.read(access.workspaces)
    assert [workspace.name for workspace in found] == ["Acme"]
    stage.store.script("DELETE FROM api_key;")
    assert not flaws(await many("POST", path_of(stage.broadcast().broadcast_id), {}), 401)


# -- whatever comes -----------------------------------------------------------------------------------------

_LIGHT = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
NAMES = st.sampled_from(["p1", "p2", "nobody", "p1@x.test", "no@x.test", "", 1, "\0", "\ud800", "é" * 200])
CONDITIONS = st.recursive(
    st.fixed_dictionaries({"segment": st.fixed_dictionaries({"id": st.sampled_from([1, 2, "1", 2**62]) | JSON})})
    | st.fixed_dictionaries(
        {
            "attribute": st.fixed_dictionaries(
                {"field": NAMES | JSON, "operator": st.sampled_from(["eq", "exists"]) | JSON},
                optional={"value": NAMES | JSON, "inverse": st.booleans()},
            )
        }
    )
    | JSON,
    lambda inner: (
        st.fixed_dictionaries({"and": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"or": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"not": inner})
    ),
    max_leaves=5,
)
ENTRIES = st.lists(
    st.fixed_dictionaries({}, optional={"id": NAMES | JSON, "email": NAMES | JSON, "data": JSON}) | JSON, max_size=4
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "data": st.dictionaries(st.text(), JSON, max_size=3) | JSON,
        "recipients": CONDITIONS,
        "ids": st.lists(NAMES, max_size=4) | JSON,
        "emails": st.lists(NAMES, max_size=4) | JSON,
        "per_user_data": ENTRIES | JSON,
        "data_file_url": st.sampled_from(["https://x.test/f", "http://", "ftp://x"]) | JSON,
        "email_add_duplicates": st.booleans() | JSON,
        "email_ignore_missing": st.booleans() | JSON,
        "id_ignore_missing": st.booleans() | JSON,
        "other": JSON,
    },
)
ONE_SELECTOR = st.sampled_from(
    ["recipients", "ids", "emails", "per_user_data", "data_file_url", "data", "id_ignore_missing"]
).flatmap(lambda name: BODIES.map(lambda body: {name: body[name]} if name in body else {}))


@pytest.fixture
def target(stage: Stage) -> str:
    stage.crowd(2)
    stage.segment([])
    return path_of(stage.broadcast().broadcast_id)


async def check_anything(many: Client, stage: Stage, target: str, body: object) -> None:
    before = trigger_ids(stage)
    answer = await many("POST", target, body, {"content-type": "application/json"})
    after = trigger_ids(stage)
    if answer.status == 200:
        assert after == [*before, answer.json["id"]]
    elif after != before:
        assert not flaws(answer, 422, "/per_user_data")
        assert answer.error.endswith(f"for trigger {after[-1]}")
        assert stage.get(after[-1]).state.value == "failed"
    else:
        pointer = answer.json["errors"][0].get("source", {}).get("pointer", "").removeprefix("/data/attributes")
        assert answer.status in {400, 422}
        assert not flaws(answer, answer.status, pointer)


@given(body=ONE_SELECTOR | BODIES | JSON)
@_LIGHT
async def test_any_json_is_answered_and_a_trigger_is_made_only_when_that_is_said(
    many: Client, stage: Stage, target: str, body: object
) -> None:
    await check_anything(many, stage, target, body)


@given(body=st.binary(max_size=80) | st.text(alphabet='{}[]":,\\u0dataids1 ', max_size=40).map(str.encode))
@_LIGHT
async def test_any_bytes_are_answered(many: Client, stage: Stage, target: str, body: bytes) -> None:
    await check_anything(many, stage, target, body)
