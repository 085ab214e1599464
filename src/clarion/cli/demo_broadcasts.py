# SPDX-License-Identifier: Apache-2.0
"""More for the demo, made through the API: broadcasts sent and read, with drafts, unfinished; a data-driven segment."""

import base64
import time
from collections.abc import Callable
from typing import Any, Protocol

_ROOT = "/api/clarion/v1"
_PAUSE_SECONDS = 0.25
_PATIENCE_SECONDS = 60
_READ, _CLICKED, _BOOKED = 90, 25, 8  # of the first hundred
_FROM = "The night bus <hello@nightbus.example>"
_LINK = "https://nightbus.example/points"

POINTS: dict[str, Any] = {
    "name": "Double points week",
    "tags": ["points"],
    "goal": {"kind": "event", "event": "ride_booked", "window_days": 14},
    "actions": [
        {
            "name": "Announcement",
            "from": _FROM,
            "subject": "Double points until {{ trigger.until | date: '%-d %B' }}",
            "preheader": "You have {{ customer.points | plus: 0 | format_number }} so far",
            "body": (
                '<p>Dear {{ customer.first_name | default: "friend" }},</p>\n'
                "<p>each ride until {{ trigger.until | date: '%-d %B' }} counts twice.</p>\n"
                f'<p><a href="{_LINK}">See what your points are worth</a></p>\n'
                "{{ snippets.footer }}\n"
            ),
        }
    ],
}
_BETTER_SUBJECT = "{{ customer.first_name | default: 'Hello' }}, your points count double"
THANKS: dict[str, Any] = {
    "name": "Thank-you notes",
    "tags": ["personal"],
    "actions": [
        {
            "name": "Note",
            "from": _FROM,
            "sending_state": "draft",
            "subject": "Thank you, {{ customer.first_name | default: 'friend' }}",
            "body": (
                '<p>Dear {{ customer.first_name | default: "friend" }} {{ customer.last_name }},</p>\n'
                "<p>{{ trigger.rides }} rides from {{ customer.city }} this year: "
                "somebody looks at each of these notes before it goes out.</p>\n"
                "{{ snippets.footer }}\n"
            ),
        }
    ],
}
TIMETABLE: dict[str, Any] = {
    "name": "Winter timetable",
    "actions": [
        {
            "name": "Timetable",
            "from": _FROM,
            "subject": "From {{ trigger.first_day }} on: the winter timetable",
            "body": (
                "<p>Dear {{ customer.first_name }},</p>\n"
                '{% if customer.city == "Oslo" %}\n<p>the last bus leaves at half past two.</p>\n'
                "{{ snippets.footer }}\n"  # the `if` has no end: that is what its review is to find
            ),
        },
        {"name": "Reminder", "from": "", "subject": "", "body": "<p>To be written</p>", "sending_state": "off"},
    ],
}

BOOKED = {"name": "Booked a ride lately", "description": "Data-driven: people come and go by what they do"}

IN_THE_APP: tuple[dict[str, Any], ...] = (
    {
        "kind": "in_app",
        "title": "New night lines",
        "page_rule": "/demo/*",
        "body": f'<p>From Friday on, {{{{ customer.first_name }}}}. <a href="{_LINK}">Where they go</a></p>',
    },
    {
        "kind": "inbox_message",
        "type": "news",
        "topic": "lines",
        "properties": '{"title": "Your points count double", "link": "' + _LINK + '"}',
    },
)


class Calls(Protocol):
    """How the API is called: method, path, the name of a key among the facts or a whole Authorization, body."""

    def __call__(self, method: str, path: str, key: str, body: object = None) -> Any:
        """The decoded answer."""


