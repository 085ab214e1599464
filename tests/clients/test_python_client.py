# SPDX-License-Identifier: Apache-2.0
"""`customerio` from PyPI, unmodified: every method of its Track client, and its App client's `send_request`."""

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from customerio import APIClient, CustomerIO, CustomerIOException

from .servers import Server

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120)]

_names = itertools.count(1)


@pytest.fixture
def somebody() -> str:
    """An id that needs encoding and that nobody has."""
    return f"python/{next(_names)} %2F+ü?#"


@pytest.fixture
def email() -> str:
    """An address that nobody has."""
    return f"python+{next(_names)}@example.net"


@pytest.fixture
def read(app: APIClient) -> Callable[..., Any]:
    """GET, or another method, below /v1."""

    def send(path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
        response = app.send_request(method, f"{app.url}/v1{path}", body or {})
        return response.json() if response.content else None

    return send


Read = Callable[..., Any]


def customer(read: Read, somebody: str, kind: str = "id") -> dict[str, Any]:
    found: dict[str, Any] = read(f"/customers/{quote(somebody, safe='')}/attributes?id_type={kind}")["customer"]
    return found


def is_gone(read: Read, somebody: str) -> bool:
    try:
        customer(read, somebody)
    except CustomerIOException as error:
        assert str(error).startswith("404: ")  # noqa: PT017 - gone, not another fault
        return True
    return False


def test_identify_by_id_sets_attributes(track: CustomerIO, read: Read, somebody: str, email: str) -> None:
    since = int(time.time())
    born = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
    done = track.identify(
        somebody, email=email, first_name="Zoë", plan="plus", vip=True, points=12, born=born, tastes=["tea", "rail"]
    )
    assert done.status_code == 200
    assert done.content == b"{}\n"
    found = customer(read, somebody)
    assert found["id"] == somebody
    assert found["identifiers"].keys() == {"id", "email", "cio_id"}
    assert found["identifiers"]["email"] == email
    attributes = found["attributes"]
    assert attributes["first_name"] == "Zoë"
    assert attributes["vip"] == "true"
    assert attributes["points"] == "12"
    assert attributes["born"] == str(int(born.timestamp()))
    assert all(isinstance(value, str) for value in attributes.values())
    assert found["timestamps"]["plan"] >= since
    assert found["unsubscribed"] is False
    assert found["devices"] == []


def test_identify_again_changes_and_clears(track: CustomerIO, read: Read, somebody: str, email: str) -> None:
    track.identify(somebody, email=email, plan="plus", city="Oslo", points=1)
    track.identify(somebody, plan="premium", city="", points=float("nan"))
    found = customer(read, somebody)
    assert found["attributes"]["plan"] == "premium"
    assert found["attributes"].get("city", "") == ""
    assert "points" not in found["attributes"]
    assert found["identifiers"]["email"] == email


def test_identify_by_email_and_by_cio_id(track: CustomerIO, read: Read, email: str) -> None:
    track.identify(email, first_name="Ada")
    [found] = read(f"/customers?email={quote(email)}")["results"]
    assert found["email"] == email
    assert customer(read, email.upper(), "email")["attributes"]["first_name"] == "Ada"
    track.identify(f"cio_{found['cio_id']}", email=f"new.{email}")
    assert read(f"/customers?email={quote(email)}") == {"results": []}
    assert customer(read, f"cio_{found['cio_id']}", "cio_id")["identifiers"]["email"] == f"new.{email}"


def test_identify_without_pooling(secure: Server, track: CustomerIO, read: Read, somebody: str) -> None:
    with CustomerIO(
        secure.site_id, secure.track_key, host=track.host, port=track.port, use_connection_pooling=False
    ) as other:
        other.identify(somebody, plan="free")
    assert customer(read, somebody)["attributes"]["plan"] == "free"


def test_events(track: CustomerIO, somebody: str) -> None:
    now = datetime.now(UTC)
    track.identify(somebody)
    assert track.track(somebody, "bought", {"price": 12.5, "at": now, "items": [1, 2]}).json() == {}
    assert track.track(somebody, "bought", id="01C4MWKQA9XTFNYR68QB7JJ0XA", timestamp=now).json() == {}
    assert track.pageview(somebody, "https://nightbus.example/lines", referer="none").json() == {}
    assert track.backfill(somebody, "rode", now, line="N8").json() == {}
    assert track.backfill(somebody, "rode", int(now.timestamp()), line="N8").json() == {}
    assert track.backfill(somebody, "rode", str(int(now.timestamp())), line="N8").json() == {}


def test_an_event_without_a_name_is_refused_with_a_sentence(track: CustomerIO, somebody: str) -> None:
    with pytest.raises(CustomerIOException, match=r'^400: .*"errors":\["name: an event needs a name"\]'):
        track.track(somebody, "")


def test_devices(track: CustomerIO, read: Read, somebody: str) -> None:
    token = "token/with:odd characters"
    used = datetime(2026, 1, 2, tzinfo=UTC)
    track.identify(somebody)
    assert track.add_device(somebody, token, "ios", last_used=used, attributes={"device_os": "19"}).json() == {}
    assert customer(read, somebody)["devices"] == [
        {"id": token, "platform": "ios", "last_used": int(used.timestamp()), "attributes": {"device_os": "19"}}
    ]
    assert track.delete_device(somebody, token).json() == {}
    assert customer(read, somebody)["devices"] == []
    with pytest.raises(CustomerIOException, match=r"^400: .*device\.platform: must be one of ios, android"):
        track.add_device(somebody, token, "windows")


def test_delete(track: CustomerIO, read: Read, somebody: str) -> None:
    track.identify(somebody, plan="free")
    assert track.delete(somebody).json() == {}
    assert is_gone(read, somebody)
    track.identify(somebody)
    assert "plan" not in customer(read, somebody)["attributes"]


def test_suppress_and_unsuppress(track: CustomerIO, read: Read, somebody: str) -> None:
    track.identify(somebody, plan="free")
    assert track.suppress(somebody).json() == {}
    assert is_gone(read, somebody)
    assert track.identify(somebody, plan="plus").status_code == 200
    assert is_gone(read, somebody)
    assert track.unsuppress(somebody).json() == {}
    track.identify(somebody, plan="plus")
    assert customer(read, somebody)["attributes"]["plan"] == "plus"


def test_batch(track: CustomerIO, read: Read, somebody: str) -> None:
    person = {"type": "person", "identifiers": {"id": somebody}}
    device = {"token": "t1", "platform": "android"}
    done = track.batch(
        [
            {**person, "action": "identify", "attributes": {"plan": "plus"}},
            {**person, "action": "event", "name": "bought", "attributes": {"price": 1}},
            {**person, "action": "add_device", "device": device},
        ]
    )
    assert done.status_code == 200
    assert done.json() == {}
    found = customer(read, somebody)
    assert found["attributes"]["plan"] == "plus"
    assert [one["id"] for one in found["devices"]] == ["t1"]


def test_a_batch_that_is_partly_wrong_says_which(track: CustomerIO, read: Read, somebody: str) -> None:
    person = {"type": "person", "identifiers": {"id": somebody}}
    done = track.batch([{**person, "action": "dance"}, {**person, "action": "identify", "attributes": {"plan": "x"}}])
    assert done.status_code == 207
    [error] = done.json()["errors"]
    assert error["batch_index"] == 0
    assert error["field"] == "action"
    assert customer(read, somebody)["attributes"]["plan"] == "x"


def test_segments(track: CustomerIO, read: Read, somebody: str, email: str) -> None:
    track.identify(somebody, email=email)
    name = f"Segment of {somebody}"
    segment = read("/segments", "POST", {"segment": {"name": name, "description": "d"}})["segment"]
    at = f"{track.base_url}/segments/{segment['id']}"
    assert track.send_request("POST", f"{at}/add_customers", {"ids": [somebody, "nobody at all"]}).json() == {}
    assert read(f"/segments/{segment['id']}/customer_count") == {"count": 1}
    membership = read(f"/segments/{segment['id']}/membership")
    assert membership["ids"] == [somebody]
    assert membership["identifiers"][0]["email"] == email
    assert not membership["next"]
    mine = {"id": str(segment["id"]), "name": name, "description": "d"}
    assert read(f"/customers/{quote(somebody, safe='')}/segments") == {"segments": [mine]}
    found = read("/customers", "POST", {"filter": {"segment": {"id": segment["id"]}}})
    assert found["ids"] == [somebody]
    assert track.send_request("POST", f"{at}/remove_customers?id_type=email", {"ids": [email]}).json() == {}
    assert read(f"/segments/{segment['id']}/customer_count") == {"count": 0}
    assert read(f"/segments/{segment['id']}", "DELETE") is None
    with pytest.raises(CustomerIOException, match=r"^404: "):
        read(f"/segments/{segment['id']}")


def test_snippets(read: Read) -> None:
    made = read("/snippets", "PUT", {"name": "python", "value": "<p>one</p>"})["snippet"]
    assert made.keys() == {"name", "value", "updated_at"}
    read("/snippets", "PUT", {"name": "python", "value": "<p>two</p>"})
    assert {one["name"]: one["value"] for one in read("/snippets")["snippets"]}["python"] == "<p>two</p>"
    assert read("/snippets/python", "DELETE") is None
    with pytest.raises(CustomerIOException, match=r"^400: .*unable to delete snippet in use"):
        read("/snippets/footer", "DELETE")  # the demo's message uses it


def test_the_region_of_a_key(track: CustomerIO, secure: Server) -> None:
    found = track.send_request("GET", f"{track.base_url}/accounts/region", {}).json()
    assert found["url"] == secure.url
    assert found["region"] == "us"
    assert type(found["environment_id"]) is int


def test_the_app_client_over_plain_http(plain: Server) -> None:
    with APIClient(plain.app_key, url=plain.url) as app:
        found = app.send_request("GET", f"{plain.url}/v1/broadcasts/{plain.broadcast_id}", {}).json()
    assert found["broadcast"]["id"] == plain.broadcast_id


def test_wrong_keys_are_401(secure: Server, track: CustomerIO, app: APIClient, somebody: str) -> None:
    with (
        CustomerIO(secure.site_id, "wrong", host=track.host, port=track.port) as stranger,
        pytest.raises(CustomerIOException, match=r"^401: .*unauthorized"),
    ):
        stranger.identify(somebody)
    for key in ("wrong", secure.track_key):
        with (
            APIClient(key, url=secure.url) as stranger,
            pytest.raises(CustomerIOException, match=r'^401: .*"status":"401"'),
        ):
            stranger.send_request("GET", f"{app.url}/v1/broadcasts", {})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"recipient": {}}, r"422: .*unknown key"),
        ({"ids": ["a"], "emails": ["a@b.c"]}, r"422: .*give only one of"),
        ({"ids": []}, r"422: .*must name at least one person"),
        ({"data": ["list"]}, r"422: .*data: must be an object"),
        ({"recipients": {"segment": {"id": 999_999}}}, r"422: .*segment 999999 does not exist"),
    ],
)
def test_a_wrong_trigger_is_422_with_a_sentence(
    secure: Server, app: APIClient, body: dict[str, Any], words: str
) -> None:
    with pytest.raises(CustomerIOException, match=words):
        app.send_request("POST", f"{app.url}/v1/campaigns/{secure.broadcast_id}/triggers", body)


def test_an_unknown_broadcast_is_404(app: APIClient) -> None:
    with pytest.raises(CustomerIOException, match=r"404: .*not found \(reference \w+\)"):
        app.send_request("POST", f"{app.url}/v1/campaigns/999999/triggers", {})


def test_strangers_and_merging(track: CustomerIO) -> None:
    track.track_anonymous("anonymous", "came")
    track.merge_customers("id", "one", "id", "two")
