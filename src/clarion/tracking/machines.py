# SPDX-License-Identifier: Apache-2.0
"""The rules by which machines are told from people, read: ours, and an operator's own (`machines.default.toml`)."""

import re
import tomllib
from importlib import resources
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request

from clarion.domain.errors import SetupError, detail_of
from clarion.domain.machines import MachineRules, RequestRule, Seen, SpeedRule

_Seconds = Annotated[float, msgspec.Meta(ge=0, le=3_600)]
_Links = Annotated[int, msgspec.Meta(ge=2)]


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    says: Literal["machine", "proxy"]
    source: str
    methods: list[str] = []
    agent: str | None = None
    header: str = ""
    value: str | None = None
    networks: list[str] = []


class _Speed(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    of: Literal["opened", "clicked", "links"]
    within_seconds: _Seconds
    source: str
    links: _Links = 2


class _File(msgspec.Struct, forbid_unknown_fields=True):
    replace: bool = False
    rule: list[_Rule] = []
    speed: list[_Speed] = []


def load(own: Path | None = None) -> MachineRules:
    """Ours, with an operator's `own` before them or instead.

    Raises:
        SetupError: the file cannot be read, or a rule in it means nothing.
    """
    ours = _parsed(resources.files("clarion.tracking").joinpath("machines.default.toml").read_text("utf-8"), "")
    if own is None:
        return ours[1]
    try:
        text = own.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"tracking.machine_rules: cannot read {own}: {detail_of(error)}") from None
    replace, theirs = _parsed(text, f"tracking.machine_rules: {own}: ")
    if replace:
        return theirs
    return MachineRules((*theirs.requests, *ours[1].requests), (*theirs.speeds, *ours[1].speeds))


def seen(request: Request) -> Seen:
    """What the rules look at."""
    return Seen(request.method, request.headers, request.client.host if request.client else "")


def _parsed(text: str, where: str) -> tuple[bool, MachineRules]:
    try:
        found = msgspec.convert(tomllib.loads(text), _File)
        requests = tuple(_request_rule(one) for one in found.rule)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError, re.error) as error:
        raise SetupError(f"{where}{error}") from None
    speeds = (
        SpeedRule(one.name, one.of, int(one.within_seconds * 1_000), one.source, one.links) for one in found.speed
    )
    return found.replace, MachineRules(requests, tuple(speeds))


def _request_rule(one: _Rule) -> RequestRule:
    if not (one.methods or one.agent is not None or one.value is not None or one.networks):
        raise ValueError(f"rule {one.name!r} names nothing that it decides by")
    if bool(one.header) != (one.value is not None):
        raise ValueError(f"rule {one.name!r}: header and value go together")
    return RequestRule(
        one.name,
        one.says,
        one.source,
        frozenset(method.upper() for method in one.methods),
        None if one.agent is None else re.compile(one.agent),
        one.header.lower(),
        None if one.value is None else re.compile(one.value),
        tuple(ip_network(network) for network in one.networks),
    )
