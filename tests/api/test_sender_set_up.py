# SPDX-License-Identifier: Apache-2.0
"""What a sender identity needs, and a test from it."""

from dataclasses import replace

import pytest
from tests.pipeline.providers import Fails, Scripted

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import registry
from clarion.channels.base import Capabilities
from clarion.domain.errors import Permanent
from clarion.domain.outlets import Terms
from clarion.store.access import Keys

from .conftest import Client

pytestmark = pytest.mark.usefixtures("workspace")
OURS = "/api/clarion/v1"


def client_of(api: Api, keys: Keys, **made: Scripted) -> Client:
    mail = Capabilities("email", 10)
    options = {"region": "eu-west-1", "access_key_id": "AKIA1", "secret_access_key": "hush"}
    sending = (
        registry.sending("ses", options, mail, account="ses", terms=Terms(per_day=2)),
        registry.sending("mailgun", {"domain": "mg.other.test", "api_key": "hush"}, mail, account="mailgun"),
    )
    app = application.build(
        replace(
            api,
            options=replace(api.options, sending=sending),
            provider=lambda _, account="ses": made[account],
        )
    )
    return Client(app, f"Bearer {keys.manage_key}")


async def sender(client: Client) -> int:
    made = await client("POST", f"{OURS}/sender_identities", {"name": "Acme", "email": "news@Acme.test"})
    return int(made.json["sender_identity"]["id"])


async def test_what_its_domain_needs_is_told_without_secrets(api: Api, keys: Keys) -> None:
    client = client_of(api, keys)
    path = f"{OURS}/sender_identities/{await sender(client)}/set_up"
    found = (await client("GET", path)).json
    assert found["domain"] == "acme.test"
    assert [one["account"] for one in found["accounts"]] == ["ses", "mailgun"]
    ses, mailgun = found["accounts"]
    assert "10 feedback-smtp.eu-west-1.amazonses.com" in [one["value"] for one in ses["records"]]
    assert (ses["warnings"], len(mailgun["warnings"])) == ([], 1)
    assert "hush" not in str(found)
    assert "AKIA1" not in str(found)
    assert (await client("PATCH", f"{OURS}/providers/email/ses", {"enabled": False})).status == 200
    assert [one["account"] for one in (await client("GET", path)).json["accounts"]] == ["mailgun"]
    assert (await client("GET", f"{OURS}/sender_identities/99/set_up")).status == 404


async def test_a_test_from_a_sender(api: Api, keys: Keys) -> None:
    ses = Scripted()
    mailgun = Scripted(usual=Fails(Permanent("401 not yours", "sender_refused")))
    client = client_of(api, keys, ses=ses, mailgun=mailgun)
    path = f"{OURS}/sender_identities/{await sender(client)}/test"
    done = (await client("POST", path, {"to": "Ann <ann@x.test>"})).json["result"]
    assert (done["account"], done["address"], done["ending"]) == ("ses", "ann@x.test", "taken")
    assert b"From: Acme <news@Acme.test>" in ses.taken[0].content
    done = (await client("POST", path, {"to": "ann@x.test", "account": "mailgun"})).json["result"]
    assert (done["account"], done["ending"], done["status"]) == ("mailgun", "refused", 401)
    assert "verify it" in done["advice"]

    for body, status, field in (
        ({}, 422, "/to"),
        ({"to": "ann"}, 422, "/to"),
        ({"to": "ann@x.test", "account": "relay"}, 422, "/account"),
        ({"to": "ann@x.test", "from": "x@x.test"}, 422, "/from"),
    ):
        refused = await client("POST", path, body)
        assert (refused.status, field in str(refused.json)) == (status, True), body

    assert (await client("POST", path, {"to": "ann@x.test"})).json["result"]["sent"]
    over = await client("POST", path, {"to": "ann@x.test"})
    assert (over.status, "share of the day" in str(over.json)) == (409, True)


async def test_who_is_suppressed_gets_no_test_and_without_accounts_there_is_none(
    api: Api, keys: Keys, client: Client
) -> None:
    suppressed = await client("POST", "/v1/esp/suppression/bounces/ann@x.test")
    assert suppressed.status < 300
    client = client_of(api, keys, ses=Scripted(), mailgun=Scripted())
    path = f"{OURS}/sender_identities/{await sender(client)}/test"
    refused = await client("POST", path, {"to": "Ann <ANN@x.test>"})
    assert (refused.status, "suppressed" in str(refused.json)) == (422, True)
    for account in ("ses", "mailgun"):
        await client("PATCH", f"{OURS}/providers/email/{account}", {"enabled": False})
    assert (await client("POST", path, {"to": "bob@x.test"})).status == 409
