# SPDX-License-Identifier: Apache-2.0
"""What goes to Postmark, and what becomes of each message whatever comes back."""

import asyncio
import itertools
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest

from clarion.channels.base import Deliverer
from clarion.channels.http_delivery import HttpDeliverer
from clarion.channels.http_session import Answer
from clarion.channels.postmark import MOST_BYTES, PostmarkDialect, PostmarkSettings, postmark
from clarion.domain.errors import Away, Permanent, Temporary, Throttled, Unknown
from clarion.domain.messages import EmailFields, EmailMessage

from .conftest import Keys
from .postmark_server import TOKEN, Call, Held, PostmarkServer, answer, says, with_codes
from .sources import Kept, ListSource

Make = Callable[..., HttpDeliverer]


def mail(number: int, **fields: Any) -> EmailMessage:
    usual: dict[str, Any] = {
        "subject": f"Hello {number}",
        "html": "<p>Hello</p>",
        "plain": "Hello",
        "sender": "News <news@example.com>",
        "recipient": f"ann{number}@example.org",
        "headers": (("Message-ID", f"<d{number}@example.com>"),),
    }
    parts = EmailFields(**{**usual, **fields})
    return EmailMessage(f"d{number}", "news@example.com", f"ann{number}@example.org", "x", b"", fields=parts)


def mails(count: int) -> ListSource:
    return ListSource(mail(number) for number in range(count))


def addresses(*numbers: int) -> list[str]:
    return [f"ann{number}@example.org" for number in numbers]


def kinds(source: ListSource) -> list[str]:
    """How each message ended: sent, untouched, or the error's name."""
    assert all(kept.end is not None for kept in source.taken), "somebody was not ended"
    return [str(kept.end).partition(" ")[0] for kept in source.taken]


@pytest.fixture
async def server() -> AsyncIterator[PostmarkServer]:
    scripted = PostmarkServer()
    await scripted.start()
    yield scripted
    await scripted.stop()


@pytest.fixture
async def provider(server: PostmarkServer) -> AsyncIterator[Make]:
    made: list[HttpDeliverer] = []

    def make(**options: Any) -> HttpDeliverer:
        settings = {"token": TOKEN, "url": server.url, "timeout": 10.0, **options}
        made.append(postmark(PostmarkSettings(**settings)))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def away(provider: Deliverer, source: ListSource) -> Away:
    with pytest.raises(Away) as caught:
        await provider.deliver(source)
    return caught.value


# -- what goes out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_message_goes_out_in_parts(server: PostmarkServer, provider: Make, batch: int) -> None:
    full = mail(
        1,
        subject="Grüße ☃",
        reply_to="help@example.com",
        cc=("bob@example.org", "Cy <cy@example.org>"),
        bcc=("dan@example.org",),
        headers=(("Message-ID", "<d1@example.com>"), ("List-Unsubscribe", "<https://x.example/u>")),
    )
    source = ListSource([full])
    await provider(batch=batch, stream="news").deliver(source)
    assert kinds(source) == ["sent"]
    (call,) = server.calls
    assert call.request.path == ("/email" if batch == 1 else "/email/batch")
    assert call.request.content_type == "application/json"
    assert call.mails == [
        {
            "From": "News <news@example.com>",
            "To": "ann1@example.org",
            "Cc": "bob@example.org, Cy <cy@example.org>",
            "Bcc": "dan@example.org",
            "Subject": "Grüße ☃",
            "ReplyTo": "help@example.com",
            "HtmlBody": "<p>Hello</p>",
            "TextBody": "Hello",
            "MessageStream": "news",
            "Metadata": {"delivery_id": "d1"},
            "TrackOpens": False,
            "TrackLinks": "None",
            "Headers": [
                {"Name": "Message-ID", "Value": "<d1@example.com>"},
                {"Name": "List-Unsubscribe", "Value": "<https://x.example/u>"},
                {"Name": "X-PM-KeepID", "Value": "true"},
            ],
        }
    ]


@pytest.mark.parametrize(("batch", "calls"), [(1, 25), (10, 3), (500, 1)])
async def test_everybody_is_sent_one_message(server: PostmarkServer, provider: Make, batch: int, calls: int) -> None:
    source = mails(25)
    await provider(batch=batch).deliver(source)
    assert kinds(source) == ["sent"] * 25
    assert sorted(server.recipients()) == sorted(addresses(*range(25)))
    assert len(server.calls) == calls
    assert source.taken[0].end == "sent OK pm-1"


