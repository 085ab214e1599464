# SPDX-License-Identifier: Apache-2.0
"""Actions on people, performed: once each, for whoever is there; on both engines."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import pytest

from clarion.domain.deliveries import DeliveryKey, public_id
from clarion.domain.errors import Permanent
from clarion.domain.messages import PartsMessage
from clarion.domain.operations import Merge
from clarion.domain.people import IdKind, Reference, cio_id
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.pipeline import identify
from clarion.pipeline.acting import Acting
from clarion.store import people, segments
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers

from .stage import Stage

T = TypeVar("T")
_SECRET = b"k" * 32
_TEXTS: Mapping[str, Mapping[str, str]] = {
    "attribute_update": {"attributes": '{"plan": "pro"}', "whom": "self", "identifier": ""},
    "create_event": {"event_name": "offered", "event_data": '{"n": 1}'},
    "static_seg_update": {"segment_id": "1", "change": "add"},
}


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


@pytest.fixture
def act(store: Store) -> Acting:
    return Acting(store, PersonNumbers(store), _SECRET)


def asked(stage: Stage, person_id: int, kind: str, seq: int = 1, **texts: str) -> PartsMessage:
    """What a trigger asks for, of one person and one action."""
    number = list(PERSON_ACTIONS).index(kind) + 1
    delivery_id = public_id(DeliveryKey(1, seq, number), _SECRET)
    parts = {**_TEXTS[kind], **texts}
    return PartsMessage(delivery_id, kind, cio_id(person_id), "", parts, stage.workspace.workspace_id)


def plan(stage: Stage, person_id: int) -> Any:
    (person,) = stage.store.read(lambda tx: people.by_numbers(tx, stage.workspace, [person_id]))
    return person.attributes.get("plan")


def events(stage: Stage) -> list[int]:
    rows = stage.select("SELECT person_id FROM person_event ORDER BY person_id")
    return [int(row["person_id"]) for row in rows]


def marks(stage: Stage) -> int:
    return len(stage.select("SELECT seq FROM action_performed"))


def words(failed: Mapping[str, Permanent]) -> list[tuple[str, str]]:
    return [(error.reason, error.words) for error in failed.values()]


def test_what_is_asked_for_again_is_not_done_again(stage: Stage, act: Acting) -> None:
    one = stage.person("p1")
    segment_id = stage.segment([])
    wanted = [
        asked(stage, one, "attribute_update"),
        asked(stage, one, "create_event"),
        asked(stage, one, "static_seg_update", segment_id=str(segment_id)),
    ]
    assert act(wanted) == {}
    assert (plan(stage, one), events(stage)) == ("pro", [one])
    stage.change(one, "p1", None, plan="newer")
    stage.store.write(lambda tx: segments.remove(tx, segment_id, [one]))
    assert act(wanted) == {}, "it is done, as far as anybody asks"
    assert (plan(stage, one), events(stage)) == ("newer", [one])
    assert stage.store.read(lambda tx: segments.members(tx, segment_id, 0, 9)) == []
    assert act([asked(stage, one, "attribute_update", seq=2)]) == {}
    assert plan(stage, one) == "pro", "another account is another action"


def test_what_was_refused_may_be_asked_for_again(stage: Stage, act: Acting) -> None:
    one = stage.person("p1")
    wanted = [asked(stage, one, "static_seg_update", segment_id="1")]
    assert words(act(wanted)) == [("action_refused", "there is no segment 1")]
    assert marks(stage) == 0
    assert stage.segment([]) == 1
    assert act(wanted) == {}
    assert [one.person_id for one in stage.store.read(lambda tx: segments.members(tx, 1, 0, 9))] == [one]


def test_who_is_deleted_fails_and_who_is_merged_goes_on_as_the_other(stage: Stage, act: Acting) -> None:
    gone, second, first, third = (stage.person(name) for name in ("gone", "second", "first", "third"))
    segment_id = stage.segment([])
    stage.delete(gone)
    numbers = PersonNumbers(stage.store)
    for into, away in (("first", "second"), ("third", "first")):
        call = Merge(Reference(IdKind.ID, into), Reference(IdKind.ID, away))
        assert identify.perform(stage.store, numbers, stage.workspace, [call]) == [None]
    wanted = [
        asked(stage, gone, "create_event", seq=1),
        asked(stage, second, "create_event", seq=2),
        asked(stage, first, "attribute_update", seq=3),
        asked(stage, second, "static_seg_update", seq=4, segment_id=str(segment_id)),
    ]
    assert words(act(wanted)) == [("deleted", "the person is not there any more")]
    assert (events(stage), plan(stage, third)) == ([third], "pro")
    assert [one.person_id for one in stage.store.read(lambda tx: segments.members(tx, segment_id, 0, 9))] == [third]
    stage.delete(third)
    assert words(act([asked(stage, second, "create_event", seq=5)])) == [
        ("deleted", "the person is not there any more")
    ]


def test_many_are_one_transaction(stage: Stage) -> None:
    crowd = stage.crowd(200)
    written = []

    class Counting:
        """Our store, its transactions counted."""

        engine = stage.store.engine

        def read(self, work: Callable[[Transaction], T]) -> T:
            return stage.store.read(work)

        def write(self, work: Callable[[Transaction], T]) -> T:
            written.append(work)
            return stage.store.write(work)

    store: Any = Counting()
    act = Acting(store, PersonNumbers(stage.store), _SECRET)
    assert act([asked(stage, one, "create_event", seq=seq) for seq, one in enumerate(crowd, 1)]) == {}
    assert (len(written), events(stage)) == (1, crowd)


def test_two_who_hold_the_same_accounts_perform_them_once(stage: Stage) -> None:
    """As when a lease ran out under somebody who goes on all the same."""
    crowd = stage.crowd(60)
    wanted = [asked(stage, one, "create_event", seq=seq) for seq, one in enumerate(crowd, 1)]
    numbers = PersonNumbers(stage.store)
    together = Barrier(2)

    def perform(some: list[PartsMessage]) -> list[Mapping[str, Permanent]]:
        act = Acting(stage.store, numbers, _SECRET)
        together.wait()
        return [act(some[start : start + 20]) for start in range(0, len(some), 20)]

    with ThreadPoolExecutor(2) as threads:
        ends = list(threads.map(perform, (wanted, wanted[::-1])))
    assert ends == [[{}, {}, {}]] * 2
    told = stage.select("SELECT person_id FROM activity WHERE kind = 'event' ORDER BY person_id")
    assert [int(row["person_id"]) for row in told] == events(stage) == crowd


def test_a_person_has_room_for_so_many_attributes(stage: Stage, act: Acting) -> None:
    full = stage.person("full", None, **{f"a{no}": no for no in range(300)})
    free = stage.person("free")
    wanted = [asked(stage, one, "attribute_update", seq=seq) for seq, one in enumerate((full, free), 1)]
    assert words(act(wanted)) == [("action_refused", "a person has at most 300 attributes")]
    assert (plan(stage, full), plan(stage, free), marks(stage)) == (None, "pro", 1)


def test_an_id_that_is_none_of_ours_changes_nothing(stage: Stage, act: Acting) -> None:
    one = stage.person("p1")
    message = PartsMessage("other", "create_event", cio_id(one), "", dict(_TEXTS["create_event"]), 1)
    assert words(act([message])) == [("action_refused", "this is no account of a trigger")]
    assert events(stage) == []
