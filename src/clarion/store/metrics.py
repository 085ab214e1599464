# SPDX-License-Identifier: Apache-2.0
"""Counters of metrics by the hour of the message: added to where accounts move, read without looking at accounts."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.metrics import Metric, answer_class, metrics_of
from clarion.domain.series import start_of
from clarion.store.engine import Row, Store, Transaction

SHARDS = 16
Spoken = Counter[tuple[int, str, State, Reason | None]]
"""(action, language, state, reason) → how many more, or fewer, messages; the default language is not among them."""
_HOURS = 24
_FRESH_DAYS, _DAILY_DAYS, _OLDEST_DAYS = 3, 100, 200  # by hours, then by days, then by months


def book(tx: Transaction, trigger_id: int, shard: int, counted: Counter[tuple[int, State, Reason | None]]) -> None:
    """Add what moved accounts count as; `counted` is (action, state, reason) → how many more, or fewer, of them."""
    moved: Counter[tuple[int, str]] = Counter()
    for (action_id, state, reason), n in counted.items():
        for metric in metrics_of(state, reason):
            moved[action_id, metric.value] += n
    _add(tx, trigger_id, shard, moved)


def book_answers(
    tx: Transaction, trigger_id: int, shard: int, kinds: Mapping[int, str], outcomes: Sequence[Outcome]
) -> None:
    """Add the answers to webhooks by their class (contract §6: 2xx …), each attempt's by itself."""
    moved: Counter[tuple[int, str]] = Counter()
    for outcome in outcomes:
        if kinds.get(outcome.key.action_id) == "webhook" and (answered := answer_class(outcome.words)):
            moved[outcome.key.action_id, answered] += 1
    _add(tx, trigger_id, shard, moved)


def _add(tx: Transaction, trigger_id: int, shard: int, moved: Counter[tuple[int, str]]) -> None:
    rows = [
        {
            "trigger_id": trigger_id,
            "action_id": action_id,
            "metric": metric,
            "shard": shard % SHARDS,
            "n": n,
        }
        for (action_id, metric), n in sorted(moved.items())
        if n
    ]
    tx.many("add_metric_counts", rows)


def book_languages(tx: Transaction, trigger_id: int, shard: int, spoken: Spoken) -> None:
    """The same by language, of what is not queued any more: before that nobody knows in which one it will be.

    The default language has no counters: it is whatever is left of its action.
    """
    moved: Counter[tuple[int, str, Metric]] = Counter()
    for (action_id, language, state, reason), n in spoken.items():
        for metric in metrics_of(state, reason) if state is not State.QUEUED else ():
            moved[action_id, language, metric] += n
    rows = [
        {
            "trigger_id": trigger_id,
            "action_id": action_id,
            "language": language,
            "metric": metric.value,
            "shard": shard % SHARDS,
            "n": n,
        }
        for (action_id, language, metric), n in sorted(moved.items())
        if n
    ]
    tx.many("add_language_counts", rows)


def book_unseen(tx: Transaction, trigger_id: int, shard: int, outcomes: Iterable[Outcome]) -> None:
    """Count what was sent and cannot be seen: none of it is ever taken back, since what was sent stays sent."""
    moved = Counter((one.key.action_id, one.language, name) for one in outcomes for name in one.unseen)
    summed: Counter[tuple[int, str]] = Counter()
    for (action_id, _, name), n in moved.items():
        summed[action_id, name] += n
    common = {"trigger_id": trigger_id, "shard": shard % SHARDS}
    rows = [
        {**common, "action_id": action_id, "metric": name, "n": n} for (action_id, name), n in sorted(summed.items())
    ]
    tx.many("add_metric_counts", rows)
    rows = [
        {**common, "action_id": action_id, "language": language, "metric": name, "n": n}
        for (action_id, language, name), n in sorted(moved.items(), key=str)
        if language
    ]
    tx.many("add_language_counts", rows)


def hear(tx: Transaction, key: DeliveryKey, metric: Metric, language: str | None = None, n: int = 1) -> None:
    """Count a message, in its language, of which a metric was heard for the first time; -1: it is not so after all."""
    shard = key.seq % SHARDS
    row = {"trigger_id": key.trigger_id, "action_id": key.action_id, "metric": metric.value, "shard": shard, "n": n}
    tx.many("add_metric_counts", [row])
    if language:
        tx.many("add_language_counts", [{**row, "language": language}])
    tx.execute("add_trigger_metric", **row)


