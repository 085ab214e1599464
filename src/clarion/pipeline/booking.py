# SPDX-License-Identifier: Apache-2.0
"""What a message counts as beside its state: the language that it was made in, and that nothing of it will be seen.

Outcomes carry both into the transaction that records them, and their counters with it. The record of a sender that died
tells neither: what is settled from there counts by what its person's attributes say by then.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from clarion.domain.broadcasts import Action, EmailContent, FrozenContent
from clarion.domain.deliveries import Outcome, State
from clarion.domain.metrics import LINK_UNTRACKED, OPEN_UNTRACKED, UNTRACKED
from clarion.domain.people import CONSENT, denies_tracking
from clarion.domain.topics import best
from clarion.store import drafts, ledger, overrides, triggers
from clarion.store.engine import Row, Transaction
from clarion.store.people import decode

_OF_THE_PERSON = (UNTRACKED,)


def spoken_by(row: Row, tags: Collection[str], attribute: str) -> str | None:
    """The language among `tags` that a person's attribute names; None: the default."""
    wanted = decode(row["attributes"]).get(attribute) if tags and row["attributes"] is not None else None
    return best(tags, wanted) if isinstance(wanted, str) else None


@dataclass(frozen=True, slots=True)
class Booking:
    """What decides it: languages by action, the attribute that names one, and which actions, in which languages
    (None: the default), are not tracked, with what such a message counts as; of others than `seen` nothing ever is."""

    languages: Mapping[int, Collection[str]]
    attribute: str
    untracked: Mapping[tuple[int, str | None], tuple[str, ...]]
    seen: frozenset[int]

    @classmethod
    def of(cls, content: FrozenContent) -> "Booking":
        """By the content that messages are made of."""
        ways = {action.action_id: _ways(action) for action in content.actions}
        forms: list[tuple[Action, str | None, EmailContent]] = [
            (action, None, action.content) for action in content.actions
        ]
        forms += [(action, one.language, one.content) for action in content.actions for one in action.variants]
        return cls(
            {action.action_id: [one.language for one in action.variants] for action in content.actions},
            content.language_attribute,
            {
                (action.action_id, language): ways[action.action_id]
                for action, language, form in forms
                if ways[action.action_id] and not form.tracked
            },
            frozenset(action_id for action_id, way in ways.items() if way),
        )

    def booked(
        self, rows: Iterable[Row], outcomes: list[Outcome], approved: Container[tuple[int, int]]
    ) -> list[Outcome]:
        """Outcomes with what they count as; what goes out of a draft counts in the draft's language."""
        found: dict[tuple[int, int], tuple[str | None, tuple[str, ...]]] = {}
        plainly = not self.untracked and not any(self.languages.values())
        for row in rows:
            attributes = row["attributes"]
            denies = attributes is not None and CONSENT in attributes
            if plainly and not denies:
                continue
            seq, action_id = int(row["seq"]), int(row["action_id"])
            tag = spoken_by(row, self.languages.get(action_id, ()), self.attribute)
            unseen = self.untracked.get((action_id, tag), ())
            if not unseen and denies and action_id in self.seen and denies_tracking(decode(attributes)):
                unseen = _OF_THE_PERSON
            language = row["language"] if (seq, action_id) in approved else (tag.lower() if tag else None)
            if language or unseen:
                found[seq, action_id] = language, unseen
        return (
            [_with(one, *found.get((one.key.seq, one.key.action_id), (None, ()))) for one in outcomes]
            if found
            else outcomes
        )


def _ways(action: Action) -> tuple[str, ...]:
    """What a message of an action counts as that is not tracked; nothing where none could be."""
    if action.kind == "email":
        return OPEN_UNTRACKED, LINK_UNTRACKED
    channel = action.content.made_of_parts
    return (LINK_UNTRACKED,) if channel is not None and channel.links else ()


def _with(outcome: Outcome, language: str | None, unseen: tuple[str, ...]) -> Outcome:
    return outcome._replace(language=language, unseen=unseen if outcome.state is State.SENT else ())


def booked_late(tx: Transaction, trigger_id: int, content_hash: str, outcomes: list[Outcome]) -> Sequence[Outcome]:
    """The same for what a dead sender left, where only the accounts are at hand."""
    if not outcomes:
        return outcomes
    override, _ = overrides.get(tx, trigger_id) or (None, ())
    content = triggers.content(tx, content_hash)
    booking = Booking.of(override.applied(content) if override is not None else content)
    found = [ledger.composing(tx, one.key) for one in outcomes]
    seqs = [one.key.seq for one in outcomes]
    approved = drafts.approved(tx, trigger_id, min(seqs), max(seqs))
    return booking.booked([row for row in found if row is not None], outcomes, approved)
