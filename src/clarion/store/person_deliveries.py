# SPDX-License-Identifier: Apache-2.0
"""The messages of one person, newest trigger first, without an index by person that every account would pay for.

Each trigger has a person at most once, by an index of its own. So the workspace's triggers are walked from the newest
one down, a bounded number of them for each page.
"""

from collections.abc import Sequence

from clarion.domain.deliveries import DeliveryKey
from clarion.store.access import Workspace
from clarion.store.deliveries import Listed, Page
from clarion.store.engine import Transaction
from clarion.store.people import encode

_TRIGGERS_A_QUERY = 100
_TRIGGERS_A_PAGE = 2_000
_LAST = 2**40 - 1


def page(
    tx: Transaction,
    workspace: Workspace,
    person_ids: Sequence[int],
    *,
    after: DeliveryKey | None,
    most: int,
    from_ms: int,
    to_ms: int,
    without: str = "",
) -> Page:
    """The next `most` accounts of a person, who is known by several numbers after a merge; times are inclusive.

    `without`: not those with this reason.
    """
    found: list[Listed] = []
    newest = after.trigger_id if after is not None else 2**62
    for _ in range(0, _TRIGGERS_A_PAGE, _TRIGGERS_A_QUERY):
        triggers = tx.all(
            "triggers_of_workspace",
            workspace_id=workspace.workspace_id,
            newest=newest,
            start_ms=from_ms,
            end_ms=to_ms,
            most=_TRIGGERS_A_QUERY,
        )
        known = {int(row["trigger_id"]): row for row in triggers}
        rows = tx.all(
            "accounts_of_people",
            triggers=encode(list(known)),
            people=encode(list(person_ids)),
            start_ms=from_ms,
            end_ms=to_ms,
        )
        for row in rows:
            trigger = known[int(row["trigger_id"])]
            one = Listed(row, int(trigger["broadcast_id"]), str(trigger["content_hash"]))
            if without and row["reason"] == without:
                continue
            if after is None or _is_behind(one.key, after):
                found.append(one)
        if len(found) > most:
            return Page(tuple(found[:most]), found[most - 1].key)
        if len(triggers) < _TRIGGERS_A_QUERY:
            return Page(tuple(found), None)
        newest = int(triggers[-1]["trigger_id"]) - 1
    return Page(tuple(found), DeliveryKey(newest + 1, _LAST, _LAST))


def _is_behind(key: DeliveryKey, after: DeliveryKey) -> bool:
    """Whether a key comes later in the list: triggers fall, places in them rise."""
    return (-key.trigger_id, key.seq, key.action_id) > (-after.trigger_id, after.seq, after.action_id)
