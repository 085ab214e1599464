# SPDX-License-Identifier: Apache-2.0
"""The mailbox of bounces: what its mails tell is written down once, whoever reads them and whatever breaks."""

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from tests.store.ledgers import Played
from tests.support.audience import add_people, playing

from clarion.channels import bounce_mail
from clarion.domain.bounce_addresses import own_bounce_address
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State, key_of, public_id
from clarion.domain.suppressions import EspKind
from clarion.pipeline.bouncing import Bounces, read_once
from clarion.pipeline.hear import HearRules
from clarion.store import esp, feedback, ledger, mailboxes
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.mailboxes import Reading
from clarion.tracking.hooks import unsubscribe

SECRET = b"k" * 32
ADDRESS = "p1@x.test"


class AwayError(Exception):
    """What the mailbox raises."""


class DiedError(BaseException):
    """The process is gone."""


@dataclass
class Box:
    """A mailbox in memory, as one connection sees it."""

    mails: dict[str, bytes] = field(default_factory=dict)
    understood: dict[str, bool] = field(default_factory=dict)
    away: bool = False

    def unread(self) -> Sequence[str]:
        if self.away:
            raise AwayError("no route to host")
        return [uid for uid in self.mails if uid not in self.understood]

    def content(self, uid: str) -> bytes | None:
        return self.mails[uid]

    def done(self, uid: str, *, understood: bool) -> None:
        self.understood[uid] = understood


class Reader:
    """A process that reads the mailbox."""

    def __init__(self, store: Store, box: Box, every_seconds: float = 0.0) -> None:
        self.counts: Counter[str] = Counter()
        self.store = store
        self.bounces = Bounces(
            "bounces@mail.test/INBOX",
            open=lambda: nullcontext(box),
            read=partial(bounce_mail.read, is_ours=lambda one: key_of(one, SECRET) is not None),
            failures=AwayError,
            rules=HearRules(3, signed=False),
            unsubscribe=unsubscribe,
            secret=SECRET,
            every_seconds=every_seconds,
            count=lambda provider, outcome, number: self.counts.update({f"{provider} {outcome}": number}),
        )

    def read(self, at_once: int = 200) -> bool:
        return read_once(self.store, self.bounces, at_once=at_once)

    def reading(self) -> Reading:
        found = self.store.read(lambda tx: mailboxes.reading(tx, self.bounces.name))
        assert found is not None
        return found


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def played(store: Store, workspace: Workspace) -> Played:
    add_people(store, workspace, 2)
    return playing(store, workspace, size=2)


@pytest.fixture
def sent(played: Played) -> DeliveryKey:
    """The first person's message, which was handed over."""
    key: DeliveryKey = played.key(1)
    settle(played, [Outcome(key, State.SENT, recipient=f"Pat <{ADDRESS}>")])
    return key


def settle(played: Played, outcomes: Sequence[Outcome]) -> None:
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=1, source=State.QUEUED))


def report(key: DeliveryKey, whose: str = ADDRESS, said: str = "550 5.1.1 gone", *, copies: bool = False) -> bytes:
    to = own_bounce_address("bounces@news.test", public_id(key, SECRET), copies=copies)
    lines = [
        "Return-Path: <>",
        f"Delivered-To: {to}",
        "Date: Sun, 1 Mar 2026 08:00:00 +0000",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.test",
        "",
        f"Final-Recipient: rfc822; {whose}",
        "Action: failed",
        "Status: 5.0.0",
        f"Diagnostic-Code: smtp; {said}",
        "",
        "--b--",
    ]
    return "\r\n".join(lines).encode()


def written(store: Store, key: DeliveryKey) -> dict[str, object]:
    """Everything that may change by what is told."""

    def look(tx: Transaction) -> dict[str, object]:
        workspace_id = int((ledger.get(tx, key) or {})["workspace_id"])
        barred = [
            (one.kind, one.email, one.reason) for kind in EspKind for one in esp.of_kind(tx, workspace_id, kind, most=9)
        ]
        events = Counter(row["metric"] for row in tx.composed("SELECT metric FROM delivery_event", {}))
        return {"first": {one.value for one in feedback.first_times(tx, key)}, "events": events, "barred": barred}

    return store.read(look)


BOUNCED = {"first": {"bounced"}, "events": {"bounced": 1}, "barred": [(EspKind.BOUNCES, ADDRESS, "550 5.1.1 gone")]}


def test_a_hard_bounce_bars_the_address_and_its_mail_is_marked(store: Store, box: Box, sent: DeliveryKey) -> None:
    box.mails = {"1": report(sent), "2": b"Subject: hello\r\n\r\nI am away", "3": report(sent._replace(seq=9))}
    reader = Reader(store, box)
    assert not reader.read()
    assert written(store, sent) == BOUNCED
    assert box.understood == {"1": True, "2": False, "3": True}
    assert reader.counts == {"mailbox taken": 1, "mailbox unreadable": 1, "mailbox unknown": 1}
    assert (reader.reading().messages, reader.reading().failure) == (3, None)


def test_a_mail_that_is_read_twice_changes_nothing(store: Store, box: Box, sent: DeliveryKey) -> None:
    box.mails = {"1": report(sent)}
    Reader(store, box).read()
    box.mails["2"] = box.mails["1"]  # it was put back
    reader = Reader(store, box)
    reader.read()
    assert written(store, sent) == BOUNCED
    assert reader.counts == {"mailbox repeated": 1}


