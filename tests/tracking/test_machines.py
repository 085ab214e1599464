# SPDX-License-Identifier: Apache-2.0
"""Who is taken for a machine, by which rule, and how it is counted."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from tests.api.conftest import Client
from tests.store.ledgers import Played

from clarion.domain.deliveries import Outcome, State
from clarion.domain.errors import SetupError
from clarion.domain.links import LinkSigner
from clarion.domain.machines import MachineRules, Pace, RequestRule, Seen, SpeedRule
from clarion.store import feedback, ledger
from clarion.store.engine import Transaction
from clarion.tracking.machines import load
from clarion.tracking.routes import routes

from .conftest import Server

_SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E"
_GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@pytest.mark.parametrize(
    ("method", "headers", "address", "rule"),
    [
        ("GET", {"user-agent": _SAFARI}, "192.0.2.1", None),
        ("GET", {"user-agent": _SAFARI}, "", None),
        ("GET", {"user-agent": _SAFARI}, "somewhere", None),
        ("GET", {"user-agent": _GMAIL}, "", "image-proxy"),
        ("GET", {"user-agent": "Mozilla/5.0"}, "", "apple-mail-privacy"),
        ("GET", {}, "", "no-name"),
        ("HEAD", {"user-agent": _SAFARI}, "", "not-a-get"),
        ("GET", {"user-agent": _SAFARI, "sec-purpose": "prefetch;prerender"}, "", "prefetch"),
        ("GET", {"user-agent": _GMAIL, "purpose": "preview"}, "", "prefetch-purpose"),
        ("GET", {"user-agent": "Barracuda Sentinel (EE)"}, "", "mail-scanner"),
        ("GET", {"user-agent": "Googlebot/2.1"}, "", "crawler"),
        ("GET", {"user-agent": "python-requests/2.31"}, "", "http-library"),
        ("GET", {"user-agent": _SAFARI}, "40.107.3.4", "exchange-online-protection"),
        ("GET", {"user-agent": _SAFARI}, "::ffff:40.107.3.4", "exchange-online-protection"),
        ("GET", {"user-agent": _SAFARI}, "2a01:111:f403::1", "exchange-online-protection"),
    ],
)
def test_which_rule_decides(method: str, headers: dict[str, str], address: str, rule: str | None) -> None:
    found = load().decider(Seen(method, headers, address))
    assert (found.name if found else None) == rule


def test_every_rule_says_where_it_is_known_from_and_has_a_name_of_its_own() -> None:
    rules = load()
    every: list[RequestRule | SpeedRule] = [*rules.requests, *rules.speeds]
    assert all(one.source for one in every)
    assert len({one.name for one in every}) == len(every)


@pytest.mark.parametrize(
    ("of", "pace", "rule"),
    [
        ("opened", Pace(300), "opened-at-once"),
        ("opened", Pace(1_500), None),
        ("opened", Pace(-5), None),  # a clock that was set
        ("opened", Pace(None), None),
        ("clicked", Pace(1_500), "clicked-at-once"),
        ("clicked", Pace(9_000, [100]), None),
        ("clicked", Pace(9_000, [100, 2_900]), "many-links-at-once"),
        ("clicked", Pace(9_000, [100, 60_000]), None),
    ],
)
def test_what_is_too_fast(of: str, pace: Pace, rule: str | None) -> None:
    found = load().too_fast(of, pace)  # type: ignore[arg-type]
    assert (found.name if found else None) == rule


def test_rules_of_ones_own_are_asked_first_or_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = '[[rule]]\nname = "ours"\nsays = "proxy"\nsource = "we know"\nagent = "Safari|iPhone"\n'
    own.write_text(text)
    seen = Seen("GET", {"user-agent": _SAFARI}, "40.107.3.4")
    assert [one.name for one in load(own).requests] == ["ours", *(one.name for one in load().requests)]
    found = load(own).decider(seen)
    assert found is not None
    assert found.name == "ours"
    own.write_text("replace = true\n" + text)
    assert load(own).decider(Seen("HEAD", {})) is None
    assert load(own).speeds == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule]", "at line 1"),
        ('[[rule]]\nname = "a"\nsource = "b"\nsays = "machine"', "rule 'a' names nothing"),
        ('[[rule]]\nname = "a"\nsource = "b"\nsays = "human"\nagent = "x"', "says"),
        ('[[rule]]\nname = "a"\nsource = "b"\nsays = "machine"\nagent = "("', "unterminated"),
        ('[[rule]]\nname = "a"\nsource = "b"\nsays = "machine"\nheader = "x"\nagent = "y"', "go together"),
        ('[[rule]]\nname = "a"\nsource = "b"\nsays = "machine"\nnetworks = ["1.2.3.4/99"]', "1.2.3.4/99"),
        ('[[rule]]\nname = "a"\nsays = "machine"\nagent = "x"', "source"),
        ('[[speed]]\nname = "a"\nof = "opened"\nwithin_seconds = -1.0\nsource = "b"', "within_seconds"),
        ("colour = 1", "colour"),
    ],
)
def test_a_file_that_means_nothing_is_refused(tmp_path: Path, text: str, words: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(SetupError, match=r"tracking.machine_rules: .*own\.toml") as caught:
        load(own)
    assert words in str(caught.value)
    with pytest.raises(SetupError, match="cannot read"):
        load(tmp_path / "nowhere")


async def _heard(server: Server, played: Played, rules: MachineRules, agent: str, paths: list[str]) -> set[str]:
    key = played.key(1)
    browser = Client(Starlette(routes=routes(server, server.mails.get, rules)), None)
    for path in paths:
        await browser("GET", path, None, {"User-Agent": agent})

    def look(tx: Transaction) -> set[str]:
        return {metric.value for metric in feedback.first_times(tx, key)}

    return server.store.read(look)


def _send(played: Played) -> None:
    outcomes = [Outcome(played.key(1), State.SENT, recipient="p1@x.test")]
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=1, source=State.QUEUED))


async def test_openings_of_machines_and_of_people_are_counted_apart(server: Server, played: Played, token: str) -> None:
    rules = MachineRules(load().requests)
    assert await _heard(server, played, rules, "Mozilla/5.0", [f"/e/o/{token}"]) == {"opened", "prefetch_opened"}
    both = {"opened", "prefetch_opened", "human_opened"}
    assert await _heard(server, played, rules, _GMAIL, [f"/e/o/{token}"]) == both
    details = server.store.read(
        lambda tx: [row["detail"] for row in tx.composed("SELECT detail FROM delivery_event", {})]
    )
    assert sum('"rule":"apple-mail-privacy"' in str(one).replace(" ", "") for one in details) == 2


async def test_a_browser_that_is_too_fast_is_a_machine(server: Server, played: Played, token: str) -> None:
    slow = MachineRules((), (SpeedRule("at-once", "opened", 3_600_000, "x"),))
    _send(played)
    assert await _heard(server, played, slow, _SAFARI, [f"/e/o/{token}"]) == {"opened", "prefetch_opened"}


async def test_who_follows_every_link_at_once_is_a_machine(server: Server, played: Played, token: str) -> None:
    rules = MachineRules((), (SpeedRule("all", "links", 3_600_000, "x", links=3),))
    sign = LinkSigner(server.secret, played.key(1).action_id)
    _send(played)
    paths = [f"/e/c/{token}/{sign(f'https://x.test/{n}')}" for n in range(3)]
    person = {"opened", "human_opened", "clicked", "human_clicked"}
    assert await _heard(server, played, rules, _SAFARI, [paths[0], paths[1], paths[1], paths[0]]) == person
    assert await _heard(server, played, rules, _SAFARI, [paths[2]]) == {"clicked", "machine_clicked"}
