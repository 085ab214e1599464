# SPDX-License-Identifier: Apache-2.0
"""Providers tell what became of messages: what is written down, once, and what is answered whatever they send."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from tests.api.conftest import Answer, Client
from tests.channels import recorded
from tests.store.ledgers import Played
from tests.support.hook_calls import KEYS, SES, TELLERS, MailgunTeller

from clarion.channels.hook import Hook, Incoming
from clarion.channels.hooks import HookKeys, build_hooks
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State, public_id
from clarion.domain.errors import Unavailable
from clarion.domain.people import is_unsubscribed
from clarion.domain.provider_events import ProviderEvent, Reply, hook_url
from clarion.domain.suppressions import EspKind
from clarion.pipeline.hear import HearRules
from clarion.store import esp, feedback, hooks, ledger, metrics
from clarion.store.engine import Transaction
from clarion.store.people import identifiers
from clarion.tracking.hooks import MOST_BYTES, HookOptions, routes
from clarion.tracking.person import reader, set_attribute

from .conftest import Server

ADDRESS = "p1@x.test"


class Hooked:
    """What providers reach, and what was counted of what they told."""

    def __init__(self, server: Server, keys: HookKeys = KEYS, hooks: Mapping[str, Hook | None] | None = None) -> None:
        self.server = server
        self.counts: Counter[tuple[str, str]] = Counter()
        hooks = hooks or build_hooks(keys, SES.fetch)
        options = HookOptions(hooks, HearRules(3), self._count, "https://clarion.test")
        self._client = Client(Starlette(routes=routes(server, options)), None)

    def _count(self, provider: str, outcome: str, number: int) -> None:
        self.counts[provider, outcome] += number

    async def post(self, name: str, body: object, headers: dict[str, str] | None = None) -> Answer:
        return await self._client("POST", hook_url("", name, self.server.secret), body, headers)

    async def tell(self, name: str, kind: str, token: str, recipient: str = ADDRESS, number: int = 1) -> Answer:
        teller = TELLERS[name]
        event = teller.event(kind, token, recipient, number)
        return await self.post(name, *teller.call(event, now=datetime.now(UTC), number=number))


@pytest.fixture
def hooked(server: Server) -> Hooked:
    return Hooked(server)


@pytest.fixture
def sent(played: Played) -> DeliveryKey:
    """The first person's message, which was handed over."""
    key: DeliveryKey = played.key(1)
    outcomes = [Outcome(key, State.SENT, recipient=f"Pat <{ADDRESS}>"), Outcome(played.key(2), State.SENT)]
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=1, source=State.QUEUED))
    return key


def written(server: Server, key: DeliveryKey) -> dict[str, Any]:
    """Everything that may change by what is told."""

    def look(tx: Transaction) -> dict[str, Any]:
        account = ledger.get(tx, key)
        assert account is not None
        workspace_id, person_id = int(account["workspace_id"]), int(account["person_id"])
        found = reader(tx, key)
        rows = tx.composed("SELECT metric, at_ms, detail FROM delivery_event ORDER BY event_id", {})
        soft = tx.composed("SELECT email_key, bounces FROM soft_bounce", {})
        return {
            "first": {metric.value for metric in feedback.first_times(tx, key)},
            "events": Counter(row["metric"] for row in rows),
            "counts": dict(metrics.heard_of(tx, key.trigger_id)),
            "barred": [(one.kind, one.email, one.status) for one in esp.of_address(tx, workspace_id, ADDRESS)],
            "soft": [(row["email_key"], row["bounces"]) for row in soft],
            "unsubscribed": found is not None and found.person is not None and is_unsubscribed(found.person.attributes),
            "email": identifiers(tx, [person_id])[person_id].email,
            "clicks": [dict(row) for row in tx.composed("SELECT n, people FROM link_count", {})],
        }

    return server.store.read(look)


FIRST: dict[str, set[str]] = {
    "delivered": {"delivered"},
    "deferred": {"deferred"},
    "hard": {"bounced"},
    "soft": {"bounced"},
    "spam": {"spammed"},
    "dropped": {"dropped"},
    "opened": {"opened", "human_opened"},
    "clicked": {"clicked", "human_clicked", "opened", "human_opened"},
    "unsubscribed": {"unsubscribed"},
}


