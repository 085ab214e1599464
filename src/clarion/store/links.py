# SPDX-License-Identifier: Apache-2.0
"""Links of actions and the clicks on them."""

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.metrics import Metric
from clarion.store import numbers
from clarion.store.engine import Transaction
from clarion.store.metrics import SHARDS, bucket

MOST_LINKS = 1_000  # of an action, told apart; a template that makes a link of everybody's own has more
OTHERS = "(other links)"


def link_id(tx: Transaction, action_id: int, href: str) -> int:
    """The number of a link of an action, made at its first click; all beyond `MOST_LINKS` share one."""
    found = _find(tx, action_id, href)
    if found is not None:
        return found
    known = tx.one("count_links", action_id=action_id)
    if known is not None and int(known["n"]) >= MOST_LINKS:
        href = OTHERS
        if (found := _find(tx, action_id, href)) is not None:
            return found
    made = numbers.take(tx, "link")
    tx.execute("insert_link", action_id=action_id, link_key=_key(href), link_id=made, href=href)
    return _find(tx, action_id, href) or made


def _find(tx: Transaction, action_id: int, href: str) -> int | None:
    row = tx.one("link_of", action_id=action_id, link_key=_key(href))
    return int(row["link_id"]) if row else None


def _key(href: str) -> str:
    return blake2b(href.encode("utf-8", "replace"), digest_size=16).hexdigest()


def click(tx: Transaction, key: DeliveryKey, link: int, metrics: Sequence[Metric], at_ms: int) -> None:
    """Count a click on a link of a message, as each of `metrics`."""
    for metric in metrics:
        row = {"action_id": key.action_id, "link_id": link, "metric": metric.value}
        first = tx.execute("note_link", trigger_id=key.trigger_id, seq=key.seq, at_ms=at_ms, **row)
        tx.execute("add_link_count", trigger_id=key.trigger_id, shard=_shard(key), n=1, people=int(first > 0), **row)


def recount(tx: Transaction, key: DeliveryKey, link: int, clicks: int, since_ms: int) -> None:
    """Clicks on a link of a message, the first of them then, were a machine's and not a person's."""
    row = {"action_id": key.action_id, "link_id": link}
    was, now = Metric.HUMAN_CLICKED.value, Metric.MACHINE_CLICKED.value
    message = {"trigger_id": key.trigger_id, "seq": key.seq}
    gone = tx.execute("drop_link", **message, metric=was, since_ms=since_ms, **row)
    new = tx.execute("note_link", **message, metric=now, at_ms=since_ms, **row)
    count = partial(tx.execute, "add_link_count", trigger_id=key.trigger_id, shard=_shard(key), **row)
    count(metric=was, n=-clicks, people=-int(gone > 0))
    count(metric=now, n=clicks, people=int(new > 0))


def _shard(key: DeliveryKey) -> int:
    return key.seq % SHARDS


def series(
    tx: Transaction, action_id: int, edges: Sequence[int], *, unique: bool
) -> list[tuple[int, str, dict[str, list[int]]]]:
    """(link id, href, metric → clicks in each bucket between `edges`); `unique`: each message once per link."""
    empty = [0] * (len(edges) - 1)
    found: dict[int, dict[str, list[int]]] = {}
    for row in tx.all("link_series", action_id=action_id, from_hour=edges[0], to_hour=edges[-1]):
        sums = found.setdefault(int(row["link_id"]), {}).setdefault(str(row["metric"]), list(empty))
        sums[bucket(edges, row)] += int(row["people" if unique else "n"])
    links = tx.all("links_of", action_id=action_id)
    return [(int(row["link_id"]), str(row["href"]), found.get(int(row["link_id"]), {})) for row in links]
