# SPDX-License-Identifier: Apache-2.0
"""Accounts at providers: how they fare, and what may be changed about them while the server runs.

They serve every workspace, so whoever changes one must own them all. Credentials stay in the settings.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import seconds
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.audit import owned_by_caller
from clarion.api.clarion.edits import MAX_LINE_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.reference import accounts as reference
from clarion.channels.registry import Sending
from clarion.domain.domain_limits import LEAST_A_SECOND, MOST_A_SECOND
from clarion.domain.errors import Forbidden, InvalidRequest, NotFound
from clarion.domain.outlets import UNPLACED, Terms, day_of, parse_ramp
from clarion.domain.roles import Need
from clarion.pipeline import account_trial
from clarion.store import access, outlets
from clarion.store.engine import Row, Transaction

CHANGED = ("enabled", "per_second", "per_day", "ramp")
_MOST_A_DAY = 1_000_000_000
_SAID_MS = 60_000  # after the next try of an account that is away; by then a worker would have told more


def terms_of(tx: Transaction, found: Sending, place: int) -> tuple[Terms, Row | None]:
    """What holds for an account now, and its row, if it has one. `place`: by the settings, from 1."""
    channel = found.capabilities.channel
    row = next((one for one in outlets.listing(tx) if (one["channel"], one["name"]) == (channel, found.account)), None)
    terms = replace(found.terms, place=UNPLACED + place)
    return (terms if row is None else terms.with_changes(row)), row


def shape(tx: Transaction, found: Sending, place: int) -> tuple[int, dict[str, Any]]:
    """Where an account stands in its channel, and what is shown of it."""
    terms, row = terms_of(tx, found, place)
    used, days, ramp_day = 0, 0, None
    share = None
    if row is not None and terms.has_share:
        used, days = outlets.used(tx, int(row["outlet_id"]), day_of(int(row["now_ms"])), terms.ramp_from)
    if terms.has_share:
        share = terms.share(days)
        ramp = parse_ramp(terms.ramp)
        ramp_day = days + 1 if ramp is not None and ramp.share(days) is not None else None
    pause = outlets.pauses(tx).get(int(row["outlet_id"])) if row is not None else None
    now_ms = tx.now_ms()
    return terms.place, {
        "account": found.account,
        "enabled": terms.enabled,
        "per_second": terms.per_second,
        "per_day": terms.per_day,
        "ramp": terms.ramp,
        "changed": [name for name in CHANGED if row is not None and row[name] is not None],
        "circuit": "closed" if pause is None else "paused" if pause.until_ms > now_ms else "trying",
        "away": {
            "words": pause.words,
            "since": seconds(pause.since_ms),
            "until": seconds(pause.until_ms),
            "processes": pause.processes,
        }
        if pause is not None
        else None,
        "failed": {"words": row["failed_words"], "at": seconds(row["failed_ms"])}
        if row is not None and row["failed_words"] is not None
        else None,
        "today": {"sent": used, "share": share, "ramp_day": ramp_day} if terms.has_share else None,
    }


def all_away(tx: Transaction, sending: Sequence[Sending], broadcast_id: int) -> tuple[str, ...]:
    """The accounts of those of a broadcast's channels of which none takes messages, each with the reason."""
    if not sending:
        return ()
    rows = {(row["channel"], row["name"]): row for row in outlets.listing(tx)}
    pauses, now_ms = outlets.pauses(tx), tx.now_ms()

    def why_away(one: Sending) -> str | None:
        """None: it takes messages, or no worker has said of late that it does not."""
        row = rows.get((one.capabilities.channel, one.account))
        if row is None:
            return None
        if not one.terms.with_changes(row).enabled:
            return "switched off"
        pause = pauses.get(int(row["outlet_id"]))
        return pause.words if pause is not None and pause.until_ms + _SAID_MS >= now_ms else None

    found: list[str] = []
    for channel in outlets.channels_of(tx, broadcast_id):
        mine = [one for one in sending if one.capabilities.channel == channel]
        words = [why_away(one) for one in mine]
        if all(words):
            found += [f"{channel}/{one.account}: {why}" for one, why in zip(mine, words, strict=True)]
    return tuple(found)


