# SPDX-License-Identifier: Apache-2.0
"""The compiled messages of the triggers that a process is sending, kept from one slice to the next."""

import threading
from collections import OrderedDict

from clarion.pipeline.compose import Messages, Sign, sign_for
from clarion.pipeline.tracing import Tracing
from clarion.store import attachments, operations, overrides, triggers
from clarion.store.engine import Store, Transaction
from clarion.store.slices import LostLease

_MOST = 32


class Prepared:
    """By trigger and content: an edit that is applied to a running trigger is another content (see `pipeline.edit`)."""

    def __init__(self, store: Store, sign: Sign, tracing: Tracing) -> None:
        self._store = store
        self._sign = sign
        self._tracing = tracing
        self._known: OrderedDict[tuple[int, str], Messages] = OrderedDict()
        self._guard = threading.Lock()

    def known(self, trigger_id: int, content_hash: str) -> Messages | None:
        """The messages, if they were compiled already."""
        with self._guard:
            messages = self._known.get((trigger_id, content_hash))
            if messages is not None:
                self._known.move_to_end((trigger_id, content_hash))
            return messages

    def compile(self, trigger_id: int, content_hash: str) -> Messages:
        """Compile and keep them. Blocking.

        Raises:
            LostLease: the trigger is gone.
        """

        def load(tx: Transaction) -> Messages:
            trigger = triggers.get(tx, trigger_id)
            if trigger is None:
                raise LostLease("the trigger is gone")
            self._tracing.follow(trigger_id, operations.trace_of(tx, trigger_id))
            override, brought = overrides.get(tx, trigger_id) or (None, ())
            content = triggers.content(tx, content_hash)
            sign = sign_for(tx, self._sign, trigger.workspace_id)
            files = attachments.of_actions(tx, trigger.workspace_id, content.actions)
            return Messages(content, trigger.data, sign, override=override, attachments=brought, files=files)

        messages = self._store.read(load)
        with self._guard:
            self._known[trigger_id, content_hash] = messages
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return messages
