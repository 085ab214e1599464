# SPDX-License-Identifier: Apache-2.0
"""Broadcasts, their actions, and the content a trigger freezes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clarion.domain.attachments import AttachedFile
from clarion.domain.channels import CHANNELS
from clarion.domain.goals import Exit, Goal
from clarion.domain.parts import Channel
from clarion.domain.topics import Topic
from clarion.domain.url_params import Params


class BroadcastState(StrEnum):
    """`running` and `draft` are Customer.io's words (contract §5.1); `stopped` is ours, shown as draft there."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"


class BroadcastKind(StrEnum):
    """`broadcast`: to an audience; `transactional`: a message to one person, called by its id or trigger name;
    `inline`: the one of a workspace that holds the accounts of messages whose text comes with the call.
    """

    BROADCAST = "broadcast"
    TRANSACTIONAL = "transactional"
    INLINE = "inline"


class SendingState(StrEnum):
    """What an action does when it is reached (contract §5.3)."""

    AUTOMATIC = "automatic"
    DRAFT = "draft"
    OFF = "off"


class DoubtPolicy(StrEnum):
    """What happens to a message that was handed over without an answer."""

    HOLD = "hold"  # listed, until a person decides
    RESEND = "resend"  # handed over again with the same Message-ID


class Method(StrEnum):
    """How a webhook calls."""

    GET = "get"
    POST = "post"
    PUT = "put"
    DELETE = "delete"
    PATCH = "patch"


DEFAULT_RECIPIENT = "{{customer.email}}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The frame of an e-mail's body: HTML with `{{ content }}` where the body goes."""

    layout_id: int
    name: str
    html: str


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """Where a webhook action calls, instead of mailing; `url` is Liquid.

    `conversion_tracking`: whether it counts as a message that somebody may convert after.
    """

    url: str = ""
    method: Method = Method.POST
    conversion_tracking: bool = False


