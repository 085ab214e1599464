# SPDX-License-Identifier: Apache-2.0
"""What every service over HTTP may do to us, and what becomes of each message then."""

import asyncio
import itertools
import random
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from clarion.channels.http_delivery import HttpDeliverer
from clarion.domain.errors import Away, Permanent, Throttled
from clarion.domain.messages import EmailMessage

from .conftest import Keys
from .sources import ListSource
from .vendors import BATCHES, IN_PARTS, OF_MAIL, SIGNED, VENDORS, Call, Held, VendorServer, addresses, answer, says

Make = Callable[..., HttpDeliverer]


@pytest.fixture(params=VENDORS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[VendorServer]:
    served = VendorServer(VENDORS[request.param])
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def make(server: VendorServer) -> AsyncIterator[Make]:
    made: list[HttpDeliverer] = []

    def build(**options: Any) -> HttpDeliverer:
        made.append(server.vendor.make(**{"url": server.url, "timeout": 10.0, **options}))
        return made[-1]

    yield build
    for provider in made:
        await provider.close()


def mails(server: VendorServer, count: int) -> ListSource:
    return ListSource(server.vendor.message(number) for number in range(count))


def mail_of(server: VendorServer) -> EmailMessage:
    message = server.vendor.message(0)
    assert isinstance(message, EmailMessage)
    return message


def kinds(source: ListSource) -> list[str]:
    """How each message ended: sent, untouched, or the error's name."""
    assert all(kept.end is not None for kept in source.taken), "somebody was not ended"
    return [str(kept.end).partition(" ")[0] for kept in source.taken]


async def away(provider: HttpDeliverer, source: ListSource) -> Away:
    with pytest.raises(Away) as caught:
        await provider.deliver(source)
    return caught.value


async def test_everybody_is_sent_one_message(server: VendorServer, make: Make) -> None:
    source = mails(server, 30)
    await make().deliver(source)
    assert kinds(source) == ["sent"] * 30
    assert sorted(server.recipients()) == sorted(addresses(range(30)))
    assert len(server.calls) == (1 if server.vendor.name in BATCHES else 30)


async def test_one_that_is_refused_is_refused_alone(server: VendorServer, make: Make) -> None:
    server.always = lambda call: server.vendor.refused(call, "ann1@example.org")
    source = mails(server, 3)
    provider = make(connections=1)
    await provider.deliver(source)
    if server.vendor.name == "sendgrid-bulk":  # refuses the whole call, and says for whom
        assert kinds(source) == ["Temporary", "Permanent", "Temporary"]
        again = ListSource(kept.message for kept in source.taken[::2])
        await provider.deliver(again)
        assert (kinds(again), len(server.calls)) == (["sent", "sent"], 2)
    else:
        assert kinds(source) == ["sent", "Permanent", "sent"]
    assert sorted(server.recipients()) == addresses([0, 2])
    error = source.taken[1].error
    assert isinstance(error, Permanent)
    assert error.reason in {"refused", "invalid_address"}


async def test_a_wrong_key_is_tried_once_and_nobody_pays_for_it(server: VendorServer, make: Make) -> None:
    wrong = make(secret="another-secret")
    source = mails(server, 20)
    gone = await away(wrong, source)
    assert "401" in gone.words
    assert "secret" not in gone.words
    assert gone.retry_after > 30
    assert set(kinds(source)) <= {"Throttled", "untouched"}
    again = mails(server, 3)
    await away(wrong, again)
    assert (again.taken, len(server.calls), server.taken) == ([], 1, [])


@pytest.mark.parametrize("status", [429, 503])
async def test_told_to_wait(server: VendorServer, make: Make, status: int) -> None:
    server.script.append(says(status, {"message": "slow down"}, **{"Retry-After": "7"}))
    source = mails(server, 3)
    gone = await away(make(connections=1), source)
    assert 5 < gone.retry_after <= 7
    assert set(kinds(source)) == {"Throttled"}
    assert all(isinstance(kept.error, Throttled) and kept.error.retry_after == 7 for kept in source.taken)
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [500, 502, 504, 408])
async def test_an_answer_that_leaves_it_open_is_in_doubt(server: VendorServer, make: Make, status: int) -> None:
    server.script.append(says(status, {"message": "oops"}))
    source = mails(server, 2)
    await make(connections=1).deliver(source)
    assert kinds(source) == (["Unknown"] * 2 if server.vendor.name in BATCHES else ["Unknown", "sent"])


