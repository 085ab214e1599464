# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that no linter knows. CONTRIBUTING.md says why they are there."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest

from clarion.domain import triggers as trigger_rules
from clarion.domain.broadcasts import BroadcastKind, BroadcastState, DoubtPolicy, SendingState
from clarion.domain.channels import CHANNELS
from clarion.domain.deliveries import REASON_WORDS, Reason, State
from clarion.domain.goals import Exit, GoalKind
from clarion.domain.people import IdKind
from clarion.domain.suppressions import EspKind
from clarion.domain.triggers import TriggerState
from clarion.domain.versions import Reason as VersionReason
from clarion.pipeline import failpoint

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "clarion"
DOCS = ROOT / "docs"
MODULES = sorted(SRC.rglob("*.py"))
TEST_FILES = sorted(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts)
MOST_LINES = 400
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "core", "service", "services"}
SQL = re.compile(r"\bSELECT\b.+\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.+\bSET\b|\bDELETE FROM\b", re.DOTALL)
PATCHING = re.compile(r"monkeypatch\.(setattr|delattr)$|(^|\.)patch(\.object|\.dict|\.multiple)?$")
# Put together here, so that this file does not name them either.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("repo1", "maven", "org"),
        ("deb", "debian", "org"),
    )
)
# Which values each CHECK list of the migrations must allow: an enum of the domain, or, where there is none yet,
# the values themselves.
CHECKS: dict[str, set[str]] = {
    "export_kind_known": {"customers", "deliveries"},
    "export_state_known": {"pending", "done", "failed"},
    "action_kind_known": {"email", "webhook", *CHANNELS},
    "again_kind_known": {kind.value for kind in trigger_rules.Repeat},
    "broadcast_exit_known": {when.value for when in Exit},
    "broadcast_kind_known": {kind.value for kind in BroadcastKind},
    "broadcast_version_reason_known": {reason.value for reason in VersionReason},
    "broadcast_state_known": {state.value for state in BroadcastState},
    "delivery_state_known": {str(state.value) for state in State},
    "doubt_policy_known": {policy.value for policy in DoubtPolicy},
    "esp_kind_known": {kind.value for kind in EspKind},
    "import_about_known": {"object", "relationship"},
    "import_identifier_known": {"id", "email"},
    "import_named_by_known": {"cio_id"},
    "import_kind_known": {"people", "event"},
    "import_state_known": {"preprocessing", "importing", "imported", "failed"},
    "import_who_known": {"all", "only_new", "only_existing"},
    "goal_kind_known": {kind.value for kind in GoalKind},
    "identifiers_known": {"id", "id_email"},
    "key_kind_known": {"app", "track"},
    "segment_kind_known": {"manual"},
    "sending_state_known": {state.value for state in SendingState},
    "suppressed_hash_kind_known": {kind.value for kind in IdKind} - {IdKind.CIO_ID.value},
    "suppressed_kind_known": {kind.value for kind in IdKind} - {IdKind.CIO_ID.value},
    "user_link_kind_known": {"owner", "invitation", "reset"},
    "trigger_state_known": {state.value for state in TriggerState},
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def settings_text() -> str:
    path = SRC / "settings.default.toml"
    assert path.exists(), "src/clarion/settings.default.toml is not there yet"
    return path.read_text("utf-8")


# -- modules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_belongs_in_it_and_stays_small(path: Path) -> None:
    text = path.read_text("utf-8")
    first = text.partition("\n")[0]
    assert first == "# SPDX-License-Identifier: Apache-2.0"
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert len(text.splitlines()) <= MOST_LINES, f"{len(text.splitlines())} lines"


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part for path in MODULES for part in path.relative_to(SRC).with_suffix("").parts}
    assert not parts & FORBIDDEN_NAMES


