# SPDX-License-Identifier: Apache-2.0
"""Identify, segment, trigger in every shape, status, errors, messages, mail: with each official client."""

import re

import pytest
from customerio import CustomerIOException

from .drivers import Driver, processed
from .node import NodeError
from .servers import Server
from .shapes import DATA, SHAPES, Crowd, Files, Shape

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_trigger_in_each_shape(shape: Shape, driver: Driver, server: Server, crowd: Crowd, files: Files) -> None:
    broadcast_id = server.broadcast({"segment": {"id": crowd.segment_id}})
    selector = shape.selector(crowd, files)

    accepted = driver.trigger(broadcast_id, DATA, selector)
    assert accepted.keys() == {"id"}
    trigger_id = accepted["id"]
    assert type(trigger_id) is int

    status = processed(server, driver, broadcast_id, trigger_id)
    errors = shape.errors(crowd)
    assert status["id"] == trigger_id
    assert status["broadcast_id"] == broadcast_id
    assert type(status["created_at"]) is int
    assert status["processed_at"] >= status["created_at"]
    assert status["recipients_count"] == len(shape.vouchers)
    assert len(status["workflow_action_ids"]) == 1
    assert status["data_file_processed"] is shape.from_file
    assert status["data_file_position"] == (4 if shape.from_file else 0)
    assert status["data_file_error_count"] == len(errors)
    audience = {key: value for key, value in selector.items() if not key.startswith(("email_", "id_"))}
    assert status["recipients_filter"] == audience

    assert driver.read(f"/campaigns/{broadcast_id}/triggers/{trigger_id}/errors") == {"errors": errors, "next": 0}
    listed = driver.read(f"/broadcasts/{broadcast_id}/triggers")
    row = {key: status[key] for key in ("id", "broadcast_id", "created_at", "processed_at")}
    assert listed == {"triggers": [row]}

    messages = driver.read(f"/messages?campaign_id={broadcast_id}&trigger_id={trigger_id}")
    assert not messages["next"]
    reached = {message["customer_identifiers"]["id"]: message for message in messages["messages"]}
    assert reached.keys() == {crowd.somebody(name).id for name in shape.vouchers}
    for name, voucher in shape.vouchers.items():
        somebody = crowd.somebody(name)
        message = reached[somebody.id]
        assert message["type"] == "email"
        assert message["recipient"] == somebody.email
        assert message["customer_id"] == somebody.id
        assert message["customer_identifiers"]["email"] == somebody.email
        assert message["broadcast_id"] == broadcast_id
        assert message["campaign_id"] is None
        assert message["action_id"] == status["workflow_action_ids"][0]
        assert message["metrics"].keys() == {"created", "attempted", "sent"}
        assert message["failure_message"] is None
        [mail] = server.mails(somebody.email)
        assert mail.delivery_id == message["id"]
        assert mail.subject == f"{name}: the night bus runs"
        assert f"Dear {name}, THE NIGHT BUS RUNS with voucher {voucher}." in mail.html


def test_people_who_do_not_exist_refuse_the_trigger_and_are_listed(
    driver: Driver, server: Server, crowd: Crowd
) -> None:
    broadcast_id = server.broadcast({})
    emails = [crowd.ada.email, "nobody@example.org"]
    with pytest.raises((NodeError, CustomerIOException)) as caught:
        driver.trigger(broadcast_id, DATA, {"emails": emails})
    if isinstance(caught.value, NodeError):
        assert caught.value.status == 422
        [problem] = caught.value.body["errors"]
        assert problem["status"] == "422"
        assert problem["source"] == {"pointer": "/data/attributes/per_user_data"}
    else:
        assert str(caught.value).startswith("422: ")
    words = re.search(r"available from the errors endpoint for trigger (\d+)", str(caught.value))
    assert words is not None
    assert driver.read(f"/campaigns/{broadcast_id}/triggers/{words[1]}/errors") == {
        "errors": ['line 2: email "nobody@example.org" not found'],
        "next": 0,
    }
    assert driver.read(f"/campaigns/{broadcast_id}/triggers/{words[1]}")["recipients_count"] == 0
    assert server.mails(crowd.ada.email) == []


def test_a_data_file_that_cannot_be_fetched_is_told_by_the_errors(
    driver: Driver, server: Server, crowd: Crowd, files: Files
) -> None:
    broadcast_id = server.broadcast({})
    accepted = driver.trigger(broadcast_id, DATA, {"data_file_url": f"{files.url}/forbidden"})
    processed(server, driver, broadcast_id, accepted["id"])
    found = driver.read(f"/campaigns/{broadcast_id}/triggers/{accepted['id']}/errors")
    assert found == {"errors": ["failed to download data file, server responded with code 403 Forbidden"], "next": 0}


def test_errors_come_in_pages(driver: Driver, server: Server, crowd: Crowd, files: Files) -> None:
    broadcast_id = server.broadcast({})
    selector = {"ids": [crowd.ada.id, *(f"nobody {no}" for no in range(2, 7))], "id_ignore_missing": True}
    trigger_id = driver.trigger(broadcast_id, DATA, selector)["id"]
    processed(server, driver, broadcast_id, trigger_id)
    start, sentences = 0, []
    for _ in range(4):
        page = driver.read(f"/campaigns/{broadcast_id}/triggers/{trigger_id}/errors?start={start}&limit=2")
        assert len(page["errors"]) <= 2
        sentences += page["errors"]
        start = page["next"]
        if start == 0:
            break
    assert sentences == [f'line {no}: customer id "nobody {no}" not found' for no in range(2, 7)]
    assert start == 0
