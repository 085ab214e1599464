# SPDX-License-Identifier: Apache-2.0
"""What stands in the way of activating a broadcast, and what its author may have overlooked. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clarion.channels.registry import Sending
from clarion.domain import audience
from clarion.domain.broadcasts import Action, Broadcast, BroadcastKind, EmailContent, SendingState
from clarion.domain.conversions import converts
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import InvalidRequest, RenderError
from clarion.domain.goals import CountedFrom
from clarion.domain.limits import MessageLimit
from clarion.domain.parts import Channel
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.domain.sms_segments import segments_of
from clarion.pipeline.carriage import files_refused, left_behind
from clarion.pipeline.review_person import person_problems
from clarion.rendering.addresses import mailbox, split_list
from clarion.rendering.email import check_email, variables
from clarion.rendering.layouts import with_styles, wrapped
from clarion.rendering.parts import goes_to_own
from clarion.rendering.text_links import TextTracker
from clarion.rendering.webhook import is_json_type, may_be_json, url_problem

# Identifiers need no fallback; without an address nobody is sent anything (reason no_address).
_ALWAYS_THERE = frozenset({"customer.id", "customer.cio_id", "customer.email", "customer", "trigger"})
_TYPICAL = DeliveryKey(1_000, 1_000_000, 1_000)  # with links as long as they get
_OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_CONDITION = re.compile(r"\{%-?\s*(?:if|elsif|unless|case)\b.*?%\}", re.DOTALL)
_DEFAULT = re.compile(r"\|\s*default\b")
_UNSUBSCRIBE = re.compile(r"\{%-?\s*(?:unsubscribe|unsubscribe_url|manage_subscription_preferences_url)\b", re.DOTALL)
_ENCODED = re.compile(r"\|\s*(?:url_encode|url_param_escape|cgi_escape)\b")
_SNIPPET = re.compile(r"snippets(?:\.([\w-]+)|\[[\"']([^\"']+)[\"']\])")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `field` is a path (``actions/12/subject``); `line` and `column` count from 1.

    `quiet`: it is a setting that may be meant so (`review_quiet`).
    """

    field: str
    message: str
    line: int | None = None
    column: int | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """`problems` keep a broadcast from being activated; `warnings` do not."""

    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """Whether the broadcast can be activated."""
        return not self.problems


def review(
    broadcast: Broadcast,
    *,
    snippets: Mapping[str, str],
    segment_ids: Collection[int],
    topic_ids: Collection[int] = (),
    sending: Collection[Sending] = (),
    limit: MessageLimit | None = None,
    links: TextTracker | None = None,
    segment_kinds: Mapping[int, str] | None = None,
) -> Review:
    """Look at a broadcast with its workspace's snippets, segments and topics, and the providers it would go through;
    `limit`: of the workspace; `links`: what links in texts become; `segment_kinds` by number, None: whom an action
    would move is not looked at.

    Actions that are switched off are not part of a trigger, and are not looked at.
    """
    problems = list(_filter(broadcast.recipients, "recipients", segment_ids))
    warnings: list[Finding] = []
    if broadcast.topic_id is not None and broadcast.topic_id not in topic_ids:
        problems.append(Finding("topic_id", f"topic {broadcast.topic_id} does not exist"))
    if not broadcast.actions:
        problems.append(Finding("actions", "the broadcast has no actions"))
    elif broadcast.kind is BroadcastKind.TRANSACTIONAL and len(broadcast.actions) > 1:
        problems.append(Finding("actions", "a transactional message is one message"))
    elif all(action.sending_state is SendingState.OFF for action in broadcast.actions):
        problems.append(Finding("actions", "every action is switched off: there is nothing to send"))
    warnings += _goal_warnings(broadcast, segment_ids)
    if limit is not None and broadcast.kind is BroadcastKind.BROADCAST and not broadcast.ignores_limit:
        why = f"the workspace's message limit holds: whoever got {limit.words} is left out of this one"
        warnings.append(Finding("ignores_message_limit", why))
    for action in broadcast.actions:
        if broadcast.kind is BroadcastKind.TRANSACTIONAL and action.kind in {"webhook", *PERSON_ACTIONS}:
            what = "webhook" if action.kind == "webhook" else "action on a person"
            problems.append(Finding(f"actions/{action.action_id}/kind", f"a transactional message is no {what}"))
        if action.sending_state is not SendingState.OFF:
            problems += _condition_problems(broadcast, action, segment_ids)
            if action.topic_id is not None and action.topic_id not in topic_ids:
                where = f"actions/{action.action_id}/topic_id"
                problems.append(Finding(where, f"topic {action.topic_id} does not exist"))
            problems += _action_problems(action, snippets, segment_kinds)
            problems += _carriage_problems(action, sending)
            warnings += _action_warnings(action, snippets)
            warnings += _style_warnings(action)
            warnings += _segment_warnings(action, links)
            if action.content.webhook is not None:
                warnings += _call_warnings(action)
            elif broadcast.kind is BroadcastKind.BROADCAST and action.kind == "email":
                warnings += _unsubscribe_warnings(action, snippets)
    return Review(tuple(dict.fromkeys(problems)), tuple(dict.fromkeys(warnings)))


