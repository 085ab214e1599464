# SPDX-License-Identifier: Apache-2.0
"""Migrations: numbered SQL files, forward only, each in a transaction of its own (docs/deployment.md, "Upgrades").

`0001_name.sql` is for both engines, `0002_name.postgres.sql` for one. A step *expands*: programs that do not know it
go on working. One that does not is a *contract* and says so in its first line (``-- contract: 0009``): programs that
do not know step 9 are told to stop before it is taken.
"""

import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources

from clarion.domain.errors import SetupError
from clarion.store import jobs_postgres, steps_postgres
from clarion.store.engine import Store
from clarion.store.queries import Engine

Pause = Callable[[float], None]

_FILE = re.compile(r"^(?P<number>\d{4})_[a-z0-9_]+(?:\.(?P<engine>sqlite|postgres))?\.sql$")
_CONTRACT = re.compile(r"\A-- contract: (\d{4})$", re.MULTILINE)
_OUTSIDE = re.compile(r"\A-- outside a transaction\b", re.MULTILINE)
_PROCRASTINATE = 3
_SPELLING: dict[Engine, dict[str, str]] = {
    "sqlite": {"id": "INTEGER", "clustered": "WITHOUT ROWID", "ledger": "WITHOUT ROWID"},
    "postgres": {"id": "bigint", "clustered": "", "ledger": "WITH (fillfactor = 50)"},
}
# The row of schema_guard is what two programs that migrate at once wait for, and where the minimum stands.
BOOTSTRAP = """
CREATE TABLE IF NOT EXISTS schema_version (version bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE IF NOT EXISTS schema_guard (
    only_row smallint PRIMARY KEY CHECK (only_row = 1), minimum bigint NOT NULL);
INSERT INTO schema_guard (only_row, minimum) VALUES (1, 0) ON CONFLICT (only_row) DO NOTHING;
"""
GRACE_SECONDS = 30.0  # programs look at the minimum every few seconds, then drain
_LOCK_PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step; `text` is what the engine runs.

    `minimum`: of a contract, the step that running programs must know before it is taken; 0 for one that expands.
    `outside`: its statements run one by one outside a transaction (CREATE INDEX CONCURRENTLY); each may be repeated.
    """

    number: int
    name: str
    text: str
    minimum: int = 0
    outside: bool = False


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
        found[number] = step(number, file.name, text)
    if engine == "postgres":
        # Procrastinate's tables are a step like ours, so that they come in the same way and only once.
        found[_PROCRASTINATE] = Migration(_PROCRASTINATE, "procrastinate", jobs_postgres.schema())
    return [found[number] for number in sorted(found)]


def step(number: int, name: str, text: str) -> Migration:
    """A step as its file says it."""
    contract = _CONTRACT.match(text)
    return Migration(number, name, text, int(contract[1]) if contract else 0, _OUTSIDE.match(text) is not None)


def newest(engine: Engine) -> int:
    """The last step that this program knows."""
    return migrations(engine)[-1].number


def applied(store: Store) -> set[int]:
    """The numbers of the steps this database has."""
    if "schema_version" not in _tables(store):
        return set()
    return {int(row["version"]) for row in store.read(lambda tx: tx.all("list_migrations"))}


def minimum(store: Store) -> int:
    """The step that a running program must know; 0 when any program may run."""
    if "schema_guard" not in _tables(store):
        return 0
    row = store.read(lambda tx: tx.one("schema_minimum"))
    return int(row["minimum"]) if row else 0


def _tables(store: Store) -> set[str]:
    return {str(row["name"]) for row in store.read(lambda tx: tx.all("schema_tables"))}


def outdated(store: Store, knows: int) -> str | None:
    """Why a program that knows the steps up to `knows` must not run on this database; None when it may."""
    least = minimum(store)
    if least <= knows:
        return None
    return f"this program knows the database's schema up to step {knows}, it must know step {least}: update it"


def pending(store: Store, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """The expanding steps that `migrate` would take; `steps` instead of all that this program knows.

    Steps of a newer program are not in the way: they expand, or the minimum says that they do not.

    Raises:
        SetupError: this program is too old for the database.
    """
    return [one for one in _missing(store, steps) if not one.minimum]


def contracts(store: Store, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """The contracts that wait for `migrate(…, contract=True)`."""
    return [one for one in _missing(store, steps) if one.minimum]


def _missing(store: Store, steps: Sequence[Migration] | None) -> list[Migration]:
    known = steps or migrations(store.engine)
    too_old = outdated(store, known[-1].number)
    if too_old:
        raise SetupError(too_old)
    done = applied(store)
    return [one for one in known if one.number not in done]


def migrate(
    store: Store,
    steps: Sequence[Migration] | None = None,
    *,
    contract: bool = False,
    grace_seconds: float = GRACE_SECONDS,
    pause: Pause = time.sleep,
) -> list[str]:
    """Bring the database up to date (by `steps` instead of all that are known); the names of those taken.

    Contracts are taken on a new database, else only when asked for: the minimum is raised, older programs are
    given `grace_seconds` to notice and drain, then the step is taken.

    A step and its entry in the table of steps commit together, so a killed run goes on where it was. Two
    programs at once wait for each other at the row of schema_guard; the second one finds the step taken.

    Raises:
        SetupError: this program is too old, or PostgreSQL did not give a lock for ten minutes.
    """
    fresh = not applied(store)
    taken: list[str] = []
    for one in _missing(store, steps):
        if one.minimum and not fresh:
            if not contract:
                continue
            _raise_minimum(store, one.minimum)
            pause(grace_seconds)
        if _take(store, one, pause):
            taken.append(one.name)
    return taken


def _raise_minimum(store: Store, least: int) -> None:
    store.write(lambda tx: tx.execute("raise_minimum", minimum=least))


def _take(store: Store, one: Migration, pause: Pause) -> bool:
    """Take a step; False when somebody else did."""
    started = time.monotonic()
    while True:
        try:
            if one.outside and store.engine == "postgres":
                return steps_postgres.take_outside(store, one.number, one.name, one.text, BOOTSTRAP)
            store.script(_script(store.engine, one))
        except Exception as error:
            if one.number in applied(store):
                return False
            if not steps_postgres.was_locked_out(error):
                raise
            if time.monotonic() - started > _LOCK_PATIENCE_SECONDS:
                raise SetupError(
                    f"{one.name} did not get its lock for ten minutes: look for a long transaction in pg_stat_activity"
                ) from error
            pause(random.uniform(0.5, 1.5))  # noqa: S311 - meanwhile senders have their turn
        else:
            return True


def _script(engine: Engine, one: Migration) -> str:
    patience, turn = (steps_postgres.SHORT_PATIENCE, steps_postgres.TURN) if engine == "postgres" else ("", "")
    entry = f"INSERT INTO schema_version (version, name) VALUES ({one.number}, '{one.name}');\n"  # noqa: S608 - ours
    least = f"UPDATE schema_guard SET minimum = {one.minimum} WHERE minimum < {one.minimum};\n"  # noqa: S608 - a number
    return f"{patience}{BOOTSTRAP}{turn}{entry}{least}{one.text}"
