# SPDX-License-Identifier: Apache-2.0
"""What the SMTP provider makes of servers that refuse, vanish, dawdle or talk nonsense."""

import asyncio
from collections.abc import Callable

import pytest

from clarion.channels.smtp import SmtpProvider
from clarion.domain.errors import Permanent, SendError, Temporary, Throttled, Unknown

from .messages import CONTENT, Attempt, a_message, attempt, attempts
from .scripted import DROP, EHLO, EHLO_LOCKSTEP, HANG, USUAL, Action, ScriptedServer

Smtp = Callable[..., SmtpProvider]

SIGNING_IN = ["greeting", "EHLO"]
ENVELOPE = ["MAIL", "RCPT", "DATA"]
LONG = CONTENT + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 5000


@pytest.fixture(params=[EHLO, EHLO_LOCKSTEP], ids=["pipelined", "lockstep"])
def either(request: pytest.FixtureRequest, server: ScriptedServer) -> ScriptedServer:
    """The scripted server, with and without PIPELINING."""
    server.usual["EHLO"] = request.param
    return server


def is_certain(tried: Attempt) -> bool:
    """A failure before the message had begun, which leaves no doubt."""
    return isinstance(tried.verdict, SendError) and not isinstance(tried.verdict, Unknown) and not tried.begun


def is_turned_away(tried: Attempt) -> bool:
    """The service takes nothing; nothing is known about the message and it costs it nothing."""
    return tried.away is not None and tried.end in (None, "untouched") and tried.away.retry_after >= 1


@pytest.mark.parametrize("stage", [*ENVELOPE, "dot"])
async def test_not_now(either: ScriptedServer, smtp: Smtp, stage: str) -> None:
    either.say(stage, b"451 4.3.0 come\x07 back later\r\n")
    tried = await attempt(smtp(either.port))
    assert type(tried.verdict) is Temporary
    assert "451 4.3.0 come back later" in tried.error.words
    assert tried.begun == (stage == "dot")
    assert either.kept == []


@pytest.mark.parametrize("stage", [*ENVELOPE, "dot"])
async def test_going_down(either: ScriptedServer, smtp: Smtp, stage: str) -> None:
    either.say(stage, b"421 4.3.2 going down\r\n")
    tried = await attempt(smtp(either.port))
    assert isinstance(tried.verdict, Throttled)
    assert tried.verdict.retry_after == 30
    assert either.kept == []