def _condition_problems(broadcast: Broadcast, action: Action, segment_ids: Collection[int]) -> Iterator[Finding]:
    where = f"actions/{action.action_id}/condition"
    if action.condition and broadcast.kind is BroadcastKind.TRANSACTIONAL:
        yield Finding(where, "a transactional message has no condition: the call says whom it is for")
    yield from _filter(action.condition, where, segment_ids)


def _filter(value: dict[str, Any], where: str, segment_ids: Collection[int]) -> Iterator[Finding]:
    if not value:
        return
    try:
        condition = audience.parse(value, f"/{where}")
    except InvalidRequest as error:
        for problem in error.problems:
            yield Finding(problem.pointer.strip("/"), problem.detail)
        return
    for segment_id in sorted(audience.segment_ids(condition)):
        if segment_id not in segment_ids:
            yield Finding(where, f"segment {segment_id} does not exist")


def _goal_warnings(broadcast: Broadcast, segment_ids: Collection[int]) -> Iterator[Finding]:
    """Why nothing will be counted for its goal."""
    goal = broadcast.goal
    if goal is None:
        return
    sent = [action for action in broadcast.actions if action.sending_state is not SendingState.OFF]
    counting = [action for action in sent if converts(action)]
    if goal.segment_id is not None and goal.segment_id not in segment_ids:
        yield Finding("goal", f"segment {goal.segment_id} does not exist: nobody can reach the goal")
    if sent and not counting:
        yield Finding("goal", "no message of it counts for a goal: a webhook does where conversion_tracking is on")
    seen = any(content.tracked or not content.can_be_tracked for one in counting for content in one.contents)
    if counting and not seen and goal.counted_from in {CountedFrom.OPENED, CountedFrom.CLICKED}:
        yield Finding("goal", f"it counts from when a message was {goal.counted_from}, and none is tracked")


def _places(action: Action) -> Iterator[tuple[str, EmailContent]]:
    """Its content in every language, with where it stands."""
    where = f"actions/{action.action_id}"
    yield where, action.content
    yield from ((f"{where}/languages/{one.language}", one.content) for one in action.variants)


def _action_problems(action: Action, snippets: Mapping[str, str], kinds: Mapping[int, str] | None) -> Iterator[Finding]:
    for place, content in _places(action):
        yield from _content_problems(content, snippets, place)
        yield from (_finding(place, wrong) for wrong in person_problems(content, kinds))


