# SPDX-License-Identifier: Apache-2.0
"""Each failed attempt is kept with its answer and its worker; what was sent at once costs nothing."""

import os
import socket
from functools import partial

from tests.support.jobs import LostJobs

from clarion.domain.deliveries import DeliveryKey, Reason
from clarion.domain.errors import Permanent, Temporary, Throttled, Unknown
from clarion.store import attempts

from .providers import Fails, Scripted
from .stage import Stage


def noted(stage: Stage, trigger_id: int) -> dict[str, list[tuple[str, str | None, str | None]]]:
    """By the person's id: how each attempt that is kept ended, why, and the words."""
    text = """SELECT p.id, d.seq, d.action_id FROM delivery d JOIN person p ON p.person_id = d.person_id
              WHERE d.trigger_id = :t"""
    found = {}
    for row in stage.select(text, t=trigger_id):
        key = DeliveryKey(trigger_id, row["seq"], row["action_id"])
        details = [one.detail for one in stage.store.read(partial(attempts.heard, key=key))]
        if details:
            found[row["id"]] = [(one["result"], one["reason"], one["words"]) for one in details]
        assert {one["worker"] for one in details} <= {f"{socket.gethostname()[:40]}/{os.getpid()}"}
    return found


async def test_every_attempt_that_failed_is_kept_and_no_other(stage: Stage) -> None:
    stage.crowd(6)
    later, busy = Fails(Temporary("451 4.7.1 try again later")), Fails(Temporary("450 mailbox is busy"))
    provider = Scripted(
        {
            "p1@x.test": [later, busy],
            "p2@x.test": [later, Fails(Permanent("550 5.1.1 nobody here", Reason.REFUSED))],
            "p3@x.test": [Fails(Unknown("connection lost"), handed=True)],
            "p4@x.test": [Fails(Throttled("421 slow down", 0.0))] * 2,
        }
    )
    trigger_id = stage.trigger(stage.broadcast())
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 4, "failed refused": 1, "in_doubt no_answer": 1}
    assert provider.tried["p4@x.test"] == 3
    assert noted(stage, trigger_id) == {
        "p1": [("retry", None, "451 4.7.1 try again later"), ("retry", None, "450 mailbox is busy")],
        "p2": [("retry", None, "451 4.7.1 try again later"), ("failed", "refused", "550 5.1.1 nobody here")],
        "p3": [("in_doubt", "no_answer", "connection lost")],
    }, "p4 was put off, which is no attempt; the others were sent at once"
    assert stage.select("SELECT COUNT(*) AS n FROM delivery_event")[0]["n"] == 5
