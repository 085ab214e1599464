# SPDX-License-Identifier: Apache-2.0
"""`clarion doctor`: looks at an installation as it would run, and says what is wrong and what to do about it.

It changes nothing but a file of its own in the data folder, which it removes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import msgspec
import typer

from clarion.domain.errors import detail_of

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line. `advice` says what to do, when there is something to do."""

    check: str
    level: Level
    detail: str
    advice: str = ""


Check = Callable[[], Iterable[Diagnosis]]


def examine(checks: Iterable[tuple[str, Check]]) -> Iterator[Diagnosis]:
    """Every diagnosis, as it is made; a check that breaks is a failure itself."""
    for name, check in checks:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001 - whatever is wrong here is what we are asked for
            yield Diagnosis(name, "fail", f"could not be checked: {detail_of(error)}")


def report(diagnoses: Iterable[Diagnosis], *, as_json: bool) -> int:
    """Print them; the exit status: 1 when something failed."""
    found: list[Diagnosis] = []
    for one in diagnoses:
        found.append(one)
        if not as_json:
            typer.echo(f"{one.level:<5}{one.check:<22}{one.detail}")
            if one.advice:
                typer.echo(f"     {'':<22}→ {one.advice}")
    failed = sum(1 for one in found if one.level == "fail")
    warned = sum(1 for one in found if one.level == "warn")
    if as_json:
        answer = {"ok": not failed, "failed": failed, "warned": warned, "checks": [asdict(one) for one in found]}
        typer.echo(msgspec.json.encode(answer).decode())
    else:
        typer.echo(f"{failed} failed, {warned} to look at, {len(found) - failed - warned} in order")
    return 1 if failed else 0
