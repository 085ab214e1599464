# SPDX-License-Identifier: Apache-2.0
"""A delivery's message again, from its stored inputs: for "view in browser". Reads only.

The templates and the trigger's data are those of the trigger; the person's attributes are those of today,
because bodies are not stored; of one that was a draft it is what was kept.
"""

from clarion.domain.deliveries import DeliveryKey, public_id
from clarion.pipeline.compose import Messages, Sign, sign_for
from clarion.pipeline.drafting import reread
from clarion.rendering.email import RenderedEmail
from clarion.rendering.parts import RenderedParts
from clarion.rendering.webhook import RenderedWebhook
from clarion.store import drafts, ledger, overrides, retention, triggers
from clarion.store.engine import Store, Transaction


class Preview:
    """Renders a delivery; None when there is no such delivery or the person is gone."""

    def __init__(self, store: Store, sign: Sign) -> None:
        self._store = store
        self._sign = sign

    def __call__(self, key: DeliveryKey) -> str | None:
        """The HTML of one delivery. Blocking; raises as `whole` does."""
        rendered = self.whole(key)
        return rendered.html if isinstance(rendered, RenderedEmail) else None

    def whole(self, key: DeliveryKey) -> RenderedEmail | RenderedWebhook | RenderedParts | None:
        """All texts of one delivery, or a webhook's call. Blocking.

        Raises:
            RenderError: the person lacks by now what the template asks for.
        """

        def work(tx: Transaction) -> RenderedEmail | RenderedWebhook | RenderedParts | None:
            row = ledger.composing(tx, key)
            trigger = triggers.get(tx, key.trigger_id)
            if row is None or trigger is None or row["alive"] is None:
                return None
            if retention.removed(tx, key.trigger_id).data_ms is not None:
                return None  # without the data it would be another mail
            if (draft := drafts.get(tx, key)) is not None:
                return reread(draft.message)
            override, _ = overrides.get(tx, key.trigger_id) or (None, ())
            content = triggers.content(tx, trigger.content_hash)
            sign = sign_for(tx, self._sign, trigger.workspace_id)
            messages = Messages(content, trigger.data, sign, override=override)
            return messages.render(key, row, public_id(key, self._sign.secret), row["language"])

        return self._store.read(work)
