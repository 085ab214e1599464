# SPDX-License-Identifier: Apache-2.0
"""A trigger call that is only tried: whom it would reach, what is wrong with it, which limits stand in its way.

Reads only: no trigger, no account, no lock. What it says may be otherwise a moment later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clarion.domain import audience
from clarion.domain.broadcasts import Broadcast, EmailContent, SendingState
from clarion.domain.errors import Problem
from clarion.domain.people import Person
from clarion.domain.triggers import Selector, TriggerRequest
from clarion.pipeline import forecast
from clarion.pipeline.accept import Limits, gone, parse_condition
from clarion.pipeline.forecast import Forecast
from clarion.pipeline.naming import name_people
from clarion.rendering.email import variables
from clarion.rendering.layouts import wrapped
from clarion.rendering.skeleton import skeleton
from clarion.store import broadcasts, people, segments, snippets, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_SHOWN_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`reach`: of a filter, or of named people, each counted once; None where only a file knows.

    `errors`: lines that name nobody. `wait_seconds`: until the next trigger is taken; `waiting` of `queue`: unfinished
    ones. `wanted`: the data that the messages ask for, as an example; `missing`: names of it that the call does not
    bring. `first`: one of those reached, to show a message as.
    """

    problems: tuple[Problem, ...]
    reach: Forecast | None
    errors: tuple[str, ...]
    wait_seconds: int
    waiting: int
    queue: int
    wanted: dict[str, Any]
    missing: tuple[str, ...]
    first: Person | None


def texts_of(content: EmailContent, texts: dict[str, str]) -> list[str]:
    """Every template of a message, and the snippets."""
    if content.webhook is not None:
        return [content.webhook.url, content.body, *(value for _, value in content.headers), *texts.values()]
    if content.made_of_parts is not None:
        return [*content.parts.values(), *texts.values()]
    parts = (content.subject, content.preheader, content.plain, content.amp, content.sender, content.reply_to)
    more = (wrapped(content), content.recipient, content.cc, content.bcc, *(value for _, value in content.headers))
    return [*parts, *more, *texts.values()]


def wanted_data(broadcast: Broadcast, texts: dict[str, str]) -> dict[str, Any]:
    """The data that a broadcast's messages ask of a call, as an example."""
    paths: set[str] = set()
    sources: list[str] = []
    for action in broadcast.actions:
        if action.sending_state is SendingState.OFF:
            continue
        for content in action.contents:
            paths |= variables(content, snippets=texts)
            sources += texts_of(content, texts)
    return skeleton(paths, sources)


def rehearse(
    tx: Transaction,
    workspace: Workspace,
    broadcast: Broadcast,
    request: TriggerRequest,
    *,
    limits: Limits,
    seconds: float,
    clock: Callable[[], float],
) -> Rehearsal:
    """Try a checked call; `seconds` bound the counting."""
    problems: list[Problem] = []
    if not broadcast.active:
        problems.append(Problem("is not active: activate it before triggering it", "/broadcast"))
    known = {segment.segment_id for segment in segments.listing(tx, workspace)}
    for action in broadcast.actions:
        if action.sending_state is not SendingState.OFF:
            named = audience.segment_ids(parse_condition(action.condition))
            problems += [Problem(gone(action, one), "/broadcast") for one in sorted(named - known)]
    if request.scheduled_ms is not None and request.scheduled_ms <= tx.now_ms():
        problems.append(Problem("must be in the future", "/scheduled_at"))
    since_ms = broadcasts.since_last_trigger(tx, broadcast.broadcast_id)
    wait_ms = 0 if since_ms is None else max(0, limits.interval_ms - since_ms)
    waiting = triggers.waiting(tx, broadcast.broadcast_id)
    if waiting >= limits.queue:
        problems.append(
            Problem(f"{waiting} triggers of this broadcast are not finished yet: wait for one", "/broadcast")
        )
    reach, errors = _reach(tx, workspace, broadcast, request, problems, seconds, clock)
    texts = {snippet.name: snippet.value for snippet in snippets.listing(tx, workspace)}
    wanted = wanted_data(broadcast, texts)
    own = request.selector in {Selector.PER_USER_DATA, Selector.DATA_FILE}
    missing = () if own else tuple(name for name in wanted if name not in request.data)
    shown = people.by_numbers(tx, workspace, [reach.first]) if reach is not None and reach.first is not None else []
    first = shown[0] if shown else None
    return Rehearsal(
        tuple(problems), reach, errors, -(-wait_ms // 1_000), waiting, limits.queue, wanted, missing, first
    )


def _reach(
    tx: Transaction,
    workspace: Workspace,
    broadcast: Broadcast,
    request: TriggerRequest,
    problems: list[Problem],
    seconds: float,
    clock: Callable[[], float],
) -> tuple[Forecast | None, tuple[str, ...]]:
    if request.selector is Selector.DATA_FILE:
        return None, ()
    if request.selector in {Selector.DEFAULT, Selector.RECIPIENTS}:
        given = request.echo["recipients"] if request.echo and request.selector is Selector.RECIPIENTS else None
        condition = parse_condition(broadcast.recipients if given is None else given)
        for segment_id in sorted(audience.segment_ids(condition)):
            if segments.get(tx, workspace, segment_id) is None:
                problems.append(Problem(f"segment {segment_id} does not exist", "/recipients"))
                return None, ()
        terms = forecast.terms_of(tx, workspace, broadcast)
        return forecast.count(tx, workspace, condition, terms, seconds=seconds, clock=clock), ()
    lines = list(enumerate(request.entries, start=1))
    named = name_people(tx, workspace, lines, request.flags, first_entry=1)
    fatal = named.malformed + named.missing
    if fatal:
        problems.append(Problem(f"{fatal} of {len(lines)} entries do not name a person", f"/{request.selector.value}"))
    shown = tuple(error.sentence for error in named.errors[:_SHOWN_ERRORS])
    terms, numbers = forecast.terms_of(tx, workspace, broadcast), named.entries.person_id
    return forecast.count_named(tx, workspace, numbers, terms, seconds=seconds, clock=clock), shown