async def slowly(call: Call) -> Any:
    for _ in range(20):
        await asyncio.sleep(0)
    return call.usual()


async def test_two_sources_share_the_calls(server: PostmarkServer, provider: Make) -> None:
    server.always = slowly
    one = ListSource(mail(number) for number in range(300))
    two = ListSource(mail(number) for number in range(300, 600))
    shared = provider(batch=1, connections=4)
    await asyncio.gather(shared.deliver(one), shared.deliver(two))
    assert kinds(one) + kinds(two) == ["sent"] * 600
    assert sorted(server.recipients()) == sorted(addresses(*range(600)))
    assert 1 < server.most_at_once <= 4


async def test_a_call_holds_no_more_bytes_than_postmark_takes(server: PostmarkServer) -> None:
    settings = PostmarkSettings(token=TOKEN, url=server.url)
    dialect = PostmarkDialect(settings)
    dialect.most_bytes = 3 * len(dialect.encode(mail(1))) + 10
    provider = postmark(settings, dialect=dialect)
    source = mails(8)
    await provider.deliver(source)
    await provider.close()
    assert kinds(source) == ["sent"] * 8
    assert [len(call.mails) for call in server.calls] == [3, 3, 2]
    assert all(len(call.raw) <= dialect.most_bytes for call in server.calls)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"html": "x" * MOST_BYTES}, "too_large"), ({"subject": "a\ud800"}, "bad_content")],
)
@pytest.mark.parametrize("batch", [1, 500])
async def test_what_cannot_be_sent_does_not_begin(
    server: PostmarkServer, provider: Make, batch: int, fields: dict[str, str], reason: str
) -> None:
    source = ListSource([mail(0), mail(1, **fields), mail(2)])
    await provider(batch=batch).deliver(source)
    assert kinds(source) == ["sent", "Permanent", "sent"]
    bad = source.taken[1]
    assert isinstance(bad.error, Permanent)
    assert (bad.begun, bad.error.reason) == (False, reason)


async def test_a_message_in_bytes_is_our_defect_and_costs_the_others_nothing(
    server: PostmarkServer, provider: Make
) -> None:
    source = ListSource([EmailMessage("d9", "a@b.example", "c@d.example", "x", b"x"), mail(1)])
    await provider().deliver(source)
    assert kinds(source) == ["Temporary", "sent"]


async def test_over_tls_and_only_with_a_trusted_certificate(keys: Keys) -> None:
    server = PostmarkServer(tls=keys.server)
    await server.start()
    try:
        trusting = postmark(PostmarkSettings(token=TOKEN, url=server.url, ca_file=keys.ca_file))
        source = mails(2)
        await trusting.deliver(source)
        await trusting.close()
        assert kinds(source) == ["sent"] * 2
        strict = postmark(PostmarkSettings(token=TOKEN, url=server.url))
        source = mails(2)
        assert "certificate" in (await away(strict, source)).words.lower()
        await strict.close()
        assert kinds(source) == ["untouched"] * 2
        assert len(server.calls) == 1
    finally:
        await server.stop()


# -- who must not go any more ------------------------------------------------------------------------------------


class Choosy(ListSource):
    """Says no for some when they are about to begin; or fails for one."""

    def __init__(self, count: int, refused: set[int], broken: int = -1) -> None:
        super().__init__(mail(number) for number in range(count))
        self._refused, self._broken = refused, broken

    def take(self) -> Kept | None:
        kept = super().take()
        if kept is not None:
            kept.may_begin = len(self.taken) - 1 not in self._refused
            if len(self.taken) - 1 == self._broken:
                kept.begin = _full  # type: ignore[method-assign]
        return kept


class DiskFullError(Exception):
    pass


def _full() -> bool:
    raise DiskFullError


@pytest.mark.parametrize("batch", [1, 3, 500])
async def test_who_must_not_go_any_more_is_left_out(server: PostmarkServer, provider: Make, batch: int) -> None:
    source = Choosy(7, {0, 2, 3, 6})
    await provider(batch=batch).deliver(source)
    assert sorted(server.recipients()) == addresses(1, 4, 5)
    assert kinds(source) == ["untouched", "sent", "untouched", "untouched", "sent", "sent", "untouched"]


