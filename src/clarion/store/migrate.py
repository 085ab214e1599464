# SPDX-License-Identifier: Apache-2.0
"""Migrations: numbered SQL files, forward only, each in a transaction of its own.

`0001_name.sql` is for both engines, `0002_name.postgres.sql` for one. An older program refuses a database
whose number it does not know.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from clarion.domain.errors import SetupError
from clarion.store import jobs_postgres
from clarion.store.engine import Store
from clarion.store.queries import Engine

_FILE = re.compile(r"^(?P<number>\d{4})_[a-z0-9_]+(?:\.(?P<engine>sqlite|postgres))?\.sql$")
_PROCRASTINATE = 3
_SPELLING: dict[Engine, dict[str, str]] = {
    "sqlite": {"id": "INTEGER", "clustered": "WITHOUT ROWID", "ledger": "WITHOUT ROWID"},
    "postgres": {"id": "bigint", "clustered": "", "ledger": "WITH (fillfactor = 50)"},
}


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step; `text` is what the engine runs."""

    number: int
    name: str
    text: str


def migrations(engine: Engine) -> list[Migration]:
    """All steps for an engine, in order.

    Raises:
        SetupError: a file name that does not follow the pattern, or a number used twice.
    """
    found: dict[int, Migration] = {}
    for file in resources.files("clarion.store").joinpath("migrations").iterdir():
        if not file.name.endswith(".sql"):
            continue
        name = _FILE.match(file.name)
        if name is None:
            raise SetupError(f"migration {file.name} is not named NNNN_words[.engine].sql")
        if name["engine"] not in (None, engine):
            continue
        number = int(name["number"])
        if number in found:
            raise SetupError(f"migrations {found[number].name} and {file.name} have the same number")
        text = file.read_text("utf-8")
        for word, spelling in _SPELLING[engine].items():
            text = text.replace("{{" + word + "}}", spelling)
        found[number] = Migration(number, file.name, text)
    if engine == "postgres":
        # Procrastinate's tables are a step like ours, so that they come in the same way and only once.
        found[_PROCRASTINATE] = Migration(_PROCRASTINATE, "procrastinate", jobs_postgres.schema())
    return [found[number] for number in sorted(found)]


def applied(store: Store) -> set[int]:
    """The numbers of the steps this database has."""
    if not store.read(lambda tx: tx.one("has_migrations")):
        return set()
    return {int(row["version"]) for row in store.read(lambda tx: tx.all("list_migrations"))}


def pending(store: Store, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """What `migrate` would do; `steps` instead of all that this program knows.

    Raises:
        SetupError: the database was made by a newer program.
    """
    done, known = applied(store), steps or migrations(store.engine)
    newer = done - {step.number for step in known}
    if newer:
        raise SetupError(
            f"the database has schema version {max(newer)}, this program knows up to {known[-1].number}: update it"
        )
    return [step for step in known if step.number not in done]


def migrate(store: Store, steps: Sequence[Migration] | None = None) -> list[str]:
    """Bring the database up to date (by `steps` instead of all that are known); the names of those taken.

    A step and its entry in the table of steps commit together, so a killed run goes on where it was. Two
    programs at once: the second one's step fails on the first's and nothing is lost; it then looks again.
    """
    taken: list[str] = []
    for step in pending(store, steps):
        try:
            store.script(
                "CREATE TABLE IF NOT EXISTS schema_version (version bigint PRIMARY KEY, name text NOT NULL);\n"
                f"INSERT INTO schema_version (version, name) VALUES ({step.number}, '{step.name}');\n{step.text}"
            )
        except Exception:
            if step.number not in applied(store):
                raise
            continue
        taken.append(step.name)
    return taken
