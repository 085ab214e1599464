# SPDX-License-Identifier: Apache-2.0
"""Which DNS records a sender's domain needs."""

import pytest

from clarion.channels.registry import PROVIDERS
from clarion.domain.sender_records import is_aligned, records, warnings

DOMAIN = "news.example.com"


@pytest.mark.parametrize("name", sorted(name for name, one in PROVIDERS.items() if "email" in one.channels))
def test_every_provider_of_mail_has_its_records(name: str) -> None:
    found = records(DOMAIN, name, {"region": "eu-west-1"})
    if name == "outbox":
        assert found == []
        return
    purposes = {one.purpose for one in found}
    assert {"DKIM", "DMARC"} <= purposes
    assert purposes & {"SPF", "Return-Path"}
    for one in found:
        assert one.note
        assert one.name.endswith(DOMAIN)
    assert found[-1].name == f"_dmarc.{DOMAIN}"


def test_what_is_known_is_in_them() -> None:
    def value(provider: str, purpose: str, options: dict[str, str], *ips: str) -> tuple[str, str]:
        (found,) = [one for one in records(DOMAIN, provider, options, ips) if one.purpose == purpose]
        return found.name, found.value

    region = {"region": "eu-west-1"}
    assert value("ses", "Return-Path", region) == (f"mail.{DOMAIN}", "10 feedback-smtp.eu-west-1.amazonses.com")
    assert value("mailgun", "SPF", {"domain": "mg.example.com"})[0] == "mg.example.com"
    assert value("smtp", "SPF", {}, "192.0.2.1", "2001:db8::1")[1] == "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all"
    assert value("smtp", "SPF", {"bounce_address": "b@bounces.example.com"})[0] == "bounces.example.com"


def test_what_records_cannot_set_right_is_told() -> None:
    assert warnings(DOMAIN, "mailgun", {"domain": "mg.other.test"})
    assert warnings(DOMAIN, "smtp", {"bounce_address": "b@other.test"})
    assert not warnings(DOMAIN, "mailgun", {"domain": "mg.news.example.com"})
    assert not warnings(DOMAIN, "ses", {"domain": "other.test"})
    assert is_aligned("example.com", "mail.example.com")
    assert is_aligned("mail.example.com", "example.com")
    assert not is_aligned("example.com", "myexample.com")
