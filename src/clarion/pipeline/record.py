# SPDX-License-Identifier: Apache-2.0
"""Stage 6, record: the outcomes of a chunk, their counters, and the opening of the next chunk.

Commits all of it in one transaction, under the fence. If the process dies before the commit, the chunk is still
open in the ledger and its outcomes are in the flight record; the next claim settles it from there. If the
lease was lost meanwhile nothing is written, and the record settles later what the taker had to doubt. Devices that are
no more are taken from their people in the same transaction; after a crash before it they are still there, and the next
message to them hears it again.
"""

from collections.abc import Mapping, Sequence

from clarion.domain.copied import Copied
from clarion.domain.deliveries import DeliveryKey, Outcome, State
from clarion.domain.metrics import NEVER_LEFT
from clarion.pipeline import devices
from clarion.pipeline.claim import Chunk, ChunkRules, let_go, open_next
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.store import access, activities, control, ledger, outlets, slices
from clarion.store import copied as copies
from clarion.store.engine import Transaction
from clarion.store.numbers import workspace_of
from clarion.store.slices import Claim

_NOT_TRIED = frozenset({State.SKIPPED, State.DRAFTED, State.STOPPED})


def record(
    tx: Transaction,
    held: Claim,
    chunk: Chunk,
    outcomes: Sequence[Outcome],
    *,
    rules: ChunkRules,
    put_off: Mapping[DeliveryKey, int] | None = None,
    copied: Copied | None = None,
    last: bool = False,
    failpoint: Failpoint = nothing,
) -> Chunk | None:
    """Settle a chunk and open the next; None when the slice was given back.

    `last`: it is given back because we are stopping, the provider is away, or other triggers come next.
    Accounts of the chunk without an outcome were not handed over and stay queued; those in `put_off` are due in so many
    milliseconds. `copied`: how copies of their own ended.

    Raises:
        LostLease: another worker holds the slice; nothing was written.
    """
    standing = slices.renew(tx, held, rules.lease_ms)
    ledger.settle(tx, held.trigger_id, outcomes, shard=held.no, by=slices.worker_of(held.owner))
    if put_off:
        ledger.put_off(tx, put_off)
    if any(outcome.gone for outcome in outcomes):
        _take_away(tx, chunk, outcomes)
    if chunk.paced:
        unspent = len(chunk.rows) - sum(map(_was_handed_over, outcomes))
        control.refund(tx, held.trigger_id, unspent, standing.now_ms)
    if copied is not None and copied.ends:
        copies.add(tx, held.trigger_id, held.no, copied)
    unused = chunk.routed.unused(outcomes, copied.left if copied is not None else {})
    if unused:
        outlets.give_back(tx, unused)
    failpoint("record.before_commit")
    if last:
        let_go(tx, held, standing)  # of one that was stopped nobody may wait for a retry
        return None
    return open_next(tx, held, standing, after=chunk.last_seq, rules=rules)


def _take_away(tx: Transaction, chunk: Chunk, outcomes: Sequence[Outcome]) -> None:
    """Devices that are no more, from the people of a chunk."""
    whose = {(int(row["seq"]), int(row["action_id"])): int(row["person_id"]) for row in chunk.rows}
    gone = sorted((whose[outcome.key[1:]], token) for outcome in outcomes for token in outcome.gone)
    happened = [one for person_id, token in gone if (one := devices.remove(tx, person_id, token)) is not None]
    workspace = access.workspace(tx, workspace_of(gone[0][0]))
    if workspace is not None:
        activities.write(tx, workspace, happened, tx.now_ms())


def _was_handed_over(outcome: Outcome) -> bool:
    """Whether a message left us, as far as a rate is concerned."""
    return outcome.state not in _NOT_TRIED and outcome.reason not in NEVER_LEFT