def found_of(call: Call) -> tuple[Sending, int]:
    """The account that the path names, and its place in the settings."""
    channel, name = call.text("channel"), call.text("account")
    mine = [one for one in call.api.options.sending if one.capabilities.channel == channel]
    for place, one in enumerate(mine, start=1):
        if one.account == name:
            return one, place
    raise NotFound


def check_owner(tx: Transaction, call: Call) -> None:
    """Raise Forbidden for somebody who does not own every workspace."""
    if not {one.workspace_id for one in access.workspaces(tx)} <= owned_by_caller(tx, call):
        raise Forbidden("accounts at providers serve every workspace: only somebody who owns them all changes one")


async def change(call: Call) -> Response:
    """`PATCH /providers/{channel}/{account}`; null: as the settings say."""
    found, place = found_of(call)
    fields = Fields(await call.json_object())
    fields.only((*CHANGED, "restart_ramp"))
    values = {name: _value(fields, name) for name in CHANGED if name in fields.value}
    restart = fields.flag("restart_ramp", before=False)
    fields.refuse()

    def work(tx: Transaction) -> dict[str, Any]:
        check_owner(tx, call)
        before, _ = terms_of(tx, found, place)
        number = outlets.register(tx, found.capabilities.channel, found.account)
        outlets.change(tx, number, values)
        after, _ = terms_of(tx, found, place)
        if restart or (after.ramp and not before.ramp):  # it may have sent for long under a limit a day
            outlets.restart_ramp(tx, number, day_of(tx.now_ms()))
        return shape(tx, found, place)[1]

    return answer({"account": await call.api.write(work)})


def _value(fields: Fields, name: str) -> str | int | None:
    """A value as it is kept; None where the settings are to say it."""
    value = fields.value[name]
    if value is None:
        return None
    if name == "enabled":
        return int(fields.flag(name, before=True))
    if name == "ramp":
        text = fields.text(name, "", MAX_LINE_BYTES)
        try:
            parse_ramp(text)
        except ValueError as error:
            fields.fault(f"must be {error}", name)
        return text.strip()
    if name == "per_second":
        return str(per_second_of(fields))
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_A_DAY:
        fields.fault(f"must be a whole number from 0 to {_MOST_A_DAY}, or null", name)
    return str(value)


def per_second_of(fields: Fields) -> float | None:
    """A limit of messages a second; None: as the settings say."""
    value = fields.value.get("per_second")
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not (value == 0 or LEAST_A_SECOND <= value <= MOST_A_SECOND):
        words = f"must be a number from {LEAST_A_SECOND} to {MOST_A_SECOND}, 0 for no limit, or null"
        fields.fault(words, "per_second")
        return None
    return float(value)


async def order(call: Call) -> Response:
    """`PUT /providers/{channel}/order`."""
    channel = call.text("channel")
    known = [one.account for one in call.api.options.sending if one.capabilities.channel == channel]
    if not known:
        raise NotFound
    fields = Fields(await call.json_object())
    fields.only(("accounts",))
    names = fields.items("accounts", len(known) + 1)
    fields.refuse()
    if names is None or sorted(map(str, names)) != sorted(known):
        raise InvalidRequest(f"must name each account once: {', '.join(known)}", "/accounts")

    def work(tx: Transaction) -> None:
        check_owner(tx, call)
        for place, name in enumerate(names, start=1):
            outlets.change(tx, outlets.register(tx, channel, str(name)), {"place": place})

    await call.api.write(work)
    return answer({"accounts": list(names)})


async def wait_turn(call: Call, channel: str, count: int) -> None:
    """Before so many tests go by the account that the settings name first: they count at its provider.

    Raises:
        Conflict: they would be too many.
    """
    first = next((one for one in call.api.options.sending if one.capabilities.channel == channel), None)
    if first is not None:
        terms, _ = await call.api.read(lambda tx: terms_of(tx, first, 1))
        await account_trial.wait_turn(call.api.write, channel, first.account, terms, count)


ONE = "/api/clarion/v1/providers/{channel}/{account}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "PUT",
        "/api/clarion/v1/providers/{channel}/order",
        order,
        "manage",
        "app",
        "The order in which a channel's accounts take over",
        reference=reference.ORDER,
        needs=Need.OWN,
    ),
    Endpoint(
        "PATCH",
        ONE,
        change,
        "manage",
        "app",
        "Switch an account at a provider on or off, or set its limits",
        reference=reference.CHANGE,
        needs=Need.OWN,
    ),
)