@pytest.mark.parametrize("batch", [1, 500])
async def test_nothing_goes_out_when_nobody_may_go(server: PostmarkServer, provider: Make, batch: int) -> None:
    source = Choosy(5, set(range(5)))
    stopped = provider(batch=batch)
    await stopped.deliver(source)
    assert kinds(source) == ["untouched"] * 5
    after = mails(2)
    await stopped.deliver(after)
    assert kinds(after) == ["sent"] * 2
    assert server.recipients() == addresses(0, 1)


async def test_a_begin_that_fails_passes_through_and_nothing_is_sent(server: PostmarkServer, provider: Make) -> None:
    source = Choosy(4, {0}, broken=2)
    with pytest.raises(DiskFullError):
        await provider().deliver(source)
    assert [str(kept.end).partition(" ")[0] for kept in source.taken] == [
        "untouched", "Throttled", "untouched", "untouched",
    ]  # fmt: skip
    assert server.taken == []


# -- what comes back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 500])
async def test_each_message_has_its_own_end(server: PostmarkServer, provider: Make, batch: int) -> None:
    one, two, three, four = addresses(1, 2, 3, 4)
    server.always = with_codes({one: 406, two: 300, three: 400, four: 9999})
    source = mails(6)
    await provider(batch=batch).deliver(source)
    assert kinds(source) == ["sent", "Permanent", "Permanent", "Permanent", "Temporary", "sent"]
    reasons = [kept.error.reason for kept in source.taken if isinstance(kept.error, Permanent)]
    assert reasons == ["refused", "refused", "sender_refused"]
    assert str(source.taken[1].end).startswith("Permanent 406")
    assert sorted(server.recipients()) == addresses(0, 5)


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_wrong_token_is_tried_once_and_nobody_pays_for_it(
    server: PostmarkServer, provider: Make, batch: int
) -> None:
    wrong = provider(batch=batch, token="wrong")
    source = mails(20)
    gone = await away(wrong, source)
    assert gone.retry_after > 30
    assert "401" in gone.words
    assert wrong.health == gone.words
    assert set(kinds(source)) <= {"Throttled", "untouched"}
    again = mails(3)
    await away(wrong, again)
    assert again.taken == []
    assert len(server.calls) == 1
    assert "wrong" not in gone.words


@pytest.mark.parametrize("code", [405, 412, 413])
async def test_an_account_that_may_not_send_stops_everybody(server: PostmarkServer, provider: Make, code: int) -> None:
    server.always = with_codes({"ann1@example.org": code})
    source = mails(3)
    gone = await away(provider(), source)
    assert str(code) in gone.words
    assert kinds(source) == ["sent", "Throttled", "sent"]


@pytest.mark.parametrize("status", [429, 503])
async def test_told_to_wait(server: PostmarkServer, provider: Make, status: int) -> None:
    server.script.append(says(status, {"Message": "slow down"}, **{"Retry-After": "7"}))
    waiting = provider()
    source = mails(3)
    gone = await away(waiting, source)
    assert 5 < gone.retry_after <= 7
    assert kinds(source) == ["Throttled"] * 3
    assert all(isinstance(kept.error, Throttled) and kept.error.retry_after == 7 for kept in source.taken)
    again = mails(1)
    await away(waiting, again)
    assert (again.taken, len(server.calls)) == ([], 1)


async def test_one_rate_limited_message_of_a_call(server: PostmarkServer, provider: Make) -> None:
    server.always = with_codes({"ann2@example.org": 429})
    source = mails(3)
    await away(provider(), source)
    assert kinds(source) == ["sent", "sent", "Throttled"]


@pytest.mark.parametrize("status", [500, 502, 504, 408, 202])
async def test_an_answer_that_leaves_it_open_is_in_doubt(server: PostmarkServer, provider: Make, status: int) -> None:
    server.script.append(says(status, {"Message": "oops"}))
    source = mails(3)
    await provider().deliver(source)
    assert kinds(source) == ["Unknown"] * 3
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [301, 307, 403, 404, 405, 415])
async def test_a_wrong_address_is_no_message_s_fault(server: PostmarkServer, provider: Make, status: int) -> None:
    server.script.append(says(status, b"<html>elsewhere</html>", Location="/email"))
    source = mails(3)
    gone = await away(provider(), source)
    assert str(status) in gone.words
    assert kinds(source) == ["Throttled"] * 3
    assert len(server.calls) == 1


