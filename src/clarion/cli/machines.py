# SPDX-License-Identifier: Apache-2.0
"""Which rule would take an opening or a click for a machine's."""

from collections.abc import Sequence
from ipaddress import ip_address

import typer

from clarion.domain.errors import SetupError
from clarion.domain.machines import MachineRules, Pace, RequestRule, Seen, SpeedRule
from clarion.settings import Settings
from clarion.wiring.machines import machine_rules

_MOST_SECONDS = 100_000_000


def explain(settings: Settings, method: str, headers: Sequence[str], address: str, after_seconds: float | None) -> None:
    """Print who it is, the rule and where that is known from."""
    rules = machine_rules(settings)
    _check(method, address, after_seconds)
    rule: RequestRule | SpeedRule | None = rules.decider(Seen(method.upper(), _headers(headers), address))
    if after_seconds is not None and not (isinstance(rule, RequestRule) and rule.says == "machine"):
        rule = rules.too_fast("clicked", Pace(int(after_seconds * 1_000))) or rule
    if rule is None:
        typer.echo("person: no rule says otherwise")
    else:
        typer.echo(f"{_says(rule)}: rule {rule.name}\n  {rule.source}")


def _check(method: str, address: str, after_seconds: float | None) -> None:
    """What no request can be decides nothing, and would be taken for a person's."""
    if method.upper() not in ("GET", "HEAD"):
        raise SetupError(f"--method must be GET or HEAD, not {method!r}")
    if address:
        try:
            ip_address(address)
        except ValueError:
            raise SetupError(f"--address must be an IP address, not {address!r}") from None
    if after_seconds is not None and not 0 <= after_seconds <= _MOST_SECONDS:
        raise SetupError(f"--after must be from 0 to {_MOST_SECONDS} seconds")


def listing(settings: Settings) -> None:
    """Print every rule in the order in which they are asked."""
    rules: MachineRules = machine_rules(settings)
    every: list[RequestRule | SpeedRule] = [*rules.requests, *rules.speeds]
    for one in every:
        typer.echo(f"{_says(one):<8} {one.name}\n         {one.source}")


def _says(rule: RequestRule | SpeedRule) -> str:
    if isinstance(rule, SpeedRule) or rule.says == "machine":
        return "machine"
    return "person"


def _headers(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, colon, value = one.partition(":")
        if not colon:
            raise SetupError(f"--header must be 'Name: value', not {one!r}")
        found[name.strip().lower()] = value.strip()
    return found
