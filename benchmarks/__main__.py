# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks`: run some or all of them; exit status 1 when a bound is missed."""

import argparse
import datetime as dt
import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.support.postgres_cluster import INSTALL_HINT, binaries

from clarion.observability import set_up_logging
from clarion.store.queries import Engine

from . import (
    audience,
    data_file,
    demo,
    http_provider,
    identify,
    memory,
    metrics,
    rendering,
    segments,
    send,
    trigger_call,
)
from .ground import Ground
from .report import Result, as_json, as_lines, machine_facts, show

BENCHMARKS: dict[str, Callable[[Ground, str], Result]] = {
    "demo": demo.run,
    "audience": audience.run,
    "data_file": data_file.run,
    "memory": memory.run,
    "send": send.run,
    "grow": send.grow,
    "http-provider": http_provider.run,
    "rendering": rendering.run,
    "identify": identify.run,
    "metrics": metrics.run,
    "segments": segments.run,
    "trigger_call": trigger_call.run,
}
_PEOPLE = 1_000_000


def main() -> int:
    """Parse the command line, run, print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all when none is given")
    parser.add_argument("--people", type=int, default=_PEOPLE, help="for audience and memory (default: %(default)s)")
    parser.add_argument("--events", type=int, help="for segments, whole ones for each person (default: ten each)")
    parser.add_argument("--engine", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--rounds", type=int, default=3, help="runs of which the median counts (default: %(default)s)")
    parser.add_argument("--lines", action="store_true", help="print a line of JSON for each figure, not a table")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    given = parser.parse_args()
    unknown = set(given.names) - set(BENCHMARKS)
    if unknown or given.people < 1_000 or given.rounds < 1:
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else "at least 1000 people and 1 round")
    events = given.people * 10 if given.events is None else given.events
    if events < given.people:
        parser.error("at least one event for each person")
    engines = _engines(given.engine)
    if engines is None:
        parser.error(INSTALL_HINT)
    names = [name for name in BENCHMARKS if not given.names or name in given.names]
    options = f"--people {given.people} --events {events} --engine {given.engine} --rounds {given.rounds}"
    machine = machine_facts()
    set_up_logging("warning", "text")
    to = sys.stderr if given.lines else sys.stdout
    print("machine: " + ", ".join(f"{name} {value}" for name, value in machine.items()), flush=True, file=to)
    signal.signal(signal.SIGTERM, _leave)  # and clean up
    results = []
    started = time.monotonic()
    with closing(Ground(people=given.people, events=events, engines=engines, rounds=given.rounds)) as ground:
        for name in names:
            results.append(BENCHMARKS[name](ground, f".venv/bin/python -m benchmarks {name} {options}"))
            if given.lines:
                print("\n".join(as_lines(results[-1])), flush=True)
            else:
                show(results[-1])
    print(f"\n{time.monotonic() - started:.0f} s in all", file=to)
    if given.json is not None:
        today = dt.datetime.now(dt.UTC).date().isoformat()
        command = f".venv/bin/python -m benchmarks {' '.join(given.names)} {options}".replace("  ", " ")
        text = json.dumps(as_json(results, machine, today, command), indent=1, ensure_ascii=False)
        given.json.write_text(text + "\n", "utf-8")
    missed = [result.name for result in results if not result.passed]
    if missed:
        print("missed: " + ", ".join(missed), file=sys.stderr)
    return 1 if missed else 0


def _leave(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _engines(wanted: str) -> tuple[Engine, ...] | None:
    """The engines to measure; None when the one that was asked for is not here."""
    if wanted == "sqlite":
        return ("sqlite",)
    if binaries() is not None:
        return ("postgres",) if wanted == "postgres" else ("sqlite", "postgres")
    if wanted == "postgres":
        return None
    print(f"SQLite only. {INSTALL_HINT}", file=sys.stderr)
    return ("sqlite",)


if __name__ == "__main__":
    sys.exit(main())
