# SPDX-License-Identifier: Apache-2.0
"""Metrics of broadcasts, actions and triggers over time, from counters (contract §6, §3.2, §7.12)."""

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.responses import Response

from clarion.api.app.broadcasts import named
from clarion.api.app.messages import TYPES
from clarion.api.calls import Call, Endpoint, Handler, answer
from clarion.api.reference.metrics import JOURNEYS, LINKS, METRICS, OF_A_TRIGGER
from clarion.api.schemas import Reference
from clarion.domain.broadcasts import Action, Broadcast, BroadcastKind
from clarion.domain.channels import TYPE_OF
from clarion.domain.deliveries import Reason
from clarion.domain.errors import MalformedRequest, NotFound
from clarion.domain.metrics import SERIES, Metric, metrics_of
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.domain.series import EST, HOUR_MS, MOST_STEPS, PERIODS, Period, edges, edges_between, steps_of
from clarion.store import broadcasts, ledger, links, metrics, triggers
from clarion.store.engine import Transaction

_RES: dict[str, Period] = {
    "hourly": "hours",
    "daily": "days",
    "weekly": "weeks",
    "monthly": "months",
    **{period: period for period in PERIODS},
}
_CLICKS = ("clicked", "human_clicked", "machine_clicked")
_HOUR_SECONDS = HOUR_MS // 1_000
_LATEST = 2**35  # Unix seconds, the year 3058


def _broadcast(tx: Transaction, call: Call) -> tuple[Broadcast, int]:
    """The broadcast, and the action that the path names, or 0."""
    if "transactional_id" in call.request.path_params:
        number, kind = call.number("transactional_id"), BroadcastKind.TRANSACTIONAL
    else:
        number, kind = call.number("broadcast_id"), BroadcastKind.BROADCAST
    found = broadcasts.get(tx, call.workspace, number, kind)
    if found is None:
        raise NotFound
    if "action_id" not in call.request.path_params:
        return found, 0
    return found, named(tx, call, found)[0].action_id


