# SPDX-License-Identifier: Apache-2.0
"""A count that runs out of time says so, and scales what it saw."""

from itertools import count

from clarion.domain.audience import Everybody
from clarion.domain.people import Person
from clarion.pipeline import forecast
from clarion.store import access, people
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers


def test_what_was_not_looked_at_is_estimated(store: Store) -> None:
    workspace = store.write(lambda tx: access.create_workspace(tx, "A", "id_email", access.random_keys()))
    numbers = PersonNumbers(store).take(workspace.workspace_id, 12_000)
    crowd = [Person(number, f"p{number}", None, {}, {}, 0) for number in numbers]
    store.write(lambda tx: people.insert(tx, workspace, crowd))
    ticks = count()
    cut = store.read(
        lambda tx: forecast.count(tx, workspace, Everybody(), seconds=0.5, clock=lambda: float(next(ticks)))
    )
    assert cut.exact is False
    assert 11_000 < cut.people < 13_000
    assert cut.without_email == cut.people
    whole = store.read(lambda tx: forecast.count(tx, workspace, Everybody(), seconds=60))
    assert (whole.people, whole.exact) == (12_000, True)
