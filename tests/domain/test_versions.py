# SPDX-License-Identifier: Apache-2.0
"""What differs between two states of a broadcast, and going back."""

from dataclasses import replace

from clarion.domain.broadcasts import (
    Action,
    Broadcast,
    BroadcastState,
    DoubtPolicy,
    EmailContent,
    Layout,
    Method,
    SendingState,
    Variant,
    WebhookCall,
)
from clarion.domain.goals import Goal, GoalKind
from clarion.domain.versions import Difference, differences, restored, snapshot


def action(number: int, subject: str = "") -> Action:
    content = EmailContent(subject=subject)
    return Action(number, 1, f"Mail {number}", "email", SendingState.AUTOMATIC, False, content, 5, 6)


BEFORE = Broadcast(
    1, 1, "Spring", BroadcastState.RUNNING, {}, DoubtPolicy.HOLD, 0, 0, None, actions=(action(1), action(2))
)


def found(after: Broadcast, before: Broadcast = BEFORE) -> list[tuple[str, object, object]]:
    return [(one.field, one.before, one.after) for one in differences(snapshot(before), snapshot(after))]


def test_nothing_that_editing_does_not_change_is_a_difference() -> None:
    assert found(BEFORE) == []
    assert found(replace(BEFORE, state=BroadcastState.STOPPED, archived=True, version=9, updated_ms=8)) == []
    touched = replace(BEFORE, actions=tuple(replace(one, updated_ms=77) for one in BEFORE.actions))
    assert found(touched) == []


def test_settings_are_named_as_the_api_names_them() -> None:
    goal = Goal(GoalKind.EVENT, event="buy")
    after = replace(BEFORE, name="Summer", recipients={"segment": {"id": 1}}, goal=goal, tags=("a",), topic_id=3)
    assert [field for field, *_ in found(after)] == ["name", "recipients", "goal", "topic_id", "tags"]
    assert found(after)[0] == ("name", "Spring", "Summer")
    assert found(after)[2][2] == {
        "kind": "event", "event": "buy", "property_name": "", "property_value": "", "segment_id": None,
        "window_days": 7, "counted_from": "sent",
    }  # fmt: skip


def test_messages_field_by_field_and_in_each_language() -> None:
    first, second = BEFORE.actions
    content = replace(
        first.content, subject="Hi", sender="a@x", layout=Layout(4, "Frame", "<html>"), headers=(("A", "1"),)
    )
    german = Variant("de", EmailContent(subject="Hallo"))
    after = replace(BEFORE, actions=(replace(first, content=content, variants=(german,)), second))
    told = {field: (was, now) for field, was, now in found(after)}
    assert told["actions/1/subject"] == ("", "Hi")
    assert told["actions/1/from"] == ("", "a@x")
    assert told["actions/1/layout_id"] == (None, 4)
    assert told["actions/1/headers"] == ([], [{"name": "A", "value": "1"}])
    assert told["actions/1/languages/de/subject"] == (None, "Hallo")
    assert not any(field.startswith("actions/2") for field in told)


def test_of_a_webhook_its_call_is_told() -> None:
    call = replace(action(3), kind="webhook", content=EmailContent(body="{}", webhook=WebhookCall("https://a.example")))
    before = replace(BEFORE, actions=(call,))
    put = replace(call, content=replace(call.content, body="[]", webhook=WebhookCall("https://b.example", Method.PUT)))
    assert found(replace(BEFORE, actions=(put,)), before) == [
        ("actions/3/url", "https://a.example", "https://b.example"),
        ("actions/3/method", "post", "put"),
        ("actions/3/body", "{}", "[]"),
    ]
    (added,) = found(before, replace(BEFORE, actions=()))
    assert isinstance(added[2], dict)
    assert "subject" not in added[2]


def test_the_order_and_what_was_added_or_removed() -> None:
    first, second = BEFORE.actions
    assert found(replace(BEFORE, actions=(second, first))) == [("actions", [1, 2], [2, 1])]
    (removed, added) = found(replace(BEFORE, actions=(second, action(3, subject="New"))))
    assert (removed[0], removed[2]) == ("actions/1", None)
    assert isinstance(added[2], dict)
    assert (added[0], added[1], added[2]["subject"]) == ("actions/3", None, "New")


def test_going_back_and_forth_leaves_no_difference_but_state_and_archive() -> None:
    first, _ = BEFORE.actions
    now = replace(BEFORE, name="Summer", archived=True, actions=(replace(first, name="Other", created_ms=9),))
    back = restored(now, snapshot(BEFORE))
    assert found(back) == []
    assert back.archived
    assert [(one.action_id, one.created_ms) for one in back.actions] == [(1, 9), (2, 0)]
    assert differences(snapshot(now), snapshot(restored(back, snapshot(now)))) == ()
    assert Difference("name", "Spring", "Summer") in differences(snapshot(BEFORE), snapshot(now))
