# SPDX-License-Identifier: Apache-2.0
"""The SMTP provider against aiosmtpd: extensions, TLS, logging in, the pool."""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trustme

from clarion.channels.registry import build
from clarion.channels.smtp import SmtpProvider
from clarion.domain.errors import Away, Permanent

from .conftest import Keys
from .messages import CONTENT, Clock, a_message, attempt, attempts
from .real_server import PASSWORD, USER, RealServer, authenticate
from .scripted import EHLO, EHLO_LOCKSTEP, HANG, WAIT, ScriptedServer
from .sources import ListSource

Smtp = Callable[..., SmtpProvider]
Start = Callable[..., Awaitable[RealServer]]


async def test_smtputf8(real_server: Start, smtp: Smtp) -> None:
    real = await real_server(enable_SMTPUTF8=True)
    message = a_message(recipient="grüße@example.org", needs_smtputf8=True, content=CONTENT + b"\xc3\xbc\r\n")
    assert (await attempt(smtp(real.port), message)).words
    assert real.keeper.kept[0].recipients == ["grüße@example.org"]
    assert {"SMTPUTF8", "BODY=8BITMIME", f"SIZE={len(message.content)}"} <= set(real.keeper.options[0])


async def test_no_smtputf8(real_server: Start, smtp: Smtp) -> None:
    provider = smtp((await real_server()).port)
    for message in (a_message(needs_smtputf8=True), a_message(recipient="grüße@example.org")):
        tried = await attempt(provider, message)
        assert isinstance(tried.verdict, Permanent)
        assert (tried.verdict.reason, tried.begun) == ("smtputf8_unsupported", False)
    assert (await attempt(provider)).words


async def test_too_large(real_server: Start, smtp: Smtp) -> None:
    provider = smtp((await real_server(data_size_limit=1000)).port)
    tried = await attempt(provider, a_message(content=b"x" * 998 + b"\r\n" + b"y"))
    assert (tried.error.reason, tried.begun) == ("too_large", False)
    assert (await attempt(provider)).words


async def test_8bit_needs_8bitmime(server: ScriptedServer, smtp: Smtp) -> None:
    server.usual["EHLO"] = EHLO.replace(b"250-8BITMIME\r\n", b"")
    provider = smtp(server.port)
    assert (await attempt(provider, a_message(content=b"\xfc\r\n"))).error.reason == "8bitmime_unsupported"
    assert (await attempt(provider)).words


async def test_server_without_extensions(server: ScriptedServer, smtp: Smtp) -> None:
    server.usual["EHLO"] = b"500 what?\r\n"
    assert (await attempt(smtp(server.port, helo="me.example"))).words
    assert server.heard[1:3] == [b"HELO me.example\r\n", b"MAIL FROM:<news@example.com>\r\n"]


@pytest.mark.parametrize("helo", ["", "me.example"])
async def test_greets_with_a_name_or_a_literal(server: ScriptedServer, smtp: Smtp, helo: str) -> None:
    await attempt(smtp(server.port, helo=helo))
    name = server.heard[0].split()[1].decode()
    assert name == helo if helo else ("." in name)


async def test_envelope_goes_out_in_one_write(server: ScriptedServer, smtp: Smtp) -> None:
    """With PIPELINING nothing waits for the answer to MAIL; the server finds DATA already there."""
    server.say("MAIL", WAIT)
    task = asyncio.create_task(attempt(smtp(server.port)))
    await server.stalled.wait()
    assert server.already_there() == b"RCPT TO:<ann0@example.org>\r\nDATA\r\n"
    server.release.set()
    assert (await task).words


@pytest.mark.parametrize("address", ["a@b>\r\nDATA", "a b@c", "<a@b>", "", "a@b\0", 'a"b@c', "a@b\x7f"])
async def test_an_address_cannot_leave_its_brackets(server: ScriptedServer, smtp: Smtp, address: str) -> None:
    provider = smtp(server.port)
    assert (await attempt(provider, a_message(recipient=address))).error.reason == "invalid_address"
    assert (await attempt(provider, a_message(copies=(address,)))).words
    if address:
        assert (await attempt(provider, a_message(sender=address))).error.reason == "sender_refused"
    assert len(server.kept) == 1


async def test_quoted_local_part(server: ScriptedServer, smtp: Smtp) -> None:
    assert (await attempt(smtp(server.port), a_message(recipient='"a <b>\\" c"@example.org'))).words
    assert server.kept[0].recipients == ['"a <b>\\" c"@example.org']