GARBAGE: dict[str, Any] = {
    "not json": b"<html>",
    "empty": b"",
    "not utf-8": b'[{"ErrorCode": 0, "Message": "\xff"}]',
    "null": None,
    "short": [{"ErrorCode": 0}, {"ErrorCode": 0}],
    "long": [{"ErrorCode": 0}] * 4,
    "object": {"ErrorCode": 0, "Message": "OK"},
    "no codes": [{}, {}, {}],
    "nested": b"[" * 100_000,
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
async def test_an_answer_that_makes_no_sense_is_in_doubt(server: PostmarkServer, provider: Make, body: Any) -> None:
    server.script.append(says(200, body))
    source = mails(3)
    await provider().deliver(source)
    assert kinds(source) == ["Unknown"] * 3
    assert all(len(str(kept.end)) < 600 for kept in source.taken)


async def test_one_result_that_makes_no_sense_does_not_hide_the_others(server: PostmarkServer, provider: Make) -> None:
    server.script.append(says(200, [{"ErrorCode": 0}, {"ErrorCode": "none"}, {"ErrorCode": 406}]))
    source = mails(3)
    await provider().deliver(source)
    assert kinds(source) == ["sent", "Unknown", "Permanent"]


@pytest.mark.parametrize("batch", [1, 500])
async def test_garbage_for_a_single_call(server: PostmarkServer, provider: Make, batch: int) -> None:
    server.script.append(says(200, b"OK"))
    source = mails(1)
    await provider(batch=batch).deliver(source)
    assert kinds(source) == ["Unknown"]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_call_refused_as_a_whole_goes_again_one_by_one(
    server: PostmarkServer, provider: Make, status: int
) -> None:
    def picky(call: Call) -> Any:
        if any(each["To"] == "ann1@example.org" for each in call.mails):
            return answer(status, {"ErrorCode": 402, "Message": "bad"})
        return call.usual()

    server.always = picky
    careful = provider()
    source = mails(3)
    await careful.deliver(source)
    assert kinds(source) == ["Temporary"] * 3
    assert server.taken == []
    again = mails(5)
    await careful.deliver(again)
    assert kinds(again) == ["sent", "Permanent", "sent", "sent", "sent"]
    assert [len(call.mails) for call in server.calls] == [3, 1, 1, 1, 2]


# -- no answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_connection_lost_after_the_request_leaves_it_in_doubt(
    server: PostmarkServer, provider: Make, batch: int
) -> None:
    server.script.append(lambda call: (call.usual(), call.reset())[1])
    source = mails(4)
    await provider(batch=batch).deliver(source)
    assert kinds(source) == (["Unknown"] + ["sent"] * 3 if batch == 1 else ["Unknown"] * 4)
    assert sorted(server.recipients()) == addresses(0, 1, 2, 3)


async def test_a_second_lost_connection_makes_everybody_wait(server: PostmarkServer, provider: Make) -> None:
    server.always = lambda call: call.reset()
    source = mails(50)
    gone = await away(provider(batch=1), source)
    assert kinds(source) == ["Unknown"] * 2
    assert gone.retry_after > 0


async def test_half_an_answer_is_none(server: PostmarkServer, provider: Make) -> None:
    def half(call: Call) -> Any:
        response = answer(200, b'[{"ErrorCode"')
        response.headers["Content-Length"] = "500"
        return _cut(call, response)

    async def _cut(call: Call, response: Any) -> Any:
        await response.prepare(call.request)
        await response.write(b'[{"ErrorCode"')
        return call.reset()

    server.script.append(half)
    source = mails(2)
    await provider().deliver(source)
    assert kinds(source) == ["Unknown"] * 2


async def test_an_answer_that_does_not_come_in_time(server: PostmarkServer, provider: Make) -> None:
    held = Held()
    server.script.append(held)
    source = mails(2)
    await provider(timeout=0.2).deliver(source)
    assert kinds(source) == ["Unknown"] * 2
    assert "0.2 s" in str(source.taken[0].end)
    held.let_go.set()


