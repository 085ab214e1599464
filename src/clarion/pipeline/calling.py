# SPDX-License-Identifier: Apache-2.0
"""Stage 4 for webhooks: person + data + frozen templates → the call, or the reason why there is none.

Like `compose` it reads and commits nothing: made again after a crash it is the same call, with the same ids.
"""

from clarion.domain.broadcasts import Action, FrozenContent
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import RenderError
from clarion.domain.messages import CallMessage
from clarion.rendering.campaign import Campaign
from clarion.rendering.checked import Recipient
from clarion.rendering.webhook import CompiledWebhook, RenderedWebhook, compile_webhook


class Calls:
    """The compiled webhook of one action. Broken templates break each of its calls, and each account says so."""

    def __init__(self, content: FrozenContent, action: Action, campaign: Campaign) -> None:
        self._compiled: CompiledWebhook | RenderError
        try:
            self._compiled = compile_webhook(
                action.content,
                snippets=content.snippets,
                campaign=campaign,
                message_id=action.action_id,
                message_name=action.name,
                send_to_unsubscribed=action.send_to_unsubscribed,
            )
        except RenderError as error:
            self._compiled = error

    def render(self, recipient: Recipient) -> RenderedWebhook:
        """The call for one person. Raises RenderError."""
        if isinstance(self._compiled, RenderError):
            raise self._compiled
        return self._compiled.render(recipient)

    def compose(self, key: DeliveryKey, recipient: Recipient, workspace_id: int) -> CallMessage | Outcome:
        """The message for an account, or its final outcome."""
        try:
            made = self.render(recipient)
        except RenderError as error:
            of_address = error.part == "url" and error.line is None
            reason = Reason.INVALID_ADDRESS if of_address else Reason.RENDER_FAILED
            return Outcome(key, State.FAILED, reason, str(error))
        return CallMessage(recipient.delivery_id, made.url, made.method, made.headers, made.body, workspace_id)
