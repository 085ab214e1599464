# SPDX-License-Identifier: Apache-2.0
"""Stage 6, record: the outcomes of a chunk, their counters, and the opening of the next chunk.

Commits all of it in one transaction, under the fence. If the process dies before the commit, the chunk is still
open in the ledger and its outcomes are in the flight record; the next claim settles it from there. If the
lease was lost meanwhile nothing is written, and the record settles later what the taker had to doubt.
"""

from collections.abc import Sequence

from clarion.domain.deliveries import Outcome
from clarion.pipeline.claim import Chunk, ChunkRules, open_next
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.store import ledger, slices
from clarion.store.engine import Transaction
from clarion.store.slices import Claim


def record(
    tx: Transaction,
    held: Claim,
    chunk: Chunk,
    outcomes: Sequence[Outcome],
    *,
    rules: ChunkRules,
    last: bool = False,
    failpoint: Failpoint = nothing,
) -> Chunk | None:
    """Settle a chunk and open the next; None when the slice was given back (`last`: because we are stopping).

    Accounts of the chunk without an outcome were not handed over and stay queued.

    Raises:
        LostLease: another worker holds the slice; nothing was written.
    """
    state = slices.renew(tx, held, rules.lease_ms)
    ledger.settle(tx, held.trigger_id, outcomes, shard=held.no)
    failpoint("record.before_commit")
    if last:
        slices.give_back(tx, held)
        return None
    return open_next(tx, held, state, after=chunk.last_seq, rules=rules)
