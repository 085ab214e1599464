# SPDX-License-Identifier: Apache-2.0
"""`clarion doctor` on installations that are in order, and on some that are not."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clarion.cli.database_examinations import _clock, _home
from clarion.cli.doctor import Diagnosis, examine, report
from clarion.store import identity
from clarion.store.engine import Store
from clarion.store.identity import Place

Clarion = Callable[..., "subprocess.CompletedProcess[str]"]


def findings(done: "subprocess.CompletedProcess[str]") -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(done.stdout)["checks"]:
        found.setdefault(one["check"], []).append(one)
    return found


def test_an_installation_in_order(clarion: Clarion, store_url: str, tmp_path: Path) -> None:
    done = clarion("doctor", "--json", "--database-url", store_url, CLARION_SERVER_BASE_URL="https://mail.example.test")
    found = findings(done)
    assert [one["level"] for one in found["schema"]] == ["ok"]
    assert {one["level"] for one in found["flight records"]} == {"ok"}
    assert [one["level"] for one in found["clock"]] == ["ok"]
    assert [one["level"] for one in found["work"]] == ["ok"]
    if store_url.startswith("postgresql"):  # the tests' own cluster is not durable, and the doctor says so
        assert done.returncode == 1
        assert {one["detail"] for one in found["durability"]} == {
            "fsync is off",
            "full_page_writes is off",
            "synchronous_commit is off",
        }
    else:
        assert done.returncode == 0, done.stdout
    assert not (tmp_path / "clarion-data").exists(), "it leaves nothing behind"


def test_a_database_that_was_never_migrated(clarion: Clarion, empty_url: str, tmp_path: Path) -> None:
    if empty_url.startswith("sqlite"):
        (tmp_path / "clarion.db").touch()
    done = clarion("doctor", "--database-url", empty_url)
    assert done.returncode == 1
    assert "run `clarion migrate`" in done.stdout


def test_what_cannot_be_used(clarion: Clarion, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = clarion(
        "doctor",
        "--json",
        "--smtp",
        "--data-dir",
        "file/data",
        "--database-url",
        "postgresql://nobody@127.0.0.1:1/none",
        CLARION_EMAIL_PROVIDER="smtp",
        CLARION_SMTP_HOST="127.0.0.1",
        CLARION_SMTP_PORT="1",
        CLARION_SMTP_SECURITY="none",
        CLARION_SMTP_PASSWORD="only-for-the-server",
    )
    found = findings(done)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for check in ("data folder", "database", "smtp"):
        assert [one["level"] for one in found[check]] == ["fail"], found[check]
        assert found[check][0]["advice"]
    assert "only-for-the-server" not in done.stdout


def test_a_wrong_provider_is_a_finding(clarion: Clarion) -> None:
    done = clarion("doctor", "--json", CLARION_EMAIL_PROVIDER="smtp", CLARION_SMTP_SECURITY="maybe")
    assert findings(done)["provider"][0]["level"] == "fail"
    assert done.returncode == 1


def test_a_copy_of_a_database(store: Store) -> None:
    assert _home(store).level == "ok"
    store.write(lambda tx: identity.move(tx, Place("system 1 database 1 other", "db:1")))
    assert _home(store).level == "fail"
    assert "clarion confirm-move" in _home(store).advice


class _Ahead:
    """A store whose database is ten minutes ahead."""

    def read(self, work: Callable[..., Any]) -> Any:
        class Transaction:
            def now_ms(self) -> int:
                return time.time_ns() // 1_000_000 + 600_000

        return work(Transaction())


def test_a_clock_that_is_far_off() -> None:
    store: Any = _Ahead()
    typed: Store = store
    assert _clock(typed).level == "fail"


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on() -> None:
    def breaks() -> list[Diagnosis]:
        raise RuntimeError("boom")

    found = list(examine([("one", breaks), ("two", lambda: [Diagnosis("two", "ok", "fine")])]))
    assert [(one.check, one.level) for one in found] == [("one", "fail"), ("two", "ok")]
    assert report(found, as_json=True) == 1
    assert report(found[1:], as_json=True) == 0
