# SPDX-License-Identifier: Apache-2.0
"""A message in several languages: make, change and remove a variant (contract §5.2, §12.2)."""

import re
from dataclasses import replace

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.edits import check_version, edited_content
from clarion.api.clarion.shapes import content_shape
from clarion.api.clarion.storing import load, one_of, store_edit
from clarion.api.reference import subscriptions as reference
from clarion.domain.broadcasts import Action, Broadcast, Variant
from clarion.domain.errors import InvalidRequest, NotFound

_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_LIMIT = 2_500_000  # bytes of a body
MAX_LANGUAGES = 50


def is_tag(language: str) -> bool:
    """Whether a text looks like a language tag (RFC 5646 §2.1), such as ``pt-BR``."""
    return len(language) <= 35 and _TAG.fullmatch(language) is not None


def with_content(before: Broadcast, action: Action) -> Broadcast:
    """The broadcast with a changed action in the place of the old one."""
    actions = tuple(action if one.action_id == action.action_id else one for one in before.actions)
    return replace(before, actions=actions)


async def put(call: Call) -> Response:
    """`PUT /broadcasts/{id}/actions/{action_id}/languages/{language}`: a new one begins as a copy of the default."""
    language, body = call.text("language"), await call.json_object(_LIMIT)
    action_id = call.number("action_id")
    version = {"version": body.pop("version", None)}
    if not is_tag(language):
        raise InvalidRequest("is not a language tag such as de or pt-BR", "/language")

    def change(before: Broadcast) -> Broadcast:
        check_version(before, version)
        action = one_of(before, action_id)
        if action.kind == "webhook":
            raise InvalidRequest("a webhook has no languages: write it once", "/language")
        content = action.in_language(language)
        others = tuple(one for one in action.variants if one.language.lower() != language.lower())
        if content is None and len(others) >= MAX_LANGUAGES:
            raise InvalidRequest(f"a message has at most {MAX_LANGUAGES} languages", "/language")
        variant = Variant(language, edited_content(content or action.content, body))
        return with_content(before, replace(action, variants=(*others, variant)))

    after = await store_edit(call, change)
    content = next(one for one in after.actions if one.action_id == action_id).in_language(language)
    if content is None:
        raise NotFound
    return answer({"content": {"language": language, **content_shape(content)}, "version": after.version})


async def get(call: Call) -> Response:
    """`GET /broadcasts/{id}/actions/{action_id}/languages/{language}`."""
    language, action_id = call.text("language"), call.number("action_id")
    broadcast_id = call.number("broadcast_id")
    broadcast = await call.api.read(lambda tx: load(tx, call.workspace, broadcast_id))
    found = one_of(broadcast, action_id).in_language(language)
    if found is None or not language:
        raise NotFound
    return answer({"content": {"language": language, **content_shape(found)}})


async def delete(call: Call) -> Response:
    """`DELETE /broadcasts/{id}/actions/{action_id}/languages/{language}`."""
    language, action_id = call.text("language"), call.number("action_id")

    def change(before: Broadcast) -> Broadcast:
        action = one_of(before, action_id)
        others = tuple(one for one in action.variants if one.language.lower() != language.lower())
        if len(others) == len(action.variants):
            raise NotFound
        return with_content(before, replace(action, variants=others))

    await store_edit(call, change)
    return nothing()


_ONE = "/api/clarion/v1/broadcasts/{broadcast_id}/actions/{action_id}/languages/{language}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", _ONE, get, "manage", "app", "A message in a language", reference=reference.GET_LANGUAGE),
    Endpoint("PUT", _ONE, put, "manage", "app", "Write a message in a language", reference=reference.PUT_LANGUAGE),
    Endpoint("DELETE", _ONE, delete, "manage", "app", "Remove a language", reference=reference.DELETED),
)
