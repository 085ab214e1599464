# SPDX-License-Identifier: Apache-2.0
"""The statements that run per chunk, slice or page reach their rows by index, with 20,000 accounts in the ledger."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from clarion.domain.people import Person
from clarion.store import activities, ledger, people
from clarion.store.access import Workspace
from clarion.store.activities import Happened
from clarion.store.engine import Store, columns
from clarion.store.migrate import migrate
from clarion.store.numbers import PersonNumbers
from clarion.store.people import encode
from clarion.store.postgres import PostgresStore
from clarion.store.queries import load
from clarion.store.sqlite import SqliteStore

from .ledgers import Played

PEOPLE = 20_000
Explain = Callable[[str, Mapping[str, object]], str]
CLAIM = {"owner": "w", "fence": 0}
LOOKED_AT = r"COVERING INDEX broadcast_trigger_looked_at(.|\n)*slice_of_trigger_to_do \(trigger_id=\? AND tried=\?"
TO_DO = r"Index (Only )?Scan using slice_of_trigger_to_do on slice.*(\n.*){0,2}Index Cond: \(\(trigger_id = "
SETTLED = {
    "from_state": 0,
    "state": 1,
    "reason": None,
    "words": None,
    "recipient": None,
    "counted": 1,
    "due_ms": 0,
    "doubt_fence": None,
    "language": None,
    "outlet": None,
}

BY_NUMBER = r"SEARCH person USING INTEGER PRIMARY KEY \(rowid=\?\)"

# Query, its parameters, and what the plan must say on SQLite and on PostgreSQL.
PLANS: list[tuple[str, dict[str, object], str, str]] = [
    (
        "chunk",
        {"lo": 501, "hi": 505, "now_ms": 1, "most": 6},
        r"delivery|d USING PRIMARY KEY \(trigger_id=\? AND seq>",
        "delivery_pkey",
    ),
    ("opened_rows", {"lo": 501, "hi": 505, "opened_ms": 1}, r"PRIMARY KEY \(trigger_id=\? AND seq>", "delivery_pkey"),
    ("left_in_slice", {"lo": 501, "hi": 505}, r"PRIMARY KEY \(trigger_id=\? AND seq>", "delivery_pkey"),
    ("stop_rows", {"lo": 501, "hi": 505}, r"PRIMARY KEY \(trigger_id=\? AND seq>", "delivery_pkey"),
    (
        "in_doubt_rows",
        {"lo": 501, "hi": 505, "doubt_fence": 1},
        r"PRIMARY KEY \(trigger_id=\? AND seq>",
        "delivery_pkey",
    ),
    (
        "delivery",
        {"seq": 501, "action_id": 1},
        r"PRIMARY KEY \(trigger_id=\? AND seq=\? AND action_id=\?\)",
        "delivery_pkey",
    ),
    (
        "settle",
        {"seq": 501, "action_id": 1, **SETTLED},
        r"PRIMARY KEY \(trigger_id=\? AND seq=\? AND action_id=\?\)",
        "delivery_pkey",
    ),
    (
        "deliveries",
        {"seq": 15_000, "action_id": 1, "state": -1, "only_action": 0, "most": 50},
        r"PRIMARY KEY \(trigger_id=\? AND \(seq,action_id\)>",
        "ROW\\(seq, action_id\\) >",
    ),
    (
        "clear_acted",
        {"after": 500, "until": 600},
        r"action_performed USING PRIMARY KEY \(trigger_id=\? AND seq>\? AND seq<\?\)",
        "action_performed",
    ),
    (
        "pick_slice",
        {"without": "[1, 2]"},
        LOOKED_AT,
        "slice_of_trigger_to_do",
    ),
    (
        "slice_due",
        {"grace_ms": 0, "most": 2},
        LOOKED_AT,
        TO_DO,
    ),
    ("ended_slice_due", {}, LOOKED_AT, TO_DO),
    ("next_due", {}, LOOKED_AT, TO_DO),
    ("pick_this_slice", {"no": 77}, r"\(trigger_id=\? AND no=\?\)", "slice_pkey"),
    ("this_slice_due", {"no": 77}, r"\(trigger_id=\? AND no=\?\)", "slice_pkey"),
    ("slice", {"no": 77}, r"slice USING (PRIMARY KEY|INDEX \w+) \(trigger_id=\? AND no=\?\)", "slice_pkey"),
    (
        "take_slice",
        {"no": 77, "lease_ms": 1, "lo": 1, "hi": 2, "now_ms": 1, "outlets": None, **CLAIM},
        r"\(trigger_id=\? AND no=\?\)",
        "slice_pkey",
    ),
    ("renew_slice", {"no": 77, "lease_ms": 1, **CLAIM}, r"\(trigger_id=\? AND no=\?\)", "slice_pkey"),
    ("standings", {}, "broadcast_trigger", "broadcast_trigger"),
    (
        "open_chunk",
        {"no": 77, "lo": 1, "hi": 2, "now_ms": 1, "outlets": None, "lease_ms": 1, **CLAIM},
        r"\(trigger_id=\? AND no=\?\)",
        "slice_pkey",
    ),
    ("accounts_in_doubt", {}, "USING INDEX trigger_count_in_doubt", "trigger_count"),
    ("unfinished_accounts", {"state": 0}, r"c USING (INDEX \w+|PRIMARY KEY) \(trigger_id=\?", "trigger_count"),
    ("unfinished_triggers", {}, "USING INDEX broadcast_trigger_unfinished", "broadcast_trigger"),
    (
        "give_back_slice",
        {"no": 77, "done": 0, "due_ms": 0, "tried": 1, **CLAIM},
        r"\(trigger_id=\? AND no=\?\)",
        "slice_pkey",
    ),
    (
        "numbers_by_ids",
        {"ids": encode([f"p{n}" for n in range(1, 500)])},
        r"person_by_id \(workspace_id=\? AND id=\?\)",
        "person_by_id",
    ),
    (
        "numbers_by_emails",
        {"email_keys": encode([f"p{n}@x" for n in range(1, 500)])},
        r"person_by_(unique_)?email \(workspace_id=\? AND email_key=\?\)",
        "person_by_email",
    ),
    (
        "activities_of_workspace",
        {"before": "Z", "most": 1_000},
        r"a USING INDEX \w+ \(workspace_id=\? AND id<",
        r"activity_pkey on activity",
    ),
    (
        "activities_of_people",
        {"person_ids": "[7]", "before": "Z", "kind": "", "name": "", "most": 11},
        r"a USING INDEX activity_by_person \(person_id=\? AND id<",
        "activity_by_person",
    ),
    (
        "forget_refused",
        {"quoted": '"x"'},
        r"activity USING INDEX activity_refused",
        "activity_refused",
    ),
    ("counts_of_triggers", {"ids": "[1]"}, r"c USING (INDEX \w+|PRIMARY KEY) \(trigger_id=\?", "trigger_count"),
    ("metrics_of_triggers", {"ids": "[1]"}, r"m USING (INDEX \w+|PRIMARY KEY) \(trigger_id=\?", "trigger_metric"),
    (
        "language_series",
        {"action_id": 1, "from_hour": 1, "to_hour": 9},
        r"language_count USING INDEX \w+ \(action_id=\?",
        "language_count_pkey",
    ),
    ("standing_of_triggers", {"ids": "[1]"}, r"slice_of_trigger_to_do \(trigger_id=\? AND tried=\?\)", TO_DO),
    ("waiting_retry", {}, r"d USING PRIMARY KEY \(trigger_id=\? AND seq>", "delivery_pkey"),
    ("repeats_waiting", {}, "trigger_again_to_do", "trigger_again"),
    ("next_again", {}, "trigger_again_to_do", "trigger_again"),
    ("samples", {"past_ms": 1}, r"PRIMARY KEY \(at_ms>", "trigger_sample"),
    ("badges", {}, r"c USING INDEX trigger_count_drafted", "trigger_count"),
    (
        "accounts_of_a_reason",
        {"reason": "refused", "seq": 15_000, "action_id": 1, "state": -1, "most": 50},
        r"INDEX delivery_by_reason \(trigger_id=\? AND reason=\? AND seq>",
        "delivery_by_reason",
    ),
    (
        "people_by_email_prefix",
        {"reached": "p1", "beyond": "p1\U0010ffff", "after": 0, "most": 50},
        r"INDEX person_by_email \(workspace_id=\? AND email_key>",
        "person_by_email_prefix",
    ),
    (
        "people_by_id_prefix",
        {"prefix": "p1", "reached": "", "beyond": "p1\U0010ffff", "most": 50},
        r"INDEX person_by_id \(workspace_id=\? AND id>",
        "person_by_id_prefix",
    ),
    (
        "outlines",
        {"before": 2**53, "kind": "broadcast", "state": "", "archived": -1, "only": 0, "most": 500},
        r"broadcast USING INDEX broadcast_by_workspace \(workspace_id=\? AND broadcast_id<",
        "broadcast",
    ),
    (
        "latest_triggers",
        {"broadcast_ids": "[1]"},
        r"USING (COVERING )?INDEX broadcast_trigger_by_broadcast \(broadcast_id=\?",
        "broadcast_trigger",
    ),
    (
        "sent_by_day",
        {"broadcast_ids": "[1]", "from_hour": 1},
        r"metric_count USING (INDEX \w+|PRIMARY KEY) \(broadcast_id=\?",
        "metric_count",
    ),
    (
        "versions_before",
        {"broadcast_id": 1, "before": 2**53, "most": 50},
        r"broadcast_version USING INDEX \w+ \(broadcast_id=\? AND version<",
        "broadcast_version_pkey",
    ),
    ("hold_people", {"person_ids": encode(list(range(500)))}, BY_NUMBER, "person_pkey"),
    ("people_by_numbers", {"person_ids": encode(list(range(500)))}, BY_NUMBER, "person_pkey"),
    (
        "people_named",
        {"ids": '["p1"]', "emails": '["p2@x"]', "numbers": "[7]"},
        BY_NUMBER + r"(.|\n)*person_by_id \(workspace_id=\? AND id=\?\)(.|\n)*\(workspace_id=\? AND email_key=\?\)",
        "person_pkey",
    ),
    ("identifiers_of", {"person_ids": encode(list(range(500)))}, r"INTEGER PRIMARY KEY \(rowid=\?\)", "person_pkey"),
]


def fill(store: Store, workspace: Workspace) -> Played:
    taken = PersonNumbers(store).take(workspace.workspace_id, PEOPLE)
    crowd = [Person(number, f"p{n}", f"p{n}@x", {}, {}, 0) for n, number in enumerate(taken, start=1)]
    store.write(lambda tx: people.insert(tx, workspace, crowd))
    happened = [Happened(number, "attribute_change", {}) for number in taken]
    store.write(lambda tx: activities.write(tx, workspace, happened, tx.now_ms()))
    played = Played.sending(store, workspace, people=PEOPLE, size=5)
    store.write(ledger.analyze)
    return played


@pytest.fixture
def explain(store: Store, workspace: Workspace) -> Iterator[Explain]:
    played = fill(store, workspace)
    common = {"trigger_id": played.trigger_id, "workspace_id": workspace.workspace_id}
    texts = load(store.engine)
    if isinstance(store, SqliteStore):
        sqlite = sqlite3.connect(store._path)

        def explain_sqlite(name: str, parameters: Mapping[str, object]) -> str:
            rows = sqlite.execute("EXPLAIN QUERY PLAN " + texts[name], {**common, **parameters}).fetchall()
            return "\n".join(row[3] for row in rows)

        yield explain_sqlite
        sqlite.close()
        return
    assert isinstance(store, PostgresStore)
    postgres = psycopg.connect(store.url, autocommit=True)
    postgres.execute("ANALYZE person, broadcast_trigger, activity")

    def explain_postgres(name: str, parameters: Mapping[str, object]) -> str:
        given: Mapping[str, object] = {**common, **parameters}
        if name == "settle":
            given = columns([{**given, "seq": seq} for seq in range(501, 601)])
        return "\n".join(str(row[0]) for row in postgres.execute(("EXPLAIN " + texts[name]).encode(), given))

    yield explain_postgres
    postgres.close()


def test_no_table_is_read_from_end_to_end(store: Store, explain: Explain) -> None:
    wrong: list[str] = []
    for name, given, on_sqlite, on_postgres in PLANS:
        parameters = {key: value for key, value in given.items() if key != "any"}
        if "any" in given:
            parameters["trigger_id"] = 0
        plan = explain(name, parameters)
        needed, scan = (
            (on_sqlite, r"SCAN (delivery|slice|person|activity|a|d|s|p)\b(?! USING INDEX)")
            if store.engine == "sqlite"
            else (on_postgres, r"Seq Scan on (delivery|slice|person|activity)")
        )
        if re.search(scan, plan) or not re.search(needed, plan):
            wrong.append(f"{name}:\n{plan}"[:2_000])
    assert not wrong, "\n\n".join(wrong)


# Each goes through all people of a workspace, and is to.
EVERYBODY = {"workspace_size"}


def test_no_statement_goes_through_all_people_of_a_workspace(tmp_path: Path) -> None:
    """SQLite takes an index by workspace for short: ten rows, as long as it has no statistics."""
    store = SqliteStore(tmp_path / "plans.db")
    migrate(store)
    sqlite = sqlite3.connect(store._path)
    found = set[str]()
    texts = load("sqlite")
    for name, text in texts.items():
        parameters = dict.fromkeys(re.findall(r"(?<![:\w]):([a-z_][a-z0-9_]*)", text), 1)
        plan = "\n".join(row[3] for row in sqlite.execute("EXPLAIN QUERY PLAN " + text, parameters))
        aliases = "|".join({"person", *re.findall(r"(?:FROM|JOIN) person (?:AS )?(\w+)", text)})
        if re.search(rf"(SCAN ({aliases})\b(?! USING COVERING)|SEARCH ({aliases}) .*\(workspace_id=\?\))", plan):
            found.add(name)
    sqlite.close()
    store.close()
    assert found == EVERYBODY
    assert len(texts) > len(PLANS)
