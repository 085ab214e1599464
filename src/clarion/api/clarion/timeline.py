# SPDX-License-Identifier: Apache-2.0
"""What happened to one message, oldest first: attempts with the provider's answer, what was heard, what was told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from clarion.api.app.messages import seconds
from clarion.domain.causes import answer_of
from clarion.domain.deliveries import REASON_WORDS, DeliveryKey, Reason, State
from clarion.store import attempts, outlets
from clarion.store.access import Workspace
from clarion.store.attempts import ATTEMPT, Heard, Report
from clarion.store.engine import Row, Transaction


class _Moment(NamedTuple):
    """`order_ms`: its place; `at_ms` None: nobody knows when."""

    order_ms: int
    at_ms: int | None
    what: str
    words: str | None
    detail: dict[str, Any]


def timeline(tx: Transaction, workspace: Workspace, row: Row, key: DeliveryKey) -> list[dict[str, Any]]:
    """Each moment as `{at, what, words, detail}`."""
    names = outlets.names(tx)
    heard = [_named(one, names) for one in attempts.heard(tx, key)]
    tried = [one for one in heard if one.what == ATTEMPT]
    moments = [_Moment(row["created_ms"], row["created_ms"], "matched", None, {})]
    moments += _unknown(row, len(tried))
    moments += (_attempt(one) for one in _before_the_end(row, tried))
    moments += _standing(row, tried)
    moments += (_heard(one) for one in heard if one.what != ATTEMPT)
    when = [row["created_ms"], row["settled_ms"], *(one.noted_ms for one in heard)]
    told = attempts.reports(tx, workspace, key, (ms for ms in when if ms is not None))
    moments += (moment for report in told for moment in _calls(report))
    moments.sort(key=lambda moment: moment.order_ms)
    return [{"at": seconds(one.at_ms), "what": one.what, "words": one.words, "detail": one.detail} for one in moments]


def _named(one: Heard, names: Mapping[int, str]) -> Heard:
    """With the name of the account of an attempt in place of its number."""
    if one.what != ATTEMPT:
        return one
    return replace(one, detail={**one.detail, "account": names.get(one.detail.get("account", 0))})


def _is_the_end(row: Row, tried: list[Heard]) -> bool:
    """Whether the account stands as the last attempt left it."""
    return bool(tried) and tried[-1].detail.get("result") == State(row["state"]).word


def _before_the_end(row: Row, tried: list[Heard]) -> list[Heard]:
    return tried[:-1] if _is_the_end(row, tried) else tried


def _unknown(row: Row, noted: int) -> Iterator[_Moment]:
    """Attempts of which only their number is known: those of before they were noted."""
    failed = int(row["attempts"]) - (State(row["state"]) is State.SENT)
    if (missing := failed - noted) > 0 and State(row["state"]) in {State.QUEUED, State.SENT}:
        plural = "s" if missing > 1 else ""
        yield _Moment(row["created_ms"], None, "attempts", f"{missing} earlier attempt{plural} failed", {})


def _attempt(tried: Heard) -> _Moment:
    words = tried.detail.get("words")
    return _Moment(tried.at_ms, tried.at_ms, ATTEMPT, words, {**tried.detail, **_answer(words)})


def _answer(words: str | None) -> dict[str, Any]:
    code, text = answer_of(words)
    return {"code": code, "text": text}


def _standing(row: Row, tried: list[Heard]) -> Iterator[_Moment]:
    """Where the account stands, and what comes next."""
    state, words = State(row["state"]), row["words"]
    meaning = REASON_WORDS[Reason(row["reason"])] if row["reason"] else None
    if row["settled_ms"] is not None:
        known = tried[-1].detail if _is_the_end(row, tried) else {"worker": None}
        detail = {**known, **_answer(words)} if row["attempted_ms"] is not None else {}
        yield _Moment(row["settled_ms"], row["settled_ms"], state.word, words or meaning, detail)
        return
    if row["attempted_ms"] is not None and not (tried and tried[-1].detail.get("words") == words):
        yield _Moment(row["attempted_ms"], row["attempted_ms"], "attempted", words, _answer(words))
    if row["due_ms"]:
        yield _Moment(row["due_ms"], row["due_ms"], "due", "the next attempt", {})


def _heard(one: Heard) -> _Moment:
    said = one.detail.get("href") or one.detail.get("failure_message") or one.detail.get("event")
    if said is None and one.detail.get("segment_id"):
        said = f"segment {one.detail['segment_id']}"
    return _Moment(one.at_ms, one.at_ms, one.what, said, one.detail)


def _calls(report: Report) -> Iterable[_Moment]:
    """Each call that was made, and what is to come of those that wait."""
    about = {
        "webhook": {"id": report.webhook_id, "name": report.name},
        "endpoint": report.endpoint,
        "event": report.event,
        "event_id": report.event_id,
    }
    # A webhook keeps its last failed calls only; how many there were before is known once one was taken.
    forgotten = max(0, (report.calls or 0) - 1 - len(report.failed))
    for no, call in enumerate(report.failed, start=forgotten + 1):
        detail = {**about, "result": "failed", "attempt": no, "status": call.status, "took_ms": call.took_ms}
        yield _Moment(call.at_ms, call.at_ms, "report", call.words, detail)
    end = {**about, "attempt": report.calls, "status": report.status}
    if report.settled_ms is None:
        waits = max(report.due_ms, report.made_ms)
        yield _Moment(waits, waits, "report", None, {**end, "result": "waiting"})
    elif report.given_up:
        yield _Moment(report.settled_ms, report.settled_ms, "report", None, {**end, "result": "given_up"})
    else:
        yield _Moment(report.settled_ms, report.settled_ms, "report", None, {**end, "result": "taken"})
