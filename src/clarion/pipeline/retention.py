# SPDX-License-Identifier: Apache-2.0
"""Housekeeping: what is older than the settings allow is removed, and open erasures are gone on with.

One process at a time does it, by a row with the time of the next turn. Work goes in transactions of some thousand
rows with pauses as long as the work, so that senders have theirs; a process that dies leaves the rest to the next turn.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from clarion.domain.errors import Unavailable
from clarion.pipeline.erasure import BlankMail, sweep_open
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.store import activities, attachments, erasure, in_app, partitions, retention, segments, watched_messages
from clarion.store.engine import Store

_log = structlog.get_logger("clarion.retention")
_DAY_MS = 86_400_000
_ERASURE_MS = 10_000
DropMail = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Days that things are kept; 0 for ever. `every_seconds` between two turns of all processes together."""

    accounts_days: float = 0
    data_days: float = 0
    events_days: float = 0
    outbox_days: float = 0
    every_seconds: float = 3_600.0
    look_seconds: float = 10.0


async def run(
    store: Store,
    rules: RetentionRules,
    stopping: asyncio.Event,
    *,
    blank_mail: BlankMail | None = None,
    drop_mail: DropMail | None = None,
    failpoint: Failpoint = nothing,
) -> None:
    """Look whether a turn is due until `stopping` is set; whatever fails is tried again at the next turn."""
    drop_at = 0.0  # captured mail is this machine's, whoever's turn it is
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), rules.look_seconds)
        if stopping.is_set():
            break
        try:
            await asyncio.to_thread(_erase, store, blank_mail)
            if await asyncio.to_thread(retention.take_turn, store, "retention", int(rules.every_seconds * 1_000)):
                await tidy(store, rules, stopping, failpoint)
            if drop_mail is not None and rules.outbox_days and time.monotonic() >= drop_at:
                drop_at = time.monotonic() + rules.every_seconds
                await asyncio.to_thread(_drop, store, rules, drop_mail)
        except Unavailable as error:
            _log.warning("store.unavailable", error=str(error))
        except Exception:  # noqa: BLE001 - housekeeping must not end a worker
            _log.exception("retention.failed")


def _tend(store: Store, before_ms: int) -> int:
    try:
        return partitions.tend(store, before_ms)
    except Unavailable as error:  # a busy moment: by rows then, and by partitions at another turn
        _log.warning("retention.partitions", error=str(error))
        return 0


def _erase(store: Store, blank_mail: BlankMail | None) -> None:
    waiting = store.read(lambda tx: erasure.asked(tx, only_open=True))
    if waiting and retention.take_turn(store, "erasure", _ERASURE_MS):
        sweep_open(store, blank_mail)


def _drop(store: Store, rules: RetentionRules, drop_mail: DropMail) -> int:
    return drop_mail(store.read(lambda tx: tx.now_ms()) - int(rules.outbox_days * _DAY_MS))


async def tidy(
    store: Store, rules: RetentionRules, stopping: asyncio.Event, failpoint: Failpoint = nothing
) -> dict[str, int]:
    """Remove what is too old now; rows by kind."""
    now_ms = await asyncio.to_thread(store.read, lambda tx: tx.now_ms())
    gone: dict[str, int] = {}
    # Accounts and data also without a limit: clearing that was begun under another setting must come to its end.
    oldest_ms = now_ms - int(rules.accounts_days * _DAY_MS) if rules.accounts_days else 0
    if dropped := await asyncio.to_thread(_tend, store, oldest_ms):
        gone["partitions"] = dropped
    kinds: list[tuple[str, float, Callable[[Store, int], Iterator[int]]]] = [
        ("accounts", rules.accounts_days, retention.clear_accounts),
        ("data", rules.data_days, partial(retention.clear_data, failpoint=failpoint)),
        ("activities", activities.KEPT_MS / _DAY_MS, activities.clear),
        ("segment_changes", segments.CHANGES_KEPT_MS / _DAY_MS, segments.clear_changes),
        ("deleted_segments", 0, segments.clear_deleted),
        ("watched_messages", 0, watched_messages.clear),
        ("forgotten", 0, retention.forget),
        ("attachments", attachments.UNNAMED_MS / _DAY_MS, attachments.clear),
        ("in_app", 0, lambda store, _: in_app.clear(store, now_ms)),
        ("events", rules.events_days, retention.clear_events),
    ]
    for name, days, clear in kinds:
        before_ms = now_ms - int(days * _DAY_MS) if days else 0
        if days or name != "events":
            gone[name] = await _patiently(clear(store, before_ms), stopping)
    if any(gone.values()):
        _log.info("retention.removed", **gone)
    return gone


async def _patiently(steps: Iterator[int], stopping: asyncio.Event) -> int:
    gone = 0
    while not stopping.is_set():
        began = time.monotonic()
        rows = await asyncio.to_thread(next, steps, None)
        if rows is None:
            break
        gone += rows
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), time.monotonic() - began)
    return gone