@dataclass(frozen=True, slots=True)
class EmailContent:
    """The templates of an e-mail action: Liquid text, nothing rendered.

    `sender` is the From header (``Name <a@b>`` or a bare address); `recipient` defaults to the person's
    e-mail; `headers` are extra header lines, name and Liquid value. An empty `plain` means: make one from
    the body. `layout`: what the body is put into, as it was when this was stored. `tracked`: links in the body
    lead through us, and a pixel tells that it was opened; content that was stored before there was such a choice
    is not. `inline_css`: the rules of style sheets in the body and its layout move into the elements they are for.
    `fake_bcc`: who is in bcc gets a message of their own, whose subject names the person. `url_params`: what is added
    to its links in place of the workspace's; None: the workspace's. `amp`: the same for mail programs that show AMP;
    sent beside the others, without layout, and seen by nobody.
    With `webhook` it is no e-mail but a call: of the texts only `headers` and `body` are used then. With
    `parts_of` it is of that channel of `domain.channels`, and `parts`, by the names there, are all it has.
    """

    subject: str = ""
    body: str = ""
    plain: str = ""
    preheader: str = ""
    sender: str = ""
    reply_to: str = ""
    recipient: str = DEFAULT_RECIPIENT
    cc: str = ""
    bcc: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    tracked: bool = False
    inline_css: bool = False
    fake_bcc: bool = False
    url_params: Params | None = None
    sender_id: int | None = None  # the identity that `sender` was written from
    reply_to_id: int | None = None
    layout: Layout | None = None
    amp: str = ""
    webhook: WebhookCall | None = None
    parts_of: str = ""
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Of which kind an action with it is."""
        return self.parts_of or ("email" if self.webhook is None else "webhook")

    @property
    def made_of_parts(self) -> Channel | None:
        """The channel of which it is `parts`; None for an e-mail and a webhook."""
        return CHANNELS[self.parts_of] if self.parts_of else None

    @property
    def can_be_tracked(self) -> bool:
        """Whether it is of a channel whose links, or openings, can be tracked."""
        channel = self.made_of_parts
        return self.kind == "email" or (channel is not None and bool(channel.links))


@dataclass(frozen=True, slots=True)
class Variant:
    """The same message in another language, by its tag (RFC 5646)."""

    language: str
    content: EmailContent


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a broadcast's workflow; all are performed at once (contract §4).

    `condition`: a filter as JSON; of an audience only whoever matches it gets this one, {} for everybody. `topic_id`:
    whoever opted out of that topic does not get it; None: of the broadcast's. `attachments`: of an e-mail, in whatever
    language.
    """

    action_id: int
    broadcast_id: int
    name: str
    kind: str  # "email", "webhook", or one of `domain.channels`
    sending_state: SendingState
    send_to_unsubscribed: bool
    content: EmailContent
    created_ms: int
    updated_ms: int
    variants: tuple[Variant, ...] = ()
    condition: dict[str, Any] = field(default_factory=dict)
    topic_id: int | None = None
    attachments: tuple[AttachedFile, ...] = ()

    def in_language(self, language: str) -> EmailContent | None:
        """The content in a language as it is tagged, "" for the default; None where there is none."""
        if not language:
            return self.content
        return next((one.content for one in self.variants if one.language.lower() == language.lower()), None)

    @property
    def contents(self) -> tuple[EmailContent, ...]:
        """In every language."""
        return (self.content, *(one.content for one in self.variants))


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast as it is edited; `recipients` is the default audience filter as JSON, {} for everybody.

    `topic_id`: whoever opted out of that topic gets nothing. `language_attribute`: the attribute of a person that
    names their language. `ignores_limit`: its messages go out whatever the workspace's message limit says. `version` is
    one more with each change; `changed_by` made the last one.
    """

    broadcast_id: int
    workspace_id: int
    name: str
    state: BroadcastState
    recipients: dict[str, Any]
    doubt_policy: DoubtPolicy
    created_ms: int
    updated_ms: int
    first_started_ms: int | None
    tags: tuple[str, ...] = ()
    actions: tuple[Action, ...] = field(default=())
    kind: BroadcastKind = BroadcastKind.BROADCAST
    trigger_name: str | None = None  # of a transactional one: by which calls may name it
    topic_id: int | None = None
    language_attribute: str = "language"
    goal: Goal | None = None
    exit_when: Exit = Exit.NEVER
    ignores_limit: bool = False
    archived: bool = False
    version: int = 1
    changed_by: str | None = None

    @property
    def active(self) -> bool:
        """Whether a trigger is accepted."""
        return self.state is BroadcastState.RUNNING


@dataclass(frozen=True, slots=True)
class FrozenContent:
    """Everything that shapes a trigger's messages, as it was when the trigger was accepted.

    Only actions that perform something are in it: those that are switched off are not part of the trigger.
    `url_params`: those of the workspace. `topics`: of actions that have one of their own.
    """

    broadcast_id: int
    broadcast_name: str
    actions: tuple[Action, ...]
    snippets: dict[str, str]
    kind: BroadcastKind = BroadcastKind.BROADCAST
    topic: Topic | None = None
    language_attribute: str = "language"
    url_params: Params = ()
    topics: tuple[Topic, ...] = ()

    def own_topic(self, action: Action) -> Topic | None:
        """That of an action, in place of the broadcast's."""
        return next((one for one in self.topics if one.topic_id == action.topic_id), None)

    def topic_of(self, action: Action) -> Topic | None:
        """Whoever opted out of it does not get the action."""
        return self.own_topic(action) or self.topic

    def common_subject(self, action_id: int) -> str | None:
        """An action's subject where it is the same for everybody; None where Liquid makes it, or a language."""
        for action in self.actions:
            if action.action_id == action_id:
                subjects = {_shown(content) for content in action.contents}
                (subject,) = subjects if len(subjects) == 1 else (None,)
                return subject if subject is not None and "{{" not in subject and "{%" not in subject else None
        return None


def _shown(content: EmailContent) -> str:
    channel = content.made_of_parts
    return content.subject if channel is None else channel.heading(content.parts)


def freeze(
    broadcast: Broadcast,
    snippets: dict[str, str],
    topic: Topic | None = None,
    url_params: Params = (),
    topics: Iterable[Topic] = (),
) -> FrozenContent:
    """What a trigger of this broadcast, accepted now, sends."""
    actions = tuple(action for action in broadcast.actions if action.sending_state is not SendingState.OFF)
    wanted = {action.topic_id for action in actions}
    return FrozenContent(
        broadcast.broadcast_id,
        broadcast.name,
        actions,
        snippets,
        broadcast.kind,
        topic,
        broadcast.language_attribute,
        url_params,
        tuple(one for one in topics if one.topic_id in wanted),
    )
