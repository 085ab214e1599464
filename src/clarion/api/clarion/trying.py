# SPDX-License-Identifier: Apache-2.0
"""Before a broadcast is triggered: trying the call, the data that it needs; and who else has it open."""

import time
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.audiences import reach_shape
from clarion.api.clarion.storing import load
from clarion.api.reference import trying as told
from clarion.domain.broadcasts import Broadcast
from clarion.domain.errors import InvalidRequest, Problem
from clarion.domain.roles import Need
from clarion.domain.triggers import MAX_BODY_BYTES, parse
from clarion.pipeline.accept import Limits
from clarion.pipeline.rehearsal import Rehearsal, rehearse, wanted_data
from clarion.store import broadcasts, snippets
from clarion.store.engine import Transaction

_COUNT_SECONDS = 1.5


def _problem(problem: Problem) -> dict[str, str]:
    return {"field": problem.pointer, "message": problem.detail}


async def check(call: Call) -> Response:
    """`POST /broadcasts/{id}/trigger_check`: the body of a trigger call, tried; what is wrong is in the answer."""
    broadcast_id = call.number("broadcast_id")
    body = await call.json_object(MAX_BODY_BYTES)
    options = call.api.options
    limits = Limits(int(options.trigger_interval_seconds * 1_000), options.trigger_queue)
    wrong: tuple[Problem, ...] = ()
    try:
        request = parse(body)
    except InvalidRequest as error:
        request, wrong = parse({}), error.problems

    def work(tx: Transaction) -> tuple[Rehearsal, Broadcast]:
        broadcast = load(tx, call.workspace, broadcast_id)
        found = rehearse(
            tx, call.workspace, broadcast, request, limits=limits, seconds=_COUNT_SECONDS, clock=time.monotonic
        )
        return found, broadcast

    async with call.api.searches:
        found, broadcast = await call.api.read(work)
    reach = None if wrong or found.reach is None else found.reach
    problems = [*wrong, *found.problems]
    return answer(
        {
            "ready": not problems and not found.wait_seconds,
            "problems": [_problem(problem) for problem in problems],
            "reach": None if reach is None else reach_shape(reach, broadcast.actions),
            "first": None if reach is None or found.first is None else found.first.identifiers,
            "errors": list(found.errors),
            "limits": {"wait_seconds": found.wait_seconds, "unfinished": found.waiting, "queue": found.queue},
            "data": {"wanted": found.wanted, "missing": list(found.missing)},
        }
    )


async def sample_data(call: Call) -> Response:
    """`GET /broadcasts/{id}/sample_data`: an example of what its messages ask for, and what earlier calls brought."""
    broadcast_id = call.number("broadcast_id")

    def work(tx: Transaction) -> dict[str, Any]:
        broadcast = load(tx, call.workspace, broadcast_id)
        texts = {snippet.name: snippet.value for snippet in snippets.listing(tx, call.workspace)}
        return {
            "wanted": wanted_data(broadcast, texts),
            "earlier": [
                {"trigger_id": trigger_id, "created_at": created_ms // 1_000, "data": data}
                for trigger_id, created_ms, data in broadcasts.recent_data(tx, broadcast_id)
            ],
        }

    return answer(await call.api.read(work))


async def editing(call: Call) -> Response:
    """`POST /broadcasts/{id}/editing`: says that one has it open, for half a minute; answers who else does."""
    broadcast_id = call.number("broadcast_id")

    def work(tx: Transaction) -> dict[str, Any]:
        broadcast = load(tx, call.workspace, broadcast_id)
        others = broadcasts.note_editor(tx, broadcast_id, call.user_id, call.by)
        return {
            "others": [{"name": name, "seen_at": seen_ms // 1_000} for name, seen_ms in others],
            "version": broadcast.version,
            "changed_by": broadcast.changed_by,
        }

    return answer(await call.api.write(work))


_ONE = "/api/clarion/v1/broadcasts/{broadcast_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{_ONE}/trigger_check",
        check,
        "manage",
        "app",
        "Try a trigger call: nothing is sent",
        reference=told.CHECK,
        needs=Need.READ,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/sample_data",
        sample_data,
        "manage",
        "app",
        "The data that a broadcast's messages ask for",
        reference=told.SAMPLE_DATA,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/editing",
        editing,
        "manage",
        "app",
        "Say that one has a broadcast open",
        reference=told.EDITING,
        needs=Need.READ,
    ),
)
