# SPDX-License-Identifier: Apache-2.0
"""The Grafana board and the alert rules ask only for what the program has, and for all that an operator must see."""

import json
import re
from pathlib import Path

import pytest

from clarion.observability.exposition import PROCESSES, Exposition
from clarion.observability.metrics import Metrics
from clarion.store.operations import Backlog

DEPLOY = Path(__file__).parents[2] / "deploy"
BOARD = (DEPLOY / "grafana" / "clarion.json").read_text("utf-8")
RULES = (DEPLOY / "alerts" / "clarion.rules.yml").read_text("utf-8")
NAME = re.compile(r"\bclarion_[a-z_]+\b")


def exported() -> dict[str, str]:
    """Every family that /metrics can have, with its type."""
    exposition = Exposition(Metrics().registry)
    exposition.observe(Backlog({"sending": 1}, 2, 3, 4, 5), dict.fromkeys(PROCESSES, 1.0))
    return dict(re.findall(r"^# TYPE (\S+) (\w+)$", exposition.text().decode(), re.MULTILINE))


def samples() -> set[str]:
    found = set()
    for name, kind in exported().items():
        found |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
    return found


@pytest.mark.parametrize("text", [BOARD, RULES], ids=["board", "rules"])
def test_every_metric_that_is_asked_for_exists(text: str) -> None:
    asked = {name for name in NAME.findall(text) if not name.endswith("_")}
    assert len(asked) > 8
    assert asked <= samples()


def test_the_board_shows_every_metric_of_ours() -> None:
    asked = {re.sub("_(bucket|sum|count)$", "", name) for name in NAME.findall(BOARD)}
    assert asked == {name for name in exported() if name.startswith("clarion_")}


def test_the_board_is_one_that_grafana_can_lay_out() -> None:
    panels = json.loads(BOARD)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert all(target["expr"].count("(") == target["expr"].count(")") for target in panel["targets"])


def test_there_is_an_alert_for_each_way_to_be_in_trouble() -> None:
    alerts = set(re.findall(r"- alert: Clarion(\w+)", RULES))
    wanted = {"Stuck", "Slow", "ErrorShare", "InDoubt", "QueueOld", "ProviderAway", "WorkerRestarts"}
    assert wanted <= alerts
    for block in RULES.split("- alert: ")[1:]:
        assert "severity:" in block, block
        assert "summary:" in block, block
        assert "what_to_do:" in block, block