@pytest.mark.parametrize(
    "content", [b"a\n.\nMAIL FROM:<x>\n", b"a\r.\rb", b"a\n.\r\nb", b"a\r\n.\nb", b"a\r\r\n.\r\r\n"]
)
async def test_bare_line_ends_cannot_end_the_message(server: ScriptedServer, smtp: Smtp, content: bytes) -> None:
    assert (await attempt(smtp(server.port), a_message(content=content))).words
    (kept,) = server.kept
    assert kept.content.splitlines() == content.splitlines()
    assert kept.content.count(b"\r\n") == kept.content.count(b"\n") == kept.content.count(b"\r")


async def test_empty_content(server: ScriptedServer, smtp: Smtp) -> None:
    assert (await attempt(smtp(server.port), a_message(content=b""))).words
    assert server.kept[0].content == b""


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("trusted", [True, False])
async def test_certificates_are_verified(
    *,
    real_server: Start,
    smtp: Smtp,
    keys: Keys,
    security: str,
    trusted: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    other = tmp_path_factory.mktemp("other") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    implicit = security == "tls"
    real = await (real_server(keys.server) if implicit else real_server(tls_context=keys.server))
    provider = smtp(real.port, security=security, ca_file=keys.ca_file if trusted else str(other))
    tried = await attempt(provider)
    if trusted:
        assert tried.words
    else:
        assert tried.away is not None
        assert "certificate" in tried.away.words.lower()
        assert provider.health == tried.away.words
        unverified = smtp(real.port, security=security, verify=False)
        assert (await attempt(unverified)).words


async def test_starttls_is_required(real_server: Start, smtp: Smtp) -> None:
    real = await real_server()
    provider = smtp(real.port, security="starttls")
    tried = await attempt(provider)
    assert tried.away is not None
    assert "STARTTLS" in tried.away.words
    assert real.keeper.kept == []


async def test_clear_text_after_starttls_is_not_taken_for_protected(server: ScriptedServer, smtp: Smtp) -> None:
    server.usual["EHLO"] = EHLO.replace(b"250-SIZE", b"250-STARTTLS\r\n250-SIZE")
    server.usual["STARTTLS"] = b"220 go\r\n250 injected\r\n"
    tried = await attempt(smtp(server.port, security="starttls"))
    assert tried.away is not None
    assert tried.away.words.endswith("clear text after STARTTLS")
    server.usual["STARTTLS"] = b"220 go\r\n250-half"
    tried = await attempt(smtp(server.port, security="starttls"))
    assert tried.away is not None
    assert server.kept == []


async def test_server_that_never_shakes_hands(server: ScriptedServer, smtp: Smtp) -> None:
    server.forever["greeting"] = HANG
    tried = await attempt(smtp(server.port, security="tls", timeout=0.2))
    assert tried.away is not None


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]], ids=["plain", "login"])
async def test_log_in(real_server: Start, smtp: Smtp, excluded: list[str]) -> None:
    wrong_passwords = []

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        result = authenticate(server, session, envelope, mechanism, data)
        if not result.success:
            wrong_passwords.append(data.password.decode())
        return result

    real = await real_server(auth_require_tls=False, auth_exclude_mechanism=excluded, authenticator=check)
    assert (await attempt(smtp(real.port, username=USER, password=PASSWORD))).words
    provider = smtp(real.port, username=USER, password="wrong")
    tries = await asyncio.gather(*(attempt(provider, a_message(n)) for n in range(10)))
    assert len(real.keeper.kept) == 1
    for tried in tries:  # one wrong password is tried once, not ten times
        assert tried.away is not None
        assert "authentication failed: 535" in tried.away.words
        assert "wrong" not in tried.away.words
        assert provider.health == tried.away.words
        assert tried.away.retry_after > 25
    assert wrong_passwords == ["wrong"]


async def test_no_known_way_to_log_in(server: ScriptedServer, smtp: Smtp) -> None:
    server.usual["EHLO"] = EHLO.replace(b"250-SIZE", b"250-AUTH CRAM-MD5 XOAUTH2\r\n250-SIZE")
    tried = await attempt(smtp(server.port, username="u", password="p"))
    assert tried.away is not None
    assert "CRAM-MD5" in tried.away.words


