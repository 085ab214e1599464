# SPDX-License-Identifier: Apache-2.0
"""Send again: failed accounts, those in doubt, or people who joined since, in the same ledger.

Reads what was asked for and the accounts that are meant. Commits, a thousand accounts a transaction: the accounts
back in QUEUED with their attempts at none, their counters, their slices, their trigger and the checkpoint. If the
process dies, another one goes on behind the last step: each account is queued once per repeat, and one that fails
again is not meant. People who joined since are found by resolving the audience once more (`pipeline.resolve`).
"""

from collections.abc import Callable, Collection
from functools import partial

from clarion.domain.audience import segment_ids
from clarion.domain.deliveries import Reason, State
from clarion.domain.errors import Conflict, InvalidRequest
from clarion.domain.triggers import Repeat, TriggerState
from clarion.pipeline.accept import parse_condition
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.store import access, again, causes, ledger, retention, segments, triggers
from clarion.store.engine import Store, Transaction
from clarion.store.triggers import Trigger

BATCH = 1_000
_OVER = frozenset({TriggerState.STOPPED, TriggerState.FAILED})

SubmitResolve = Callable[[Transaction, int], None]


def ask(
    tx: Transaction,
    trigger: Trigger,
    kind: Repeat,
    reasons: Collection[Reason],
    *,
    by: str,
    may_double: bool,
    submit: SubmitResolve,
    cause: str | None = None,
) -> int | None:
    """Ask for a repeat; how many accounts are meant at present, None for people who joined since.

    `cause`: only those of this class of words (`domain.causes`), of one reason; of a very large group no more are
    counted than are looked at.

    Raises:
        Conflict: the trigger was stopped or failed, or parts of it were removed; who joined is asked for while the
            audience is worked out, or by a segment that is gone.
        InvalidRequest: in doubt without saying that it may double; joined since of people named one by one.
    """
    if trigger.state in _OVER:
        raise Conflict(f"the trigger is {trigger.state.value}: nothing of it is sent any more", "/to")
    retention.refuse_removed(tx, trigger.trigger_id)
    if kind is Repeat.JOINED_SINCE:
        _join(tx, trigger, by, submit)
        return None
    meant = _matching(tx, trigger, kind, reasons, cause)
    if kind is Repeat.IN_DOUBT and not may_double:
        raise InvalidRequest(
            f"{meant} messages may have been sent already: say true if they may be sent a second time", "/may_double"
        )
    if meant:
        again.ask(tx, trigger.trigger_id, kind, reasons, by, cause)
    return meant


def _join(tx: Transaction, trigger: Trigger, by: str, submit: SubmitResolve) -> None:
    if trigger.condition is None:
        raise InvalidRequest("the people of this trigger were named one by one: nobody can join them", "/to")
    workspace = access.workspace(tx, trigger.workspace_id)
    if workspace is None:
        raise AssertionError("a workspace is never removed")
    actions = triggers.content(tx, trigger.content_hash).actions
    filters = (trigger.condition, *(action.condition for action in actions))
    for segment_id in sorted(frozenset().union(*(segment_ids(parse_condition(one)) for one in filters))):
        if not segments.lock(tx, workspace, segment_id):
            raise Conflict(f"segment {segment_id}, by which people were chosen, does not exist any more", "/to")
    if not again.join(tx, trigger.trigger_id, trigger.workspace_id, trigger.next_seq - 1, by):
        raise Conflict(f"the trigger is {trigger.state_word}: its audience is not complete yet", "/to")
    submit(tx, trigger.trigger_id)


def _matching(tx: Transaction, trigger: Trigger, kind: Repeat, reasons: Collection[Reason], cause: str | None) -> int:
    source: State = again.SOURCES[kind]
    if cause is not None:
        return sum(causes.count(tx, trigger.trigger_id, source, reason, cause) for reason in reasons)
    return sum(
        n
        for _, state, reason, n in ledger.counts(tx, trigger.trigger_id)
        if state is source and (not reasons or reason in reasons)
    )


def work_off(
    store: Store, *, batch: int = BATCH, failpoint: Failpoint = nothing, halted: Callable[[], bool] = bool
) -> int:
    """Do everything that was asked for, by any process, until nothing is left or `halted`; how many were queued."""
    queued = 0
    if not store.read(again.waiting):  # idle workers do not write
        return queued
    while not halted():
        try:
            done = store.write(partial(_step, batch=batch, failpoint=failpoint))
        except again.RemovedError:
            done = store.write(_end)
        if done is None:
            break
        queued += done
    return queued


def _end(tx: Transaction) -> int:
    """Retention came first, and nobody is left to be queued."""
    asked = again.next_asked(tx)
    if asked is not None and retention.removed(tx, asked.trigger_id).data_ms is not None:
        again.move(tx, asked, (asked.after_seq, asked.after_action), 0, finished=True)
    return 0


def _step(tx: Transaction, *, batch: int, failpoint: Failpoint) -> int | None:
    asked = again.next_asked(tx)
    if asked is None:
        return None
    if asked.trigger_state in _OVER:
        again.move(tx, asked, (asked.after_seq, asked.after_action), 0, finished=True)
        return 0
    queued = again.step(tx, asked, batch)
    failpoint("again.before_commit")
    return queued
