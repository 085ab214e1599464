# SPDX-License-Identifier: Apache-2.0
"""After a campaign: the ledger against the sink, account by account."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, State, key_of
from clarion.domain.triggers import TriggerState
from clarion.store import access, ledger, triggers
from clarion.store.engine import Row, Store
from clarion.store.triggers import Trigger

_PAGE = 5_000


@dataclass
class Judgement:
    """What was found. `doubled`: sent twice although nothing may be repeated; `repeated`: where the policy repeats."""

    messages: int = 0
    lost: int = 0
    doubled: int = 0
    repeated: int = 0
    in_doubt: int = 0
    faults: list[str] = field(default_factory=list)  # books that do not balance, whoever was sent what
    states: Counter[str] = field(default_factory=Counter)

    def line(self, kills: int) -> str:
        return (
            f"kills={kills} messages={self.messages} lost={self.lost} doubled={self.doubled} in_doubt={self.in_doubt}"
        )


def judge(store: Store, broadcast_ids: Iterable[int], accepted: Iterable[int], sink: Counter[str]) -> Judgement:
    """Compare all triggers of these broadcasts; `accepted` are those whose call was answered with their id."""
    found = Judgement()
    secret = store.write(access.installation_secret)
    keys: Counter[DeliveryKey] = Counter()
    for public, times in sink.items():
        key = key_of(public, secret)
        if key is None:
            found.faults.append(f"the sink has {public}, which nobody issued")
        else:
            keys[key] += times
    found.messages = keys.total()
    known = {}
    for trigger in (trigger for broadcast_id in broadcast_ids for trigger in _triggers(store, broadcast_id)):
        known[trigger.trigger_id] = trigger
        _judge_trigger(store, trigger, keys, found)
    for trigger_id in set(accepted) - set(known):
        found.faults.append(f"trigger {trigger_id} was accepted and is not there")
        found.lost += 1
    strangers = {key for key in keys if key.trigger_id not in known}
    if strangers:
        found.faults.append(f"{len(strangers)} messages belong to no trigger")
    return found


def _triggers(store: Store, broadcast_id: int) -> Iterator[Trigger]:
    for row in store.read(lambda tx: triggers.of_broadcast(tx, broadcast_id, 100_000)):
        trigger = store.read(partial(triggers.get, trigger_id=int(row["trigger_id"])))
        if trigger is not None:
            yield trigger


def _judge_trigger(store: Store, trigger: Trigger, keys: Counter[DeliveryKey], found: Judgement) -> None:
    rows: Counter[State] = Counter()
    accounts = 0
    for row in _accounts(store, trigger.trigger_id):
        accounts += 1
        rows[State(row["state"])] += 1
        _judge_account(trigger, row, keys, found)
    actions = len(store.read(lambda tx: triggers.content(tx, trigger.content_hash)).actions)
    counted: Counter[State] = Counter()
    for _, state, _, n in store.read(lambda tx: ledger.counts(tx, trigger.trigger_id)):
        counted[state] += n
    name = f"trigger {trigger.trigger_id}"
    if trigger.state is not TriggerState.DONE:
        found.faults.append(f"{name} is {trigger.state.value}, not done: {trigger.failure}")
    if counted != rows:
        found.faults.append(f"{name}: counters {dict(counted)}, rows {dict(rows)}")
    if accounts != trigger.audience * actions:
        found.faults.append(f"{name}: {accounts} accounts for {trigger.audience} people × {actions} actions")
    for state, n in rows.items():
        found.states[state.word] += n


def _judge_account(trigger: Trigger, row: Row, keys: Counter[DeliveryKey], found: Judgement) -> None:
    key = DeliveryKey(trigger.trigger_id, int(row["seq"]), int(row["action_id"]))
    state, times = State(row["state"]), keys[key]
    if state is State.IN_DOUBT:
        found.in_doubt += 1
    if times > 1:
        if trigger.doubt_policy is DoubtPolicy.RESEND:
            found.repeated += times - 1
        else:
            found.doubled += times - 1
            found.faults.append(f"{key} was sent {times} times, and nothing may be repeated")
    if state in {State.SENT, State.QUEUED} and times == 0:
        found.lost += 1
        found.faults.append(f"{key} is {state.word}, and the sink does not have it: {row['words']}")
    if state not in {State.SENT, State.IN_DOUBT} and times:
        found.faults.append(f"{key} is {state.word}, and the sink has it: {row['words']}")
    if state in {State.FAILED, State.STOPPED}:
        found.faults.append(f"{key} is {state.word}: {row['reason']}, {row['words']}")


def _accounts(store: Store, trigger_id: int) -> Iterator[Row]:
    after: DeliveryKey | None = None
    while True:
        page = store.read(partial(ledger.page, trigger_id=trigger_id, after=after, most=_PAGE))
        yield from page
        if len(page) < _PAGE:
            return
        after = DeliveryKey(trigger_id, int(page[-1]["seq"]), int(page[-1]["action_id"]))
