# SPDX-License-Identifier: Apache-2.0
"""An action rendered before it is sent, for whoever writes it: the message, or everything that is wrong with it.

Reads nothing and commits nothing. What renders is what sends (`compose`), so a proof is what would go out; only that
its delivery id is ``unsent`` and its links do not count.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from clarion.domain.broadcasts import Action, Broadcast, EmailContent, FrozenContent, SendingState
from clarion.domain.deliveries import REASON_WORDS, DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import RenderError
from clarion.domain.messages import EmailMessage
from clarion.domain.people import Person, email_key, is_unsubscribed
from clarion.domain.push import PushDevice
from clarion.domain.topics import Topic, best
from clarion.domain.url_params import Params
from clarion.pipeline.compose import Messages, Sign
from clarion.pipeline.rehearsal import texts_of
from clarion.pipeline.review import Finding, review
from clarion.rendering import mime
from clarion.rendering.email import RenderedEmail, variables
from clarion.rendering.parts import RenderedParts
from clarion.rendering.skeleton import skeleton
from clarion.rendering.special import domain_of
from clarion.rendering.webhook import RenderedWebhook
from clarion.store.engine import Row
from clarion.store.people import encode

_TYPICAL = 2**21  # somebody's number in no trigger, for links about as long as those of a large one
UNSENT = "unsent"  # what `delivery_id` prints (contract §14)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_WORD = re.compile(r"[^\s|%}]+")
_FIELDS = {  # a field of the API → the field of EmailContent, and what stands there while others are looked at
    "subject": ("subject", "-"),
    "preheader": ("preheader", ""),
    "body": ("body", "-"),
    "plain": ("plain", "-"),
    "amp": ("amp", ""),
    "from": ("sender", ""),
    "reply_to": ("reply_to", ""),
    "recipient": ("recipient", "-"),
    "cc": ("cc", ""),
    "bcc": ("bcc", ""),
}
_NOWHERE = "https://url.invalid/"


@dataclass(frozen=True, slots=True)
class Draft:
    """An action as it is being written, in the broadcast that it belongs to, with all that shapes its message.

    `topic`: the action's own, or the broadcast's; `data`: what a call would bring, as an example; `devices`: of the
    people it is looked at for, by their numbers;
    `unmatched`: those of them who do not match the action's condition.
    """

    broadcast: Broadcast
    action: Action
    snippets: dict[str, str]
    topic: Topic | None
    data: Mapping[str, Any]
    devices: Mapping[int, Sequence[PushDevice]] = field(default_factory=dict)
    unmatched: Set[int] = frozenset()
    segment_kinds: Mapping[int, str] | None = None
    url_params: Params = ()

    def frozen(self, action: Action) -> FrozenContent:
        """What a trigger of this action alone would freeze."""
        one = self.broadcast
        return FrozenContent(
            one.broadcast_id,
            one.name,
            (action,),
            self.snippets,
            one.kind,
            self.topic,
            one.language_attribute,
            self.url_params,
        )

    def in_language_of(self, person: Person | None) -> tuple[str, Action]:
        """The language in which somebody gets it, "" for the default, and the action in that language alone."""
        wanted = person.attributes.get(self.broadcast.language_attribute) if person is not None else None
        found = best([one.language for one in self.action.variants], wanted) if isinstance(wanted, str) else None
        content = self.action.in_language(found or "") or self.action.content
        return found or "", replace(self.action, content=content, variants=())


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about a field. `line` and `column` count from 1, `start` and `end` are offsets of characters."""

    field: str
    message: str
    line: int | None = None
    column: int | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """`message`: what could be rendered, of which the fields in `broken` hold nothing; None when nothing could be.
    `size` is in bytes: of the whole mail, of the call's body, of the other texts together.

    `state` and `reason`: how the account of this person would end; None without a person. `names`: what the templates
    read; `wanted`: the data that they ask of a call, as an example.
    """

    language: str
    message: RenderedEmail | RenderedWebhook | RenderedParts | None
    broken: frozenset[str]
    size: int
    state: State | None
    reason: Reason | None
    errors: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    names: tuple[str, ...]
    wanted: dict[str, Any]


def row_of(person: Person | None) -> Row:
    """Somebody as composing wants them; None: nobody in particular, with no attributes at all."""
    if person is None:
        return {
            "person_id": 0,
            "alive": 0,
            "id": None,
            "email": None,
            "unsubscribed": 0,
            "attributes": "{}",
            "data": None,
        }
    return {
        "person_id": person.person_id,
        "alive": person.person_id,
        "id": person.id,
        "email": person.email,
        "unsubscribed": int(is_unsubscribed(person.attributes)),
        "attributes": encode(person.attributes),
        "data": None,
    }


