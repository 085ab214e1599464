# SPDX-License-Identifier: Apache-2.0
"""Apply the present content of a broadcast to a trigger that was already accepted.

Reads the broadcast, its snippets and what the trigger has frozen. Commits, in one transaction, the content as it is
now, its hash on the trigger, and a note of what held until when. If the process dies before, nothing changed. A chunk
is made of the content it was opened with, so workers follow within one chunk.
"""

from dataclasses import replace

from clarion.domain.errors import Conflict
from clarion.domain.triggers import TriggerState
from clarion.pipeline.freezing import frozen
from clarion.store import attachments, broadcasts, control, retention, triggers, versions
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.triggers import Trigger


def apply_content(tx: Transaction, workspace: Workspace, trigger: Trigger, by: str) -> bool:
    """Send what the broadcast says now to everybody who was not sent anything yet; False when it says the same.

    The audience stays, and with it the conditions of the actions as they were when the trigger was accepted.

    Raises:
        Conflict: the trigger was stopped or failed, parts of it were removed, or actions were added, removed or
            switched that the ledger has accounts for, or not.
    """
    if trigger.state in {TriggerState.STOPPED, TriggerState.FAILED}:
        raise Conflict(f"the trigger is {trigger.state.value}: nothing of it is sent any more")
    retention.refuse_removed(tx, trigger.trigger_id)
    broadcasts.lock(tx, trigger.broadcast_id)
    broadcast = broadcasts.get(tx, workspace, trigger.broadcast_id, None)
    if broadcast is None:
        raise AssertionError("a broadcast is never removed")
    content, sent = frozen(tx, workspace, broadcast), triggers.content(tx, trigger.content_hash)
    before = {action.action_id for action in sent.actions}
    after = {action.action_id for action in content.actions}
    if before != after:
        changed = ", ".join(str(action_id) for action_id in sorted(before ^ after))
        raise Conflict(f"actions were added, removed or switched since the trigger was accepted: {changed}")
    # Whom an action is for belongs to the audience, which stays as it was taken.
    of = {action.action_id: action.condition for action in sent.actions}
    actions = tuple(replace(action, condition=of[action.action_id]) for action in content.actions)
    content = replace(content, actions=actions)
    content_hash = triggers.save_content(tx, content)
    if content_hash == trigger.content_hash:
        return False
    if not control.change_content(
        tx, trigger.trigger_id, before_hash=trigger.content_hash, content_hash=content_hash, by=by
    ):
        raise Conflict("the trigger was changed at the same moment: try again")
    attachments.hold(tx, trigger.trigger_id, content)
    versions.taken(tx, broadcast, trigger.trigger_id)
    return True
