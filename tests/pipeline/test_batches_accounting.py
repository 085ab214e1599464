# SPDX-License-Identifier: Apache-2.0
"""Through calls with several messages that a service makes from a template: the ledger says what the service has."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from tests.channels.vendors import VENDORS, Call, VendorServer, answer
from tests.support.jobs import driver

from clarion.domain.broadcasts import EmailContent
from clarion.store.engine import Store

from .stage import Stage

LETTER = EmailContent(
    subject="Hello {{ customer.id }}",
    body="<p>Dear {{ customer.id }}, {{ customer.note }}</p><p><a href='https://acme.test/a'>a</a></p>",
    sender="Acme <news@acme.test>",
)
NOTE = '{{g0}} %recipient.html% -x- \\ "q" <b> & ☃'


def half_good(call: Call) -> Any:
    """One of a call is refused for good."""
    return call.server.vendor.refused(call, call.server.vendor.recipients(call)[3])


def lost(call: Call) -> Any:
    """All of it is taken, and the answer does not come."""
    call.usual()
    return call.drop()


def garbled(call: Call) -> Any:
    """All of it is taken, and the answer makes no sense."""
    call.usual()
    return answer(200, {"BulkEmailEntryResults": [{"Status": "SUCCESS"}]})


def texts_of(calls: Sequence[Call], name: str) -> dict[str, tuple[str, str]]:
    """By address: the subject and the HTML that came in calls with several."""
    vendor: Any = VENDORS[name]
    found = {}
    for call in calls:
        if name == "ses-bulk" and not call.request.path.endswith("bulk-emails"):
            continue
        if name == "sendgrid-bulk" and len(call.json["personalizations"]) == 1:
            continue
        for one in vendor.filled(call):
            if name == "ses-bulk":
                found[one["Destination"]["ToAddresses"][0]] = one["Subject"], one["Html"]
            else:
                found[one["to"][0]["email"]] = one["subject"], one["text/html"]
    return found


@pytest.mark.parametrize("name", ["ses-bulk", "sendgrid-bulk"])
async def test_the_sums_are_what_the_service_has(stage: Stage, store: Store, store_url: str, name: str) -> None:
    for number in range(60):
        stage.person(f"p{number}", note=NOTE if number == 50 else f"note {number}")
    server = VendorServer(VENDORS[name])
    server.script.extend([half_good, lost, garbled])
    await server.start()
    provider = server.vendor.make(server.url, connections=1, batch=10)
    jobs = driver(store, store_url)
    trigger_id = stage.trigger(stage.broadcast(LETTER), jobs=jobs)
    try:
        async with stage.working(stage.worker(provider, jobs)):
            await stage.finished(trigger_id)
    finally:
        await provider.close()
        await server.stop()
    failed = {"ses-bulk": "failed refused", "sendgrid-bulk": "failed invalid_address"}[name]
    assert stage.sums(trigger_id) == {"sent": 39, failed: 1, "in_doubt no_answer": 20}
    arrived = Counter(server.recipients())
    assert (len(arrived), set(arrived.values())) == (59, {1})
    got = texts_of(server.calls, name)
    for address, (subject, html) in got.items():
        name_of = address.partition("@")[0]
        note = NOTE if name_of == "p50" else f"note {name_of[1:]}"
        assert (subject, f"<p>Dear {name_of}, {note}</p>" in html) == (f"Hello {name_of}", True)
    assert len(got) > 30
    assert name != "ses-bulk" or "p50@x.test" not in got  # what has braces goes alone
