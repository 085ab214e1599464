# SPDX-License-Identifier: Apache-2.0
"""The actions of a trigger in each of their languages, the templates of its e-mails compiled, and what they enclose."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from clarion.domain.attachments import Attachment
from clarion.domain.broadcasts import Action, BroadcastKind, FrozenContent
from clarion.domain.errors import RenderError
from clarion.rendering.email import TRANSACTIONAL, Campaign, CompiledEmail, compile_email
from clarion.rendering.mime import Enclosed

Form = int | tuple[int, str]
"""An action's number in the default language, and with a tag in another one."""


Files = Mapping[int, Sequence[Attachment]]
"""Of actions those that go with their messages."""
NO_FILES: Files = MappingProxyType({})


def enclosed_in(forms: Iterable[Form], files: Files, brought: Sequence[Attachment]) -> dict[Form, Enclosed]:
    """What each form of an action carries. Files that a call brought go in place of those that have their names."""
    names = {one.name.lower() for one in brought}
    made: dict[int, Enclosed] = {}
    found: dict[Form, Enclosed] = {}
    for form in forms:
        action_id = form if isinstance(form, int) else form[0]
        if action_id not in made:
            own = [one for one in files.get(action_id, ()) if one.name.lower() not in names]
            made[action_id] = Enclosed([*own, *brought])
        found[form] = made[action_id]
    return found


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
