# SPDX-License-Identifier: Apache-2.0
"""The demo's workspace: 10,000 generated people, three segments, a snippet, an active e-mail broadcast."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from clarion.api.clarion.session import DEMO_EMAIL
from clarion.domain.broadcasts import BroadcastState, EmailContent
from clarion.domain.people import Person
from clarion.domain.roles import Role
from clarion.store import access, broadcasts, people, segments, snippets, users
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers

PEOPLE = 10_000
KEYS = Keys(app_key="demo-app-key", manage_key="demo-manage-key", site_id="demo-site", track_key="demo-track-key")
TRIGGER_DATA: dict[str, Any] = {
    "headline": "The night bus runs again",
    "date": 1_796_040_000,
    "deals": [
        {"title": "Lisbon, two nights", "price": 149},
        {"title": "Gdańsk by the sea", "price": 89},
        {"title": "Kyoto in autumn", "price": 1_190},
    ],
}
_FIRST = (
    "Ada", "Björn", "Chloé", "Dmitri", "Elif", "Femi", "Grace", "Hiro", "Inès", "Jürgen", "Kofi", "Léa", "Mei", "Noor",
    "Óscar", "Priya", "Quinn", "Rosa", "Søren", "Tomás", "Uma", "Vera", "Wanjiru", "Xavier", "Yuki", "Zoë",
)  # fmt: skip
_LAST = (
    "Abara", "Bauer", "Castro", "Duval", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jensen", "Kowalski",
    "Lindqvist", "Moreau", "Nakamura", "O'Brien", "Petrov", "Quiroga", "Rossi", "Şahin", "Tanaka", "Ueda", "Vogel",
)  # fmt: skip
_CITIES = ("Lisbon", "Kyoto", "Gdańsk", "Nairobi", "Montréal", "São Paulo", "Oslo")
_UNUSABLE = "-"  # no password has this hash: the owner signs in by one click
_PLANS = ("free", "free", "free", "plus", "plus", "premium")

_SNIPPET = (
    '<p style="color:#667">You get this because you asked us to write to {{ customer.email }}. '
    '<a href="{% unsubscribe_url %}">Unsubscribe</a> · <a href="{% view_in_browser_url %}">View in browser</a></p>'
)
_SUBJECT = "{{ customer.first_name }}, {{ trigger.headline | downcase }}"
_BODY = """<html><body style="font-family:sans-serif;max-width:36em;margin:auto">
<h1>{{ trigger.headline }}</h1>
<p>Dear {{ customer.first_name | default: "friend" }} {{ customer.last_name }},</p>
<p>on {{ trigger.date | date: "%-d %B %Y" }} the night bus starts again from {{ customer.city }}.</p>
{% if customer.plan == "premium" %}<p><strong>First class for you: {{ customer.plan | upcase }}!</strong></p>
{% elsif customer.plan == "plus" %}<p>With your plus plan the first ride is on us.</p>
{% else %}<p>You have {{ customer.points | plus: 0 | format_number }} points to spend.</p>{% endif %}
<ul>{% for deal in trigger.deals %}
<li>{{ forloop.index }}. {{ deal.title }} for {{ deal.price | currency }}</li>{% endfor %}
</ul>
{{ snippets.footer }}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """What was made."""

    workspace: Workspace
    broadcast_id: int
    segment_ids: tuple[int, ...]


def create(store: Store) -> Demo:
    """Make the demo's workspace, or find the one an earlier demo made in this database."""
    found = store.read(lambda tx: access.by_app_key(tx, KEYS.app_key))
    if found is not None:
        return store.read(lambda tx: _existing(tx, found.workspace))
    workspace = store.write(lambda tx: access.create_workspace(tx, "demo", "id_email", KEYS))
    numbers = PersonNumbers(store).take(workspace.workspace_id, PEOPLE)
    crowd = [_person(number, index) for index, number in enumerate(numbers, start=1)]
    for start in range(0, PEOPLE, 2_000):
        store.write(partial(people.insert, workspace=workspace, people=crowd[start : start + 2_000]))
    return store.write(lambda tx: _furnish(tx, workspace, crowd))