def _carriage_problems(action: Action, sending: Collection[Sending]) -> Iterator[Finding]:
    accounts = [one for one in sending if one.capabilities.channel == action.kind]  # it may go by any of them
    for place, content in _places(action):
        found = (left for one in accounts for left in left_behind(content, one))
        yield from (Finding(f"{place}/{field}", why) for field, why in dict.fromkeys(found))
    refused = (why for one in accounts for why in files_refused(action.attachments, one))
    yield from (Finding(f"actions/{action.action_id}/attachments", why) for why in refused)


def _content_problems(content: EmailContent, snippets: Mapping[str, str], where: str) -> Iterator[Finding]:
    if content.webhook is not None:
        url = content.webhook.url
        problem = None if "{{" in url or "{%" in url else url_problem(url.strip())
        if problem:
            yield _finding(where, RenderError(problem, part="url"))
    elif (channel := content.made_of_parts) is not None:
        yield from (_finding(where, problem) for problem in part_problems(content, channel))
    elif not content.body.strip():
        yield _finding(where, RenderError("body can not be blank", part="body"))
    for part, text in _addresses(content):
        if "{{" in text or "{%" in text:
            continue  # known only when it is rendered
        try:
            mailbox(text, part)
        except RenderError as error:
            yield _finding(where, error)
    for wrong in check_email(content, snippets=snippets):
        yield _finding(where, wrong)


def part_problems(content: EmailContent, channel: Channel) -> Iterator[RenderError]:
    """What is wrong with texts that say all there is without Liquid."""
    fixed = {name: text.strip() for name, text in content.parts.items() if "{{" not in text and "{%" not in text}
    for part in channel.parts:
        text = fixed.get(part.name)
        if text is not None and (wrong := part.problem(text)):
            yield RenderError(wrong, part=part.name)
        elif text is None and part.as_json and not may_be_json(content.parts[part.name]):
            yield RenderError(f"{part.name} is not JSON", part=part.name)
    if address := fixed.get("recipient"):
        try:
            channel.address(address)
        except ValueError as error:
            yield RenderError(str(error), part="recipient")
    if len(fixed) == len(channel.parts) and (problem := channel.problem(fixed)):
        yield RenderError(problem[1], part=problem[0])


def _addresses(content: EmailContent) -> Iterator[tuple[str, str]]:
    if content.kind != "email":
        return
    yield "from", content.sender
    if content.recipient.strip():
        yield "recipient", content.recipient
    if content.reply_to.strip():
        yield "reply_to", content.reply_to
    for part, text in (("cc", content.cc), ("bcc", content.bcc)):
        if "{{" not in text and "{%" not in text:
            for address in split_list(text):
                yield part, address


def _finding(where: str, error: RenderError) -> Finding:
    kind, dot, name = error.part.partition(".")
    field = f"{kind}/{name}" if dot else kind
    return Finding(f"{where}/{field}", error.message, error.line, error.column)


def _action_warnings(action: Action, snippets: Mapping[str, str]) -> Iterator[Finding]:
    content = action.content
    where = f"actions/{action.action_id}"
    paths = [
        path
        for path in sorted(variables(content, snippets=snippets))
        if path.startswith(("customer", "trigger")) and path not in _ALWAYS_THERE
    ]
    for part, text in _parts(content):
        texts = _with_snippets(text, snippets)
        for path in paths:
            if _needs_fallback(path, texts):
                whose = "a person" if path.startswith("customer") else "a call"
                message = f"{path} has no fallback: the message fails for {whose} without it (| default: …)"
                yield Finding(f"{where}/{part}", message)


def _segment_warnings(action: Action, links: TextTracker | None) -> Iterator[Finding]:
    """That an SMS costs more than one; of a text with Liquid only its preview tells."""
    for content in action.contents if action.kind == "sms" else ():
        body = content.parts["body"]
        if "{{" in body or "{%" in body:
            continue
        text = links.tracked(body, _TYPICAL) if links is not None and content.tracked else body
        found, longer = segments_of(text), len(text) - len(body)
        if found.count > 1:
            of_links = f", {longer} of them because its links are tracked" if longer > 0 else ""
            cost = f"it goes out, and is charged, as {found.count} segments"
            why = f"{cost}: {found.length} characters in {found.encoding}{of_links}"
            yield Finding(f"actions/{action.action_id}/body", why)


