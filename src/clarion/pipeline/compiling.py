# SPDX-License-Identifier: Apache-2.0
"""The actions of a trigger in each of their languages, and the templates of its e-mails compiled."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from clarion.domain.broadcasts import Action, BroadcastKind, FrozenContent
from clarion.domain.errors import RenderError
from clarion.rendering.email import TRANSACTIONAL, Campaign, CompiledEmail, compile_email

Form = int | tuple[int, str]
"""An action's number in the default language, and with a tag in another one."""


def forms_of(actions: Iterable[Action]) -> Iterator[tuple[Form, Action]]:
    """Actions and their variants, each as an action of one language."""
    for action in actions:
        yield action.action_id, replace(action, variants=())
        for one in action.variants:
            yield (action.action_id, one.language), replace(action, content=one.content, variants=())


def campaign_of(content: FrozenContent, action: Action) -> Campaign:
    """What the templates of an action see of the broadcast."""
    made = Campaign(content.broadcast_id, content.broadcast_name, topic=content.topic, url_params=content.url_params)
    if content.kind is not BroadcastKind.BROADCAST:
        return replace(made, type=TRANSACTIONAL, topic=None)
    return replace(made, own_topic=content.own_topic(action))


def compiled_email(content: FrozenContent, action: Action) -> CompiledEmail | RenderError:
    """An e-mail's templates, or what is wrong with them: then every message fails with it, and each account says so."""
    try:
        return compile_email(
            action.content,
            snippets=content.snippets,
            campaign=campaign_of(content, action),
            message_id=action.action_id,
            message_name=action.name,
            send_to_unsubscribed=action.send_to_unsubscribed,
        )
    except RenderError as error:
        return error