# Of Resend's, who unsubscribes is told of contacts, not of messages.
TOLD = [(name, kind) for name in TELLERS for kind in FIRST if (name, kind) != ("resend", "unsubscribed")]


@pytest.mark.parametrize(("name", "kind"), TOLD)
async def test_what_is_told_is_written_down_once(
    hooked: Hooked, server: Server, sent: DeliveryKey, token: str, name: str, kind: str
) -> None:
    first = await hooked.tell(name, kind, token)
    assert (first.status, first.json) == (200, {"taken": 1})
    after = written(server, sent)
    assert after["first"] == FIRST[kind]
    assert after["counts"] == dict.fromkeys(FIRST[kind], 1)
    kinds = {"hard": EspKind.BOUNCES, "spam": EspKind.SPAM_REPORTS, "dropped": EspKind.BOUNCES}
    if name == "postmark":
        kinds["dropped"] = EspKind.BLOCKS
    assert [barred[0] for barred in after["barred"]] == ([kinds[kind]] if kind in kinds else [])
    assert after["unsubscribed"] == (kind == "unsubscribed")
    assert after["soft"] == ([(ADDRESS, 1)] if kind == "soft" else [])
    again = await hooked.tell(name, kind, token)
    assert (again.status, again.json) == (200, {"repeated": 1})
    assert written(server, sent) == after
    assert hooked.counts == {(name, "taken"): 1, (name, "repeated"): 1}


def as_recorded(told: recorded.Told, token: str) -> Hook:
    """Reads what was recorded, at its time and place, as told of the message of `token`."""
    real = recorded.hooks()[told.name]
    assert real is not None

    async def read(incoming: Incoming) -> Sequence[ProviderEvent | Reply]:
        there = replace(told.incoming, body=incoming.body, headers=incoming.headers)
        return [
            replace(one, delivery_id=token, recipient=ADDRESS if one.recipient else "", seal=None)
            for one in await real(there)
            if isinstance(one, ProviderEvent)
        ]

    return read


@pytest.mark.parametrize("name", recorded.EVENTS)
async def test_recordings_told_twice_change_nothing_the_second_time(
    server: Server, sent: DeliveryKey, token: str, name: str
) -> None:
    calls = [told for told in recorded.CALLS if told.name == name and told.case != "signed with a shared key"]
    states = []
    for _ in range(2):
        counts = Counter[tuple[str, str]]()
        for told in calls:
            hooked = Hooked(server, hooks={name: as_recorded(told, token)})
            answer = await hooked.post(name, told.body, dict(told.incoming.headers))
            assert answer.status == (204 if name == "twilio" else 200)
            counts += hooked.counts
        states.append((counts[name, "taken"], written(server, sent)))
    (taken, first), (again, second) = states
    assert taken >= 4
    assert (again, second) == (0, first)


async def test_an_smtp_code_is_kept_with_a_suppression(
    hooked: Hooked, server: Server, sent: DeliveryKey, token: str
) -> None:
    await hooked.tell("sendgrid", "hard", token)
    assert written(server, sent)["barred"] == [(EspKind.BOUNCES, ADDRESS, "550")]


async def test_soft_bounces_in_a_row_bar_an_address(
    hooked: Hooked, server: Server, sent: DeliveryKey, token: str
) -> None:
    await hooked.tell("mailgun", "soft", token, number=1)
    await hooked.tell("mailgun", "soft", token, number=2)
    await hooked.tell("mailgun", "delivered", token)
    assert (written(server, sent)["soft"], written(server, sent)["barred"]) == ([], [])
    for number in (3, 4, 4, 4):
        await hooked.tell("mailgun", "soft", token, number=number)
    assert written(server, sent)["soft"] == [(ADDRESS, 2)]
    await hooked.tell("mailgun", "soft", token, number=5)
    found = written(server, sent)
    assert (found["soft"], found["barred"]) == ([], [(EspKind.BOUNCES, ADDRESS, "452")])