async def test_log_in_that_fails_for_now(server: ScriptedServer, smtp: Smtp) -> None:
    server.usual["EHLO"] = EHLO.replace(b"250-SIZE", b"250-AUTH=PLAIN\r\n250-SIZE")
    server.say("AUTH", b"454 4.7.0 later\r\n")
    tried = await attempt(smtp(server.port, username="u", password="p"))
    assert tried.away is not None
    assert "454 4.7.0 later" in tried.away.words


async def test_refused_recipient(real_server: Start, smtp: Smtp) -> None:
    real = await real_server()
    provider = smtp(real.port)
    for _ in range(12):
        tried = await attempt(provider, a_message(recipient="no-ann@example.org"))
        assert tried.error.words == "550 5.1.1 nobody here by that name"
    words = (await attempt(provider, a_message(copies=("no-bob@example.org",)))).words
    assert "no-bob@example.org: 550 5.1.1" in words


async def test_connections_are_kept_up_to_the_cap(server: ScriptedServer, smtp: Smtp) -> None:
    provider = smtp(server.port, max_messages_per_connection=10)
    for number in range(30):
        assert (await attempt(provider, a_message(number))).words
    assert server.connections == 3
    await provider.close()
    assert server.counts["QUIT"] == 3


async def test_the_servers_own_cap_counts(server: ScriptedServer, smtp: Smtp) -> None:
    server.usual["EHLO"] = EHLO.replace(b"250-SIZE", b"250-LIMITS RCPTMAX=20 MAILMAX=2\r\n250-SIZE")
    provider = smtp(server.port)
    for number in range(4):
        assert (await attempt(provider, a_message(number))).words
    assert server.connections == 2


async def test_never_more_connections_than_said(server: ScriptedServer, smtp: Smtp) -> None:
    provider = smtp(server.port, connections=3)
    assert provider.capabilities.connections == 3
    await attempts(provider, map(a_message, range(90)))
    assert server.connections == 3
    assert len(server.kept) == 90


async def test_close_waits_for_no_silent_server(server: ScriptedServer, smtp: Smtp) -> None:
    server.forever["QUIT"] = HANG
    provider = smtp(server.port)
    await attempt(provider)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await provider.close()
    assert loop.time() - start < 3
    tried = await attempt(provider)
    assert tried.away is not None
    assert tried.away.words == "the provider is closed"


async def test_close_leaves_a_message_on_its_way_alone(server: ScriptedServer, smtp: Smtp) -> None:
    server.forever["dot"] = WAIT
    provider = smtp(server.port)
    task = asyncio.create_task(attempt(provider))
    await server.stalled.wait()
    await provider.close()
    server.release.set()
    assert (await task).words == "250 2.0.0 kept"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_connecting_backs_off_and_comes_back_slowly(smtp: Smtp) -> None:
    port, clock = free_port(), Clock()
    provider = smtp(port, clock=clock, connections=4)
    waits = []
    for _ in range(7):
        tries = await asyncio.gather(*(attempt(provider, a_message(n)) for n in range(5)))
        for tried in tries:
            assert tried.away is not None
            assert f"cannot connect to 127.0.0.1:{port}" in tried.away.words == provider.health
            assert not tried.begun
        waits.append(tries[0].away.retry_after if tries[0].away else 0)
        clock.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 30, 30]

    server = ScriptedServer()
    server.port = port
    await server.start()
    server.forever["EHLO"] = WAIT
    task = asyncio.create_task(attempts(provider, map(a_message, range(40)), chunk=10))
    await server.stalled.wait()
    assert server.connections == 1  # one at a time until it is known
    server.forever.clear()
    server.release.set()
    assert all(tried.words for tried in await task)
    assert 1 < server.connections <= 4
    assert provider.health is None
    await provider.close()
    await server.stop()


async def test_a_server_that_takes_two_connections_gets_everything_over_two(server: ScriptedServer, smtp: Smtp) -> None:
    server.most = 2
    clock = Clock()
    provider = smtp(server.port, clock=clock, connections=10)
    tries = await attempts(provider, map(a_message, range(500)), chunk=100)
    assert all(tried.words for tried in tries)
    refused = server.turned_away
    assert 1 <= refused <= 2  # those that set out together
    server.most = 10
    clock.now += 60
    tries = await attempts(provider, map(a_message, range(500, 1000)), chunk=100)
    assert all(tried.words for tried in tries)
    assert server.at_once > 2
    assert server.turned_away == refused


