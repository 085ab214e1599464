# SPDX-License-Identifier: Apache-2.0
"""Stage 4 for all but e-mail: person + data + frozen templates → the message, or the reason why there is none.

Like `compose` it reads and commits nothing: made again after a crash it is the same message, with the same ids.
"""

from collections.abc import Callable, Sequence
from functools import partial

from clarion.domain.broadcasts import Action, FrozenContent
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import RenderError
from clarion.domain.messages import CallMessage, PartsMessage
from clarion.domain.push import PushDevice, chosen, listed
from clarion.domain.short_links import ShortLinks
from clarion.rendering.campaign import Campaign
from clarion.rendering.checked import Recipient
from clarion.rendering.parts import CompiledParts, RenderedParts, compile_parts, goes_to_own
from clarion.rendering.text_links import TextTracker
from clarion.rendering.webhook import CompiledWebhook, RenderedWebhook, compile_webhook


class Calls:
    """What one action compiles to, a webhook's call or texts by name, in one language.

    Broken templates break each of its messages, and each account says so.
    """

    def __init__(self, content: FrozenContent, action: Action, campaign: Campaign, short: ShortLinks) -> None:
        compiled: Callable[..., CompiledWebhook | CompiledParts] = compile_webhook
        channel = action.content.made_of_parts
        self._to_devices = channel is not None and channel.to_devices
        self._own_address = channel.own_address if channel and goes_to_own(action.content, channel) else ""
        if channel is not None:
            compiled = partial(compile_parts, tracker=TextTracker(short))
        self._compiled: CompiledWebhook | CompiledParts | RenderError
        try:
            self._compiled = compiled(
                action.content,
                snippets=content.snippets,
                campaign=campaign,
                message_id=action.action_id,
                message_name=action.name,
                send_to_unsubscribed=action.send_to_unsubscribed,
            )
        except RenderError as error:
            self._compiled = error

    def render(self, recipient: Recipient, key: DeliveryKey) -> RenderedWebhook | RenderedParts:
        """The message for one person. Raises RenderError."""
        if isinstance(self._compiled, RenderError):
            raise self._compiled
        if isinstance(self._compiled, CompiledWebhook):
            return self._compiled.render(recipient)
        return self._compiled.render(recipient, key)

    def compose(
        self, key: DeliveryKey, recipient: Recipient, workspace_id: int, devices: Sequence[PushDevice] = ()
    ) -> CallMessage | PartsMessage | Outcome:
        """The message for an account, or its final outcome; `devices`: all that the person has.

        Whoever has no address is left out whatever the texts would have become for them, as with e-mail.
        """
        if self._lacks_address(recipient, devices):
            return Outcome(key, State.SKIPPED, Reason.NO_ADDRESS, counted=False)
        try:
            made = message_of(self.render(recipient, key), recipient.delivery_id, workspace_id, devices)
        except RenderError as error:
            of_address = error.part in {"url", "recipient"} and error.line is None
            reason = Reason.INVALID_ADDRESS if of_address else Reason.RENDER_FAILED
            return Outcome(key, State.FAILED, reason, str(error))
        return Outcome(key, State.SKIPPED, Reason.NO_ADDRESS, counted=False) if made is None else made

    def _lacks_address(self, recipient: Recipient, devices: Sequence[PushDevice]) -> bool:
        if self._to_devices:
            return not devices
        return bool(self._own_address) and not str(recipient.customer.get(self._own_address) or "").strip()


def message_of(
    made: RenderedWebhook | RenderedParts, delivery_id: str, workspace_id: int, devices: Sequence[PushDevice] = ()
) -> CallMessage | PartsMessage | None:
    """The message of what was rendered; None: there is no address to send it to.

    Raises:
        RenderError: what should be an address is none.
    """
    if isinstance(made, RenderedWebhook):
        return CallMessage(delivery_id, made.url, made.method, made.headers, made.body, workspace_id)
    if made.channel.to_devices:
        to = chosen(devices, made.parts["to"])
        kind, parts = made.channel.kind, made.parts
        return PartsMessage(delivery_id, kind, listed(to), made.subject, parts, workspace_id, to) if to else None
    if not made.recipient:
        return None
    try:
        address = made.channel.address(made.recipient)
    except ValueError as error:
        raise RenderError(str(error), part="recipient") from None
    return PartsMessage(delivery_id, made.channel.kind, address, made.subject, made.parts, workspace_id)