def _edges(call: Call, now_ms: int, *, of_journeys: bool = False) -> list[int]:
    """Where the steps that the query asks for begin, and the end of the last. Journeys take version 2's words alone.

    Raises:
        MalformedRequest: naming the parameter that is wrong.
    """
    zone = _zone(call.query("tz"))
    period = call.query("period", "days")
    if period not in PERIODS:
        raise MalformedRequest(f"must be one of {', '.join(PERIODS)}", "/period")
    steps = call.query_number("steps", -1)
    start = call.query_number("start", 0, high=_LATEST)
    end = call.query_number("end", now_ms // 1_000, high=_LATEST)
    res = call.query("res", "daily")
    if res not in _RES:
        raise MalformedRequest(f"must be one of {', '.join(_RES)}", "/res")
    if call.query("version", "1") not in ("1", "2"):
        raise MalformedRequest("must be 1 or 2", "/version")
    if call.query("version") == "2" or (of_journeys and any(map(call.query, ("start", "end", "res")))):
        if start > end:
            raise MalformedRequest("must not be before start", "/end")
        return edges_between(_RES[res], start // _HOUR_SECONDS, end // _HOUR_SECONDS, MOST_STEPS[_RES[res]], zone)
    return edges(period, steps_of(period, None if steps < 0 else steps), now_ms, zone)


def _zone(name: str) -> tzinfo:
    if not name:
        return EST
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MalformedRequest("is not a time zone", "/tz") from None


def _of_type(call: Call, broadcast: Broadcast, action_id: int) -> tuple[int, ...]:
    """The actions to count: (0,) for all of them."""
    kind = call.query("type")
    if kind and kind not in TYPES:
        raise MalformedRequest(f"must be one of {', '.join(sorted(TYPES))}", "/type")
    if not kind:
        return (action_id,)
    return tuple(
        action.action_id
        for action in broadcast.actions
        if TYPE_OF[action.kind] == kind and action_id in (0, action.action_id)
    )


def _sums(tx: Transaction, broadcast_id: int, actions: Sequence[int], edges_: Sequence[int]) -> dict[str, list[int]]:
    whole = {name: [0] * (len(edges_) - 1) for name in SERIES}
    for action_id in actions:
        for name, numbers in metrics.series(tx, broadcast_id, action_id, edges_).items():
            whole[name] = [one + other for one, other in zip(whole[name], numbers, strict=True)]
    return whole


async def series(call: Call) -> Response:
    """`GET …/metrics` of a broadcast or an action."""

    def read(tx: Transaction) -> dict[str, Any]:
        found, action_id = _broadcast(tx, call)
        steps, wanted = _edges(call, tx.now_ms()), _of_type(call, found, action_id)
        sums = _sums(tx, found.broadcast_id, wanted, steps)
        if wanted != (action_id,) or not action_id:
            return {"series": sums}
        action, language, number = named(tx, call, found)
        variants = _by_language(tx, action, sums, steps)
        if language:
            return {"series": variants[str(number)]["series"]}
        return {"series": sums, "language_variants": variants} if variants else {"series": sums}

    return answer({"metric": await call.api.read(read)})


def _by_language(
    tx: Transaction, action: Action, whole: dict[str, list[int]], edges_: Sequence[int]
) -> dict[str, dict[str, Any]]:
    """Number of a language → its series: of those that an action has, and had in these steps; {} for one language.

    The default has what the others leave: what was never made counts there too.
    """
    counted, numbers = metrics.by_language(tx, action.action_id, edges_), {}
    shown = {one.language.lower(): one.language for one in action.variants}
    if shown or counted:
        numbers = broadcasts.language_numbers(tx, action.action_id)
    steps = len(edges_) - 1
    rest = {name: list(sums) for name, sums in whole.items()}
    found: dict[str, dict[str, Any]] = {}
    for tag, number in sorted(numbers.items()):
        if tag not in shown and tag not in counted:
            continue
        of_tag = {name: counted.get(tag, {}).get(name, [0] * steps) for name in SERIES}
        for name, sums in of_tag.items():
            rest[name] = [one - other for one, other in zip(rest[name], sums, strict=True)]
        found[str(number)] = {"language": shown.get(tag, tag), "default": False, "series": of_tag}
    if not found:
        return {}
    return {str(action.action_id): {"language": "", "default": True, "series": rest}, **found}


async def of_links(call: Call) -> Response:
    """`GET …/metrics/links` of a broadcast or an action."""
    unique = call.query_flag("unique")

    def read(tx: Transaction) -> list[dict[str, object]]:
        found, action_id = _broadcast(tx, call)
        steps = _edges(call, tx.now_ms())
        actions = _of_type(call, found, action_id)
        if actions == (0,):
            actions = tuple(action.action_id for action in found.actions)
        zeros = [0] * (len(steps) - 1)
        return [
            {
                "link": {"id": link_id, "href": href},
                "metric": {"series": {name: numbers.get(name, zeros) for name in _CLICKS}},
            }
            for one in actions
            for link_id, href, numbers in links.series(tx, one, steps, unique=unique)
        ]

    return answer({"links": await call.api.read(read)})


async def journeys(call: Call) -> Response:
    """`GET …/journey_metrics`: a journey is a person in a trigger, however many actions are performed for them.

    Messages are counted, not who got at least one: `messaged` is the sum of the messages that went, at most everybody.
    """

    def read(tx: Transaction) -> dict[str, list[int]]:
        found, _ = _broadcast(tx, call)
        steps = _edges(call, tx.now_ms(), of_journeys=True)
        started = metrics.journeys(tx, found.broadcast_id, steps)
        sums = _sums(tx, found.broadcast_id, (0,), steps)
        mute = [action.action_id for action in found.actions if action.kind in PERSON_ACTIONS]
        performed = _sums(tx, found.broadcast_id, mute, steps)["sent"]
        sent = [every - one for every, one in zip(sums["sent"], performed, strict=True)]
        zeros = [0] * len(started)
        return {
            "started": started,
            "activated": started,
            "exited_early": zeros,
            "finished": started,
            "converted": [min(pair) for pair in zip(sums["converted"], started, strict=True)],
            "never_activated": zeros,
            "messaged": [min(pair) for pair in zip(sent, started, strict=True)],
        }

    return answer({"journey_metric": await call.api.read(read)})


async def of_a_trigger(call: Call) -> Response:
    """`GET …/triggers/{trigger_id}/metrics`: what one trigger did so far."""
    broadcast_id, trigger_id = call.number("broadcast_id"), call.number("trigger_id")

    def read(tx: Transaction) -> Counter[str]:
        found = triggers.get(tx, trigger_id)
        mine = found is not None and found.workspace_id == call.workspace.workspace_id
        if found is None or not mine or found.broadcast_id != broadcast_id:
            raise NotFound
        counts = Counter(dict.fromkeys(Metric, 0)) | Counter(metrics.heard_of(tx, trigger_id))
        for _, state, reason, n in ledger.counts(tx, trigger_id):
            for metric in metrics_of(state, Reason(reason) if reason else None):
                counts[metric] += n
        return Counter({str(name): n for name, n in counts.items()})

    counts = await call.api.read(read)
    return answer({"metric": {"counts": {metric.value: counts[metric.value] for metric in Metric}}})


_ONE, _CAMPAIGN = "/v1/broadcasts/{broadcast_id}", "/v1/campaigns/{broadcast_id}"
_ACTION = "/actions/{action_id}"
_TRANSACTIONAL = "/v1/transactional/{transactional_id}"


def _get(path: str, handler: Handler, summary: str, reference: Reference, *aliases: str) -> Endpoint:
    return Endpoint("GET", path, handler, "app", "app", summary, aliases=aliases, reference=reference)


ENDPOINTS: tuple[Endpoint, ...] = (
    _get(f"{_ONE}/metrics", series, "What became of a broadcast's messages over time", METRICS, f"{_CAMPAIGN}/metrics"),
    _get(
        f"{_ONE}/metrics/links",
        of_links,
        "Clicks on a broadcast's links over time",
        LINKS,
        f"{_CAMPAIGN}/metrics/links",
    ),
    _get(
        f"{_ONE}{_ACTION}/metrics",
        series,
        "What became of an action's messages over time",
        METRICS,
        f"{_CAMPAIGN}{_ACTION}/metrics",
        f"/v1/broadcast/{{broadcast_id}}{_ACTION}/metrics",  # as older documents print it
    ),
    _get(
        f"{_ONE}{_ACTION}/metrics/links",
        of_links,
        "Clicks on an action's links over time",
        LINKS,
        f"{_CAMPAIGN}{_ACTION}/metrics/links",
        f"/v1/broadcast/{{broadcast_id}}{_ACTION}/metrics/links",
    ),
    _get(f"{_CAMPAIGN}/journey_metrics", journeys, "Journeys of a broadcast over time", JOURNEYS),
    _get(
        f"{_CAMPAIGN}/triggers/{{trigger_id}}/metrics",
        of_a_trigger,
        "What one trigger did so far",
        OF_A_TRIGGER,
        f"{_ONE}/triggers/{{trigger_id}}/metrics",
    ),
    _get(f"{_TRANSACTIONAL}/metrics", series, "What became of a transactional message over time", METRICS),
    _get(f"{_TRANSACTIONAL}/metrics/links", of_links, "Clicks on a transactional message's links over time", LINKS),
)