async def test_a_connection_that_serves_nobody_is_not_made_for_ever(server: ScriptedServer, smtp: Smtp) -> None:
    server.forever["MAIL"] = b"421 4.7.0 too much mail from you\r\n"
    provider = smtp(server.port, connections=3)
    source = ListSource(map(a_message, range(1000)))
    with pytest.raises(Away, match="serves nobody"):
        await provider.deliver(source)
    assert server.connections < 100
    assert all(kept.end is not None and not kept.begun for kept in source.taken)


async def test_one_more_does_not_wait_behind_an_answer_that_takes_long(server: ScriptedServer, smtp: Smtp) -> None:
    server.say("dot", WAIT)
    provider = smtp(server.port, connections=2)
    first = asyncio.create_task(provider.deliver(ListSource([a_message(0)])))
    await server.stalled.wait()
    async with asyncio.timeout(5):
        await provider.deliver(ListSource([a_message(1)]))
    assert not first.done()
    assert (server.connections, len(server.kept)) == (2, 1)
    server.release.set()
    await first
    assert len(server.kept) == 2


async def test_idle_connections_are_given_up_after_a_minute(server: ScriptedServer, smtp: Smtp) -> None:
    clock = Clock()
    provider = smtp(server.port, clock=clock)
    assert (await attempt(provider)).words
    clock.now += 61
    assert (await attempt(provider, a_message(1))).words
    assert (server.connections, server.counts["QUIT"]) == (2, 1)


async def test_no_more_recipients_than_the_server_takes(server: ScriptedServer, smtp: Smtp) -> None:
    server.usual["EHLO"] = EHLO.replace(b"250-SIZE", b"250-LIMITS RCPTMAX=2\r\n250-SIZE")
    words = (await attempt(smtp(server.port), a_message(copies=("bob@x.example", "cy@x.example")))).words
    assert "copy refused: cy@x.example: the server takes 2 recipients" in words
    assert server.kept[0].recipients == ["ann0@example.org", "bob@x.example"]


@pytest.mark.parametrize("before", [True, False])
async def test_what_is_offered_under_tls_counts(keys: Keys, smtp: Smtp, before: bool) -> None:
    """PIPELINING that is offered only before, or only after STARTTLS."""
    with_it, without = EHLO, EHLO_LOCKSTEP
    first, second = (with_it, without) if before else (without, with_it)
    server = ScriptedServer()
    server.tls = keys.server
    server.usual["STARTTLS"] = b"220 go\r\n"
    server.script["EHLO"] = deque([first.replace(b"250-SIZE", b"250-STARTTLS\r\n250-SIZE"), second])
    await server.start()
    server.say("MAIL", WAIT)
    provider = smtp(server.port, security="starttls", ca_file=keys.ca_file)
    task = asyncio.create_task(attempt(provider))
    await server.stalled.wait()
    assert server.already_there() == (b"" if before else b"RCPT TO:<ann0@example.org>\r\nDATA\r\n")
    server.release.set()
    assert (await task).words
    await provider.close()
    await server.stop()


async def test_the_next_envelope_goes_out_with_the_body(server: ScriptedServer, smtp: Smtp) -> None:
    server.say("dot", WAIT)
    task = asyncio.create_task(attempts(smtp(server.port, connections=1), map(a_message, range(2))))
    await server.stalled.wait()
    assert server.already_there().startswith(b"MAIL FROM:<news@example.com>")
    assert server.already_there().endswith(b"RCPT TO:<ann1@example.org>\r\nDATA\r\n")
    server.release.set()
    assert all(tried.words for tried in await task)


async def test_unknown_host(smtp: Smtp) -> None:
    for host in ("no-such-host.invalid", "a" * 70 + ".invalid", "x..y"):
        tried = await attempt(smtp(1, host=host))
        assert tried.away is not None
        assert "cannot connect" in tried.away.words


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_on_uvloop(keys: Keys, security: str) -> None:
    """It hands bytes over earlier than asyncio does: the greeting may be there before connecting returns."""
    uvloop = pytest.importorskip("uvloop")

    async def send_some() -> None:
        real = RealServer(tls_context=keys.server if security == "starttls" else None)
        await real.start(keys.server if security == "tls" else None)
        options = {"host": "127.0.0.1", "port": real.port, "security": security, "ca_file": keys.ca_file}
        provider = build("smtp", options)
        tries = await attempts(provider, map(a_message, range(50)), chunk=10)
        assert all(tried.words for tried in tries)
        await provider.close()
        await real.stop()
        assert len(real.keeper.kept) == 50

    uvloop.run(send_some())
