# SPDX-License-Identifier: Apache-2.0
"""A person is erased: nothing that tells who they were is left anywhere, and every count is what it was."""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Any

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.errors import Conflict, NotFound, Permanent
from clarion.domain.operations import Merge
from clarion.domain.people import Device, IdKind, Reference, cio_id
from clarion.pipeline import identify
from clarion.pipeline.erasure import Erased, erase, sweep_open
from clarion.store import access, erasure, people, segments
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers
from clarion.store.people import PersonEvent

from .providers import Fails, Hangs, Scripted
from .stage import Stage, until

ANN = Reference(IdKind.ID, "ann")
QUOTES = ("ann", "ann@x.test", "Ann's secret")


def everything(store: Store) -> str:
    """All texts of the database, from every table."""
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }
    tables = [str(row["name"]) for row in store.read(lambda tx: tx.composed(catalogue[store.engine], {}))]
    ours = [table for table in tables if not table.startswith(("procrastinate", "sqlite"))]

    def read(tx: Transaction) -> str:
        return "\n".join(repr(dict(row)) for table in ours for row in tx.composed(f"SELECT * FROM {table}", {}))

    return store.read(read)


def forget(stage: Stage, reference: Reference = ANN, *, suppress: bool = False) -> Erased:
    return erase(stage.store, stage.workspace, reference, suppress=suppress, blank_mail=None)


def ann(stage: Stage) -> int:
    """Somebody with everything a person can have."""
    number = stage.person("ann", note="Ann's secret")
    stage.segment([number])

    def add(tx: Transaction) -> None:
        people.save_device(tx, number, Device("ann", "ios", None, {"owner": "Ann's secret"}))
        people.add_events(tx, [PersonEvent(number, "1", 1, "event", "Ann's secret", {})])

    stage.store.write(add)
    return number


async def test_nothing_is_left_and_all_counts_are_right(stage: Stage) -> None:
    number = ann(stage)
    stage.crowd(5)
    body = {"per_user_data": [{"id": "ann", "data": {"x": "Ann's secret"}}, {"id": "p1", "data": {"x": "theirs"}}]}
    broadcast = stage.broadcast()
    made = [stage.trigger(broadcast), stage.trigger(broadcast, body), stage.trigger(broadcast, {"ids": ["ann", "p2"]})]
    refused = Fails(Permanent("550 no such user ann@x.test", "refused"))
    async with stage.working(stage.worker(Scripted({"ann@x.test": [refused] * 3}), LostJobs())):
        for trigger_id in made:
            await stage.finished(trigger_id)
    before = [stage.sums(trigger_id) for trigger_id in made]
    assert before[0] == {"sent": 5, "failed refused": 1}
    for words in QUOTES:
        assert words in everything(stage.store), "the test sees what it looks for"
    done = await asyncio.to_thread(forget, stage)
    assert done.finished
    assert done.cio_id == cio_id(number)
    assert {kind: n for kind, n in done.removed.items() if n} == {
        "people": 1, "memberships": 1, "devices": 1, "events": 1, "accounts": 3, "own_data": 1, "audiences": 2,
    }  # fmt: skip
    text = everything(stage.store)
    assert [words for words in QUOTES if words in text] == []
    assert "theirs" in text
    assert [stage.sums(trigger_id) for trigger_id in made] == before
    assert stage.get(made[2]).echo == {"ids_count": 2}
    sizes = [segment.size for segment in stage.store.read(lambda tx: segments.listing(tx, stage.workspace))]
    assert sizes == [0]
    # Again: nothing is left to do, and that is no error.
    again = await asyncio.to_thread(forget, stage, Reference(IdKind.CIO_ID, cio_id(number)))
    assert again.finished
    assert not any(again.removed.values())
    (asked,) = stage.store.read(lambda tx: erasure.asked(tx, stage.workspace.workspace_id))
    assert (asked.person_id, asked.done_ms is not None) == (number, True)


async def test_what_was_sent_to_somebody_who_became_them_goes_too(stage: Stage) -> None:
    ann(stage)
    stage.person("old", "anna@x.test")
    trigger_id = stage.trigger(stage.broadcast(), {"per_user_data": [{"id": "old", "data": {"x": "Ann's secret"}}]})
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(trigger_id)
    merge = Merge(Reference(IdKind.ID, "ann"), Reference(IdKind.ID, "old"))
    assert identify.perform(stage.store, PersonNumbers(stage.store), stage.workspace, [merge]) == [None]
    assert "anna@x.test" in everything(stage.store)
    done = await asyncio.to_thread(forget, stage)
    assert (done.removed["accounts"], done.removed["own_data"]) == (1, 1)
    text = everything(stage.store)
    assert [words for words in ("anna@x.test", *QUOTES) if words in text] == []
    assert stage.sums(trigger_id) == {"sent": 1}


