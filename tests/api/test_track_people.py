# SPDX-License-Identifier: Apache-2.0
"""Track v1: region, identify, delete, suppress and unsuppress (contract §8, §8.1, §8.5)."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from clarion.domain.people import IdKind, Person, Reference
from clarion.store import people
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client, basic

PEOPLE = "/api/v1/customers"


@pytest.fixture
def person(store: Store, workspace: Workspace) -> Any:
    """Look a person up: `person("7")`, `person("a@x.test")`."""

    def look_up(name: str) -> Person | None:
        kind = IdKind.EMAIL if "@" in name else IdKind.ID
        found = store.read(lambda tx: people.find(tx, workspace, Reference(kind, name)))
        assert len(found) <= 1
        return found[0] if found else None

    return look_up


async def put(track: Client, identifier: str, body: object = None) -> None:
    """Identify, and expect Customer.io's answer to the byte."""
    answer = await track("PUT", f"{PEOPLE}/{quote(identifier, safe='')}", body)
    assert (answer.status, answer.body) == (200, b"{}\n"), answer.body
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_region(track: Client, workspace: Workspace) -> None:
    answer = await track("GET", "/api/v1/accounts/region")
    assert answer.status == 200
    assert answer.json == {
        "url": "https://clarion.test",
        "region": "us",
        "environment_id": workspace.workspace_id,
    }


@pytest.mark.parametrize("url_safe", [False, True])
async def test_both_base64_alphabets(nobody: Client, workspace: Workspace, keys: Keys, url_safe: bool) -> None:
    header = {"authorization": basic(keys.site_id, keys.track_key, url_safe=url_safe)}
    assert (await nobody("GET", "/api/v1/accounts/region", headers=header)).status == 200


@pytest.mark.parametrize(
    "authorization", ["", "Basic", "Basic !!!", "Basic Og==", "Bearer x", "Basic " + "eDp5", "Basic w7_-"]
)
async def test_bad_credentials(nobody: Client, workspace: Workspace, authorization: str) -> None:
    answer = await nobody("GET", "/api/v1/accounts/region", headers={"authorization": authorization})
    assert answer.status == 401
    assert answer.error == "unauthorized"


async def test_app_key_is_no_track_key(nobody: Client, workspace: Workspace, keys: Keys) -> None:
    for header in (f"Bearer {keys.app_key}", basic(keys.site_id, keys.app_key), basic("other", keys.track_key)):
        assert (await nobody("PUT", f"{PEOPLE}/1", {}, {"authorization": header})).status == 401


async def test_identify_creates_and_merges(track: Client, person: Any) -> None:
    await put(track, "7", {"email": "Ann@x.test", "plan": "free", "age": 30, "vip": True, "n": 2.0, "tags": ["a"]})
    await put(track, "7", {"plan": "pro", "age": None, "vip": ""})
    found = person("7")
    assert found.email == "Ann@x.test"
    assert found.attributes == {"plan": "pro", "n": 2, "tags": ["a"]}
    assert found.changed.keys() == {"id", "email", "plan", "age", "vip", "n", "tags"}
    assert person("ann@X.test") == found


@pytest.mark.parametrize("body", [None, b"", b"{}", b"  "])
async def test_identify_without_attributes(track: Client, person: Any, body: bytes | None) -> None:
    answer = await track("PUT", f"{PEOPLE}/7", body, {"content-type": "application/json"})
    assert answer.status == 200
    assert person("7").attributes == {}


@pytest.mark.parametrize("identifier", ["a/b", "a+b@x.test", "ü", "a b", "100%", "a?b#c", "%2F", "+44 20"])
async def test_identifiers_are_percent_decoded(track: Client, person: Any, identifier: str) -> None:
    await put(track, identifier, {"a": 1})
    assert person(identifier).attributes == {"a": 1}


async def test_plus_stays_a_plus(track: Client, person: Any) -> None:
    assert (await track("PUT", f"{PEOPLE}/a+b@x.test", {})).status == 200
    assert person("a+b@x.test").id is None


async def test_instructions_are_not_attributes(track: Client, person: Any) -> None:
    await put(
        track,
        "7",
        {"anonymous_id": "x", "_update": False, "_timestamp": 5, "cio_relationships": {}, "cio_id": "1", "a": 1},
    )
    assert person("7").attributes == {"a": 1}


