# SPDX-License-Identifier: Apache-2.0
"""Slack: chat.postMessage of the Web API, with a bot's token.

Slack answers 200 to nearly everything; whether a message was posted stands in `ok`, why not in `error`. It knows no
key for repeats, so each message carries our delivery id as metadata, by which a message in doubt can be looked up.
Method and errors: https://docs.slack.dev/reference/methods/chat.postMessage; limits:
https://docs.slack.dev/apis/web-api/rate-limits.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from clarion.channels.base import Capabilities
from clarion.channels.http_bodies import UNREADABLE, is_token, written
from clarion.channels.http_delivery import HttpDeliverer, Reading
from clarion.channels.http_session import Answer, HttpSession, HttpSettings
from clarion.channels.http_single import SingleDialect
from clarion.channels.http_verdicts import SET_UP_SECONDS, paused, usual
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SetupError, Temporary, Unknown
from clarion.domain.messages import PartsMessage

MOST_BYTES = 1_000_000  # far above what one message may hold; Slack names the limit that is met
EVENT_TYPE = "clarion_delivery"
# The token, the app or the workspace is not as it should be: no message is to blame.
_SET_UP = frozenset({
    "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "no_permission",
    "missing_scope", "not_allowed_token_type", "access_denied", "accesslimited", "ekm_access_denied",
    "enterprise_is_restricted", "org_login_required", "team_access_not_granted", "team_added_to_org",
    "two_factor_setup_required", "team_not_found",
})  # fmt: skip
_SLOWER = frozenset({"ratelimited", "rate_limited", "service_unavailable"})
_IN_DOUBT = frozenset({"fatal_error", "internal_error"})  # some of it may have been done, Slack says
_NOT_READ = frozenset({"request_timeout"})  # the body did not arrive in full
_NOBODY = frozenset({"channel_not_found", "not_in_channel", "is_archived", "user_not_found", "cannot_dm_bot"})
_TOO_LARGE = frozenset({"msg_too_long", "msg_blocks_too_long", "metadata_too_large"})


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """One app in one Slack workspace. Raises SetupError for what cannot work.

    `token`: of its bot, ``xoxb-…``, with the scope ``chat:write`` (``chat:write.customize`` for names and icons).
    """

    token: str = field(repr=False)
    connections: int = 5
    timeout: float = 30.0
    url: str = "https://slack.com/api"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not is_token(self.token):
            raise SetupError("slack: token must be the token of a Slack app's bot")

    @property
    def http(self) -> HttpSettings:
        """How the service is reached."""
        return HttpSettings("slack", self.url, self.connections, self.timeout, self.ca_file)


class _Metadata(msgspec.Struct):
    event_type: str
    event_payload: dict[str, str]


class _Post(msgspec.Struct, omit_defaults=True):
    channel: str
    text: str
    metadata: _Metadata
    blocks: list[Any] = []
    username: str = ""
    icon_emoji: str = ""
    icon_url: str = ""


class _Said(msgspec.Struct):
    ok: bool
    error: str = ""
    ts: str = ""
    channel: str = ""


_decode = msgspec.json.Decoder(_Said).decode


def slack(settings: SlackSettings, *, clock: Callable[[], float] = time.monotonic) -> HttpDeliverer:
    """The provider; `clock`, in seconds, measures its pauses. Raises SetupError."""
    session = HttpSession(settings.http, {"Authorization": f"Bearer {settings.token}", "Accept": "application/json"})
    capabilities = Capabilities(channel="slack", connections=settings.connections)
    return HttpDeliverer("slack", capabilities, session, SlackDialect(settings), clock)


class SlackDialect(SingleDialect):
    """See `http_delivery.Dialect`."""

    def __init__(self, settings: SlackSettings) -> None:
        super().__init__(settings.http.at("/chat.postMessage"))

    def encode(self, message: PartsMessage) -> bytes:
        """See `Dialect.encode`."""
        parts = message.parts
        icon = parts.get("icon", "")
        post = _Post(
            channel=message.recipient,
            text=parts["body"],
            metadata=_Metadata(EVENT_TYPE, {"delivery_id": message.delivery_id}),
            blocks=msgspec.json.decode(parts["blocks"]) if parts.get("blocks") else [],
            username=parts.get("username", ""),
            icon_emoji=icon if icon.startswith(":") else "",
            icon_url="" if icon.startswith(":") else icon,
        )
        return written(post, "Slack", MOST_BYTES)

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:  # noqa: ARG002 - one message in a call
        """See `Dialect.read`."""
        if answer.status != 200:
            return usual(answer, count)
        try:
            said = _decode(answer.body)
        except UNREADABLE:
            return Reading([Unknown(f"unintelligible answer: {answer.words}")], doubtful=True)
        if said.ok:
            return Reading([printable(f"OK {said.channel} {said.ts}")])
        return _verdict(said.error, answer)


def _verdict(error: str, answer: Answer) -> Reading:
    words = answer.words
    if error in _SET_UP:
        return paused(1, words, SET_UP_SECONDS)
    if error in _SLOWER:
        return paused(1, words, answer.retry_after)
    if error in _IN_DOUBT or not error:
        return Reading([Unknown(words)], doubtful=True)
    if error in _NOT_READ:
        return Reading([Temporary(words)], doubtful=True)
    if error in _NOBODY:
        return Reading([Permanent(words, "invalid_address")])
    return Reading([Permanent(words, "too_large" if error in _TOO_LARGE else "refused")])