async def test_while_their_message_is_being_sent(stage: Stage) -> None:
    number = ann(stage)
    stage.crowd(3)
    trigger_id = stage.trigger(stage.broadcast())
    provider = Scripted({"ann@x.test": [Hangs(handed=True)]})
    async with stage.working(stage.worker(provider, LostJobs())):
        await asyncio.wait_for(provider.reached.wait(), 20)
        done = await asyncio.to_thread(forget, stage)
        assert (done.finished, done.removed["queued"]) == (False, 1)
        assert await asyncio.to_thread(sweep_open, stage.store, None) == 0
        provider.release.set()
        await stage.finished(trigger_id)
        await until(lambda: sweep_open(stage.store, None) == 1)
    assert stage.sums(trigger_id) == {"sent": 4}
    text = everything(stage.store)
    assert [words for words in QUOTES if words in text] == []
    assert stage.store.read(lambda tx: erasure.asked(tx, only_open=True)) == []
    assert any(row["person_id"] == number for row in stage.rows(trigger_id))


async def test_before_their_message_is_made(stage: Stage) -> None:
    ann(stage)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    assert not forget(stage).finished
    provider = Scripted()
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(trigger_id)
    assert (provider.taken, stage.sums(trigger_id)) == ([], {"skipped deleted": 1})
    assert await asyncio.to_thread(sweep_open, stage.store, None) == 1


@pytest.mark.parametrize("transactions", [1, 2])
async def test_an_erasure_that_died_between_its_steps_is_gone_on_with(stage: Stage, transactions: int) -> None:
    ann(stage)
    trigger_id = stage.trigger(stage.broadcast(), {"ids": ["ann", "bob"], "id_ignore_missing": True})
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(trigger_id)

    class Dying:
        """A store whose process ends after so many transactions."""

        engine = stage.store.engine
        left = transactions

        def read(self, work: Any) -> Any:
            return stage.store.read(work)

        def write(self, work: Any) -> Any:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            return stage.store.write(work)

    dying: Any = Dying()
    with pytest.raises(KeyboardInterrupt):
        erase(dying, stage.workspace, ANN, blank_mail=None)
    assert len(stage.store.read(lambda tx: erasure.asked(tx, only_open=True))) == 1
    assert await asyncio.to_thread(sweep_open, stage.store, None) == 1
    text = everything(stage.store)
    assert [words for words in QUOTES if words in text] == []


def test_errors_that_quote_them(stage: Stage) -> None:
    broadcast = stage.broadcast()
    body = {"ids": ["ann", "bob"], "id_ignore_missing": True}
    trigger_id = stage.trigger(broadcast, body)
    ann(stage)
    assert forget(stage).removed["errors"] == 1
    assert stage.errors(trigger_id) == ["line 1: removed on request", 'line 2: customer id "bob" not found']


@pytest.mark.parametrize("way", ["suppressed before", "suppressed with the erasure", "not suppressed"])
def test_blocked_identifiers_stay_blocked_without_being_kept(stage: Stage, way: str) -> None:
    ann(stage)
    references = [ANN, Reference(IdKind.EMAIL, "Ann@x.test")]

    def blocked() -> list[bool]:
        found = stage.store.read(lambda tx: people.blocked(tx, stage.workspace, ids=["ann"], emails=["ann@x.test"]))
        return [(IdKind.ID, "ann") in found, (IdKind.EMAIL, "ann@x.test") in found]

    if way == "suppressed before":
        for one in references:
            stage.store.write(partial(people.suppress, workspace=stage.workspace, reference=one, person_id=None))
    forget(stage, suppress=way == "suppressed with the erasure")
    text = everything(stage.store)
    assert [words for words in QUOTES if words in text] == []
    assert blocked() == [way != "not suppressed"] * 2
    assert not stage.store.read(lambda tx: people.blocked(tx, stage.workspace, ids=["bob"], emails=[]))
    for one in references:
        stage.store.write(partial(people.unsuppress, workspace=stage.workspace, reference=one))
    assert blocked() == [False, False]


def test_who_is_not_there(stage: Stage) -> None:
    for reference in (ANN, Reference(IdKind.CIO_ID, "not hex"), Reference(IdKind.CIO_ID, cio_id(5))):
        with pytest.raises(NotFound):
            forget(stage, reference)


def test_an_address_of_several_names_nobody(store: Store, stage: Stage) -> None:
    stage.workspace = store.write(lambda tx: access.create_workspace(tx, "B", "id", access.random_keys()))
    for name in ("ann", "bob"):
        stage.person(name, "both@x.test")
    with pytest.raises(Conflict, match="several people"):
        forget(stage, Reference(IdKind.EMAIL, "both@x.test"))


def test_captured_mail_is_asked_for_by_delivery_and_address(stage: Stage) -> None:
    ann(stage)
    asked: list[tuple[int, int, list[str]]] = []

    def blank(workspace_id: int, delivery_ids: Collection[str], addresses: Collection[str]) -> int:
        asked.append((workspace_id, len(delivery_ids), list(addresses)))
        return 7

    done = erase(stage.store, stage.workspace, ANN, blank_mail=blank)
    assert done.removed["captured_mails"] == 7
    assert asked == [(stage.workspace.workspace_id, 0, ["ann@x.test"])]