async def test_update_only_never_creates(track: Client, person: Any) -> None:
    await put(track, "7", {"_update": True, "a": 1})
    assert person("7") is None
    await put(track, "7", {})
    await put(track, "7", {"_update": True, "a": 1})
    assert person("7").attributes == {"a": 1}


async def test_older_timestamp_does_not_overwrite(track: Client, person: Any) -> None:
    await put(track, "7", {"_timestamp": 100, "a": "new", "email": "a@x.test"})
    await put(track, "7", {"_timestamp": 50, "a": "old", "b": "old"})
    await put(track, "7", {"_timestamp": 70, "a": None, "b": "newer"})
    assert person("7").attributes == {"a": "new", "b": "newer"}
    assert person("7").changed["b"] == 70
    await put(track, "7", {"a": "now"})
    await put(track, "7", {"_timestamp": 100, "a": "old"})
    assert person("7").attributes["a"] == "now"


async def test_cleared_attribute_keeps_its_time(track: Client, person: Any) -> None:
    await put(track, "7", {"_timestamp": 100, "a": ""})
    await put(track, "7", {"_timestamp": 99, "a": "late"})
    assert person("7").attributes == {}


async def test_timestamp_of_the_future_is_now(track: Client, person: Any) -> None:
    await put(track, "7", {"_timestamp": 4_000_000_000, "a": 1})
    assert person("7").changed["a"] < 4_000_000_000


async def test_times_of_cleared_attributes_are_bounded(track: Client, person: Any) -> None:
    for turn in range(4):
        await put(track, "7", {"_timestamp": turn, "keep": 1} | {f"a{turn}_{n}": "" for n in range(290)})
    changed = person("7").changed
    assert len(changed) == 600
    assert "keep" in changed
    assert "a3_0" in changed
    assert "a0_0" not in changed


async def test_unsubscribed_and_topics(track: Client, person: Any, store: Store) -> None:
    await put(track, "7", {"unsubscribed": "true", "cio_subscription_preferences": {"topics": {"topic_1": True}}})
    await put(track, "7", {"cio_subscription_preferences.topics.topic_2": False})
    assert person("7").attributes == {
        "unsubscribed": "true",
        "cio_subscription_preferences": {"topics": {"topic_1": True, "topic_2": False}},
    }


async def test_body_email_names_known_person_who_gets_the_id(track: Client, person: Any) -> None:
    await put(track, "ann@x.test", {"a": 1})
    await put(track, "7", {"email": "ANN@x.test", "b": 2})
    assert person("7").attributes == {"a": 1, "b": 2}
    assert person("ann@x.test") == person("7")


async def test_body_id_names_known_person_who_gets_the_email(track: Client, person: Any) -> None:
    await put(track, "7", {"a": 1})
    await put(track, "ann@x.test", {"id": 7, "b": 2})
    assert person("ann@x.test").id == "7"
    assert person("7").attributes == {"a": 1, "b": 2}


async def test_known_person_with_another_email_keeps_it(track: Client, person: Any) -> None:
    await put(track, "7", {"email": "old@x.test"})
    await put(track, "new@x.test", {"id": "7", "b": 2})
    assert person("7").email == "old@x.test"
    assert person("7").attributes == {"b": 2}
    assert person("new@x.test") is None


async def test_new_id_with_email_of_another_id(track: Client, person: Any) -> None:
    await put(track, "7", {"email": "ann@x.test"})
    with capture_logs() as logs:
        await put(track, "8", {"email": "ann@x.test", "a": 1})
    assert person("8").email is None
    assert person("8").attributes == {"a": 1}
    assert person("ann@x.test").id == "7"
    warning = next(entry for entry in logs if entry["event"] == "person.identifier_conflict")
    assert warning["log_level"] == "warning"
    assert "ann@x.test" not in str(warning)


async def test_path_and_body_belong_to_two_people(track: Client, person: Any) -> None:
    await put(track, "7", {"email": "a@x.test"})
    await put(track, "8", {"email": "b@x.test"})
    with capture_logs() as logs:
        await put(track, "7", {"email": "b@x.test", "a": 1})
        await put(track, "a@x.test", {"id": "8", "b": 1})
    assert [entry["event"] for entry in logs] == ["person.identifier_conflict"] * 2
    assert person("7").email == "a@x.test"
    assert person("7").attributes == {"a": 1, "b": 1}
    assert person("8").attributes == {}