def proof(draft: Draft, person: Person | None, sign: Sign) -> Proof:
    """Render it for somebody, and look for everything that is wrong."""
    language, action = draft.in_language_of(person)
    content = action.content
    # A mail shows where its links lead; how long a text is, and what it costs, its links decide.
    content = replace(content, tracked=content.tracked and content.made_of_parts is not None)
    action = replace(action, sending_state=SendingState.AUTOMATIC, condition={}, topic_id=None, content=content)
    found = review(
        replace(draft.broadcast, actions=(action,), recipients={}, topic_id=None),
        snippets=draft.snippets,
        segment_ids=(),
        segment_kinds=draft.segment_kinds,
    )
    where = f"actions/{action.action_id}/"
    place = _Places(action.content, draft.snippets)
    errors = [place.fault(one, where) for one in found.problems if one.field.startswith(where)]
    warnings = [place.advice(one, where) for one in found.warnings if one.field.startswith(where)]
    made, broken, more = _rendered(draft, action, row_of(person), sign, {fault.field for fault in errors})
    errors += [place.of_error(one) for one in more]
    email = made if isinstance(made, RenderedEmail) else None
    size, state, reason = _size(made), None, None
    if email is not None and not broken and (person is None or email.recipient):
        try:
            size = len(_bytes(replace(email, recipient=email.recipient or "nobody@example.com")))
            size += sum(mime.encoded_size(one.size) for one in draft.action.attachments)
        except RenderError as error:
            errors.append(place.of_error(error))
    if person is not None:
        state, reason = _fate(draft, action, row_of(person), sign)
    names = variables(action.content, snippets=draft.snippets)
    return Proof(
        language,
        made,
        frozenset(broken),
        size,
        state,
        reason,
        tuple({(one.field, one.message, one.start): one for one in errors}.values()),
        tuple(dict.fromkeys(warnings)),
        tuple(sorted(names)),
        skeleton(names, texts_of(action.content, draft.snippets)),
    )


def _size(made: RenderedEmail | RenderedWebhook | RenderedParts | None) -> int:
    match made:
        case RenderedWebhook():
            return len(made.body.encode())
        case RenderedParts():
            return sum(len(text.encode()) for name, text in made.parts.items() if name != "recipient")
        case _:
            return 0


def _rendered(
    draft: Draft, action: Action, row: Row, sign: Sign, faulty: Set[str]
) -> tuple[RenderedEmail | RenderedWebhook | RenderedParts | None, set[str], list[RenderError]]:
    """The parts that can be rendered, the fields that cannot, and why: what fails is taken out, one after another."""
    content, broken, errors = action.content, set[str](), list[RenderError]()
    for name in faulty:
        content = _without(content, name, broken)
    while True:
        messages = Messages(draft.frozen(replace(action, content=content)), draft.data, sign)
        key = DeliveryKey(0, _TYPICAL, action.action_id)
        try:
            return messages.render(key, row, UNSENT), broken, errors
        except RenderError as error:
            errors.append(error)
            name = error.part.replace(".", "/", 1)
            before = len(broken)
            content = _without(content, name, broken)
            if len(broken) == before:  # a snippet's, or what was put in its place: nothing more to be had
                return None, broken, errors


def _without(content: EmailContent, name: str, broken: set[str]) -> EmailContent:
    kind, _, header = name.partition("/")
    if kind == "headers":
        broken.add(name)
        return replace(content, headers=tuple(one for one in content.headers if one[0] != header))
    if kind == "url_parameters":
        broken.add(name)
        return replace(content, url_params=())
    if kind == "layout":
        broken.add(name)
        return replace(content, layout=None)
    if (channel := content.made_of_parts) is not None:
        part = channel.part(kind)
        if part is None:
            return content
        broken.add(kind)
        instead = part.choices[0] if part.choices else part.instead if part.required else ""
        return replace(content, parts={**content.parts, kind: instead})
    if kind == "url" and content.webhook is not None:
        broken.add(name)
        return replace(content, webhook=replace(content.webhook, url=_NOWHERE))
    if kind == "body" and content.webhook is not None:
        broken.add(name)
        return replace(content, body="")
    if kind not in _FIELDS:
        return content
    broken.add(kind)
    if kind == "body" and not content.plain.strip():
        broken.add("plain")  # it is made from the body
    inner, instead = _FIELDS[kind]
    changed: dict[str, Any] = {inner: instead}
    return replace(content, **changed)


def _bytes(email: RenderedEmail) -> bytes:
    message_id = f"<{UNSENT}@{domain_of(email.sender)}>"
    made = mime.build(email, message_id=message_id, date=mime.date_of(0), unsubscribe_url=None)
    return made.content


