# SPDX-License-Identifier: Apache-2.0
"""Options from files and the environment become providers, or a sentence that says what to change."""

from pathlib import Path
from typing import Any

import pytest

from clarion.channels.http_session import HttpSettings
from clarion.channels.registry import PROVIDERS, build
from clarion.channels.smtp import SmtpProvider, SmtpSettings
from clarion.domain.errors import SetupError

from .google_server import GoogleServer


def test_builds_each_by_its_name(tmp_path: Path) -> None:
    options: dict[str, dict[str, object]] = {
        "mailgun": {"domain": "mg.example.com", "api_key": "k"},
        "outbox": {"directory": str(tmp_path / "o")},
        "person": {"act": lambda messages: {}, "channel": "create_event"},
        "postmark": {"token": "t"},
        "push": {"fcm_credentials": GoogleServer(port=1).credentials(tmp_path)},
        "resend": {"api_key": "k"},
        "sendgrid": {"api_key": "k"},
        "in_app": {"keep": lambda messages: frozenset()},
        "slack": {"token": "k"},
        "ses": {"region": "eu-west-1", "access_key_id": "a", "secret_access_key": "k"},
        "smtp": {"host": "mail.example"},
        "twilio": {"account_sid": f"AC{32 * 'a'}", "auth_token": "k"},
        "webhook": {},
    }
    assert set(options) == set(PROVIDERS)
    for name, given in options.items():
        assert build(name, given).name == name


def test_text_becomes_numbers_and_switches() -> None:
    provider = build(
        "smtp",
        {"host": "h", "port": "2525", "verify": "no", "timeout": "2.5", "connections": 3, "username": "u"},
    )
    assert isinstance(provider, SmtpProvider)
    assert provider._settings == SmtpSettings(
        host="h", port=2525, verify=False, timeout=2.5, connections=3, username="u"
    )


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_usual_ports(security: Any, port: int) -> None:
    assert SmtpSettings(host="h", security=security).port == port


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("pigeon", {}, "'pigeon'; there are: in_app, mailgun, outbox, person, postmark, push, "),
        ("postmark", {}, "token is missing"),
        ("push", {}, "set up fcm_credentials, apns_key or both"),
        ("push", {"apns_sandbox": "perhaps"}, "apns_sandbox must be true or false"),
        ("postmark", {"token": ""}, "token must be"),
        ("postmark", {"token": "a\r\nb"}, "token must be"),
        ("postmark", {"token": "t", "stream": ""}, "stream is empty"),
        ("postmark", {"token": "t", "batch": 0}, "batch must be from 1 to 500"),
        ("postmark", {"token": "t", "batch": "501"}, "batch must be from 1 to 500"),
        ("postmark", {"token": "t", "connections": 0}, "connections must be more than 0"),
        ("postmark", {"token": "t", "timeout": "nan"}, "timeout must be more than 0"),
        ("postmark", {"token": "t", "url": "ftp://x"}, "url must be https"),
        ("postmark", {"token": "t", "url": "https://"}, "url must be https"),
        ("postmark", {"token": "t", "url": "https://u:p@x"}, "url must be https"),
        ("postmark", {"token": "t", "url": "https://x:port"}, "url must be https"),
        ("postmark", {"token": "t", "url": "https://x/?a=b"}, "url must be https"),
        ("postmark", {"token": "t", "url": "http://api.example"}, "clear text"),
        ("postmark", {"token": "t", "ca_file": "/no/such/file"}, "ca_file /no/such/file"),
        ("outbox", {}, "directory is missing"),
        ("outbox", {"directory": ""}, "must be a directory"),
        ("outbox", {"directory": "/proc/nowhere/x"}, "cannot be used"),
        ("smtp", {"host": "h", "colour": 1}, "'colour'; there are: allow_clear_login, bounce_address"),
        ("smtp", {}, "host is missing"),
        ("smtp", {"host": ""}, "host is empty"),
        ("smtp", {"host": 5}, "host must be a text"),
        ("smtp", {"host": "a b"}, "not a host name"),
        ("smtp", {"host": "h", "helo": "a\r\nMAIL"}, "not a host name"),
        ("smtp", {"host": "h", "bounce_address": "b@x>\r\n"}, "not an address"),
        ("smtp", {"host": "h", "bounce_address": "b" * 21 + "@x"}, "short local part"),
        ("smtp", {"host": "h", "port": "many"}, "port must be a whole number"),
        ("smtp", {"host": "h", "port": True}, "port must be a whole number"),
        ("smtp", {"host": "h", "port": 70000}, "port 70000"),
        ("smtp", {"host": "h", "verify": "maybe"}, "verify must be true or false"),
        ("smtp", {"host": "h", "timeout": "soon"}, "timeout must be a number of seconds"),
        ("smtp", {"host": "h", "timeout": 0}, "timeout must be more than 0"),
        ("smtp", {"host": "h", "timeout": "nan"}, "timeout must be more than 0"),
        ("smtp", {"host": "h", "security": "ssl"}, "none, starttls, tls"),
        ("smtp", {"host": "h", "ca_file": "/no/such/file"}, "ca_file /no/such/file"),
        ("smtp", {"host": "mail.example", "security": "none", "username": "u"}, "clear text"),
    ],
)
def test_says_what_is_wrong(name: str, options: dict[str, object], words: str) -> None:
    with pytest.raises(SetupError) as caught:
        build(name, options)
    assert words in str(caught.value)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(SetupError) as caught:
        build("smtp", {"host": "h", "password": 12345678})
    assert "12345678" not in str(caught.value)
    assert "secret" not in repr(SmtpSettings(host="h", username="u", password="secret"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_token_in_clear_text_may_stay_on_this_machine(host: str) -> None:
    settings = HttpSettings("x", f"http://{host}:8080/base/")
    assert str(settings.at("/email")) == f"http://{host}:8080/base/email"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_password_in_clear_text_may_stay_on_this_machine(host: str) -> None:
    assert SmtpSettings(host=host, security="none", username="u").is_loopback
    assert not SmtpSettings(host="h", security="none", username="u", allow_clear_login=True).is_loopback