def test_the_layers_hold() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def strings_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text of a module but its docstrings; the parts of an f-string are one text."""
    prose: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            opening = node.body[0]
            if isinstance(opening, ast.Expr):
                prose.add(id(opening.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(p.value) if isinstance(p, ast.Constant) else "x" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def test_only_the_store_knows_sql() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in MODULES
        if SRC / "store" not in path.parents
        for line, text in strings_of(tree_of(path))
        if SQL.search(text)
    ]
    assert not found, "\n".join(found)


# -- documentation --------------------------------------------------------------------------------------------


def test_every_endpoint_is_documented() -> None:
    from clarion.api.application import ENDPOINTS  # noqa: PLC0415 - so that the other rules stand without it

    rows = (DOCS / "api.md").read_text("utf-8").splitlines()
    missing = [
        f"{endpoint.method} {path}"
        for endpoint in ENDPOINTS
        for path in (endpoint.path, *endpoint.aliases)
        if not any(row.startswith(f"| {endpoint.method} |") and f"`{path}`" in row for row in rows)
    ]
    assert not missing, "run `make docs`: " + ", ".join(missing)


def test_every_endpoint_says_what_it_does() -> None:
    from clarion.api.application import ENDPOINTS  # noqa: PLC0415 - as above

    assert not [endpoint.path for endpoint in ENDPOINTS if len(endpoint.summary) < 5]


def test_every_setting_has_a_comment_above_it() -> None:
    lines = settings_text().splitlines()
    bare = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if re.match(r"[a-z_0-9]+\s*=", line) and not above.startswith("# ")
    ]
    assert not bare, "\n".join(bare)


def test_every_setting_is_documented() -> None:
    page = (DOCS / "settings.md").read_text("utf-8")
    missing = [
        f"{table}.{key}"
        for table, values in tomllib.loads(settings_text()).items()
        for key in values
        if f"| `{table}.{key}` |" not in page
    ]
    assert not missing, "run `make docs`: " + ", ".join(missing)


def test_the_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_reason_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)


def test_every_failpoint_is_passed_somewhere() -> None:
    said = {text for path in MODULES if path.name != "failpoint.py" for _, text in strings_of(tree_of(path))}
    assert set(failpoint.NAMES) <= said


def texts_of_the_project() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".coverage"))
    for folder in (".ci", "benchmarks", "docs", "requirements", "src", "tests", "web"):
        for at, folders, names in os.walk(ROOT / folder):
            folders[:] = [name for name in folders if name not in {"__pycache__", "node_modules"}]
            yield from (Path(at) / name for name in names)


def test_no_file_names_a_package_registry() -> None:
    found = [
        f"{name_of(path)} names {host}"
        for path in texts_of_the_project()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert not found, "\n".join(found)


def test_the_locks_hold_versions_and_hashes_only() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            assert re.match(r"[A-Za-z0-9._-]+==\S+( ;.*)? \\$|    --hash=sha256:[0-9a-f]{64}( \\)?$", line), line


@pytest.mark.parametrize("path", [ROOT / "web", ROOT / "tests" / "clients"], ids=name_of)
def test_the_locks_of_npm_hold_no_addresses(path: Path) -> None:
    packages = json.loads((path / "package-lock.json").read_text("utf-8"))["packages"]
    del packages[""]
    assert [name for name, package in packages.items() if "integrity" not in package or "resolved" in package] == []


# -- schema -----------------------------------------------------------------------------------------------------


def check_lists() -> dict[str, set[str]]:
    """The values that each named CHECK allows, as the last migration that names it has them."""
    found = {}
    for path in sorted((SRC / "store" / "migrations").glob("*.sql")):
        text = path.read_text("utf-8")
        for name, _, values in re.findall(r"CONSTRAINT (\w+_known)\s+CHECK \((\w+) IN \(([^)]*)\)\)", text):
            found[name] = set(re.findall(r"'([^']*)'", values))
        for name, low, high in re.findall(r"CONSTRAINT (\w+_known)\s+CHECK \(\w+ BETWEEN (\d+) AND (\d+)\)", text):
            found[name] = {str(number) for number in range(int(low), int(high) + 1)}
        named = set(re.findall(r"CONSTRAINT (\w+_known)\b", text))
        assert named <= set(found), f"{path.name} has a CHECK list that this test cannot read"
    return found


def test_the_schema_allows_exactly_the_values_of_the_domain() -> None:
    assert check_lists() == CHECKS


def test_every_closed_set_of_states_is_checked_by_the_schema() -> None:
    stored: list[type[Enum]] = [BroadcastState, DoubtPolicy, SendingState, State, TriggerState]
    for kind in stored:
        assert {str(member.value) for member in kind} in check_lists().values(), kind


def test_the_index_of_unfinished_triggers_covers_what_the_domain_calls_unfinished() -> None:
    schema = (SRC / "store" / "migrations" / "0001_initial.sql").read_text("utf-8")
    values = re.search(r"broadcast_trigger_unfinished ON .*\n\s*WHERE state IN \(([^)]*)\)", schema)
    assert values is not None
    assert set(re.findall(r"'(\w+)'", values[1])) == {state.value for state in trigger_rules.UNFINISHED}


# -- tests --------------------------------------------------------------------------------------------------------


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def names_from_us(tree: ast.Module) -> set[str]:
    """The names that a file gets from our own package."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "clarion":
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            ours = [alias for alias in node.names if alias.name.partition(".")[0] == "clarion"]
            found |= {alias.asname or "clarion" for alias in ours}
    return found


def test_no_test_sleeps_for_a_fixed_time() -> None:
    """Wait for what should happen, with a limit; a fixed pause is too short here and too long there."""
    found = []
    for path in TEST_FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and dotted(node.func) in {"time.sleep", "asyncio.sleep", "sleep"}:
                pause = node.args[0] if node.args else None
                if isinstance(pause, ast.Constant) and isinstance(pause.value, int | float) and pause.value > 0:
                    found.append(f"{name_of(path)}:{node.lineno} {ast.unparse(node)}")
    assert not found, "\n".join(found)


def test_no_test_patches_our_own_code() -> None:
    """Where a test wants to patch, the code lacks a parameter."""
    found = []
    for path in TEST_FILES:
        tree = tree_of(path)
        ours = names_from_us(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            if not PATCHING.search(dotted(node.func)):
                continue
            target = node.args[0]
            text = target.value if isinstance(target, ast.Constant) and isinstance(target.value, str) else ""
            if text.startswith("clarion.") or dotted(target).partition(".")[0] in ours:
                found.append(f"{name_of(path)}:{node.lineno} {ast.unparse(node)}")
    assert not found, "\n".join(found)