@pytest.mark.parametrize(
    "action",
    [
        b"451 4.3.0 come\x07 back later\r\n", b"421 4.3.2 going down\r\n", b"554 no mail here\r\n",
        DROP, HANG, b"hello\r\n", b"99\r\n", b"250\xff\x00junk\r\n", [b"220-x\r\n", b"250 y\r\n"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("stage", SIGNING_IN)
async def test_what_goes_wrong_before_mail_is_not_about_the_message(
    either: ScriptedServer, smtp: Smtp, stage: str, action: Action
) -> None:
    either.forever |= {stage: action, "HELO": b"550 no\r\n"}
    provider = smtp(either.port, timeout=0.2)
    tried = await attempt(provider)
    assert is_turned_away(tried)
    assert tried.away is not None
    assert tried.away.words == provider.health
    assert "\x07" not in tried.away.words
    assert either.kept == []


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot"])
async def test_421_is_never_followed_by_another_message(either: ScriptedServer, smtp: Smtp, stage: str) -> None:
    provider = smtp(either.port)
    either.say(stage, b"421 4.3.2 going down\r\n")
    await attempt(provider)
    assert (await attempt(provider, a_message(1))).words
    assert either.connections == 2


@pytest.mark.parametrize(
    ("stage", "reason"),
    [("MAIL", "sender_refused"), ("RCPT", "refused"), ("DATA", "refused"), ("dot", "refused")],
)
async def test_never(either: ScriptedServer, smtp: Smtp, stage: str, reason: str) -> None:
    provider = smtp(either.port)
    either.say(stage, b"550-5.7.1 not\r\n550 5.7.1 wanted\r\n")
    tried = await attempt(provider)
    assert isinstance(tried.verdict, Permanent)
    assert (tried.verdict.reason, tried.verdict.words) == (reason, "550 5.7.1 not 5.7.1 wanted")
    assert tried.begun == (stage == "dot")
    assert (await attempt(provider, a_message(1))).words == "250 2.0.0 kept"
    assert [kept.recipients for kept in either.kept] == [["ann1@example.org"]]


@pytest.mark.parametrize("code", [b"530", b"535", b"503"])
async def test_a_refusal_of_the_session_is_not_about_the_sender(
    either: ScriptedServer, smtp: Smtp, code: bytes
) -> None:
    provider = smtp(either.port)
    either.say("MAIL", code + b" 5.7.0 authentication required\r\n")
    tried = await attempt(provider)
    assert isinstance(tried.verdict, Temporary)
    assert (provider.health is not None) == (code != b"503")


@pytest.mark.parametrize(
    "action", [DROP, b"hello\r\n", b"99\r\n", b"250\xff\x00junk\r\n", [b"220-x\r\n", b"250 y\r\n"]]
)
@pytest.mark.parametrize("stage", ENVELOPE)
async def test_lost_or_garbled_before_the_dot_is_temporary(
    either: ScriptedServer, smtp: Smtp, stage: str, action: Action
) -> None:
    provider = smtp(either.port)
    either.say(stage, action)
    tried = await attempt(provider)
    assert type(tried.verdict) is Temporary
    assert is_certain(tried)
    assert either.kept == []


@pytest.mark.parametrize("action", [DROP, b"hello\r\n", b"354 more\r\n", b"25", [b"250-half\r\n"]], ids=str)
async def test_lost_or_garbled_after_the_dot_is_in_doubt(either: ScriptedServer, smtp: Smtp, action: Action) -> None:
    provider = smtp(either.port, timeout=0.2)
    either.say("dot", action)
    tried = await attempt(provider)
    assert isinstance(tried.verdict, Unknown)
    assert tried.begun
    assert (await attempt(provider, a_message(1))).words == "250 2.0.0 kept"
    assert either.connections == 2


@pytest.mark.parametrize("stage", [*ENVELOPE, "dot"])
async def test_no_answer(either: ScriptedServer, smtp: Smtp, stage: str) -> None:
    either.forever[stage] = HANG
    tried = await attempt(smtp(either.port, timeout=0.1))
    assert type(tried.verdict) is (Unknown if stage == "dot" else Temporary)
    assert "no answer within 0.1 s" in tried.error.words
    assert tried.begun == (stage == "dot")


async def test_lost_within_a_long_body_is_not_in_doubt(either: ScriptedServer, smtp: Smtp) -> None:
    either.say("body", DROP)
    either.usual["EHLO"] = either.usual["EHLO"].replace(b"SIZE 1000000", b"SIZE 0")
    tried = await attempt(smtp(either.port), a_message(content=LONG * 40))  # more than the buffers between us
    assert type(tried.verdict) is Temporary
    assert is_certain(tried)
    assert either.kept == []


async def test_answer_within_a_long_body_counts(either: ScriptedServer, smtp: Smtp) -> None:
    either.forever["body"] = b"552 5.3.4 too much\r\n"
    either.usual["EHLO"] = either.usual["EHLO"].replace(b"SIZE 1000000", b"SIZE 0")
    tried = await attempt(smtp(either.port), a_message(content=LONG * 40))
    assert isinstance(tried.verdict, Permanent)
    assert either.kept == []


async def test_250_to_everything_is_not_believed(server: ScriptedServer, smtp: Smtp) -> None:
    server.forever["DATA"] = b"250 fine\r\n"
    tried = await attempt(smtp(server.port))
    assert type(tried.verdict) is Temporary
    assert is_certain(tried)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_answers_nobody_asked_for_are_not_taken_for_acceptance(
    either: ScriptedServer, smtp: Smtp, stage: str
) -> None:
    """A stray 250 shifts all later answers by one; the refused dot must not be read as accepted."""
    usual = USUAL[stage]
    either.say(stage, usual + b"250 stray\r\n" * 4)
    either.forever["dot"] = b"550 refused\r\n"
    tried = await attempt(smtp(either.port))
    assert isinstance(tried.verdict, SendError)


async def test_stray_answer_between_messages_costs_the_connection(either: ScriptedServer, smtp: Smtp) -> None:
    provider = smtp(either.port)
    either.say("dot", b"250 kept\r\n250 stray\r\n")
    assert (await attempt(provider)).words == "250 kept"
    either.say("RCPT", b"550 no\r\n")
    assert isinstance((await attempt(provider)).verdict, Permanent)
    assert either.connections == 2


async def test_fragments_and_many_lines(either: ScriptedServer, smtp: Smtp) -> None:
    for stage in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"):
        usual = either.usual[stage]
        long = usual if stage == "EHLO" else usual[:3] + b"-first\r\n" + usual[:3] + b"-second\n" + usual
        either.forever[stage] = [long[at : at + 1] for at in range(len(long))]
    provider = smtp(either.port)
    assert (await attempt(provider)).words == "250 first second 2.0.0 kept"
    assert (await attempt(provider, a_message(1))).words
    assert either.connections == 1


async def test_endless_answers_end(either: ScriptedServer, smtp: Smtp) -> None:
    either.say("MAIL", b"250" + b"x" * 100_000)
    assert is_certain(await attempt(smtp(either.port)))
    either.say("MAIL", b"250-x\r\n" * 1000)
    assert is_certain(await attempt(smtp(either.port)))


async def test_words_are_cut(either: ScriptedServer, smtp: Smtp) -> None:
    either.say("dot", b"550 \x1b[31m" + b"no " * 400 + b"\r\n")
    words = (await attempt(smtp(either.port))).error.words
    assert len(words) <= 500
    assert words.isprintable()


async def test_refused_recipients_leave_a_clean_transaction_and_end_in_a_new_connection(
    either: ScriptedServer, smtp: Smtp
) -> None:
    """The scripted server fails the test on a nested MAIL; Exim hangs up after about ten RSETs."""
    provider = smtp(either.port)
    either.say("RCPT", *[b"550 no\r\n"] * 5)
    for number in range(5):
        assert isinstance((await attempt(provider, a_message(number))).verdict, Permanent)
    assert (await attempt(provider, a_message(6))).words
    assert either.connections == 2
    assert [kept.recipients for kept in either.kept] == [["ann6@example.org"]]


async def test_rset_goes_before_the_next_message(either: ScriptedServer, smtp: Smtp) -> None:
    provider = smtp(either.port)
    either.say("DATA", b"451 not now\r\n")
    assert isinstance((await attempt(provider)).verdict, Temporary)
    either.say("RSET", b"500 what?\r\n")
    assert (await attempt(provider, a_message(1))).words  # on another connection
    assert either.connections == 2
    assert either.counts["RSET"] == 1


async def test_sender_refused_but_data_open_hangs_up(server: ScriptedServer, smtp: Smtp) -> None:
    """A dot could now send an empty message to those whom the server accepted all the same."""
    server.say("MAIL", b"550 no\r\n")
    provider = smtp(server.port)
    assert (await attempt(provider)).error.reason == "sender_refused"
    assert (await attempt(provider, a_message(1))).words
    assert server.connections == 2
    assert len(server.kept) == 1


async def test_421_behind_a_refusal_ends_the_connection(server: ScriptedServer, smtp: Smtp) -> None:
    """What it still owes to the group would be read as the answers to the next message."""
    provider = smtp(server.port)
    for stage, behind in (("MAIL", "RCPT"), ("MAIL", "DATA"), ("RCPT", "DATA"), ("RCPT", "dot")):
        server.say(stage, b"550 no\r\n")
        server.say(behind, b"421 bye\r\n")
        before = server.connections
        assert isinstance((await attempt(provider)).verdict, Permanent)
        while server.script[behind]:  # the answer to a lone dot comes when its message has its verdict already
            await asyncio.sleep(0)
        assert (await attempt(provider, a_message(1))).words
        assert server.connections == before + 1 + (before == 0)


async def test_refused_main_recipient_with_accepted_copies_sends_nothing(either: ScriptedServer, smtp: Smtp) -> None:
    either.say("RCPT", b"550 no\r\n")
    tried = await attempt(smtp(either.port), a_message(copies=("bob@example.org",)))
    assert isinstance(tried.verdict, Permanent)
    assert (either.counts["DATA"], either.kept) == (0, [])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"550 5.1.1 no such user", "invalid_address"),
        (b"550-5.1.1 no such\r\n550 5.1.1 user", "invalid_address"),
        (b"556 5.1.10 the domain takes no mail", "invalid_address"),
        (b"550 5.2.1 disabled", "invalid_address"),
        (b"550 5.1.0 no", "refused"),
        (b"550 5.7.1 relaying denied", "refused"),
        (b"550 no such user", "refused"),
        (b"550 5.1.11", "refused"),
    ],
)
async def test_an_address_that_is_not_there_is_told_from_a_refusal(
    server: ScriptedServer, smtp: Smtp, said: bytes, reason: str
) -> None:
    server.say("RCPT", said + b"\r\n")
    tried = await attempt(smtp(server.port))
    assert isinstance(tried.verdict, Permanent)
    assert tried.verdict.reason == reason


