# SPDX-License-Identifier: Apache-2.0
"""How long the trigger call takes while a trigger to everybody is worked, against the same call on an idle house."""

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection
from statistics import quantiles
from urllib.parse import urlsplit

from .ground import Ground
from .report import Result, Row
from .send import House
from .sink import Sink

_CALLS, _FEWEST = 600, 200
_PAUSE_S = 0.05
_WARM = 30


def run(ground: Ground, command: str) -> Result:
    """PostgreSQL: idle first, then from the call that triggers everybody until it is done or there are enough."""
    rows: list[Row] = []
    with Sink() as sink:
        house = House(ground, "postgres", sink, ground.people)
        try:
            small = house.small_broadcast()
            _times(house, small, _WARM, lambda: True)
            idle = _times(house, small, _CALLS, lambda: True)
            rows += _rows(_busy(house, small), idle)
        finally:
            house.close()
    return Result(
        "trigger_call",
        f"How long does the trigger call take while {ground.people:,} people are resolved and sent?",
        "the same call on the same house, idle",
        command,
        tuple(rows),
        ("One caller on a kept connection, a call each 50 ms; each triggers another broadcast to one person.",),
    )


def _busy(house: House, small: int) -> list[float]:
    """From when the audience of everybody is worked out until they are sent, or there are enough calls."""
    number = house.trigger_everybody()
    while house.state(number) == "queued":
        time.sleep(0.01)
    times = _times(house, small, _CALLS, lambda: house.state(number) in {"resolving", "sending"})
    if house.state(number) in {"resolving", "sending"}:
        house.stop(number)
    return times


def _times(house: House, broadcast_id: int, most: int, still: Callable[[], bool]) -> list[float]:
    """Seconds of each call, while it lasts."""
    parts = urlsplit(house.api)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    headers = {"Authorization": f"Bearer {house.app_key}", "Content-Type": "application/json"}
    times: list[float] = []
    try:
        while len(times) < most and (len(times) % 20 or still()):
            body = json.dumps({"ids": [f"p{1 + len(times) % house.people}"]})
            started = time.perf_counter()
            connection.request("POST", f"/v1/campaigns/{broadcast_id}/triggers", body, headers)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - started)
            if answer.status != 200:
                raise RuntimeError(f"the call was answered with {answer.status}")
            time.sleep(_PAUSE_S)
    finally:
        connection.close()
    return times


def _rows(times: list[float], idle: list[float]) -> list[Row]:
    if len(times) < _FEWEST:
        raise RuntimeError(f"everybody was sent after {len(times)} calls: take more people")
    found = []
    for name, at in (("p50", 49), ("p99", 98)):
        ours, theirs = quantiles(times, n=100)[at], quantiles(idle, n=100)[at]
        found.append(Row(f"{name} of {len(times)} calls", "postgres", ours, "s", ours / theirs, reference=theirs))
    return found
