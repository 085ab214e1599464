# SPDX-License-Identifier: Apache-2.0
"""The accounts of people before anything is sent: queued, or skipped with the reason. Pure."""

from collections.abc import Sequence

from clarion.domain.broadcasts import Action
from clarion.domain.deliveries import Reason, State
from clarion.pipeline.compose import goes_to_own_address
from clarion.pipeline.gather import Gathered, Odd
from clarion.store.ledger import Account, Accounts, Queued, SliceRange
from clarion.store.triggers import Trigger


def accounts_of(first: int, actions: Sequence[Action], gathered: Gathered) -> tuple[Queued, Accounts]:
    """What is known before composing: people who cannot or must not get an action are skipped, with the reason.

    Most people are plainly queued; one row for each action is made of those of whom there is something to be said.
    """
    person_ids: list[int | None] = list(gathered.person_ids)
    odd: list[Account] = []
    for place, why in sorted(gathered.odd.items()):
        person_id, person_ids[place] = gathered.person_ids[place], None
        entry = None if gathered.first_entry is None else gathered.first_entry + place
        for action in actions:
            reason = _bar(action, why)
            state = State.SKIPPED if reason else State.QUEUED
            odd.append(Account(first + place, action.action_id, person_id, entry, state, reason))
    action_ids = [action.action_id for action in actions]
    return Queued(first, person_ids, action_ids, gathered.first_entry), Accounts.of(odd)


def _bar(action: Action, odd: Odd) -> Reason | None:
    if odd.repeated:
        return Reason.DUPLICATE
    if odd.gone:
        return odd.gone
    if action.action_id in odd.unmatched:
        return Reason.CONDITION
    if odd.unsubscribed and not action.send_to_unsubscribed:
        return Reason.UNSUBSCRIBED
    if odd.without_email and goes_to_own_address(action):
        return Reason.NO_ADDRESS
    return None


def slices_of(trigger: Trigger, people: int, size: int) -> list[SliceRange]:
    """The slices over so many people behind those that a trigger has, `size` people each."""
    first = trigger.next_seq
    return [
        SliceRange(trigger.next_slice + number, first + start, first + min(start + size, people) - 1)
        for number, start in enumerate(range(0, people, size))
    ]
