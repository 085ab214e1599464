# SPDX-License-Identifier: Apache-2.0
"""Subscription topics: make, change and remove them; the App API reads them (contract §7.10)."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.edits import MAX_NAME_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.clarion.languages import is_tag
from clarion.api.reference import subscriptions as reference
from clarion.domain.errors import Conflict, NotFound
from clarion.domain.topics import Topic, TopicText
from clarion.store import broadcasts, topics
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_KEYS = ("name", "description", "subscribed_by_default", "translations")
_MAX_DESCRIPTION_BYTES = 1_000
_MAX_LANGUAGES = 100
_NEW = Topic(0, "")


def shape(topic: Topic) -> dict[str, Any]:
    """A topic as contract §7.10 shows it, and its translations."""
    return {
        "id": topic.topic_id,
        "identifier": topic.identifier,
        "name": topic.name,
        "description": topic.description,
        "subscribed_by_default": topic.subscribed_by_default,
        "translations": {language: asdict(told) for language, told in topic.translations.items()},
    }


def _edited(before: Topic, body: Mapping[str, Any]) -> Topic:
    fields = Fields(body)
    fields.only(_KEYS)
    after = replace(
        before,
        name=fields.text("name", before.name, MAX_NAME_BYTES, blank=False),
        description=fields.text("description", before.description, _MAX_DESCRIPTION_BYTES),
        subscribed_by_default=fields.flag("subscribed_by_default", before=before.subscribed_by_default),
        translations=_translations(fields, before.translations),
    )
    fields.refuse()
    return after


def _translations(fields: Fields, before: dict[str, TopicText]) -> dict[str, TopicText]:
    if "translations" not in fields.value:
        return before
    value = fields.below(fields.value["translations"], "translations").value
    if len(value) > _MAX_LANGUAGES:
        fields.fault(f"has more than {_MAX_LANGUAGES} languages", "translations")
        return before
    found = {}
    for language, told in value.items():
        if not is_tag(language):
            fields.fault("is not a language tag", f"translations/{language[:30]}")
            continue
        inner = fields.below(told, f"translations/{language}")
        inner.only(("name", "description"))
        name = inner.text("name", "", MAX_NAME_BYTES, blank=False)
        found[language] = TopicText(name, inner.text("description", "", _MAX_DESCRIPTION_BYTES))
    return found


def _find(tx: Transaction, workspace: Workspace, topic_id: int) -> Topic:
    found = topics.get(tx, workspace, topic_id)
    if found is None:
        raise NotFound
    return found


async def create(call: Call) -> Response:
    """`POST /subscription_topics`."""
    wanted = _edited(_NEW, await call.json_object())

    def work(tx: Transaction) -> Topic:
        return _find(tx, call.workspace, topics.create(tx, call.workspace, wanted))

    return answer({"topic": shape(await call.api.write(work))}, 201)


async def edit(call: Call) -> Response:
    """`PATCH /subscription_topics/{topic_id}`; triggers that were accepted before keep what they had."""
    topic_id, body = call.number("topic_id"), await call.json_object()

    def work(tx: Transaction) -> Topic:
        topics.update(tx, call.workspace, _edited(_find(tx, call.workspace, topic_id), body))
        return _find(tx, call.workspace, topic_id)

    return answer({"topic": shape(await call.api.write(work))})


async def delete(call: Call) -> Response:
    """`DELETE /subscription_topics/{topic_id}`; one that a broadcast has, or an action, stays."""
    topic_id = call.number("topic_id")

    def work(tx: Transaction) -> None:
        _find(tx, call.workspace, topic_id)
        found = broadcasts.listing(tx, call.workspace, None)
        named = ((one, {one.topic_id, *(action.topic_id for action in one.actions)}) for one in found)
        used = ", ".join(str(one.broadcast_id) for one, numbers in named if topic_id in numbers)
        if used:
            raise Conflict(f"the topic is that of {used}: take it from these first")
        topics.delete(tx, call.workspace, topic_id)

    await call.api.write(work)
    return nothing()


_ALL = "/api/clarion/v1/subscription_topics"
_ONE = f"{_ALL}/{{topic_id}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("POST", _ALL, create, "manage", "app", "Make a topic", reference=reference.CREATE_TOPIC),
    Endpoint("PATCH", _ONE, edit, "manage", "app", "Change a topic", reference=reference.EDIT_TOPIC),
    Endpoint("DELETE", _ONE, delete, "manage", "app", "Remove one that no broadcast has", reference=reference.DELETED),
)