async def test_a_wish_that_was_taken_back_is_not_undone_by_telling_it_again(
    hooked: Hooked, server: Server, sent: DeliveryKey, token: str
) -> None:
    await hooked.tell("sendgrid", "unsubscribed", token)
    server.store.write(lambda tx: set_attribute(tx, sent, "unsubscribed", value=False))
    await hooked.tell("sendgrid", "unsubscribed", token)
    assert not written(server, sent)["unsubscribed"]


async def test_a_copy_s_bounce_is_not_the_person_s(
    hooked: Hooked, server: Server, sent: DeliveryKey, token: str, played: Played
) -> None:
    for kind in ("delivered", "soft", "spam", "hard"):
        answered = await hooked.tell("sendgrid", kind, token, "Boss@x.test")
        assert answered.json == {"copy": 1}
    found = written(server, sent)
    assert (found["first"], found["barred"], found["soft"]) == (set(), [], [])
    workspace_id = played.workspace.workspace_id
    (boss,) = server.store.read(lambda tx: esp.of_address(tx, workspace_id, "boss@x.test"))
    assert boss.kind is EspKind.BOUNCES


async def test_what_is_told_before_the_outcome_is_written_down(
    hooked: Hooked, server: Server, played: Played, token: str
) -> None:
    """A provider may be quicker than the transaction of a chunk: where the message went is known from it alone."""
    answered = await hooked.tell("ses", "hard", token, "other@x.test")
    assert answered.json == {"taken": 1}
    workspace_id = played.workspace.workspace_id
    (barred,) = server.store.read(lambda tx: esp.of_address(tx, workspace_id, "other@x.test"))
    assert barred.kind is EspKind.BOUNCES


@pytest.mark.parametrize("kind", ["delivered", "hard", "deferred"])
async def test_what_was_in_doubt_was_sent_when_its_provider_tells_of_it(
    hooked: Hooked, server: Server, played: Played, token: str, kind: str
) -> None:
    played.settle([played.key(1)], State.IN_DOUBT, Reason.NO_ANSWER)
    assert (await hooked.tell("mailgun", kind, token)).json == {"taken": 1}
    account = server.store.read(lambda tx: ledger.get(tx, played.key(1)))
    assert account is not None
    assert (account["state"], account["reason"]) == (State.SENT, None)
    assert account["words"] == f"mailgun tells that it has it: {FIRST[kind].copy().pop()}"
    played.check()
    assert (await hooked.tell("mailgun", kind, token)).json == {"repeated": 1}


async def test_what_is_told_of_somebody_else_s_messages_is_taken_and_counted(
    hooked: Hooked, server: Server, played: Played
) -> None:
    forgotten = public_id(DeliveryKey(999, 1, 1), server.secret)
    for stranger in ("d1", "é" * 32, forgotten, public_id(played.key(1), b"x" * 32)):
        answered = await hooked.tell("sendgrid", "hard", stranger)
        assert (answered.status, answered.json) == (200, {"unknown": 1})
    assert hooked.counts == {("sendgrid", "unknown"): 4}


async def test_many_in_a_call_each_for_itself(
    hooked: Hooked, server: Server, sent: DeliveryKey, token: str, played: Played
) -> None:
    teller = TELLERS["sendgrid"]
    second = public_id(played.key(2), server.secret)
    events = [
        teller.event("delivered", token, ADDRESS),
        {"event": "processed", "sg_event_id": "p", "delivery_id": token},
        teller.event("delivered", second, "p2@x.test", 2),
        teller.event("delivered", "nobody's", "x@x.test", 3),
        teller.event("delivered", token, ADDRESS),
        {"nonsense": True},
    ]
    answered = await hooked.post("sendgrid", *teller.call(events, now=datetime.now(UTC)))
    assert answered.json == {"taken": 2, "unknown": 1, "repeated": 1}
    assert written(server, sent)["counts"] == {"delivered": 2}


