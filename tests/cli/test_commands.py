# SPDX-License-Identifier: Apache-2.0
"""The other commands, and wrong set-ups: one sentence, exit status 2, no traceback."""

import json
import logging
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from clarion import __version__
from clarion.cli.commands import app
from clarion.domain.errors import SetupError
from clarion.settings import load

Clarion = Callable[..., "subprocess.CompletedProcess[str]"]
Inside = Callable[..., Result]


@pytest.fixture
def inside() -> Iterator[Inside]:
    """The command in this process; where logs go, which it sets, is taken back, for its streams end with it."""
    handlers, level = logging.root.handlers[:], logging.root.level

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    yield run
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_version(clarion: Clarion) -> None:
    assert clarion("version").stdout.strip() == __version__


def test_migrate_says_what_it_does(clarion: Clarion, empty_url: str) -> None:
    place = ("--database-url", empty_url)
    check = clarion("migrate", "--check", *place)
    assert check.returncode == 1
    assert "would apply 0001_initial.sql" in check.stdout
    first = clarion("migrate", *place)
    assert first.returncode == 0
    assert "applied 0001_initial.sql" in first.stdout
    assert clarion("migrate", *place).stdout.strip() == "the database is up to date"
    assert clarion("migrate", "--check", *place).returncode == 0


def test_create_workspace_prints_its_keys(clarion: Clarion, empty_url: str) -> None:
    made = json.loads(clarion("create-workspace", "Acme", "--json", "--database-url", empty_url).stdout)
    assert set(made) == {"workspace_id", "app_key", "manage_key", "site_id", "track_key"}
    again = json.loads(
        clarion("create-workspace", "Beta", "--identifiers", "id", "--json", "--database-url", empty_url).stdout
    )
    assert again["workspace_id"] != made["workspace_id"]


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("serve", "--database-url", "mysql://x"), {}, "must start with sqlite:/// or postgresql://"),
        (("serve", "--database-url", "sqlite:////proc/nowhere/x.db"), {}, "cannot open the database file"),
        (("worker",), {"CLARION_SMTP_HOTS": "x"}, "CLARION_SMTP_HOTS names no setting"),
        (("worker",), {"CLARION_WORKER_SLOTS": "many"}, "CLARION_WORKER_SLOTS must be a number"),
        (
            ("worker",),
            {"CLARION_WORKER_RETRY_DELAYS_SECONDS": "[5, soon]"},
            "CLARION_WORKER_RETRY_DELAYS_SECONDS must be numbers separated by commas",
        ),
        (("worker",), {"CLARION_WORKER_SLOTS": "0"}, "worker.slots must be above 0"),
        (("worker",), {"CLARION_EMAIL_PROVIDER": "pigeon"}, "email.provider"),
        (("serve",), {"CLARION_EMAIL_PROVIDER": "sendgrid"}, "sendgrid: api_key must be"),
        (("serve",), {"CLARION_HOOKS_SENDGRID_KEY": "x"}, "hooks: sendgrid_key must be"),
        (("serve",), {"CLARION_EMAIL_ACCOUNTS": "ses-eu"}, "email.accounts names 'ses-eu'; there are: outbox"),
        (("serve",), {"CLARION_ACCOUNTS_SES_EU_REGION": "eu-west-1"}, "accounts.ses-eu: channel is missing"),
        (("serve",), {"CLARION_HOOKS_SOFT_BOUNCES": "-1"}, "hooks.soft_bounces cannot be negative"),
        (("worker", "--failpoint", "nowhere"), {}, "unknown failpoint 'nowhere'"),
        (("create-workspace", "x", "--identifiers", "phone"), {}, "--identifiers must be id_email or id"),
        (("serve", "--config", "missing.toml"), {}, "cannot read missing.toml"),
    ],
)
def test_wrong_set_ups(clarion: Clarion, arguments: tuple[str, ...], environment: dict[str, str], words: str) -> None:
    failed = clarion(*arguments, **environment)
    assert failed.returncode == 2
    assert words in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_config_file_overrides_and_unknown_keys_are_errors(clarion: Clarion, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(f'[database]\nurl = "sqlite:///{tmp_path / "named.db"}"\n')
    assert clarion("migrate", "--config", "c.toml").returncode == 0
    assert (tmp_path / "named.db").exists()
    (tmp_path / "d.toml").write_text("[database]\nurll = 1\n")
    failed = clarion("migrate", "--config", "d.toml")
    assert failed.returncode == 2
    assert "unknown key 'urll' in [database]" in failed.stderr


@pytest.mark.parametrize("text", ["1,2.5", "[1,2.5]", " [1, 2.5] ", "1, 2.5,"])
def test_a_list_in_the_environment_may_stand_in_brackets(text: str) -> None:
    settings = load(environment={"CLARION_WORKER_RETRY_DELAYS_SECONDS": text})
    assert settings.worker.retry_delays_seconds == (1.0, 2.5)


@pytest.mark.parametrize(
    "arguments",
    [["workspaces"], ["owner-link"], ["confirm-move"], ["restored"], ["export", "out.json"]],
)
def test_a_database_that_is_not_there_is_said_and_not_made(
    arguments: list[str], inside: Inside, tmp_path: Path
) -> None:
    missing, empty = tmp_path / "typo.db", tmp_path / "empty.db"
    with pytest.raises(SetupError, match=r"no database .*typo\.db: run `clarion migrate` first"):
        inside(*arguments, "--database-url", f"sqlite:///{missing}")
    assert not missing.exists()
    empty.touch()
    with pytest.raises(SetupError, match=r"no tables yet|is empty"):
        inside(*arguments, "--database-url", f"sqlite:///{empty}")


def test_keys_are_made_listed_and_revoked(inside: Inside, empty_url: str) -> None:
    """In this process: ten of their own would take most of a minute beside other tests."""

    def clarion(*arguments: str) -> str:
        found = inside(*arguments, "--database-url", empty_url)
        assert found.exit_code == 0, found.output
        return found.stdout

    with pytest.raises(SetupError, match="run `clarion migrate` first"):
        clarion("workspaces")
    clarion("create-workspace", "Acme", "--json")
    assert "Acme" in clarion("workspaces")
    made = clarion("keys", "create", "nightly job", "--scopes", "app:read app:send")
    number, secret = made.removeprefix("key ").strip().split(": ")
    listed = clarion("keys", "list")
    assert "nightly job" in listed
    assert secret not in listed
    assert "site id" in clarion("keys", "create", "tracking", "--kind", "track")
    clarion("keys", "revoke", number)
    (line,) = (line for line in clarion("keys", "list").splitlines() if "nightly job" in line)
    assert "revoked" in line
    token = clarion("service-tokens", "create", "shop")
    assert ": sa_live_" in token
    clarion("service-tokens", "revoke", token.removeprefix("token ").partition(":")[0])
    assert "revoked" in clarion("service-tokens", "list")
