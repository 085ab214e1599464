# SPDX-License-Identifier: Apache-2.0
"""In which language somebody's message is made, and in which one it counts.

Outcomes carry the language into the transaction that records them, and their counters with it. The record of a sender
that died does not tell it: what is settled from there counts in the language that the person asks for by then.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence

from clarion.domain.broadcasts import BroadcastKind
from clarion.domain.deliveries import Outcome
from clarion.domain.topics import best
from clarion.store import drafts, ledger, triggers
from clarion.store.engine import Row, Transaction
from clarion.store.people import decode


def spoken_by(row: Row, tags: Collection[str], attribute: str) -> str | None:
    """The language among `tags` that a person's attribute names; None: the default."""
    wanted = decode(row["attributes"]).get(attribute) if tags and row["attributes"] is not None else None
    return best(tags, wanted) if isinstance(wanted, str) else None


def booked(
    rows: Iterable[Row],
    outcomes: Iterable[Outcome],
    languages: Mapping[int, Collection[str]],
    attribute: str,
    approved: Container[tuple[int, int]],
) -> list[Outcome]:
    """Outcomes with the languages that they count in; what goes out of a draft counts in the draft's."""
    spoken: dict[tuple[int, int], str | None] = {}
    for row in rows:
        place = int(row["seq"]), int(row["action_id"])
        if place in approved:
            spoken[place] = row["language"]
        else:
            found = spoken_by(row, languages.get(place[1], ()), attribute)
            spoken[place] = found.lower() if found else None
    return [one._replace(language=spoken.get((one.key.seq, one.key.action_id))) for one in outcomes]


def booked_late(tx: Transaction, trigger_id: int, content_hash: str, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """The same for what a dead sender left, where only the accounts are at hand."""
    if not outcomes:
        return outcomes
    content = triggers.content(tx, content_hash)
    languages = {
        action.action_id: [one.language for one in action.variants] for action in content.actions if action.variants
    }
    if not languages or content.kind is not BroadcastKind.BROADCAST:
        return outcomes
    found = (ledger.composing(tx, one.key) for one in outcomes if one.key.action_id in languages)
    seqs = [one.key.seq for one in outcomes]
    approved = drafts.approved(tx, trigger_id, min(seqs), max(seqs))
    rows = [row for row in found if row is not None]
    return booked(rows, outcomes, languages, content.language_attribute, approved)
