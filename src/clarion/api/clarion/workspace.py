# SPDX-License-Identifier: Apache-2.0
"""The workspace that a key belongs to: its name, what identifies people in it, what stops its triggers, and how
many messages somebody gets."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.edits import MAX_NAME_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.reference import workspace as reference
from clarion.domain import breakers, limits, url_params
from clarion.domain.errors import Conflict, InvalidRequest, NotFound, Problem
from clarion.domain.roles import Need
from clarion.rendering.environment import inspect
from clarion.store import access, mail_defaults, people
from clarion.store import breakers as kept_breakers
from clarion.store import limits as kept_limits
from clarion.store import url_params as kept_params
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_IDENTIFIERS = ("id_email", "id")


def _shape(tx: Transaction, workspace: Workspace) -> dict[str, Any]:
    return {
        "id": workspace.workspace_id,
        "name": workspace.name,
        "identifiers": workspace.identifiers,
        "circuit_breaker": breakers.shape(kept_breakers.of_workspace(tx, workspace.workspace_id)),
        "message_limit": limits.shape(kept_limits.of_workspace(tx, workspace.workspace_id)),
        "inline_css": mail_defaults.inlines_css(tx, workspace.workspace_id),
        "url_parameters": url_params.shape(kept_params.of_workspace(tx, workspace.workspace_id)),
    }


def _load(tx: Transaction, call: Call) -> Workspace:
    found = access.workspace(tx, call.workspace.workspace_id)
    if found is None:
        raise NotFound
    return found


def _url_params(value: object) -> url_params.Params:
    """URL parameters whose values are right. Raises InvalidRequest."""
    params = url_params.parse(value, "/url_parameters")
    wrong = [
        Problem(found[0].message, f"/url_parameters/{no}/value")
        for no, (_, text) in enumerate(params)
        if (found := inspect(text, "value")[0])
    ]
    if wrong:
        raise InvalidRequest(wrong[0].detail, wrong[0].pointer, more=tuple(wrong[1:]))
    return params


async def get_workspace(call: Call) -> Response:
    """`GET /workspace`."""
    return answer({"workspace": await call.api.read(lambda tx: _shape(tx, _load(tx, call)))})


async def edit_workspace(call: Call) -> Response:
    """`PATCH /workspace`; what identifies people can be changed while there are none."""
    body = await call.json_object()

    def work(tx: Transaction) -> dict[str, Any]:
        before = _load(tx, call)
        fields = Fields(body)
        fields.only(("name", "identifiers", "circuit_breaker", "message_limit", "url_parameters", "inline_css"))
        name = fields.text("name", before.name, MAX_NAME_BYTES, blank=False)
        identifiers = body.get("identifiers", before.identifiers)
        if identifiers not in _IDENTIFIERS:
            fields.fault(f"must be one of {', '.join(_IDENTIFIERS)}", "identifiers")
        inline_css = fields.flag("inline_css", before=mail_defaults.inlines_css(tx, before.workspace_id))
        fields.refuse()
        mail_defaults.put_inlines_css(tx, before.workspace_id, inline_css=inline_css)
        if "circuit_breaker" in body:
            kept_breakers.put(tx, before.workspace_id, breakers.parse(body["circuit_breaker"]))
        if "message_limit" in body:
            kept_limits.put(tx, before.workspace_id, limits.parse(body["message_limit"]))
        if "url_parameters" in body:
            kept_params.put(tx, before.workspace_id, _url_params(body["url_parameters"]))
        if identifiers != before.identifiers and people.last_person(tx, before):
            raise Conflict("can not be changed: there are people in this workspace", "/identifiers")
        after = replace(before, name=name, identifiers=identifiers)
        access.update_workspace(tx, after)
        return _shape(tx, after)

    shown = await call.api.write(work)
    call.api.known_keys.forget()
    return answer({"workspace": shown})


_PATH = "/api/clarion/v1/workspace"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _PATH,
        get_workspace,
        "manage",
        "app",
        "The workspace of this key",
        reference=reference.WORKSPACE,
    ),
    Endpoint(
        "PATCH",
        _PATH,
        edit_workspace,
        "manage",
        "app",
        "Change its name, what identifies people, or what stops its triggers",
        reference=reference.EDIT_WORKSPACE,
        needs=Need.OWN,
    ),
)
