# SPDX-License-Identifier: Apache-2.0
"""Servers on 127.0.0.1 and the keys for them."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import trustme

from clarion.channels.base import Deliverer
from clarion.channels.in_app import InAppProvider
from clarion.channels.outbox import OutboxProvider, OutboxReader
from clarion.channels.push import PushSettings, push
from clarion.channels.smtp import SmtpProvider, SmtpSettings
from clarion.channels.webhook import WebhookProvider, WebhookSettings
from clarion.domain.messages import Message, PartsMessage
from clarion.domain.push import PushDevice

from . import imap_server, mail_servers
from .apple_server import AppleServer
from .google_server import GoogleServer
from .hook_server import HookServer
from .imap_server import Imap
from .messages import a_call, a_message, a_push, for_app
from .real_server import PASSWORD, USER, RealServer, authenticate
from .scripted import EHLO_LOCKSTEP, Kept, ScriptedServer
from .vendors import IN_BYTES, OTHERS, VENDORS, VendorServer


@dataclass(frozen=True)
class Keys:
    """A certificate for 127.0.0.1 and localhost, and the file of the authority that signed it."""

    server: ssl.SSLContext
    ca_file: str


@dataclass(frozen=True)
class Target:
    """A provider and what arrived on its other side. `message` makes one for ``ann<n>@example.org``."""

    provider: Deliverer
    arrived: Callable[[], list[Kept]]
    message: Callable[[int], Message] = a_message
    channel: str = "email"

    def recipients(self) -> list[str]:
        """Who got something, in order."""
        return [kept.recipients[0] for kept in self.arrived()]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Keys:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    path = tmp_path_factory.mktemp("keys") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return Keys(context, str(path))


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    await scripted.start()
    yield scripted
    await scripted.stop()
    assert not scripted.nested


@pytest.fixture
async def real_server() -> AsyncIterator[Callable[..., Awaitable[RealServer]]]:
    """Start aiosmtpd with the given options; stopped at the end."""
    started: list[RealServer] = []

    async def start(implicit_tls: ssl.SSLContext | None = None, **options: Any) -> RealServer:
        real = RealServer(**options)
        started.append(real)
        await real.start(implicit_tls)
        return real

    yield start
    for real in started:
        await real.stop()


@pytest.fixture
def mailbox_folder() -> Iterator[Path]:
    with mail_servers.open_folder(imap_server.are_there()) as folder:
        yield folder


@pytest.fixture
def imap(mailbox_folder: Path) -> Iterator[Imap]:
    with imap_server.running(mailbox_folder) as server:
        yield server


@pytest.fixture
async def smtp() -> AsyncIterator[Callable[..., SmtpProvider]]:
    """Make a provider for a port on this machine; closed at the end."""
    made: list[SmtpProvider] = []

    def make(port: int, clock: Callable[[], float] | None = None, **options: Any) -> SmtpProvider:
        settings = {"host": "127.0.0.1", "security": "none", "timeout": 10.0, **options}
        made.append(SmtpProvider(SmtpSettings(port=port, **settings), clock))
        return made[-1]

    yield make
    for provider in made:
        await provider.close()


@pytest.fixture
async def hooks(keys: Keys) -> AsyncIterator[HookServer]:
    """What webhooks call, over TLS."""
    served = HookServer(tls=keys.server)
    await served.start()
    yield served
    await served.stop()


APPLE: dict[str, Any] = {"apns_key_id": "KEY4567890", "apns_team_id": "TEAM567890", "apns_topic": "example.app"}
MAIL = ["outbox", "pipelined", "lockstep", "real", "real-tls", "real-starttls", *IN_BYTES]


@pytest.fixture(params=[*MAIL, *OTHERS, "webhook", "fcm", "apns", "in_app"])
async def target(
    *,
    request: pytest.FixtureRequest,
    hooks: HookServer,
    tmp_path: Path,
    keys: Keys,
    server: ScriptedServer,
    real_server: Callable[..., Awaitable[RealServer]],
    smtp: Callable[..., SmtpProvider],
) -> AsyncIterator[Target]:
    """Every provider, on every kind of connection, for the suite that all have to pass."""
    kind: str = request.param
    match kind:
        case "outbox":
            provider: Deliverer = OutboxProvider(tmp_path / "outbox")
            reader = OutboxReader(tmp_path / "outbox")
            yield Target(
                provider,
                lambda: [Kept(e.sender, [e.recipient, *e.copies], e.content) for e in reader.page(0, 10**6)],
            )
            await provider.close()
        case "pipelined" | "lockstep":
            if kind == "lockstep":
                server.usual["EHLO"] = EHLO_LOCKSTEP
            yield Target(smtp(server.port), lambda: server.kept)
        case "real":
            real = await real_server(enable_SMTPUTF8=True)
            yield Target(smtp(real.port), lambda: real.keeper.kept)
        case "real-tls":
            real = await real_server(keys.server)
            yield Target(smtp(real.port, security="tls", ca_file=keys.ca_file), lambda: real.keeper.kept)
        case "real-starttls":
            real = await real_server(
                tls_context=keys.server, require_starttls=True, auth_required=True, authenticator=authenticate
            )
            yield Target(
                smtp(real.port, security="starttls", ca_file=keys.ca_file, username=USER, password=PASSWORD),
                lambda: real.keeper.kept,
            )
        case "webhook":
            called = WebhookProvider(WebhookSettings(ca_file=keys.ca_file, allow_private_addresses=True))
            yield Target(
                called,
                lambda: [Kept("", [came.request.path.removeprefix("/")], came.body) for came in hooks.came],
                lambda number: a_call(hooks.url(f"/ann{number}@example.org"), number, body="{}"),
                "webhook",
            )
            await called.close()
        case "fcm":
            google = GoogleServer()
            await google.start()
            pushing = push(PushSettings(fcm_credentials=google.credentials(tmp_path), fcm_url=google.url))
            yield Target(pushing, lambda: [Kept("", [one["token"]], b"") for one in google.taken], a_push, "push")
            await pushing.close()
            await google.stop()
        case "apns":
            apple = AppleServer(keys.server)
            await apple.start()
            pushing = push(
                PushSettings(apns_key=apple.key_file(tmp_path), apns_url=apple.url, ca_file=keys.ca_file, **APPLE)
            )
            yield Target(
                pushing,
                lambda: [Kept("", [unquote(one.token)], b"") for one in apple.taken],
                lambda number: a_push(number, [PushDevice(f"ann{number}@example.org", "ios")]),
                "push",
            )
            await pushing.close()
            await apple.stop()
        case "in_app":
            kept: dict[str, str] = {}

            def keep(messages: Sequence[PartsMessage]) -> frozenset[str]:
                kept.update({one.delivery_id: one.recipient for one in messages})
                return frozenset(kept)

            yield Target(InAppProvider(keep), lambda: [Kept("", [to], b"") for to in kept.values()], for_app, kind)
        case _:
            served = VendorServer(VENDORS[kind])
            await served.start()
            provider = served.vendor.make(served.url)
            yield Target(provider, lambda: served.taken, served.vendor.message, served.vendor.channel)
            await provider.close()
            await served.stop()
