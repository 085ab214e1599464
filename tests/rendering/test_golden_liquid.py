# SPDX-License-Identifier: Apache-2.0
"""The public golden-liquid cases (Ruby's Liquid) in the production environment; deviations have reasons."""

import json
from pathlib import Path
from typing import Any

import pytest

from clarion.domain.errors import RenderError
from clarion.rendering.environment import render_text


def _cases() -> list[dict[str, Any]]:
    for folder in Path(__file__).resolve().parents:
        path = folder.parent / "shared" / "data" / "golden_liquid.json"
        if path.is_file():
            cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["tests"]
            return cases
    return []


MISSING = "a missing property of something that exists is an error (contract §13.5)"
LIQUIDJS = "numbers as in LiquidJS: true division, no .0 (contract §13.1)"
ANY_LIST = "concat takes an object or an array (contract §13.1)"
NO_THROW = "list filters are as lenient as LiquidJS's (contract §13.1: sort does not throw, sum casts)"
PARSER = "python-liquid is more lenient here"

DEVIATIONS = {
    "output, array index out of bounds": MISSING,
    "output, negative array index out of bounds": MISSING,
    "output, render an undefined property": MISSING,
    "special, first of a string": MISSING,
    "special, first of an empty object": MISSING,
    "special, last of a object": MISSING,
    "special, last of a string": MISSING,
    "filters, find, array of hashes, with a nil": MISSING,
    "filters, find, hash input, explicit nil, match": MISSING,
    "filters, find index, array of hashes, with a nil": MISSING,
    "tags, echo, render an undefined property": MISSING,
    "tags, for, forloop no such attribute": MISSING,
    "filters, concat, non array-like argument is an error": ANY_LIST,
    "filters, concat, undefined argument is an error": ANY_LIST,
    "filters, date, missing argument": "date without a pattern gives the value unchanged",
    "filters, date, negative timestamp string": "times before 1970 are times too",
    "filters, divided by, integer division": LIQUIDJS,
    "filters, divided by, integer value and float arg": LIQUIDJS,
    "filters, divided by, issue": LIQUIDJS,
    "filters, divided by, too many args": "LiquidJS's third argument asks for whole numbers",
    "filters, divided by, zero divided by float": LIQUIDJS,
    "filters, sort, incompatible types": NO_THROW,
    "filters, sum, properties arguments with non-hash items": NO_THROW,
    "filters, where, left value is not an array": NO_THROW,
    "tags, case, unexpected when token, strict2": PARSER,
    "tags, comment, incomplete tags are not parsed": PARSER,
}

NOT_OFFERED = {"include tag", "render tag"}  # Customer.io has snippets instead (contract §13.2)

CASES = _cases()


@pytest.mark.skipif(not CASES, reason="golden_liquid.json is not here")
def test_golden_cases_but_for_the_listed_deviations() -> None:
    wrong: dict[str, str] = {}
    for case in CASES:
        if NOT_OFFERED & set(case.get("tags", ())):
            continue
        try:
            shown = render_text(case["template"], scope=case.get("data", {}), part="body")
        except RenderError as error:
            if not case.get("invalid"):
                wrong[case["name"]] = f"raised {error}"
            continue
        if case.get("invalid"):
            wrong[case["name"]] = f"should be refused, gave {shown!r}"
        elif shown not in case.get("results", [case.get("result")]):
            wrong[case["name"]] = f"gave {shown!r}"

    assert {name: words for name, words in wrong.items() if name not in DEVIATIONS} == {}
    assert set(DEVIATIONS) - set(wrong) == set(), "these do not deviate any more"