async def test_nothing_is_in_doubt_when_nobody_listens(provider: Make) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        unreachable = provider(url=url)
        source = mails(10)
        gone = await away(unreachable, source)
        assert kinds(source) == ["untouched"] * len(source.taken)
        assert not any(kept.begun for kept in source.taken)
        assert 0 < gone.retry_after <= 1
        assert "127.0.0.1" in gone.words
        assert unreachable.health == gone.words


async def test_what_is_under_way_when_trouble_comes_is_waited_for(server: PostmarkServer, provider: Make) -> None:
    held = Held()
    server.script.extend([with_codes({}), held, says(429, {})])
    patient = provider(batch=1, connections=2)
    source = mails(10)
    delivering = asyncio.create_task(away(patient, source))
    await held.reached.wait()
    while len(server.calls) < 3:
        await asyncio.sleep(0)
    held.let_go.set()
    await delivering
    assert kinds(source) == ["sent", "sent", "Throttled"]


@pytest.mark.parametrize("batch", [1, 500])
async def test_cancelled_it_hands_nothing_more_over_and_works_on(
    server: PostmarkServer, provider: Make, batch: int
) -> None:
    held = Held()
    server.script.append(held)
    stopped = provider(batch=batch, connections=3)
    source = mails(9)
    task = asyncio.create_task(stopped.deliver(source))
    await held.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    begun = [kept for kept in source.taken if kept.begun]
    assert len(begun) == (1 if batch == 1 else 9)
    assert all(kept.end is None for kept in begun)
    held.let_go.set()
    after = ListSource([mail(77)])
    await stopped.deliver(after)
    assert kinds(after) == ["sent"]
    assert len(server.calls) == 2


@pytest.mark.parametrize("turns", range(0, 40, 3))
@pytest.mark.parametrize("batch", [1, 500])
async def test_cancelled_at_any_moment_only_what_began_can_have_arrived(
    server: PostmarkServer, provider: Make, batch: int, turns: int
) -> None:
    stopped = provider(batch=batch, connections=3)
    source = mails(12)
    task = asyncio.create_task(stopped.deliver(source))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await stopped.deliver(ListSource([mail(77)]))
    begun = [kept.message.recipient for kept in source.taken if kept.begun]
    arrived = server.recipients()
    assert len(arrived) == len(set(arrived))
    assert set(arrived) <= {*begun, "ann77@example.org"}
    ended = [kept.message.recipient for kept in source.taken if str(kept.end).startswith("sent")]
    assert set(ended) <= set(arrived)


async def test_a_source_that_is_done_does_not_wait_behind_another(server: PostmarkServer, provider: Make) -> None:
    first, second, third = Held(), Held(), Held()
    shared = provider(batch=1, connections=2)
    await shared.deliver(mails(2))  # so that both places are open
    server.script.extend([first, second, third])
    tasks = [asyncio.create_task(shared.deliver(ListSource([mail(50)])))]
    await first.reached.wait()
    quick = mails(1)
    delivering = asyncio.create_task(shared.deliver(quick))
    await second.reached.wait()
    tasks.append(asyncio.create_task(shared.deliver(ListSource([mail(51)]))))
    await asyncio.sleep(0)
    second.let_go.set()
    async with asyncio.timeout(10):
        await delivering  # while both places are taken by the others
    assert kinds(quick) == ["sent"]
    await third.reached.wait()
    first.let_go.set()
    third.let_go.set()
    await asyncio.gather(*tasks)


def hostile(chance: random.Random) -> Callable[[Call], Any]:
    """Does anything that a service on a bad day may do; what it took is in `taken`."""

    def ends(call: Call) -> dict[str, int]:
        codes = [0, 0, 0, 300, 406, 400, 402, 429, 100, 412, 77]
        return {each["To"]: chance.choice(codes) for each in call.mails}

    def behave(call: Call) -> Any:
        match chance.randrange(12):
            case 0:
                return call.reset()
            case 1:
                call.usual(ends(call))
                return call.reset()
            case 2:
                return answer(chance.choice([429, 503, 401, 404, 301]), {"ErrorCode": 10, "Message": "no"})
            case 3:
                call.usual(ends(call))
                return answer(chance.choice([500, 502, 504]), b"<html>")
            case 4:
                call.usual()
                return answer(200, b"[{")
            case 5:
                results = [call.result(each) for each in call.mails]
                return answer(200, results[: chance.randrange(len(results) + 1)])
            case 6:
                return answer(chance.choice([400, 413, 422]), {"ErrorCode": 402, "Message": "bad"})
            case 7:
                response = call.usual(ends(call))
                response.force_close()
                return response
            case _:
                return call.usual(ends(call))

    return behave