@pytest.mark.parametrize("status", [301, 403, 404])
async def test_a_wrong_address_is_no_message_s_fault(server: VendorServer, make: Make, status: int) -> None:
    server.script.append(says(status, b"<html>elsewhere</html>", Location="/"))
    source = mails(server, 3)
    gone = await away(make(connections=1), source)
    assert str(status) in gone.words
    assert set(kinds(source)) == {"Throttled"}


async def test_one_that_is_too_large_for_the_service(server: VendorServer, make: Make) -> None:
    server.script.append(says(413, b"<html>too large</html>"))
    source = mails(server, 1)
    await make().deliver(source)
    error = source.taken[0].error
    assert isinstance(error, Permanent)
    assert error.reason == "too_large"


GARBAGE: dict[str, Any] = {
    "not json": b"<html>",
    "empty": b"",
    "not utf-8": b'{"id": "\xff"}',
    "null": None,
    "a list": [],
    "an object": {},
    "nested": b"[" * 100_000,
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
async def test_an_acceptance_that_makes_no_sense_is_in_doubt(server: VendorServer, make: Make, body: Any) -> None:
    server.script.append(says(200, body))
    source = mails(server, 1)
    await make().deliver(source)
    assert kinds(source) == ["Unknown"]
    assert len(str(source.taken[0].end)) < 600


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
async def test_a_refusal_that_makes_no_sense_is_one(server: VendorServer, make: Make, body: Any) -> None:
    server.script.append(says(400, body))
    source = mails(server, 1)
    await make().deliver(source)
    assert kinds(source)[0] in {"Permanent", "Temporary"}


async def test_a_connection_lost_after_the_request_leaves_it_in_doubt(server: VendorServer, make: Make) -> None:
    server.script.append(lambda call: (call.usual(), call.drop())[1])
    source = mails(server, 1)
    await make().deliver(source)
    assert kinds(source) == ["Unknown"]
    assert server.recipients() == addresses([0])


async def test_an_answer_that_does_not_come_in_time(server: VendorServer, make: Make) -> None:
    held = Held()
    server.script.append(held)
    source = mails(server, 1)
    await make(timeout=0.2).deliver(source)
    assert kinds(source) == ["Unknown"]
    held.let_go.set()


async def test_nothing_is_in_doubt_when_nobody_listens(server: VendorServer, make: Make) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        source = mails(server, 5)
        gone = await away(make(url=f"http://127.0.0.1:{unused.getsockname()[1]}"), source)
    assert set(kinds(source)) == {"untouched"}
    assert 0 < gone.retry_after <= 1


async def test_cancelled_it_hands_nothing_more_over_and_works_on(server: VendorServer, make: Make) -> None:
    held = Held()
    server.script.append(held)
    stopped = make(connections=2)
    task = asyncio.create_task(stopped.deliver(mails(server, 3)))
    await held.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    held.let_go.set()
    after = ListSource([server.vendor.message(77)])
    await stopped.deliver(after)
    assert kinds(after) == ["sent"]
    assert len(server.calls) == 2


@pytest.mark.parametrize("server", BATCHES, indirect=True)
async def test_who_must_not_go_any_more_is_left_out_of_a_call(server: VendorServer, make: Make) -> None:
    class Choosy(ListSource):
        def take(self) -> Any:
            kept = super().take()
            if kept is not None:
                kept.may_begin = len(self.taken) % 2 == 0
            return kept

    source = Choosy(server.vendor.message(number) for number in range(4))
    provider = make()
    await provider.deliver(source)
    if server.vendor.name in SIGNED:  # the signature is of the whole call
        assert kinds(source) == ["untouched", "Throttled", "untouched", "Throttled"]
        assert server.calls == []
        again = ListSource(kept.message for kept in source.taken[1::2])
        await provider.deliver(again)
        assert kinds(again) == ["sent", "sent"]
    else:
        assert kinds(source) == ["untouched", "sent", "untouched", "sent"]
    assert server.recipients() == addresses([1, 3])


@pytest.mark.parametrize("server", OF_MAIL, indirect=True)
async def test_more_recipients_than_it_takes_do_not_begin(server: VendorServer, make: Make) -> None:
    provider = make()
    most = provider.capabilities.most_recipients
    assert most is not None
    copies = tuple(f"copy{number}@example.org" for number in range(most))
    source = ListSource([mail_of(server)._replace(copies=copies)])
    await provider.deliver(source)
    assert (kinds(source), source.taken[0].begun, server.calls) == (["Permanent"], False, [])


async def test_half_a_character_does_not_begin(server: VendorServer, make: Make) -> None:
    fields = {"recipient": "ann\ud800@example.org"}
    source = ListSource([server.vendor.message(1, **fields)])
    await make().deliver(source)
    assert (kinds(source), source.taken[0].begun, server.calls) == (["Permanent"], False, [])


async def test_a_message_in_the_other_form_is_our_defect(server: VendorServer, make: Make) -> None:
    other = "mailgun" if server.vendor.name in IN_PARTS else "postmark"
    source = ListSource([VENDORS[other].message(0), server.vendor.message(1)])
    await make().deliver(source)
    assert kinds(source) == ["Temporary", "sent"]


async def test_over_tls_and_only_with_a_trusted_certificate(server: VendorServer, keys: Keys) -> None:
    secure = VendorServer(server.vendor, tls=keys.server)
    await secure.start()
    try:
        for ca_file, ends in ((keys.ca_file, {"sent"}), ("", {"untouched"})):
            provider = secure.vendor.make(secure.url, ca_file=ca_file)
            source = mails(secure, 2)
            if ca_file:
                await provider.deliver(source)
            else:
                assert "certificate" in (await away(provider, source)).words.lower()
            await provider.close()
            assert set(kinds(source)) == ends
    finally:
        await secure.stop()


def hostile(server: VendorServer, chance: random.Random) -> Callable[[Call], Any]:
    """Does anything that a service on a bad day may do; what it took is in `taken`."""

    def behave(call: Call) -> Any:
        match chance.randrange(10):
            case 0:
                return call.drop()
            case 1:
                call.usual()
                return call.drop()
            case 2:
                return answer(chance.choice([429, 503, 401, 404, 301, 420]), {"message": "no"})
            case 3:
                call.usual()
                return answer(chance.choice([500, 502, 504]), b"<html>")
            case 4:
                call.usual()
                return answer(200, b"[{")
            case 5:
                return answer(chance.choice([400, 413, 422, 403]), {"message": "bad"})
            case 6:
                return server.vendor.refused(call, chance.choice(server.vendor.recipients(call)))
            case _:
                return call.usual()

    return behave


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_a_hostile_service_does_everybody_is_accounted_for(server: VendorServer, seed: int) -> None:
    chance = random.Random(seed)
    server.always = hostile(server, chance)
    clock = itertools.count(0, 1_000)  # so that no pause is waited for
    provider = server.vendor.make(server.url, connections=4, timeout=10.0, clock=lambda: float(next(clock)))
    numbers = itertools.count()
    sources = []
    for _ in range(60):
        several = [
            ListSource(server.vendor.message(next(numbers)) for _ in range(chance.randrange(1, 12))) for _ in range(2)
        ]
        sources += several
        await asyncio.gather(*(provider.deliver(source) for source in several), return_exceptions=True)
    await provider.close()
    by_kind: dict[str, set[str]] = {}
    for kept in (kept for source in sources for kept in source.taken):
        assert kept.end is not None
        by_kind.setdefault(kept.end.partition(" ")[0], set()).add(kept.message.recipient)
    arrived = server.recipients()
    assert len(arrived) == len(set(arrived)), "sent twice"
    assert by_kind["sent"] <= set(arrived), "called sent, and was not"
    assert set(arrived) <= by_kind["sent"] | by_kind["Unknown"], "sent, and said that it was not"
    assert len(by_kind["sent"]) > 40


def test_secrets_are_never_shown() -> None:
    for vendor in VENDORS.values():
        provider = vendor.make("http://127.0.0.1:1", secret="do-not-show-this")
        assert "do-not-show-this" not in repr(provider.__dict__)


@pytest.mark.parametrize("vendor", OF_MAIL.values(), ids=OF_MAIL)
def test_takes_says_which_form_it_wants(vendor: Any) -> None:
    capabilities = vendor.make("http://127.0.0.1:1").capabilities
    form = (bool(vendor.message(0).content), vendor.message(0).fields is not None)
    assert form == {"mime": (True, False), "fields": (False, True), "both": (True, True)}[capabilities.takes]
