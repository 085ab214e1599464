# SPDX-License-Identifier: Apache-2.0
"""Whatever JSON arrives, the Track API answers; it never fails inside."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Client

_LIGHT = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
NAMES = st.sampled_from(
    ["id", "email", "cio_id", "_update", "_timestamp", "created_at", "unsubscribed", "anonymous_id", "plan"]
) | st.text(max_size=12)
TELLING = st.sampled_from(["7", "8", "a@x.test", "b@x.test", "", True, 7, 1_700_000_000, None])
ATTRIBUTES = st.dictionaries(NAMES, TELLING | JSON, max_size=6)
IDENTIFIERS = st.dictionaries(st.sampled_from(["id", "email", "cio_id", "phone", "x"]), TELLING | JSON, max_size=2)
OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just("person") | JSON,
        "action": st.sampled_from(
            ["identify", "delete", "event", "page", "screen", "add_device", "delete_device", "suppress", "unsuppress"]
        )
        | JSON,
        "identifiers": IDENTIFIERS | JSON,
        "attributes": ATTRIBUTES | JSON,
        "name": st.text() | JSON,
        "timestamp": TELLING | JSON,
        "id": TELLING | JSON,
        "device": st.dictionaries(st.sampled_from(["token", "platform", "attributes"]), JSON, max_size=3) | JSON,
    },
)


@given(identifier=st.sampled_from(["7", "a%40x.test", "cio_010000000000", "%ff"]), body=ATTRIBUTES | JSON)
@_LIGHT
async def test_identify(track: Client, identifier: str, body: object) -> None:
    answer = await track("PUT", f"/api/v1/customers/{identifier}", body)
    assert answer.status in {200, 400}
    assert answer.json is not None


@given(body=st.binary(max_size=60))
@_LIGHT
async def test_identify_with_any_bytes(track: Client, body: bytes) -> None:
    assert (await track("PUT", "/api/v1/customers/7", body)).status in {200, 400}


@given(body=JSON | st.fixed_dictionaries({"name": st.text()}, optional={"data": JSON, "id": JSON, "type": JSON}))
@_LIGHT
async def test_event(track: Client, body: object) -> None:
    assert (await track("POST", "/api/v1/customers/7/events", body)).status in {200, 400}


@given(body=OPERATIONS | JSON)
@_LIGHT
async def test_entity(track: Client, body: object) -> None:
    assert (await track("POST", "/api/v2/entity", body)).status in {200, 400}


@given(batch=st.lists(OPERATIONS | JSON, min_size=1, max_size=6))
@_LIGHT
async def test_batch(track: Client, batch: list[object]) -> None:
    assert (await track("POST", "/api/v2/batch", {"batch": batch})).status in {
        200,
        207,
        400,
    }  # 400: a NUL character somewhere