async def test_set_identifiers_change_by_cio_id_only(track: Client, person: Any) -> None:
    await put(track, "ann@x.test", {"id": "7"})
    await put(track, "ann@x.test", {"id": "8", "email": "other@x.test"})
    assert person("ann@x.test").id == "7"
    cio = "cio_" + person("7").cio_id
    await put(track, cio, {"id": "8", "email": "bea@x.test"})
    assert person("7") is None
    assert (person("8").email, person("8").cio_id) == ("bea@x.test", cio.removeprefix("cio_"))
    await put(track, "8", {"email": "cy@x.test"})
    assert person("8").email == "cy@x.test"


async def test_unknown_cio_id_is_dropped(track: Client, person: Any) -> None:
    await put(track, "cio_0000000000ff", {"id": "7"})
    await put(track, "cio_nonsense", {"id": "7"})
    assert person("7") is None


async def test_identifiers_are_cleared_but_not_the_last(track: Client, person: Any) -> None:
    await put(track, "7", {"email": "a@x.test"})
    await put(track, "7", {"email": ""})
    assert person("7").email is None
    await put(track, "7", {"id": None})
    assert person("7") is not None
    await put(track, "7", {"email": "a@x.test"})
    cio = "cio_" + person("7").cio_id
    await put(track, cio, {"id": ""})
    assert person("a@x.test").id is None
    await put(track, cio, {"email": ""})
    assert person("a@x.test") is not None


async def test_email_spelling(track: Client, person: Any) -> None:
    await put(track, "Ann@x.test")
    await put(track, "ANN@X.TEST", {"a": 1})
    assert person("ann@x.test").email == "Ann@x.test"
    await put(track, "ann@x.test", {"email": " ann@x.test "})
    assert person("ann@x.test").email == "ann@x.test"


async def test_text_that_is_no_address_is_no_email(track: Client, person: Any, store: Store) -> None:
    with capture_logs() as logs:
        await put(track, "7", {"email": "unknown", "a": 1})
        await put(track, "8", {"email": "unknown"})
    assert len(logs) == 2
    assert person("7").email is None
    assert person("7").attributes == {"a": 1}
    assert person("8").attributes == {}


async def test_shared_email_in_id_only_workspace(
    id_track: Client, id_only: tuple[Workspace, Keys], store: Store
) -> None:
    await put(id_track, "7", {"email": "team@x.test"})
    await put(id_track, "8", {"email": "team@x.test"})
    await put(id_track, "ann@x.test", {"a": 1})  # an address in the path is an id here
    workspace = id_only[0]
    shared = store.read(lambda tx: people.find(tx, workspace, Reference(IdKind.EMAIL, "team@x.test")))
    assert [one.id for one in shared] == ["7", "8"]
    assert store.read(lambda tx: people.find(tx, workspace, Reference(IdKind.ID, "ann@x.test")))
    await put(id_track, "cio_" + shared[0].cio_id, {"id": ""})
    assert store.read(lambda tx: people.find(tx, workspace, Reference(IdKind.ID, "7")))