def _existing(tx: Transaction, workspace: Workspace) -> Demo:
    return Demo(
        workspace,
        broadcasts.listing(tx, workspace)[-1].broadcast_id,
        tuple(segment.segment_id for segment in segments.listing(tx, workspace)),
    )


def _person(number: int, index: int) -> Person:
    first, last = _FIRST[index % len(_FIRST)], _LAST[index * 7 % len(_LAST)]
    return Person(
        person_id=number,
        id=f"person-{index}",
        email=f"person-{index}@example.com",
        attributes={
            "first_name": first,
            "last_name": last,
            "city": _CITIES[index % len(_CITIES)],
            "plan": _PLANS[index % len(_PLANS)],
            "points": index * 13 % 25_000,
            "likes_trains": index % 3 == 0,
            "created_at": 1_700_000_000 + index * 60,
        },
        changed={},
        created_ms=0,
    )


def _furnish(tx: Transaction, workspace: Workspace, crowd: list[Person]) -> Demo:
    groups: tuple[tuple[str, str, Callable[[Person], bool]], ...] = (
        ("Premium", "People on the premium plan", lambda p: bool(p.attributes["plan"] == "premium")),
        ("Likes trains", "People who like trains", lambda p: bool(p.attributes["likes_trains"])),
        ("Kyoto", "People who live in Kyoto", lambda p: bool(p.attributes["city"] == "Kyoto")),
    )
    made = []
    for name, description, belongs in groups:
        segment = segments.create(tx, workspace, name, description)
        segments.add(tx, segment.segment_id, [person.person_id for person in crowd if belongs(person)])
        made.append(segment.segment_id)
    snippets.save(tx, workspace, "footer", _SNIPPET)
    broadcast = broadcasts.create(tx, workspace, "Night bus", recipients={}, tags=("demo",))
    content = EmailContent(
        subject=_SUBJECT,
        body=_BODY,
        sender="The night bus <hello@nightbus.example>",
        preheader="From {{ customer.city }} and back",
    )
    broadcasts.add_action(tx, broadcast, "Announcement", content)
    broadcasts.set_state(tx, broadcast.broadcast_id, BroadcastState.RUNNING)
    owner = users.create(tx, DEMO_EMAIL, "Demo", _UNUSABLE)
    users.put_member(tx, workspace.workspace_id, owner, (Role.OWNER,))
    return Demo(workspace, broadcast.broadcast_id, tuple(made))


def facts(demo: Demo, url: str) -> dict[str, Any]:
    """What a program needs to drive the demo."""
    return {
        "url": url,
        "app_key": KEYS.app_key,
        "manage_key": KEYS.manage_key,
        "site_id": KEYS.site_id,
        "track_key": KEYS.track_key,
        "broadcast_id": demo.broadcast_id,
        "segment_ids": list(demo.segment_ids),
        "outbox_url": f"{url}/api/clarion/v1/outbox",
    }


def announcement(facts: dict[str, Any]) -> list[str]:
    """What a person needs, from what a program gets."""
    url = facts["url"]
    data = msgspec.json.encode({"data": TRIGGER_DATA}).decode()
    segment_ids = ", ".join(map(str, facts["segment_ids"]))
    return [
        f"Clarion demo: {url}",
        f"  {PEOPLE:,} people, segments {segment_ids}, broadcast {facts['broadcast_id']} (active)",
        "  mail is captured, nothing leaves this machine",
        f"  the page        {url}/ (one click signs you in)",
        f"  an app's page   {url}/demo/in-app (in-app messages, as person-1)",
        f"  App API key     {facts['app_key']}",
        f"  management key  {facts['manage_key']}",
        f"  Track site id   {facts['site_id']}",
        f"  Track API key   {facts['track_key']}",
        f"  captured mail   {facts['outbox_url']}",
        "Trigger it:",
        f"  curl -X POST {url}/v1/campaigns/{facts['broadcast_id']}/triggers \\",
        f"    -H 'Authorization: Bearer {facts['app_key']}' -H 'Content-Type: application/json' \\",
        f"    -d '{data}'",
    ]