def test_who_dies_before_the_mail_is_marked_leaves_it_to_another(store: Store, box: Box, sent: DeliveryKey) -> None:
    box.mails = {"1": report(sent)}

    def die(name: str) -> None:
        assert name == "bounces.committed"
        raise DiedError

    dead, other = Reader(store, box), Reader(store, box)
    with pytest.raises(DiedError):
        read_once(store, dead.bounces, failpoint=die)
    assert written(store, sent) == BOUNCED
    assert not other.read()  # the dead one's lease is not over
    assert not box.understood
    store.write(lambda tx: tx.composed("UPDATE bounce_mailbox SET lease_ms = 0 RETURNING name", {}))
    other.read()
    assert box.understood == {"1": True}
    assert written(store, sent) == BOUNCED


def test_who_lost_the_lease_writes_nothing(store: Store, box: Box, sent: DeliveryKey) -> None:
    slow, quick = Reader(store, box), Reader(store, box)

    class Slow(Box):
        def content(self, uid: str) -> bytes | None:
            store.write(lambda tx: tx.composed("UPDATE bounce_mailbox SET lease_ms = 0 RETURNING name", {}))
            quick.read()
            return super().content(uid)

    box.mails = {"1": report(sent)}
    behind = Slow({"1": report(sent, said="550 5.1.1 twice")})
    slow.bounces = Reader(store, behind).bounces
    assert not slow.read()
    assert written(store, sent) == BOUNCED
    assert (box.understood, behind.understood) == ({"1": True}, {})


def test_soft_bounces_bar_after_some_in_a_row(store: Store, box: Box, sent: DeliveryKey) -> None:
    box.mails = {str(n): report(sent, said=f"452 4.2.2 full, {n}") for n in range(2)}
    Reader(store, box).read()
    assert written(store, sent)["barred"] == []
    box.mails["2"] = report(sent, said="452 4.2.2 full, again")
    Reader(store, box).read()
    reason = "3 soft bounces in a row, the last: 452 4.2.2 full, again"
    assert written(store, sent)["barred"] == [(EspKind.BOUNCES, ADDRESS, reason)]


def test_nobody_bars_an_address_that_the_message_did_not_go_to(store: Store, box: Box, sent: DeliveryKey) -> None:
    """Whoever has a message of ours knows its id, and can write a report of it that names anybody."""
    box.mails = {"1": report(sent, "victim@x.test", copies=True)}
    reader = Reader(store, box)
    reader.read()
    assert written(store, sent) == {"first": set(), "events": {}, "barred": []}
    assert reader.counts == {"mailbox copy": 1}
    box.mails["2"] = report(sent, "victim@x.test")  # as of a message that was forwarded there
    reader.read()
    assert written(store, sent) == BOUNCED


def test_a_report_settles_doubt(store: Store, box: Box, played: Played) -> None:
    key = played.key(1)
    settle(played, [Outcome(key, State.IN_DOUBT, Reason.NO_ANSWER)])
    box.mails = {"1": report(key, "victim@x.test", copies=True)}
    Reader(store, box).read()
    row = store.read(lambda tx: ledger.get(tx, key))
    assert row is not None
    assert (row["state"], written(store, key)["barred"]) == (State.SENT, [(EspKind.BOUNCES, ADDRESS, "550 5.1.1 gone")])


def test_it_is_read_in_pieces_and_then_left_alone_for_a_while(store: Store, box: Box, sent: DeliveryKey) -> None:
    box.mails = {str(n): report(sent, said=f"550 5.1.1 {n}") for n in range(5)}
    reader = Reader(store, box, every_seconds=3_600)
    assert [reader.read(at_once=2) for _ in range(4)] == [True, True, False, False]
    assert len(box.understood) == 5
    box.mails["6"] = report(sent)
    assert not reader.read()
    assert "6" not in box.understood


def test_a_mailbox_that_is_away_says_why_until_it_is_there(store: Store, box: Box, sent: DeliveryKey) -> None:
    reader = Reader(store, box)
    box.away = True
    assert not reader.read()
    failed = reader.reading()
    assert (failed.failure, failed.read_ms) == ("no route to host", None)
    assert failed.failed_ms is not None
    box.away, box.mails = False, {"1": report(sent)}
    reader.read()
    assert (reader.reading().failure, reader.reading().failed_ms) == (None, None)
    assert written(store, sent) == BOUNCED


def test_a_mail_that_cannot_be_written_down_waits_and_does_not_hold_up_the_others(
    store: Store, box: Box, sent: DeliveryKey
) -> None:
    def refuse(tx: Transaction, key: DeliveryKey) -> object:
        raise ValueError("what nobody foresaw")

    complaint = report(sent).replace(b"message/delivery-status", b"message/feedback-report")
    box.mails = {
        "1": complaint.replace(b"Reporting-MTA: dns; mx.test\r\n\r\n", b"Feedback-Type: opt-out\r\n"),
        "2": report(sent),
    }
    reader = Reader(store, box)
    reader.bounces = replace(reader.bounces, unsubscribe=refuse)
    assert reader.read(at_once=1) is False, "it comes to nothing to go on at once"
    reader.read()
    assert box.understood == {"2": True}
    assert written(store, sent) == BOUNCED
    Reader(store, box).read()
    assert box.understood == {"1": True, "2": True}
    assert "unsubscribed" in str(written(store, sent)["first"])


def test_a_mail_that_breaks_its_reader_does_not_hold_up_the_others(store: Store, box: Box, sent: DeliveryKey) -> None:
    def read(raw: bytes) -> object:
        if raw == b"bad":
            raise RecursionError
        return bounce_mail.read(raw, lambda one: key_of(one, SECRET) is not None)

    box.mails = {"1": b"bad", "2": report(sent)}
    reader = Reader(store, box)
    object.__setattr__(reader.bounces, "read", read)
    reader.read()
    assert box.understood == {"1": False, "2": True}
    assert written(store, sent) == BOUNCED