LONG = "x" * 151


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({LONG: 1}, "longer than 150 bytes"),
        ({"a": "x" * 1_001}, "attributes.a: "),
        ({"a": "ü" * 501}, "attributes.a: "),
        ({"a": ["x" * 100_000]}, "attributes.a: "),
        ({f"a{n}": 1 for n in range(301)}, "more than 300 attributes"),
        ({"": 1}, "attributes: "),
        ({"id": LONG}, "id: "),
        ({"id": True}, "id: "),
        ({"id": ["7"]}, "id: "),
        ({"id": "  "}, "id: "),
        ({"email": {"a": 1}}, "email: "),
        ({"email": "a@" + "x" * 300}, "email: "),
        ({"_update": "perhaps"}, "_update: "),
        ({"_timestamp": "yesterday"}, "_timestamp: "),
        ({"_timestamp": 1_700_000_000_000}, "_timestamp: "),
        ({"_timestamp": True}, "_timestamp: "),
        ({"_timestamp": -1}, "_timestamp: "),
        ({"created_at": True}, "created_at: "),
        ({"created_at": {}}, "created_at: "),
        ({"created_at": [1]}, "created_at: "),
        ({"created_at": -1}, "created_at: "),
        ({"created_at": 10**15}, "created_at: "),
        ({"created_at": 1e300}, "created_at: "),
        ([1], "object"),
        (b"null ", None),
        (b"{", "not valid JSON"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"\\u0000": 1}', "NUL"),
        (b'{"a": "\\ud800"}', "the body contains a lone surrogate"),
        (b'{"a": "\\ud800 and more text"}', "the body contains a lone surrogate"),
        (b'{"a": "\\uDC00"}', "the body contains a lone surrogate"),
        (b'{"a": "\\ud83d\\ude00\\ud83d"}', "the body contains a lone surrogate"),
        (b'{"a": "\\\\ud800\\ud83d\\ude00"', "not valid JSON"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": 1e999}', "not valid JSON"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested deeper"),
    ],
)
async def test_bad_attributes(track: Client, person: Any, body: object, field: str | None) -> None:
    answer = await track("PUT", f"{PEOPLE}/7", body)
    if field is None:  # JSON's null is as good as no body
        assert answer.status == 200
        return
    assert answer.status == 400
    assert field in answer.error
    assert answer.json["meta"]["errors"] == [answer.error]
    assert person("7") is None


async def test_too_many_attributes_in_all(track: Client, person: Any) -> None:
    await put(track, "7", {f"a{n}": 1 for n in range(300)})
    answer = await track("PUT", f"{PEOPLE}/7", {"b": 1, "email": "a@x.test"})
    assert answer.status == 400
    assert "at most 300 attributes" in answer.error
    assert person("7").email is None
    await put(track, "7", {"a0": None, "b": 1})


@pytest.mark.parametrize("number", ["18446744073709551616", "1" * 4_000, "1e300", "-1e20", "0.1"])
async def test_numbers_of_any_size(track: Client, client: Client, number: str) -> None:
    await put(track, "7", b'{"a": ' + number.encode() + b"}")
    assert (await client("GET", "/v1/customers/7/attributes")).status == 200


async def test_too_large_body(track: Client) -> None:
    answer = await track("PUT", f"{PEOPLE}/7", b" " * 1_000_001)
    assert answer.status == 413
    assert "1000000" in answer.error


@pytest.mark.parametrize("path", ["%00", "%ff", "x" * 151, "%20", quote("a@" + "b" * 300)])
async def test_bad_identifiers(track: Client, path: str) -> None:
    for method, rest in (("PUT", ""), ("DELETE", ""), ("POST", "/suppress"), ("POST", "/unsuppress")):
        answer = await track(method, f"{PEOPLE}/{path}{rest}")
        assert answer.status == 400
        assert answer.error.startswith("identifier: ")


@pytest.mark.parametrize("body", [None, {}, b"{}", b"not json"])
async def test_delete(track: Client, person: Any, body: object) -> None:
    await put(track, "7", {"email": "a@x.test"})
    for identifier in ("7", "7", "unknown", "cio_00000000000f"):
        answer = await track("DELETE", f"{PEOPLE}/{identifier}", body, {"content-type": "application/json"})
        assert (answer.status, answer.body) == (200, b"{}\n")
    assert person("7") is None
    await put(track, "7", {"a": 1})
    assert person("7").attributes == {"a": 1}
    assert person("7").email is None


async def test_delete_by_email_and_cio_id(track: Client, person: Any) -> None:
    await put(track, "7", {"email": "a@x.test"})
    assert (await track("DELETE", f"{PEOPLE}/A%40x.test")).status == 200
    assert person("7") is None
    await put(track, "7")
    assert (await track("DELETE", f"{PEOPLE}/cio_{person('7').cio_id}")).status == 200
    assert person("7") is None