def _fate(draft: Draft, action: Action, row: Row, sign: Sign) -> tuple[State, Reason | None]:
    if int(row["person_id"]) in draft.unmatched:
        return State.SKIPPED, Reason.CONDITION
    devices = draft.devices.get(int(row["person_id"]), ())
    messages = Messages(draft.frozen(action), draft.data, sign)
    made = messages.compose(DeliveryKey(0, 1, action.action_id), row, False, devices)
    return (made.state, made.reason) if isinstance(made, Outcome) else (State.SENT, None)


class _Places:
    """Where in which text something is wrong."""

    def __init__(self, content: EmailContent, snippets: Mapping[str, str]) -> None:
        self._texts = {name: str(getattr(content, inner)) for name, (inner, _) in _FIELDS.items()}
        self._texts["url"] = content.webhook.url if content.webhook is not None else ""
        self._texts |= content.parts
        self._texts["layout"] = content.layout.html if content.layout is not None else ""
        self._texts |= {f"headers/{name}": value for name, value in content.headers}
        self._texts |= {f"snippets/{name}": value for name, value in snippets.items()}

    def fault(self, finding: Finding, where: str) -> Fault:
        name = finding.field.removeprefix(where)
        return self._placed(name, finding.message, finding.line, finding.column)

    def of_error(self, error: RenderError) -> Fault:
        return self._placed(error.part.replace(".", "/", 1), error.message, error.line, error.column)

    def advice(self, finding: Finding, where: str) -> Fault:
        """A warning that begins with a name is about that name."""
        name = finding.field.removeprefix(where)
        text, path = self._texts.get(name, ""), finding.message.partition(" ")[0]
        start = text.find(path) if "." in path else -1
        if start < 0:
            return Fault(name, finding.message)
        line, column = text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1) + 1
        return Fault(name, finding.message, line, column, start, start + len(path))

    def _placed(self, name: str, message: str, line: int | None, column: int | None) -> Fault:
        text = self._texts.get(name, "")
        if not text or line is None or column is None:
            return Fault(name, message)
        begins = 0
        for _ in range(line - 1):
            begins = text.find("\n", begins) + 1
        start = min(begins + column - 1, len(text) - 1)
        around = _TAG.match(text, start) or _WORD.match(text, start)
        return Fault(name, message, line, column, start, around.end() if around else start + 1)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why some people would not get it: how their accounts would end, and where it is wrong, if it is a place."""

    state: State
    reason: Reason | None
    fault: Fault


@dataclass(frozen=True, slots=True)
class Checked:
    """`people` were looked at, of whom `sent` would be sent it; `causes` of the others, with some of them each."""

    people: int
    sent: int
    causes: tuple[tuple[Cause, int, tuple[Person, ...]], ...]


_EXAMPLES = 5


def check(
    draft: Draft,
    people: Sequence[Person],
    sign: Sign,
    *,
    barred: Set[str],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Checked:
    """Render it for many; `barred`: addresses that get no mail. What does not fit into `seconds` is left out."""
    until = clock() + seconds
    messages = Messages(draft.frozen(draft.action), draft.data, sign)
    counts: Counter[Cause] = Counter()
    examples: dict[Cause, list[Person]] = {}
    looked_at = sent = 0
    for seq, person in enumerate(people, start=1):
        if looked_at and clock() >= until:
            break
        looked_at += 1
        cause = _cause(draft, messages, DeliveryKey(0, seq, draft.action.action_id), person, barred)
        if cause is None:
            sent += 1
            continue
        counts[cause] += 1
        if len(shown := examples.setdefault(cause, [])) < _EXAMPLES:
            shown.append(person)
    return Checked(looked_at, sent, tuple((cause, n, tuple(examples[cause])) for cause, n in counts.most_common()))


def _cause(draft: Draft, messages: Messages, key: DeliveryKey, person: Person, barred: Set[str]) -> Cause | None:
    if person.person_id in draft.unmatched:
        return Cause(State.SKIPPED, Reason.CONDITION, Fault("", REASON_WORDS[Reason.CONDITION]))
    row = row_of(person)
    made = messages.compose(key, row, False, draft.devices.get(person.person_id, ()))
    if not isinstance(made, Outcome):
        if not isinstance(made, EmailMessage) or email_key(made.recipient) not in barred:
            return None
        made = Outcome(key, State.SKIPPED, Reason.ESP_SUPPRESSED)
    words = REASON_WORDS[made.reason] if made.reason is not None else ""
    if made.state is State.FAILED:
        _, action = draft.in_language_of(person)
        try:
            _ = messages.render(key, row, UNSENT)
        except RenderError as error:
            return Cause(made.state, made.reason, _Places(action.content, draft.snippets).of_error(error))
        return Cause(made.state, made.reason, Fault("", made.words or words))
    return Cause(made.state, made.reason, Fault("", words))
