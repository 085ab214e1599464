# SPDX-License-Identifier: Apache-2.0
"""Accounts at providers as the settings file and the environment name them."""

from pathlib import Path

import pytest

from clarion.channels.hooks import ready_hooks
from clarion.domain.errors import SetupError
from clarion.domain.outlets import Terms
from clarion.settings import Settings, load
from clarion.wiring.providers import check_providers, hook_keys, own_keys

FILE = """
[email]
provider = "ses"
per_second = 14.0
ramp = "50 x 2"

[ses]
region = "us-east-1"
access_key_id = "AKIA1"
secret_access_key = "s1"

[accounts.ses-eu]
channel = "email"
provider = "ses"
region = "eu-west-1"
access_key_id = "AKIA2"
secret_access_key = "s2"
per_day = 50000

[accounts.relay]
channel = "email"
provider = "smtp"
host = "127.0.0.1"

[accounts.texts]
channel = "sms"
provider = "twilio"
account_sid = "AC00000000000000000000000000000001"
auth_token = "t"
sender = "+15005550006"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "clarion.toml"
    made.write_text(FILE, "utf-8")
    return made


def named(settings: Settings, channel: str = "email") -> list[str]:
    return [account.name for account in settings.accounts_of(channel)]


def test_a_channel_without_accounts_has_its_provider_as_before() -> None:
    (only,) = load(environment={"CLARION_EMAIL_PER_SECOND": "5"}).accounts_of("email")
    assert (only.name, only.provider, only.options, only.terms) == ("outbox", "outbox", None, Terms(per_second=5.0))


def test_a_file_with_two_accounts_of_one_provider(file: Path) -> None:
    settings = load(file)
    assert named(settings) == ["ses", "ses-eu", "relay"]
    own, europe, _ = settings.accounts_of("email")
    assert own.terms == Terms(per_second=14.0, ramp="50 x 2")
    assert (europe.provider, europe.terms) == ("ses", Terms(per_day=50_000))
    assert europe.options == {"region": "eu-west-1", "access_key_id": "AKIA2", "secret_access_key": "s2"}
    check_providers(settings)
    # Text messages were captured until there was an account: it is used, the outbox no more.
    assert named(settings, "sms") == ["texts"]


def test_the_order_and_single_values_may_come_from_the_environment(file: Path) -> None:
    variables = {
        "CLARION_EMAIL_ACCOUNTS": "relay, ses",
        "CLARION_ACCOUNTS_SES_EU_REGION": "eu-north-1",
        "CLARION_ACCOUNTS_RELAY_MAX_MESSAGES_PER_CONNECTION": "7",
        "CLARION_ACCOUNTS_RELAY_PER_SECOND": "2.5",
        "CLARION_ACCOUNTS_OTHER_CHANNEL": "slack",
        "CLARION_ACCOUNTS_OTHER_PROVIDER": "outbox",
    }
    settings = load(file, variables)
    assert named(settings) == ["relay", "ses"]
    assert settings.accounts["ses-eu"]["region"] == "eu-north-1"
    assert settings.accounts_of("email")[0].options == {"host": "127.0.0.1", "max_messages_per_connection": "7"}
    assert settings.accounts_of("email")[0].terms.per_second == 2.5
    assert named(settings, "slack") == ["other"]
    check_providers(settings)


def test_a_secret_is_in_no_sentence_and_no_repr(file: Path) -> None:
    assert "AKIA2" not in repr(load(file)) + repr(load(file).accounts_of("email"))
    with pytest.raises(SetupError) as refused:
        check_providers(load(file, {"CLARION_ACCOUNTS_SES_EU_SECRET_ACCESS_KEY": "not a key"}))
    assert "not a key" not in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"CLARION_EMAIL_ACCOUNTS": "ses, nobody"}, "names 'nobody'; there are: ses, ses-eu, relay"),
        ({"CLARION_EMAIL_ACCOUNTS": "ses, ses"}, "email.accounts names one twice"),
        ({"CLARION_SMS_ACCOUNTS": "relay"}, "sms.accounts names 'relay'"),
        ({"CLARION_ACCOUNTS_RELAY_CHANNEL": "sms"}, "no provider 'smtp' of channel 'sms'"),
        ({"CLARION_ACCOUNTS_RELAY_PROVIDER": "pigeon"}, "no provider 'pigeon' of channel 'email'; there are: mail"),
        ({"CLARION_ACCOUNTS_RELAY_CHANNEL": "mail"}, "no channel 'mail' with accounts; there are: email, .*, webhook"),
        ({"CLARION_EMAIL_PROVIDER": "smpt"}, "email.provider: invalid enum value 'smpt'; there are: .*smtp"),
        ({"CLARION_EMAIL_PER_DAY": "-3"}, "settings: email.per_day: expected `int` >= 0"),
        ({"CLARION_ACCOUNTS_X_CHANNEL": "email"}, "accounts.x: provider is missing"),
        ({"CLARION_ACCOUNTS_SMTP_CHANNEL": "email"}, "accounts.smtp: it has the name of a provider"),
        ({"CLARION_ACCOUNTS_RELAY_RAMP": "soon"}, "accounts.relay: ramp must be"),
        ({"CLARION_ACCOUNTS_RELAY_PER_DAY": "many"}, "accounts.relay: per_day must be a number"),
        ({"CLARION_ACCOUNTS_RELAY_PER_DAY": "-1"}, "accounts.relay: per_day must be a number from 0"),
        ({"CLARION_EMAIL_RAMP": "0"}, "settings: email: ramp must be"),
        ({"CLARION_ACCOUNTS_RELAY_PIGEONS": "2"}, "CLARION_ACCOUNTS_RELAY_PIGEONS names no setting"),
        ({"CLARION_WORKER_FAILOVER_SECONDS": "-1"}, "worker.failover_seconds cannot be negative"),
    ],
)
def test_what_cannot_be(file: Path, variables: dict[str, str], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        load(file, variables)


def test_an_account_with_a_key_of_its_own_tells_at_an_address_of_its_own(file: Path) -> None:
    settings = load(file, {"CLARION_ACCOUNTS_SES_EU_HOOK_KEY": "arn:aws:sns:eu-west-1:123456789012:bounces"})
    assert [(one.account, one.provider) for one in own_keys(settings)] == [("ses-eu", "ses")]
    ready = ready_hooks(hook_keys(settings), own_keys(settings))
    assert (ready["ses-eu"], ready["ses"], "relay" in ready) == (True, True, False)
    check_providers(settings)
    with pytest.raises(SetupError, match="an account of smtp has no hook_key"):
        check_providers(load(file, {"CLARION_ACCOUNTS_RELAY_HOOK_KEY": "x"}))
    wrong = {"CLARION_ACCOUNTS_SG_CHANNEL": "email", "CLARION_ACCOUNTS_SG_PROVIDER": "sendgrid"}
    wrong |= {"CLARION_ACCOUNTS_SG_API_KEY": "SG.x", "CLARION_ACCOUNTS_SG_HOOK_KEY": "no key"}
    with pytest.raises(SetupError, match="sendgrid_key"):
        check_providers(load(file, wrong))


def test_an_option_that_its_provider_does_not_have(file: Path) -> None:
    file.write_text(FILE.replace('host = "127.0.0.1"', 'host = "127.0.0.1"\nregion = "eu"'), "utf-8")
    with pytest.raises(SetupError, match=r"accounts\.relay: smtp: there is no option 'region'"):
        check_providers(load(file))
    file.write_text(FILE + "\n[accounts]\nlone = 5\n", "utf-8")
    with pytest.raises(SetupError, match=r"accounts\.lone must be a table"):
        load(file)
    file.write_text(FILE.replace("[accounts.relay]", "[accounts.Relay]"), "utf-8")
    with pytest.raises(SetupError, match="lower-case letters"):
        load(file)
