# SPDX-License-Identifier: Apache-2.0
"""A worker is killed with SIGKILL at each named place; then another one goes on. Nobody lost, nobody twice."""

import sqlite3
import threading
from collections import Counter
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import State
from clarion.pipeline.failpoint import NAMES
from clarion.store import ledger, outlets, triggers

from .conftest import PEOPLE, Site

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

BODY = {"data": {"word": "shared"}}


def check_sums(site: Site, trigger_id: int) -> Counter[State]:
    """The counters, the rows and the audience agree; returns how many accounts stand in each state."""
    trigger = site.store.read(lambda tx: triggers.get(tx, trigger_id))
    assert trigger is not None
    accounts = site.accounts(trigger_id)
    counted: Counter[State] = Counter()
    for _, state, _, n in site.store.read(lambda tx: ledger.counts(tx, trigger_id)):
        counted[state] += n
    assert counted == Counter(accounts.values())
    assert len(accounts) == trigger.audience == PEOPLE
    return counted


# Those of other work, and of data files: tested where that is.
_ELSEWHERE = {
    "resolve.file_staged", "retention.data_marked", "export.stretch_read", "import.rows_in", "reporting.told",
    "convert.before_commit", "segment.people_decided", "bounces.committed",
}  # fmt: skip


@pytest.mark.parametrize(
    ("failpoint", "when"),
    [(name, 1) for name in NAMES if name not in _ELSEWHERE]
    + [(name, 3) for name in NAMES if name.startswith(("send.", "record."))],  # the audience is one range and slice
)
def test_the_next_worker_goes_on_and_only_what_was_in_the_air_is_in_doubt(
    site: Site, failpoint: str, when: int
) -> None:
    trigger_id = site.trigger(BODY)

    site.killed_at(f"{failpoint}:{when}")
    site.finish(trigger_id)

    counted = check_sums(site, trigger_id)
    captured, accounts = site.captured(), site.accounts(trigger_id)
    in_doubt = {key for key, state in accounts.items() if state is State.IN_DOUBT}
    assert all(n == 1 for n in captured.values()), "somebody was sent twice"
    assert {key for key, state in accounts.items() if state is State.SENT} <= set(captured), "recorded but not sent"
    assert set(captured) - in_doubt == set(accounts) - in_doubt, "somebody was lost"
    assert counted[State.SENT] + counted[State.IN_DOUBT] == PEOPLE
    # The flight record tells what was in the air: at most one message per connection, here only at one place.
    assert len(in_doubt) == (1 if failpoint == "send.handed_over" else 0)