async def test_suppress_deletes_and_blocks_id_and_email(track: Client, person: Any) -> None:
    await put(track, "7", {"email": "Ann@x.test"})
    assert (await track("POST", f"{PEOPLE}/7/suppress", {})).body == b"{}\n"
    assert person("7") is None
    await put(track, "7", {"a": 1})
    await put(track, "ann@x.test", {"a": 1})
    await put(track, "8", {"email": "ann@x.test"})
    assert (await track("POST", f"{PEOPLE}/7/events", {"name": "bought"})).status == 200
    assert [person(name) for name in ("7", "8", "ann@x.test")] == [None, None, None]

    assert (await track("POST", f"{PEOPLE}/ANN%40x.test/unsuppress")).body == b"{}\n"
    await put(track, "ann@x.test", {"a": 1})
    await put(track, "7")
    assert person("ann@x.test") is not None
    assert person("7") is None
    await track("POST", f"{PEOPLE}/7/unsuppress", {})
    await put(track, "7")
    assert person("7") is not None


async def test_suppress_unknown_blocks_the_identifier_named(track: Client, person: Any) -> None:
    for identifier in ("7", "a%40x.test", "cio_00000000000f"):
        assert (await track("POST", f"{PEOPLE}/{identifier}/suppress")).status == 200
        assert (await track("POST", f"{PEOPLE}/{identifier}/suppress")).status == 200
    await put(track, "7")
    await put(track, "a@x.test")
    assert person("7") is person("a@x.test") is None
    assert (await track("POST", f"{PEOPLE}/cio_00000000000f/unsuppress")).status == 200


async def test_suppressed_in_one_workspace_only(track: Client, id_track: Client, person: Any) -> None:
    await id_track("POST", f"{PEOPLE}/7/suppress")
    await put(track, "7")
    assert person("7") is not None


@pytest.mark.parametrize("identifier", ["7", "ann@x.test"])
async def test_same_new_person_at_once(track: Client, person: Any, identifier: str) -> None:
    await asyncio.gather(*(put(track, identifier, {f"a{n}": n}) for n in range(12)))
    assert person(identifier).attributes == {f"a{n}": n for n in range(12)}


async def test_id_and_email_at_once_are_one_person(track: Client, person: Any) -> None:
    for n in range(5):
        await asyncio.gather(
            put(track, f"id{n}", {"email": f"{n}@x.test", "a": 1}),
            put(track, f"{n}@x.test", {"id": f"id{n}", "b": 1}),
        )
        assert person(f"id{n}").attributes == {"a": 1, "b": 1}
        assert person(f"{n}@x.test") == person(f"id{n}")


async def test_identify_against_delete_and_suppress(track: Client, person: Any) -> None:
    for n in range(5):
        await put(track, f"{n}", {"email": f"{n}@x.test"})
        await asyncio.gather(
            put(track, f"{n}", {"a": 1}), track("POST", f"{PEOPLE}/{n}/suppress"), put(track, f"{n}", {"b": 1})
        )
        assert person(f"{n}") is None


async def test_two_workspaces_do_not_meet(track: Client, id_track: Client, person: Any) -> None:
    await put(id_track, "7", {"a": 1})
    assert person("7") is None
    await put(track, "7", {"b": 1})
    assert person("7").attributes == {"b": 1}


@pytest.mark.parametrize("created_at", [0, 1_700_000_000, 1_700_000_000_000, 0.5, "2024-01-01", None])
async def test_times_of_creation_that_are_kept(track: Client, person: Any, created_at: object) -> None:
    await put(track, "7", {"created_at": created_at})
    assert person("7").attributes.get("created_at") == created_at


async def test_an_address_that_is_none_is_no_conflict(track: Client, person: Any) -> None:
    with capture_logs() as logs:
        await put(track, "7", {"email": "nonsense", "a": 1})
    assert (person("7").email, person("7").attributes) == (None, {"a": 1})
    (warning,) = logs
    assert (warning["event"], warning["log_level"]) == ("person.invalid_email", "warning")
    assert warning["person"] == person("7").cio_id
    assert "nonsense" not in str(warning)
    with capture_logs() as logs:
        await put(track, "8", {"email": "nonsense", "id": "9"})
    assert [entry["event"] for entry in logs] == ["person.invalid_email", "person.identifier_conflict"]
    assert logs[1]["identifiers"] == ["id"]


async def test_other_methods(track: Client) -> None:
    answer = await track("PATCH", f"{PEOPLE}/7", {})
    assert answer.status == 405
    assert answer.json == {"meta": {"errors": ["Method Not Allowed"], "error": "Method Not Allowed"}}