async def test_refused_copies_are_named(either: ScriptedServer, smtp: Smtp) -> None:
    either.say("RCPT", b"250 ok\r\n", b"550 5.1.1 no bob\r\n", b"452 later\r\n")
    copies = ("bob@example.org", "cy@example.org", "dee@example.org", "not an>address")
    words = (await attempt(smtp(either.port), a_message(copies=copies))).words
    assert words.startswith("250 2.0.0 kept; copy refused: ")
    assert "bob@example.org: 550 5.1.1 no bob" in words
    assert "cy@example.org: 452 later" in words
    assert "not an>address" in words
    assert either.kept[0].recipients == ["ann0@example.org", "dee@example.org"]


@pytest.mark.parametrize("copy_answer", [DROP, HANG, b"421 bye\r\n"])
async def test_lost_at_a_copy(either: ScriptedServer, smtp: Smtp, copy_answer: Action) -> None:
    either.say("RCPT", b"250 ok\r\n", copy_answer)
    tried = await attempt(smtp(either.port, timeout=0.2), a_message(copies=("bob@example.org",)))
    assert is_certain(tried)


@pytest.mark.parametrize("after", [b"", b"421 4.4.2 idle too long\r\n"])
async def test_kept_connection_that_went_away_costs_nothing(either: ScriptedServer, smtp: Smtp, after: bytes) -> None:
    provider = smtp(either.port)
    await attempts(provider, map(a_message, range(20)), chunk=4)
    before = either.connections
    either.say("MAIL", *([after] if after else [DROP]) * before)
    tried = await attempt(provider, a_message(9))
    assert tried.words == "250 2.0.0 kept"
    assert tried.begun
    assert either.connections == before + 1


async def test_idle_connections_closed_by_the_server(either: ScriptedServer, smtp: Smtp) -> None:
    provider = smtp(either.port)
    assert (await attempt(provider)).words
    either.hang_up()
    assert (await attempt(provider, a_message(1))).words
    assert either.connections == 2


@pytest.mark.parametrize("stage", [*SIGNING_IN, *ENVELOPE, "dot", "AUTH"])
async def test_cancelled_send_never_leaves_its_connection_in_use(
    either: ScriptedServer, smtp: Smtp, stage: str
) -> None:
    either.usual["EHLO"] = either.usual["EHLO"].replace(b"250-8BIT", b"250-AUTH PLAIN\r\n250-8BIT")
    either.say(stage, HANG)
    provider = smtp(either.port, username="u", password="p")
    task = asyncio.create_task(attempt(provider))
    await either.stalled.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await attempt(provider, a_message(1))).words
    assert either.connections == 2
    assert [kept.recipients for kept in either.kept] == [["ann1@example.org"]]