def _unsubscribe_warnings(action: Action, snippets: Mapping[str, str]) -> Iterator[Finding]:
    for place, content in _places(action):
        if not any(_UNSUBSCRIBE.search(text) for text in _with_snippets(wrapped(content), snippets)):
            yield Finding(f"{place}/body", "the body has no unsubscribe link ({% unsubscribe_url %})")


def _style_warnings(action: Action) -> Iterator[Finding]:
    """What keeps styles from the elements that they are for."""
    if action.kind != "email":
        return
    for place, content in _places(action):
        styled = with_styles(content)
        if styled.kept is not None:
            yield Finding(f"{place}/body", f"its styles are not inlined: {styled.kept}")
        elif styled.apart:
            how_many = "an element has" if styled.apart == 1 else f"{styled.apart} elements have"
            why = f"{how_many} a class or another attribute that Liquid makes and that styles ask for"
            yield Finding(f"{place}/body", f"styles are not inlined everywhere: {why}")


def _call_warnings(action: Action) -> Iterator[Finding]:
    content = action.content
    if content.webhook is None:
        return
    where = f"actions/{action.action_id}"
    for output in _OUTPUT.findall(content.webhook.url):
        # What stands alone, or first, is a whole URL or its host.
        if not content.webhook.url.strip().startswith(output) and not _ENCODED.search(output):
            yield Finding(f"{where}/url", f"{output} is not encoded: put it through | url_encode")
    types = [value for name, value in content.headers if name.lower() == "content-type"]
    as_json = all("{{" not in one and "{%" not in one and is_json_type(one) for one in types)
    if as_json and not may_be_json(content.body):
        yield Finding(f"{where}/body", "the body is sent as JSON, and does not look like it")


def _parts(content: EmailContent) -> Iterator[tuple[str, str]]:
    if content.webhook is not None:
        yield "url", content.webhook.url
        yield "body", content.body
        yield from ((f"headers/{name}", value) for name, value in content.headers)
        return
    if (channel := content.made_of_parts) is not None:
        own = goes_to_own(content, channel)  # without it nobody is sent anything (reason no_address)
        yield from ((name, text) for name, text in content.parts.items() if name != "recipient" or not own)
        return
    yield "subject", content.subject
    yield "body", content.body
    yield "plain", content.plain
    yield "amp", content.amp
    yield "preheader", content.preheader
    yield "from", content.sender
    yield "reply_to", content.reply_to
    yield "recipient", content.recipient
    yield "cc", content.cc
    yield "bcc", content.bcc
    for name, value in content.headers:
        yield f"headers/{name}", value
    for name, value in content.url_params or ():
        yield f"url_parameters/{name}", value
    if content.layout is not None:
        yield "layout", content.layout.html


def _with_snippets(text: str, snippets: Mapping[str, str]) -> list[str]:
    """The text and those of the snippets it names, however deep."""
    found, names = [text], set[str]()
    for each in found:  # grows while it is read
        for match in _SNIPPET.finditer(each):
            name = match[1] or match[2]
            if name in snippets and name not in names:
                names.add(name)
                found.append(snippets[name])
    return found


def _mentions(path: str, text: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(path)}(?![\w-])", text) is not None


def _needs_fallback(path: str, texts: Collection[str]) -> bool:
    """Whether some output prints the path as it is, and no condition asks for it first.

    Read from the text, so it may miss what is written in an unusual way: good enough for advice.
    """
    if any(_mentions(path, match[0]) for text in texts for match in _CONDITION.finditer(text)):
        return False
    return any(
        _mentions(path, match[0]) and not _DEFAULT.search(match[0])
        for text in texts
        for match in _OUTPUT.finditer(text)
    )
