# SPDX-License-Identifier: Apache-2.0
"""Push: what goes to Google and to Apple, what their answers mean, and what becomes of a message to several devices."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from clarion.channels.apns import Apns, Signer
from clarion.channels.fcm import Account, Fcm
from clarion.channels.push import PushProvider, PushSettings, push
from clarion.domain.errors import Permanent, SetupError, Temporary, Throttled, Unknown
from clarion.domain.messages import PartsMessage
from clarion.domain.push import PushDevice

from .apple_server import HANG_UP, STALL, AppleServer
from .conftest import APPLE, Keys
from .google_server import Asked, GoogleServer, says
from .messages import Clock, a_push, attempt
from .sources import ListSource

Make = Callable[..., PushProvider]
DROID, IPHONE = PushDevice("droid:1", "android"), PushDevice("ab" * 32, "ios")


@pytest.fixture
async def google() -> AsyncIterator[GoogleServer]:
    served = GoogleServer()
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def apple(keys: Keys) -> AsyncIterator[AppleServer]:
    served = AppleServer(keys.server)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def make(google: GoogleServer, apple: AppleServer, keys: Keys, tmp_path: Path) -> AsyncIterator[Make]:
    """A provider with both services, or what the options say."""
    made: list[PushProvider] = []

    def make(clock: Clock | None = None, **options: Any) -> PushProvider:
        usual: dict[str, Any] = {
            "fcm_credentials": google.credentials(tmp_path),
            "fcm_url": google.url,
            "apns_key": apple.key_file(tmp_path),
            "apns_url": apple.url,
            "ca_file": keys.ca_file,
            "timeout": 5.0,
            **APPLE,
        }
        made.append(push(PushSettings(**{**usual, **options}), **({"clock": clock} if clock else {})))
        return made[-1]

    yield make
    for provider in made:
        await provider.close()


def to(*devices: PushDevice, **parts: str) -> PartsMessage:
    return a_push(7, devices=devices, **parts)


WHOLE = {
    "title": "News",
    "message": "Hello",
    "image_url": "https://x.example/a.png",
    "link": "app://news",
    "sound": "default",
    "badge": "3",
    "custom_data": '{"order": 7, "name": "Ada"}',
}


async def test_what_google_is_sent(google: GoogleServer, make: Make) -> None:
    words = (await attempt(make(), to(DROID, **WHOLE))).words
    assert words == '200 {"name": "projects/night-bus/messages/1"}'
    (message,) = google.taken
    assert message["token"] == "droid:1"
    assert message["notification"] == {"title": "News", "body": "Hello", "image": "https://x.example/a.png"}
    assert message["data"] == {
        "order": "7",
        "name": "Ada",
        "link": "app://news",
        "image": "https://x.example/a.png",
        "CIO-Delivery-ID": "d7",
        "CIO-Delivery-Token": "droid:1",
    }
    assert message["android"] == {"notification": {"tag": "d7", "sound": "default", "notification_count": 3}}
    (claims,) = google.claims
    assert (claims["iss"], claims["scope"]) == (
        "push@night-bus.example",
        "https://www.googleapis.com/auth/firebase.messaging",
    )
    assert claims["exp"] - claims["iat"] == 3_600


async def test_what_apple_is_sent(apple: AppleServer, make: Make) -> None:
    assert (await attempt(make(), to(IPHONE, **WHOLE))).words.startswith("200 ")
    (came,) = apple.taken
    assert came.token == IPHONE.token
    alert = {"title": "News", "body": "Hello"}
    assert came.payload == {
        "aps": {"alert": alert, "mutable-content": 1, "sound": "default", "badge": 3},
        "CIO": {"push": {"link": "app://news", "image": "https://x.example/a.png"}},
        "order": 7,
        "name": "Ada",
        "CIO-Delivery-ID": "d7",
        "CIO-Delivery-Token": IPHONE.token,
    }
    names = ("apns-topic", "apns-push-type", "apns-priority", "apns-collapse-id")
    assert [came.headers[name] for name in names] == ["example.app", "alert", "10", "d7"]


async def test_a_repeat_is_known_by_its_id_and_another_device_has_another(apple: AppleServer, make: Make) -> None:
    provider = make()
    for device in (IPHONE, IPHONE, PushDevice("cd" * 32, "ios")):
        assert (await attempt(provider, to(device, **WHOLE))).words
    first, again, other = [came.headers["apns-id"] for came in apple.taken]
    assert first == again != other
    assert apple.connections == 1


async def test_a_payload_of_ones_own(google: GoogleServer, apple: AppleServer, make: Make) -> None:
    own = '{"ios": {"message": {"aps": {"alert": "Own"}}}, "android": {"message": {"data": {"a": "1"}}}}'
    assert (await attempt(make(), to(DROID, IPHONE, **{**WHOLE, "custom_payload": own}))).words
    ids = {"CIO-Delivery-ID": "d7", "CIO-Delivery-Token": "droid:1"}
    assert google.taken == [{"token": "droid:1", "data": {"a": "1", "order": "7", "name": "Ada", **ids}}]
    assert apple.taken[0].payload["aps"] == {"alert": "Own"}


async def test_google_has_apples_devices_where_apple_is_not_set_up(google: GoogleServer, make: Make) -> None:
    provider = make(apns_key="")
    assert (await attempt(provider, to(IPHONE, **WHOLE))).words
    own = '{"ios": {"aps": {"alert": "Own"}}}'
    assert (await attempt(provider, to(IPHONE, custom_payload=own))).words
    first, second = google.taken
    assert first["apns"]["payload"]["aps"]["alert"] == {"title": "News", "body": "Hello"}
    assert first["apns"]["headers"] == {"apns-collapse-id": "d7"}
    assert second["apns"] == {"payload": {"aps": {"alert": "Own"}}}


@pytest.mark.parametrize(
    ("answer", "verdict", "detail", "lost"),
    [
        (says(404, "NOT_FOUND", "UNREGISTERED"), Permanent, "invalid_address", [DROID.token]),
        (says(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), Permanent, "refused", []),
        (says(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), Permanent, "invalid_address", []),
        (says(403, "PERMISSION_DENIED"), Throttled, 60.0, []),
        (says(404, "NOT_FOUND"), Throttled, 60.0, []),
        (says(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), Throttled, 60.0, []),
        (says(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), Throttled, 60.0, []),
        (says(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Retry_After="7"), Throttled, 7.0, []),
        (says(503, "UNAVAILABLE", "UNAVAILABLE", Retry_After="9"), Throttled, 9.0, []),
        (says(500, "INTERNAL", "INTERNAL"), Temporary, None, []),
        (Asked.reset, Unknown, None, []),
    ],
)
async def test_what_googles_answer_means(
    google: GoogleServer, make: Make, answer: Any, verdict: type[Exception], detail: object, lost: list[str]
) -> None:
    google.script.append(answer)
    source = ListSource([to(DROID, **WHOLE)])
    await make().deliver(source)
    (kept,) = source.taken
    assert type(kept.error) is verdict or isinstance(kept.error, verdict)
    assert getattr(kept.error, "reason", getattr(kept.error, "retry_after", None)) == detail
    assert (kept.begun, kept.lost, google.taken) == (True, lost, [])


@pytest.mark.parametrize(
    ("answer", "verdict", "detail", "lost"),
    [
        ((410, "Unregistered"), Permanent, "invalid_address", [IPHONE.token]),
        ((400, "BadDeviceToken"), Permanent, "invalid_address", []),
        ((400, "DeviceTokenNotForTopic"), Permanent, "invalid_address", []),
        ((400, "BadExpirationDate"), Permanent, "refused", []),
        ((413, "PayloadTooLarge"), Permanent, "too_large", []),
        ((400, "TopicDisallowed"), Throttled, 60.0, []),
        ((403, "InvalidProviderToken"), Throttled, 60.0, []),
        ((403, "ExpiredProviderToken"), Throttled, 60.0, []),
        ((429, "TooManyRequests"), Throttled, 30.0, []),
        ((429, "TooManyProviderTokenUpdates"), Throttled, 60.0, []),
        ((503, "Shutdown", {"retry-after": "9"}), Throttled, 9.0, []),
        ((503, "Shutdown"), Temporary, None, []),
        ((500, "InternalServerError"), Temporary, None, []),
        (HANG_UP, Unknown, None, []),
        (STALL, Unknown, None, []),
    ],
)
async def test_what_apples_answer_means(
    apple: AppleServer, make: Make, answer: Any, verdict: type[Exception], detail: object, lost: list[str]
) -> None:
    apple.script.append(answer)
    source = ListSource([to(IPHONE, **WHOLE)])
    await make(timeout=0.5).deliver(source)
    (kept,) = source.taken
    assert isinstance(kept.error, verdict), kept.end
    assert getattr(kept.error, "reason", getattr(kept.error, "retry_after", None)) == detail
    assert (kept.begun, kept.lost, apple.taken) == (True, lost, [])
    assert len(apple.came) == 1


async def test_one_device_is_enough_and_it_is_not_told_again(
    google: GoogleServer, apple: AppleServer, make: Make
) -> None:
    apple.script.append((410, "Unregistered"))
    google.script.extend([says(500, "INTERNAL"), says(404, "NOT_FOUND", "UNREGISTERED")])
    others = [PushDevice(f"droid:{n}", "android") for n in (2, 3)]
    source = ListSource([to(IPHONE, DROID, *others, **WHOLE)])
    await make().deliver(source)
    (kept,) = source.taken
    assert kept.end is not None
    assert kept.end.startswith("sent 1 of 4 devices; not: 410 Unregistered; 500 ")
    assert kept.lost == [IPHONE.token, "droid:2"]
    assert [message["token"] for message in google.taken] == ["droid:3"]


async def test_where_none_took_it_doubt_comes_first_then_later_then_never(
    google: GoogleServer, apple: AppleServer, make: Make
) -> None:
    google.script.append(says(404, "NOT_FOUND", "UNREGISTERED"))
    apple.script.append((500, "InternalServerError"))
    assert isinstance((await attempt(make(), to(DROID, IPHONE, **WHOLE))).error, Temporary)
    google.script.append(Asked.reset)
    apple.script.append((500, "InternalServerError"))
    assert isinstance((await attempt(make(), to(DROID, IPHONE, **WHOLE))).error, Unknown)


async def test_a_platform_without_a_service_is_never(make: Make) -> None:
    tried = await attempt(make(fcm_credentials=""), to(DROID, **WHOLE))
    assert isinstance(tried.error, Permanent)
    assert (tried.begun, "no service is set up for android" in tried.error.words) == (False, True)


async def test_an_access_token_serves_many_and_is_renewed_before_its_end_and_when_refused(
    google: GoogleServer, make: Make, tmp_path: Path
) -> None:
    now = Clock()
    account = Account.of_file(google.credentials(tmp_path))
    fcm = Fcm(account, PushSettings(fcm_credentials="x").http(google.url), now=now)
    provider = PushProvider(4, android=fcm, ios=None)
    try:
        source = ListSource([to(DROID, **WHOLE) for _ in range(20)])
        await provider.deliver(source)
        assert len(google.claims) == 1
        now.now += 3_400
        assert (await attempt(provider, to(DROID, **WHOLE))).words
        assert len(google.claims) == 2
        google.refused.add("token-2")
        assert (await attempt(provider, to(DROID, **WHOLE))).words
        assert len(google.claims) == 3
        google.refused.add("token-3")
        google.refused.add("token-4")
        assert isinstance((await attempt(provider, to(DROID, **WHOLE))).error, Throttled)
        assert len(google.claims) == 4, "once more, and no more"
    finally:
        await provider.close()


async def test_apples_token_is_made_anew_in_time_and_once_when_refused(
    apple: AppleServer, keys: Keys, tmp_path: Path
) -> None:
    now = Clock()
    signer = Signer.of_file(apple.key_file(tmp_path), "KEY4567890", "TEAM567890", "example.app")
    http = PushSettings(apns_key="x", ca_file=keys.ca_file).http(apple.url)
    provider = PushProvider(4, android=None, ios=Apns(signer, http, now=now))
    try:
        for seconds in (0, 2_999, 1):
            now.now += seconds
            assert (await attempt(provider, to(IPHONE, **WHOLE))).words
        first, second, third = [came.headers["authorization"] for came in apple.taken]
        assert first == second != third
        now.now += 1_500
        apple.script.append((403, "ExpiredProviderToken"))
        assert (await attempt(provider, to(IPHONE, **WHOLE))).words
        assert apple.taken[-1].headers["authorization"] != third
    finally:
        await provider.close()


async def test_apples_key_at_google_holds_up_no_android(google: GoogleServer, make: Make) -> None:
    google.script.append(says(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"))
    provider = make(apns_key="")
    assert isinstance((await attempt(provider, to(IPHONE, **WHOLE))).error, Throttled)
    assert (await attempt(provider, to(DROID, **WHOLE))).words
    assert len(google.claims) == 1, "it is not our own key that was refused"


async def test_a_refused_account_is_away_for_all(google: GoogleServer, make: Make) -> None:
    google.tokens.append(web.json_response({"error": "invalid_grant"}, status=400))
    clock = Clock()
    provider = make(clock, apns_key="")
    source = ListSource([to(DROID, **WHOLE) for _ in range(9)])
    tried = await attempt(provider, to(DROID, **WHOLE))
    assert isinstance(tried.error, Throttled)
    assert not tried.begun
    assert "no access token: 400" in tried.error.words
    assert (await attempt(provider, to(DROID, **WHOLE))).away is not None
    clock.now += 61
    await provider.deliver(source)
    assert len(google.taken) == 9


async def test_one_service_that_is_away_leaves_the_other_at_work(
    google: GoogleServer, apple: AppleServer, make: Make
) -> None:
    await apple.stop()
    provider = make()
    assert isinstance((await attempt(provider, to(IPHONE, **WHOLE))).error, Throttled)
    assert (await attempt(provider, to(DROID, **WHOLE))).words
    assert (await attempt(provider, to(IPHONE, DROID, **WHOLE))).words.startswith("1 of 2 devices")


async def test_what_is_too_large_for_apple_does_not_go_out(apple: AppleServer, make: Make) -> None:
    tried = await attempt(make(), to(IPHONE, title="x" * 5_000))
    assert isinstance(tried.error, Permanent)
    assert (tried.error.reason, tried.begun, apple.came) == ("too_large", False, [])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "set up fcm_credentials, apns_key or both"),
        ({"fcm_credentials": "/nowhere.json"}, "cannot be read"),
        ({"fcm_credentials": "empty"}, "is no service account's file"),
        ({"apns_key": "empty"}, "apns_key_id is missing"),
        ({"apns_key": "empty", **APPLE}, "not a private key in PEM"),
        ({"apns_key": "/nowhere.p8", **APPLE}, "cannot be read"),
    ],
)
def test_settings_that_cannot_work(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    (tmp_path / "empty").write_text("")
    named: dict[str, Any] = {name: str(tmp_path / text) if text == "empty" else text for name, text in options.items()}
    with pytest.raises(SetupError, match=words):
        push(PushSettings(**named))