async def test_a_crash_in_the_middle_of_a_call_is_made_good_by_telling_it_again(
    server: Server, sent: DeliveryKey, token: str, played: Played
) -> None:
    class Breaking(Server):
        """Whose database goes away after the first event."""

        left = 1

        async def write(self, work: Callable[[Transaction], Any]) -> Any:
            if not self.left:
                raise Unavailable("gone")
            self.left -= 1
            return await super().write(work)

    teller = TELLERS["sendgrid"]
    second = public_id(played.key(2), server.secret)
    events = [teller.event("hard", token, ADDRESS), teller.event("hard", second, "p2@x.test", 2)]
    breaking = Hooked(Breaking(server.store, server.threads))
    broken = await breaking.post("sendgrid", *teller.call(events, now=datetime.now(UTC)))
    assert broken.status == 503
    assert written(server, sent)["counts"] == {"bounced": 1}
    whole = await Hooked(server).post("sendgrid", *teller.call(events, now=datetime.now(UTC)))
    assert whole.json == {"repeated": 1, "taken": 1}
    assert written(server, sent)["counts"] == {"bounced": 2}


# -- who is answered what -------------------------------------------------------------------------------------------


async def test_who_does_not_know_the_url_finds_nothing(hooked: Hooked, server: Server) -> None:
    known = hook_url("", "postmark", server.secret)
    elsewhere = known.replace("/postmark/", "/ses/"), known[:-1], f"{known}x", "/hooks/pigeon/x", "/hooks/ses/%C3%A9"
    for path in elsewhere:
        answered = await hooked._client("POST", path, {"RecordType": "Delivery"})
        assert answered.status == 404, path
    assert not hooked.counts


async def test_who_is_not_believed_is_told_why(hooked: Hooked, server: Server) -> None:
    body, _ = TELLERS["sendgrid"].call([], now=datetime.now(UTC))
    answered = await hooked.post("sendgrid", body)
    assert (answered.status, "sendgrid_key" in answered.json["error"]) == (403, True)
    keyless = Hooked(server, HookKeys("", "", "", "", ""))
    for name in ("mailgun", "resend", "sendgrid"):
        answered = await keyless.post(name, {})
        assert (answered.status, "no key is set" in answered.json["error"]) == (403, True)
    assert keyless.counts == {(name, "refused"): 1 for name in ("mailgun", "resend", "sendgrid")}


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 50_000, b'{"RecordType":', b"null", b"\0"])
async def test_garbage_is_answered_400(hooked: Hooked, body: bytes) -> None:
    headers = TELLERS["postmark"].call({}, now=datetime.now(UTC))[1]
    answered = await hooked.post("postmark", body, headers)
    assert answered.status == 400
    assert hooked.counts == {("postmark", "unreadable"): 1}


async def test_a_body_without_an_end_is_not_read(hooked: Hooked) -> None:
    answered = await hooked.post("mailgun", b"x" * (MOST_BYTES + 1))
    assert answered.status == 413


async def test_events_of_no_interest_are_fine(hooked: Hooked, token: str) -> None:
    event = {**MailgunTeller().event("delivered", token, ADDRESS), "event": "accepted"}
    answered = await hooked.post("mailgun", *MailgunTeller().call(event, now=datetime.now(UTC)))
    assert (answered.status, answered.json) == (200, {})


async def test_a_token_is_good_for_one_event_whichever_process_hears_it(
    hooked: Hooked, server: Server, sent: DeliveryKey, token: str
) -> None:
    teller, another = MailgunTeller(), Hooked(server)
    genuine = teller.call(teller.event("delivered", token, ADDRESS), now=datetime.now(UTC), token="t" * 50)
    forged = teller.call(teller.event("spam", token, ADDRESS), now=datetime.now(UTC), token="t" * 50)
    assert (await hooked.post("mailgun", *genuine)).json == {"taken": 1}
    refused = await another.post("mailgun", *forged)
    assert (refused.status, "another event" in refused.json["error"]) == (403, True)
    assert written(server, sent)["first"] == {"delivered"}
    assert (await another.post("mailgun", *genuine)).json == {"repeated": 1}
    assert server.store.write(hooks.clear) == 0
    assert server.store.read(lambda tx: tx.composed("SELECT token FROM hook_seal", {})) != []