def fill(call: Calls, facts: dict[str, Any], pause: Callable[[float], None] = time.sleep) -> None:
    """Make them, unless an earlier demo did."""
    found = call("GET", f"{_ROOT}/broadcasts?archived=true", "manage_key")["broadcasts"]
    if any(one["name"] == POINTS["name"] for one in found):
        return
    premium, trains, kyoto, *_ = facts["segment_ids"]
    _make(call, {**TIMETABLE, "recipients": {"and": [_in(trains), {"not": _in(kyoto)}]}})
    thanks = _make(call, {**THANKS, "recipients": {"and": [_in(premium), _in(trains)]}})
    call("POST", f"{_ROOT}/broadcasts/{thanks['id']}/activate", "manage_key")
    people = {"ids": [f"person-{number}" for number in range(1, 13)], "data": {"rides": 40}}
    call("POST", f"/v1/campaigns/{thanks['id']}/triggers", "app_key", people)

    points = _make(call, {**POINTS, "recipients": _in(premium)})
    path = f"{_ROOT}/broadcasts/{points['id']}"
    call("POST", f"{path}/activate", "manage_key")
    data = {"data": {"until": 1_796_644_800}}
    trigger = call("POST", f"/v1/campaigns/{points['id']}/triggers", "app_key", data)["id"]
    _wait(call, trigger, pause)
    _people_read(call, trigger, facts)
    call("POST", f"{_ROOT}/segments", "manage_key", {**BOOKED, "conditions": _booked(premium)})
    better = {"subject": _BETTER_SUBJECT}
    call("PATCH", f"{path}/actions/{points['actions'][0]['id']}", "manage_key", better)
    for action in IN_THE_APP:
        name = f"demo-{action['kind']}"
        made = _make(call, {"name": name, "kind": "transactional", "trigger_name": name, "actions": [action]})
        call("POST", f"{_ROOT}/broadcasts/{made['id']}/activate", "manage_key")
        asked = {"transactional_message_id": name, "identifiers": {"id": "person-1"}}
        call("POST", f"/v1/send/{action['kind']}", "app_key", asked)


def _booked(premium: int) -> dict[str, Any]:
    """Who answered, and had reasons to."""
    ride = {"event": {"name": POINTS["goal"]["event"], "within": {"days": 30}}}
    many = {"attribute": {"field": "points", "operator": "gte", "value": 1_000}}
    return {"and": [ride, {"or": [_in(premium), many]}]}


def _in(segment_id: int) -> dict[str, Any]:
    return {"segment": {"id": segment_id}}


def _make(call: Calls, body: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = call("POST", f"{_ROOT}/broadcasts", "manage_key", body)["broadcast"]
    return made


def _wait(call: Calls, trigger_id: int, pause: Callable[[float], None]) -> None:
    """Until it is done; a demo that is slow goes on without."""
    for _ in range(int(_PATIENCE_SECONDS / _PAUSE_SECONDS)):
        if call("GET", f"{_ROOT}/triggers/{trigger_id}", "manage_key")["trigger"]["state"] == "done":
            return
        pause(_PAUSE_SECONDS)


def _people_read(call: Calls, trigger_id: int, facts: dict[str, Any]) -> None:
    """Some open it, some of them click, and some of those do what it was sent for."""
    pair = base64.b64encode(f"{facts['site_id']}:{facts['track_key']}".encode()).decode()
    sent = call("GET", f"{_ROOT}/triggers/{trigger_id}/deliveries?state=sent&limit=100", "manage_key")["deliveries"]
    for place, one in enumerate(sent):
        if place < _READ:
            call("POST", "/api/v1/metrics", f"Basic {pair}", {"delivery_id": one["id"], "metric": "opened"})
        if place < _CLICKED:
            body = {"delivery_id": one["id"], "metric": "clicked", "href": _LINK}
            call("POST", "/api/v1/metrics", f"Basic {pair}", body)
        if place < _BOOKED:
            event = {"name": POINTS["goal"]["event"], "data": {"fare": 12 + place}}
            call("POST", f"/api/v1/customers/{one['person']['id']}/events", f"Basic {pair}", event)