@pytest.mark.parametrize("batch", [1, 7, 500])
@pytest.mark.parametrize("seed", range(6))
async def test_whatever_a_hostile_service_does_everybody_is_accounted_for(
    server: PostmarkServer, batch: int, seed: int
) -> None:
    chance = random.Random(seed)
    server.always = hostile(chance)
    clock = itertools.count(0, 1_000)  # so that no pause is waited for
    settings = PostmarkSettings(token=TOKEN, url=server.url, batch=batch, connections=4, timeout=10)
    provider = postmark(settings, clock=lambda: float(next(clock)))
    numbers = itertools.count()
    sources = []
    for _ in range(120):
        several = [ListSource(mail(next(numbers)) for _ in range(chance.randrange(1, 15))) for _ in range(2)]
        sources += several
        await asyncio.gather(*(provider.deliver(source) for source in several), return_exceptions=True)
    await provider.close()
    ended = [kept for source in sources for kept in source.taken]
    assert all(kept.end is not None for kept in ended)
    by_kind: dict[str, set[str]] = {}
    for kept in ended:
        by_kind.setdefault(str(kept.end).partition(" ")[0], set()).add(kept.message.recipient)
    arrived = server.recipients()
    assert len(arrived) == len(set(arrived)), "sent twice"
    assert by_kind["sent"] <= set(arrived), "called sent, and was not"
    assert set(arrived) <= by_kind["sent"] | by_kind["Unknown"], "sent, and said that it was not"
    assert len(by_kind["sent"]) > 100


async def test_closed_it_takes_nothing(server: PostmarkServer, provider: Make) -> None:
    closed = provider()
    await closed.deliver(mails(1))
    await closed.close()
    await closed.close()
    source = mails(2)
    assert "closed" in (await away(closed, source)).words
    assert set(kinds(source)) <= {"untouched"}
    assert len(server.calls) == 1


async def test_an_answer_nobody_asked_for_belongs_to_no_message() -> None:
    """A kept connection on which the server said something meanwhile is not used again."""
    requests = 0
    serving: set[asyncio.Task[None] | None] = set()
    good = b'{"ErrorCode": 0, "MessageID": "m"}'
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(good), good)

    async def talkative(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        serving.add(asyncio.current_task())
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                requests += 1
                writer.write(reply)
                if requests == 1:
                    writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    listening = await asyncio.start_server(talkative, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    provider = postmark(PostmarkSettings(token=TOKEN, url=f"http://127.0.0.1:{port}", batch=1, connections=1))
    source = mails(3)
    await provider.deliver(source)
    assert kinds(source) == ["sent"] * 3
    assert requests == 3
    await provider.close()
    await asyncio.gather(*(task for task in serving if task is not None))
    listening.close()
    await listening.wait_closed()


# -- settings ------------------------------------------------------------------------------------------------------


def test_the_token_is_never_shown() -> None:
    assert TOKEN not in repr(PostmarkSettings(token=TOKEN))


def test_words_never_hold_more_than_fits() -> None:
    assert len(Answer(200, b"x" * 100_000).words) <= 500


def test_describes_itself() -> None:
    capabilities = postmark(PostmarkSettings(token=TOKEN)).capabilities
    assert (capabilities.channel, capabilities.takes) == ("email", "fields")
    assert not capabilities.recognises_repeats


def test_temporary_and_unknown_are_told_apart() -> None:
    reading = PostmarkDialect(PostmarkSettings(token=TOKEN)).read(Answer(422, b"nonsense"), 2, many=True)
    assert [type(end) for end in reading.ends] == [Temporary, Temporary]
    reading = PostmarkDialect(PostmarkSettings(token=TOKEN)).read(Answer(500, b""), 1, many=False)
    assert [type(end) for end in reading.ends] == [Unknown]
