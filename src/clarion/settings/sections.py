# SPDX-License-Identifier: Apache-2.0
"""What settings there are: a class for each table of `settings.default.toml`, where each key is explained."""

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from clarion.domain.domain_limits import parse_limits
from clarion.domain.errors import SetupError
from clarion.domain.outlets import Terms
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.settings.accounts import Account, in_order, named, terms_of

PerSecond = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
PerDay = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
RATED = ("email", "webhook", "sms", "whatsapp", "push", "slack")
"""Channels with accounts and limits; the database takes in-app messages at any rate."""


@dataclass(frozen=True, slots=True)
class Database:
    """See `settings.default.toml`."""

    url: str
    connections: int
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Server:
    """See `settings.default.toml`."""

    host: str
    port: int
    base_url: str
    tls: bool
    event_loop: Literal["auto", "asyncio", "uvloop"]
    region: Literal["us", "eu"]
    ip_addresses: str


@dataclass(frozen=True, slots=True)
class Data:
    """See `settings.default.toml`."""

    dir: str


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """See `settings.default.toml`."""

    processes: int
    slots: int
    chunk_rows: int
    lease_seconds: float
    reconcile_seconds: float
    drain_seconds: float
    retry_delays_seconds: tuple[float, ...]
    put_off_hours: float
    failover_seconds: float


@dataclass(frozen=True, slots=True)
class TriggerSettings:
    """See `settings.default.toml`."""

    interval_seconds: float
    queue: int


@dataclass(frozen=True, slots=True)
class LimitsSettings:
    """See `settings.default.toml`."""

    enabled: bool
    app_per_second: int
    sends_per_second: int
    track_per_second: int
    in_app_per_second: int


@dataclass(frozen=True, slots=True)
class DataFile:
    """See `settings.default.toml`."""

    allow_private_addresses: bool
    max_bytes: int
    connect_timeout_seconds: float
    idle_timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Retention:
    """See `settings.default.toml`."""

    accounts_days: float
    data_days: float
    events_days: float
    outbox_days: float


@dataclass(frozen=True, slots=True)
class _Rated:
    """What the tables of channels in `RATED` have in common."""

    per_second: PerSecond
    per_day: PerDay
    ramp: str
    accounts: str


@dataclass(frozen=True, slots=True)
class Email(_Rated):
    """See `settings.default.toml`."""

    provider: Literal["outbox", "smtp", "mailgun", "postmark", "resend", "sendgrid", "ses"]
    per_domain: str


@dataclass(frozen=True, slots=True)
class Webhook(_Rated):
    """See `settings.default.toml`. The rest goes to the provider, which checks it."""

    provider: Literal["outbox", "webhook"]
    timeout: float
    connections: int
    per_host: int
    allow_private_addresses: bool
    ca_file: str


@dataclass(frozen=True, slots=True)
class HookSettings:
    """See `settings.default.toml`. The keys go to what reads the calls, which checks them."""

    mailgun_key: str = field(repr=False)
    postmark_login: str = field(repr=False)
    resend_secret: str = field(repr=False)
    sendgrid_key: str
    ses_topic: str
    twilio_token: str = field(repr=False)
    soft_bounces: int


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """See `settings.default.toml`."""

    machine_rules: str


@dataclass(frozen=True, slots=True)
class BounceSettings:
    """See `settings.default.toml`."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    password: str = field(repr=False)
    folder: str
    done_folder: str
    every_seconds: float
    timeout: float
    verify: bool
    ca_file: str


@dataclass(frozen=True, slots=True)
class Sms(_Rated):
    """See `settings.default.toml`."""

    provider: Literal["outbox", "twilio"]


@dataclass(frozen=True, slots=True)
class WhatsApp(_Rated):
    """See `settings.default.toml`."""

    provider: Literal["outbox", "twilio"]


@dataclass(frozen=True, slots=True)
class Push(_Rated):
    """See `settings.default.toml`."""

    provider: Literal["outbox", "push"]
    fcm_credentials: str
    apns_key: str
    apns_key_id: str
    apns_team_id: str
    apns_topic: str
    apns_sandbox: bool
    connections: int
    timeout: float
    ca_file: str
    fcm_url: str
    apns_url: str


@dataclass(frozen=True, slots=True)
class Slack(_Rated):
    """See `settings.default.toml`. The rest goes to the provider, which checks it."""

    provider: Literal["outbox", "slack"]
    token: str = field(repr=False)
    connections: int
    timeout: float
    url: str
    ca_file: str


@dataclass(frozen=True, slots=True)
class ForApps:
    """See `settings.default.toml`."""

    provider: Literal["in_app", "outbox"]


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """See `settings.default.toml`."""

    listen: str
    token: str = field(repr=False)

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port to listen on; None for no listener.

        Raises:
            SetupError: not of the form host:port.
        """
        if not self.listen:
            return None
        host, colon, port = self.listen.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
            raise SetupError(f"settings: metrics.listen must be host:port, not {self.listen!r}")
        return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


@dataclass(frozen=True, slots=True)
class Traces:
    """See `settings.default.toml`."""

    endpoint: str
    share: float


@dataclass(frozen=True, slots=True)
class Log:
    """See `settings.default.toml`."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["text", "json"]
    personal_data: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, built once and handed on. The last ones go to their providers, which check them."""

    database: Database
    server: Server
    data: Data
    worker: WorkerSettings
    trigger: TriggerSettings
    limits: LimitsSettings
    data_file: DataFile
    retention: Retention
    email: Email
    webhook: Webhook
    hooks: HookSettings
    bounces: BounceSettings
    tracking: TrackingSettings
    sms: Sms
    whatsapp: WhatsApp
    push: Push
    slack: Slack
    in_app: ForApps
    inbox_message: ForApps
    metrics: MetricsSettings
    traces: Traces
    log: Log
    smtp: dict[str, Any] = field(repr=False)
    mailgun: dict[str, Any] = field(repr=False)
    postmark: dict[str, Any] = field(repr=False)
    resend: dict[str, Any] = field(repr=False)
    sendgrid: dict[str, Any] = field(repr=False)
    ses: dict[str, Any] = field(repr=False)
    twilio: dict[str, Any] = field(repr=False)
    accounts: dict[str, dict[str, Any]] = field(repr=False)

    @property
    def per_domain(self) -> dict[str, float]:
        """The most e-mails a second, by the recipients' domains.

        Raises:
            SetupError: not of the form domain=number.
        """
        try:
            return parse_limits(self.email.per_domain)
        except ValueError as error:
            raise SetupError(f"settings: email.per_domain must be such as gmail.com=100, not {str(error)!r}") from None

    def accounts_of(self, channel: str) -> list[Account]:
        """Its accounts at providers, in the order in which they are asked.

        Raises:
            SetupError: the settings name one that cannot be.
        """
        if channel in PERSON_ACTIONS:
            return [Account(channel, "person", "person", Terms())]
        section = getattr(self, channel)
        if channel not in RATED:
            return [Account(channel, section.provider, section.provider, Terms())]
        own = Account(channel, section.provider, section.provider, terms_of(f"settings: {channel}", asdict(section)))
        return in_order(channel, own, named(self.accounts), section.accounts)
