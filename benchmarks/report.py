# SPDX-License-Identifier: Apache-2.0
"""What a benchmark found: rows with a ratio to a reference of the same run, as a table and as JSON."""

import json
import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.postgres_cluster import binaries


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `runs`: what each round measured, `value` is their median; `ratio`: to the reference."""

    what: str
    engine: str
    value: float
    unit: str
    ratio: float | None = None
    runs: tuple[float, ...] = ()
    bound: str = ""
    kept: bool = True  # the bound, or the check that the row stands for
    reference: float | None = None  # what the ratio is to, in the same unit


@dataclass(frozen=True, slots=True)
class Result:
    """A benchmark's figures. `reference` says what a ratio of 1 would mean."""

    name: str
    question: str
    reference: str
    command: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether every bound was kept."""
        return all(row.kept for row in self.rows)


def timed(what: str, engine: str, seconds: Sequence[float], reference: Sequence[float] | None = None) -> Row:
    """The row of several runs of something.

    The ratio is the median of each round's ratio to the reference in that round: load from elsewhere that comes
    and goes between rounds then falls on both.
    """
    ratio = median(ours / theirs for ours, theirs in zip(seconds, reference, strict=True)) if reference else None
    return Row(what, engine, median(seconds), "s", ratio, tuple(round(run, 3) for run in seconds))


def show(result: Result) -> None:
    """Print the table."""
    print(f"\n{result.name}: {result.question}")
    print(f"ratio: to {result.reference}\n")
    head = ("what", "engine", "figure", "ratio", "each round", "bound")
    table = [head] + [
        (
            row.what,
            row.engine,
            f"{_number(row.value)} {row.unit}",
            f"{row.ratio:.2f}" if row.ratio is not None else "",
            " ".join(_number(run) for run in row.runs) if len(row.runs) > 1 else "",
            f"{row.bound} {'kept' if row.kept else 'MISSED'}" if row.bound or not row.kept else "",
        )
        for row in result.rows
    ]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    for line in table:
        cells = (
            cell.rjust(width) if head[column] in {"figure", "ratio"} else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  " + "  ".join(cells).rstrip())
    for note in result.notes:
        print(f"  {note}")
    print(f"again: {result.command}", flush=True)


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def as_lines(result: Result) -> list[str]:
    """A line of JSON for each figure, for programs that read them as they come."""
    return [
        json.dumps(
            {
                "name": f"{result.name}: {row.what}" + ("" if row.engine in {"", "none"} else f", {row.engine}"),
                "value": round(row.value, 3),
                "unit": row.unit,
                "reference": None if row.reference is None else round(row.reference, 3),
                "ratio": None if row.ratio is None else round(row.ratio, 3),
                "bound": row.bound or None,
                "kept": row.kept,
            },
            ensure_ascii=False,
        )
        for row in result.rows
    ]


def as_json(results: Sequence[Result], machine: dict[str, Any], date: str, command: str) -> dict[str, Any]:
    """Everything, for a file of benchmarks/results."""
    return {
        "date": date,
        "commit": _commit(),
        "command": command,
        "machine": machine,
        "passed": all(result.passed for result in results),
        "benchmarks": [asdict(result) for result in results],
    }


def _commit() -> str:
    """What was measured; empty outside of a repository."""
    asked = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    except OSError:
        return ""
    return found.stdout.strip()


def machine_facts() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _first("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(int(_first("/proc/meminfo", "MemTotal").split()[0] or 0) / 1e6, 1),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgres": _postgres_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _first(path: str, name: str) -> str:
    try:
        for line in Path(path).read_text("utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    except OSError:
        pass
    return "0 unknown"


def _postgres_version() -> str | None:
    programs = binaries()
    if programs is None:
        return None
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+(\.\d+)*", said)
    return number[0] if number else said.strip()