def test_a_condition_is_decided_once(site: Site) -> None:
    """Half of them match when the worker dies, and nobody when the next one comes: what was committed stays."""
    site.conditional(matching=PEOPLE // 2)
    trigger_id = site.trigger(BODY)

    site.killed_at("resolve.after_commit")
    site.conditional(matching=0)
    site.finish(trigger_id)

    assert check_sums(site, trigger_id) == {State.SENT: PEOPLE // 2, State.SKIPPED: PEOPLE - PEOPLE // 2}
    captured = site.captured()
    assert captured.total() == len(captured) == PEOPLE // 2


@pytest.mark.parametrize("policy", [DoubtPolicy.RESEND])
def test_a_broadcast_that_resends_what_is_in_doubt_leaves_none(site: Site, policy: DoubtPolicy) -> None:
    trigger_id = site.trigger(BODY)

    site.killed_at("send.handed_over:7")
    site.finish(trigger_id)

    assert check_sums(site, trigger_id) == {State.SENT: PEOPLE}
    # The outbox had not written it when the worker died, so even the repeat is the only one.
    assert site.captured().total() == PEOPLE


def test_without_the_flight_record_the_whole_open_chunk_is_in_doubt(site: Site, tmp_path: Path) -> None:
    trigger_id = site.trigger(BODY)

    site.killed_at("send.answered:5")
    for record in (site.folder / "flights").glob("*.flight"):
        record.unlink()  # as if the machine were gone
    site.finish(trigger_id)

    counted = check_sums(site, trigger_id)
    in_doubt = {key for key, state in site.accounts(trigger_id).items() if state is State.IN_DOUBT}
    assert 0 < counted[State.IN_DOUBT] <= 2 * 20, "at most the open chunk of each of the two slots"
    captured = site.captured()
    assert all(n == 1 for n in captured.values())
    assert set(captured) | in_doubt == set(site.accounts(trigger_id)), "somebody was lost"


def test_late_evidence_clears_what_another_machine_had_to_doubt(site: Site, tmp_path: Path) -> None:
    trigger_id = site.trigger(BODY)
    elsewhere = tmp_path / "other-machine"

    site.killed_at("send.answered:5")
    site.finish(trigger_id, folder=elsewhere)
    assert check_sums(site, trigger_id)[State.IN_DOUBT] > 0

    # Back on the first machine: the record of the dead worker is still there.
    site.settle_records()
    site.finish(trigger_id)

    assert check_sums(site, trigger_id) == {State.SENT: PEOPLE}
    assert (site.captured() + site.captured(elsewhere)).total() == PEOPLE


def test_killed_again_and_again(site: Site) -> None:
    trigger_id = site.trigger(BODY)

    for n in (3, 9, 15, 21):
        site.killed_at(f"send.answered:{n}")
    site.killed_at("record.before_commit:2")
    site.finish(trigger_id)

    assert check_sums(site, trigger_id) == {State.SENT: PEOPLE}
    assert site.captured().total() == len(site.captured()) == PEOPLE


def test_a_process_that_sleeps_through_its_lease_loses_nothing_and_repeats_nothing(site: Site) -> None:
    trigger_id = site.trigger(BODY)
    sleeper = site.start("send.answered:15:stop")
    site.wait_until_asleep(sleeper)
    if site.url.startswith("sqlite:") and _is_locked(Path(site.url.removeprefix("sqlite:///"))):
        site.wake(sleeper)
        site.stop(sleeper)
        pytest.skip("another thread of the sleeper held the file's only write lock: until it wakes nobody can write")

    site.finish(trigger_id)
    assert check_sums(site, trigger_id)[State.IN_DOUBT] > 0, "the taker cannot know what the sleeper did"
    site.wake(sleeper)
    site.stop(sleeper)
    site.settle_records()
    site.finish(trigger_id)

    assert check_sums(site, trigger_id) == {State.SENT: PEOPLE}
    assert site.captured().total() == len(site.captured()) == PEOPLE


_TWO = {
    "CLARION_ACCOUNTS_A_CHANNEL": "email",
    "CLARION_ACCOUNTS_A_PROVIDER": "outbox",
    "CLARION_ACCOUNTS_B_CHANNEL": "email",
    "CLARION_ACCOUNTS_B_PROVIDER": "outbox",
}


@pytest.mark.parametrize("policy", [DoubtPolicy.RESEND])
@pytest.mark.parametrize("record_lost", [False, True])
def test_killed_between_one_account_and_the_record_with_another_there(
    site: Site, policy: DoubtPolicy, record_lost: bool
) -> None:
    """The broadcast asks for repeats, and account B is there: what A may have is not handed to B."""
    trigger_id = site.trigger(BODY)
    site.environment = {**_TWO, "CLARION_EMAIL_ACCOUNTS": "a, b"}
    site.killed_at("send.answered:5" if record_lost else "send.handed_over:5")
    if record_lost:
        for record in (site.folder / "flights").glob("*.flight"):
            record.unlink()  # as if the machine were gone: A has messages that no record knows of
    site.environment = {**_TWO, "CLARION_EMAIL_ACCOUNTS": "b"}  # A failed, somebody takes it out
    site.finish(trigger_id)

    counted, captured = check_sums(site, trigger_id), site.captured()
    in_doubt = {key for key, state in site.accounts(trigger_id).items() if state is State.IN_DOUBT}
    assert all(n == 1 for n in captured.values()), "somebody was sent twice"
    assert set(captured) | in_doubt == set(site.accounts(trigger_id)), "somebody was lost"
    assert counted[State.IN_DOUBT] == len(in_doubt)
    assert (1 < len(in_doubt) <= 2 * 20) if record_lost else len(in_doubt) == 1
    names = site.store.read(outlets.names)
    handed = site.store.read(lambda tx: ledger.page(tx, trigger_id, after=None, most=10_000))
    assert {names[row["outlet"]] for row in handed if State(row["state"]) is State.IN_DOUBT} == {"a"}
    assert {names[row["outlet"]] for row in handed} == {"a", "b"}


def _is_locked(file: Path) -> bool:
    """Whether somebody holds the write lock for longer than a transaction takes."""
    with closing(sqlite3.connect(file, timeout=2.0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


class _File(BaseHTTPRequestHandler):
    """Everybody of the site, a line each."""

    def do_GET(self) -> None:
        body = b"".join(b'{"id":"p%d","data":{"word":"own"}}\n' % n for n in range(1, PEOPLE + 1))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass


@pytest.mark.parametrize("failpoint", ["resolve.file_staged", "resolve.before_commit", "resolve.after_commit"])
def test_a_data_file_is_gone_on_with_behind_what_was_staged(site: Site, failpoint: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _File) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            trigger_id = site.trigger({"data_file_url": f"http://127.0.0.1:{server.server_port}/people.jsonl"})
            site.killed_at(failpoint)
            site.finish(trigger_id)
        finally:
            server.shutdown()
            serving.join()

    assert check_sums(site, trigger_id) == {State.SENT: PEOPLE}
    assert site.captured().total() == len(site.captured()) == PEOPLE
