# SPDX-License-Identifier: Apache-2.0
"""Actions on people as a provider: many at once, and how each of them ends."""

from collections.abc import Mapping, Sequence

import pytest

from clarion.channels.person import AT_ONCE, PersonProvider
from clarion.domain.errors import Away, Permanent, Unavailable
from clarion.domain.messages import PartsMessage

from .sources import ListSource


def message(no: int) -> PartsMessage:
    return PartsMessage(f"d{no}", "create_event", "0000000001", "", {}, 1)


class Acts:
    """Performs what it is asked for, and remembers how it was asked."""

    def __init__(self, *, poisoned: str = "", away_at: int = 0) -> None:
        self.asked: list[int] = []
        self._poisoned = poisoned
        self._away_at = away_at

    def __call__(self, messages: Sequence[PartsMessage]) -> Mapping[str, Permanent]:
        self.asked.append(len(messages))
        if len(self.asked) == self._away_at:
            raise Unavailable("gone")
        if any(one.delivery_id == self._poisoned for one in messages):
            raise ZeroDivisionError("odd")
        return {one.delivery_id: Permanent("no", "action_refused") for one in messages if one.delivery_id == "d1"}


def ends(source: ListSource) -> list[str]:
    return [str(kept.end) for kept in source.taken]


async def test_a_batch_is_asked_for_at_once_and_each_has_its_own_end() -> None:
    acts = Acts()
    source = ListSource(message(no) for no in range(AT_ONCE + 3))
    await PersonProvider(acts, "create_event").deliver(source)
    assert acts.asked == [AT_ONCE, 3]
    assert ends(source).count("sent performed") == AT_ONCE + 2


async def test_one_that_meets_a_defect_costs_the_others_nothing() -> None:
    acts = Acts(poisoned="d2")
    source = ListSource(message(no) for no in range(4))
    await PersonProvider(acts, "create_event").deliver(source)
    assert acts.asked == [4, 1, 1, 1, 1]
    assert ["sent" in end for end in ends(source)] == [True, False, False, True]


@pytest.mark.parametrize(("away_at", "sent"), [(1, 0), (3, 1)])
async def test_a_database_that_is_away_costs_no_attempt(away_at: int, sent: int) -> None:
    source = ListSource(message(no) for no in (0, 2, 3))
    provider = PersonProvider(Acts(poisoned="d3", away_at=away_at), "create_event")
    with pytest.raises(Away):
        await provider.deliver(source)
    said = ends(source)
    assert sum("sent" in end for end in said) == sent
    assert sum("Throttled" in end for end in said) == 3 - sent


async def test_what_may_not_begin_is_untouched() -> None:
    acts = Acts()
    source = ListSource([message(0), message(2)], may_begin=False)
    await PersonProvider(acts, "create_event").deliver(source)
    assert (acts.asked, set(source.ends().values())) == ([], {"untouched"})