def series(tx: Transaction, broadcast_id: int, action_id: int, edges: Sequence[int]) -> dict[str, list[int]]:
    """Metric → how many in each bucket between two `edges`; `action_id` 0 for all of the broadcast's."""
    rows = tx.all(
        "metric_series",
        broadcast_id=broadcast_id,
        only_action=action_id,
        from_hour=edges[0],
        to_hour=edges[-1],
    )
    found: dict[str, list[int]] = {}
    for row in rows:
        sums = found.setdefault(str(row["metric"]), [0] * (len(edges) - 1))
        sums[bucket(edges, row)] += int(row["n"])
    return found


def journeys(tx: Transaction, broadcast_id: int, edges: Sequence[int]) -> list[int]:
    """How many people triggers of a broadcast began with, in each bucket between two `edges`."""
    sums = [0] * (len(edges) - 1)
    rows = tx.all("journeys_started", broadcast_id=broadcast_id, from_hour=edges[0], to_hour=edges[-1])
    for row in rows:
        sums[bucket(edges, row)] += int(row["n"])
    return sums


def by_language(tx: Transaction, action_id: int, edges: Sequence[int]) -> dict[str, dict[str, list[int]]]:
    """Language → metric → how many in each bucket; of an action, without its default language."""
    rows = tx.all("language_series", action_id=action_id, from_hour=edges[0], to_hour=edges[-1])
    found: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        sums = found.setdefault(str(row["language"]), {}).setdefault(str(row["metric"]), [0] * (len(edges) - 1))
        sums[bucket(edges, row)] += int(row["n"])
    return found


def bucket(edges: Sequence[int], row: Row) -> int:
    """Which bucket a counter's hour falls into."""
    return bisect_right(edges, int(row["hour"])) - 1


def heard_of(tx: Transaction, trigger_id: int) -> Mapping[str, int]:
    """Metric → messages of a trigger of which it was heard."""
    return {str(row["metric"]): int(row["n"]) for row in tx.all("trigger_metrics", trigger_id=trigger_id)}


def heard_by_action(tx: Transaction, trigger_id: int) -> dict[int, dict[str, int]]:
    """Action → metric → messages of a trigger of which it was heard."""
    found: dict[int, dict[str, int]] = {}
    for row in tx.all("trigger_metrics_by_action", trigger_id=trigger_id):
        found.setdefault(int(row["action_id"]), {})[str(row["metric"])] = int(row["n"])
    return found


def fold(store: Store, now_hour: int) -> int:
    """Put what is older than some days under the first hour of its day, and of its month after that.

    A year by hours would be 8,760 rows a metric. One transaction an hour that is folded; if the process dies, the
    others are left for the next turn. How many hours were folded.
    """
    days = _HOURS
    stretches = (
        ("days", now_hour - _DAILY_DAYS * days, now_hour - _FRESH_DAYS * days),
        ("months", now_hour - _OLDEST_DAYS * days, now_hour - _DAILY_DAYS * days),
    )
    folded = 0
    for period, from_hour, to_hour in stretches:
        found = store.read(partial(_hours, from_hour=from_hour, to_hour=to_hour))
        for hour in found:
            into = start_of("days" if period == "days" else "months", hour)
            if into != hour:
                store.write(partial(_fold, hour=hour, into=into))
                folded += 1
    return folded


def _hours(tx: Transaction, *, from_hour: int, to_hour: int) -> list[int]:
    return [int(row["hour"]) for row in tx.all("counted_hours", from_hour=from_hour, to_hour=to_hour)]


def _fold(tx: Transaction, *, hour: int, into: int) -> None:
    for fold_, drop in (
        ("fold_metric_counts", "drop_folded_metric_counts"),
        ("fold_link_counts", "drop_folded_link_counts"),
        ("fold_language_counts", "drop_folded_language_counts"),
    ):
        tx.execute(fold_, hour=hour, into_hour=into)
        tx.execute(drop, hour=hour)
