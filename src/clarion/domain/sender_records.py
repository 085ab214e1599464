# SPDX-License-Identifier: Apache-2.0
"""Which DNS records the domain of a sender needs, by the provider that carries its mail. Pure: nobody asks a server.

After https://docs.aws.amazon.com/ses/latest/dg/mail-from.html, https://postmarkapp.com/support/article/1046-how-do-i-
verify-a-domain, https://documentation.mailgun.com/docs/mailgun/user-manual/domains, https://resend.com/docs/dashboard/
domains/introduction, https://www.twilio.com/docs/sendgrid/ui/account-and-settings/how-to-set-up-domain-authentication,
and RFC 6376, 7208, 7489. Where a value is somebody's own, only the provider knows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """`value` is "" where only the provider, or the mail server, knows it; `note` says what it does, or where it is."""

    purpose: str
    type: str
    name: str
    value: str
    note: str


_AMAZON_SPF = "v=spf1 include:amazonses.com ~all"


def is_aligned(domain: str, other: str) -> bool:
    """Whether one is the other or above it, so that DMARC lets one speak for the other."""
    return domain == other or other.endswith(f".{domain}") or domain.endswith(f".{other}")


def records(
    domain: str, provider: str, options: Mapping[str, str], ip_addresses: Sequence[str] = ()
) -> list[DnsRecord]:
    """What mail from this domain through an account needs; `options`: those of the account that are no secrets.

    None for a provider that sends nothing elsewhere.
    """
    make = _OF.get(provider)
    if make is None and provider != "smtp":
        return []
    found = _smtp(domain, options, ip_addresses) if make is None else make(domain, options)
    return [*found, _dmarc(domain)]


def warnings(domain: str, provider: str, options: Mapping[str, str]) -> list[str]:
    """What cannot be set right by records."""
    other = options.get("domain", "") if provider == "mailgun" else ""
    if provider == "smtp":
        other = options.get("bounce_address", "").rpartition("@")[2]
    if not other or is_aligned(domain, other):
        return []
    return [f"Mail from {domain} goes out as {other}: they do not belong together, so it may fail DMARC."]


def _dmarc(domain: str) -> DnsRecord:
    note = "What receivers do with mail that fails both; begin with p=none, which changes nothing."
    return DnsRecord("DMARC", "TXT", f"_dmarc.{domain}", "v=DMARC1; p=none", note)


def _ses(domain: str, options: Mapping[str, str]) -> Iterator[DnsRecord]:
    token = f"<token>._domainkey.{domain}"
    yield DnsRecord("DKIM", "CNAME", token, "<token>.dkim.amazonses.com", "Three, with tokens that Amazon SES shows.")
    place, region = f"mail.{domain}", options.get("region", "<region>")
    note = "For a MAIL FROM domain of your own; name it in Amazon SES."
    yield DnsRecord("Return-Path", "MX", place, f"10 feedback-smtp.{region}.amazonses.com", note)
    yield DnsRecord("SPF", "TXT", place, _AMAZON_SPF, "Of the same domain.")


def _resend(domain: str, _: Mapping[str, str]) -> Iterator[DnsRecord]:
    yield DnsRecord("DKIM", "TXT", f"resend._domainkey.{domain}", "", "Resend shows the key.")
    place = f"send.{domain}"
    yield DnsRecord("Return-Path", "MX", place, "", "Resend shows the server, which depends on the region.")
    yield DnsRecord("SPF", "TXT", place, _AMAZON_SPF, "Resend sends through Amazon SES.")


def _postmark(domain: str, _: Mapping[str, str]) -> Iterator[DnsRecord]:
    yield DnsRecord("DKIM", "TXT", f"<selector>._domainkey.{domain}", "", "Postmark shows selector and key.")
    note = "With it SPF passes for your domain, and needs no record of its own."
    yield DnsRecord("Return-Path", "CNAME", f"pm-bounces.{domain}", "pm.mtasv.net", note)


def _mailgun(domain: str, options: Mapping[str, str]) -> Iterator[DnsRecord]:
    place = options.get("domain") or domain
    yield DnsRecord("SPF", "TXT", place, "v=spf1 include:mailgun.org ~all", "Bounces come back to this domain.")
    yield DnsRecord("DKIM", "TXT", f"<selector>._domainkey.{place}", "", "Mailgun shows selector and key.")


def _sendgrid(domain: str, _: Mapping[str, str]) -> Iterator[DnsRecord]:
    note = "SendGrid shows the value, by “Domain Authentication”."
    yield DnsRecord("Return-Path", "CNAME", f"em<number>.{domain}", "", f"{note} SPF comes with it.")
    yield DnsRecord("DKIM", "CNAME", f"s1._domainkey.{domain}", "", note)
    yield DnsRecord("DKIM", "CNAME", f"s2._domainkey.{domain}", "", note)


def _smtp(domain: str, options: Mapping[str, str], ip_addresses: Sequence[str]) -> Iterator[DnsRecord]:
    place = options.get("bounce_address", "").rpartition("@")[2] or domain
    if ip_addresses:
        senders = " ".join(f"{'ip6' if ':' in one else 'ip4'}:{one}" for one in ip_addresses)
        note = "Names the addresses that mail comes from (server.ip_addresses)."
    else:
        senders, note = "a:<mail server>", "Must name the addresses that your mail server sends from."
    yield DnsRecord("SPF", "TXT", place, f"v=spf1 {senders} ~all", note)
    yield DnsRecord("DKIM", "TXT", f"<selector>._domainkey.{domain}", "", "Your mail server signs, and has the key.")


_OF = {"ses": _ses, "resend": _resend, "postmark": _postmark, "mailgun": _mailgun, "sendgrid": _sendgrid}
