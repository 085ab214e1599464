# SPDX-License-Identifier: Apache-2.0
"""Settings: the default file, a file of the operator's, the environment, the command line, in this order."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from clarion.domain.errors import SetupError

_PREFIX = "CLARION_"
_LEAST_ACCOUNT_DAYS = 31  # laws ask that unsubscribing works for 30 days
_NOT_SETTINGS = frozenset({"CLARION_CONFIG"})  # names the file itself; the command line reads it
PerSecond = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
_RATED = ("email", "webhook", "sms", "whatsapp", "push", "slack")  # the database takes in-app messages at any rate


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
class Email:
    """See `settings.default.toml`."""

    provider: Literal["outbox", "smtp", "mailgun", "postmark", "resend", "sendgrid", "ses"]
    per_second: PerSecond


@dataclass(frozen=True, slots=True)
class Webhook:
    """See `settings.default.toml`. The rest goes to the provider, which checks it."""

    provider: Literal["outbox", "webhook"]
    per_second: PerSecond
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
    soft_bounces: int


@dataclass(frozen=True, slots=True)
class Sms:
    """See `settings.default.toml`."""

    provider: Literal["outbox", "twilio"]
    per_second: PerSecond


@dataclass(frozen=True, slots=True)
class WhatsApp:
    """See `settings.default.toml`."""

    provider: Literal["outbox", "twilio"]
    per_second: PerSecond


@dataclass(frozen=True, slots=True)
class Push:
    """See `settings.default.toml`."""

    provider: Literal["outbox", "push"]
    per_second: PerSecond
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
class Slack:
    """See `settings.default.toml`. The rest goes to the provider, which checks it."""

    provider: Literal["outbox", "slack"]
    per_second: PerSecond
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

    @property
    def rates(self) -> dict[tuple[str, str], float]:
        """By channel and provider, how many messages a second go there at most; where there is a limit."""
        given = {name: getattr(self, name) for name in _RATED}
        return {(name, one.provider): one.per_second for name, one in given.items() if one.per_second}


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Put the settings together; `overrides` are dotted paths from the command line, None values are ignored.

    Raises:
        SetupError: a file that cannot be read, an unknown key, or a value of the wrong kind.
    """
    values = tomllib.loads(resources.files("clarion").joinpath("settings.default.toml").read_text("utf-8"))
    if file is not None:
        _merge(values, _read(file), str(file))
    for name, text in (environment or {}).items():
        path = _path(values, name)
        if path is not None:
            values[path[0]][path[1]] = _parsed(values[path[0]][path[1]], text, name)
    for dotted, value in (overrides or {}).items():
        if value is not None:
            table, _, key = dotted.partition(".")
            values[table][key] = value
    try:
        settings = msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise SetupError(f"settings: {error}") from None
    _check(settings)
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SetupError(f"cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"{file}: {error}") from None


def _merge(values: dict[str, Any], given: dict[str, Any], source: str) -> None:
    for table, keys in given.items():
        if table not in values:
            raise SetupError(f"{source}: unknown table [{table}]; known: {', '.join(values)}")
        if not isinstance(keys, dict):
            raise SetupError(f"{source}: {table} must be a table")
        for key, value in keys.items():
            if key not in values[table]:
                raise SetupError(f"{source}: unknown key {key!r} in [{table}]; known: {', '.join(values[table])}")
            values[table][key] = value


def _path(values: dict[str, Any], name: str) -> tuple[str, str] | None:
    """The setting that an environment variable names; other CLARION_ variables are errors."""
    if not name.startswith(_PREFIX) or name in _NOT_SETTINGS:
        return None
    wanted = name.removeprefix(_PREFIX)
    for table, keys in values.items():
        for key in keys:
            if wanted == f"{table}_{key}".upper():
                return table, key
    raise SetupError(f"the environment variable {name} names no setting")


def _parsed(default: Any, text: str, name: str) -> Any:
    if isinstance(default, bool):
        lowered = text.strip().lower()
        if lowered in {"1", "true", "yes", "on"}:
            return True
        if lowered in {"0", "false", "no", "off", ""}:
            return False
        raise SetupError(f"{name} must be true or false")
    try:
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
        if isinstance(default, list):
            bare = text.strip()
            if bare.startswith("[") and bare.endswith("]"):
                bare = bare[1:-1]
            return [float(part) for part in bare.split(",") if part.strip()]
    except ValueError:
        wanted = "numbers separated by commas" if isinstance(default, list) else "a number"
        raise SetupError(f"{name} must be {wanted}") from None
    return text


def _check(settings: Settings) -> None:
    positive = {
        "database.connections": settings.database.connections,
        "worker.slots": settings.worker.slots,
        "worker.chunk_rows": settings.worker.chunk_rows,
        "worker.lease_seconds": settings.worker.lease_seconds,
        "worker.reconcile_seconds": settings.worker.reconcile_seconds,
        "worker.put_off_hours": settings.worker.put_off_hours,
        "trigger.queue": settings.trigger.queue,
        "limits.app_per_second": settings.limits.app_per_second,
        "limits.sends_per_second": settings.limits.sends_per_second,
        "limits.track_per_second": settings.limits.track_per_second,
        "limits.in_app_per_second": settings.limits.in_app_per_second,
        "data_file.max_bytes": settings.data_file.max_bytes,
    }
    for name, value in positive.items():
        if value <= 0:
            raise SetupError(f"settings: {name} must be above 0")
    kept = settings.retention
    for name in ("accounts_days", "data_days", "events_days", "outbox_days"):
        if getattr(kept, name) < 0:
            raise SetupError(f"settings: retention.{name} cannot be negative")
    if 0 < kept.accounts_days < _LEAST_ACCOUNT_DAYS:
        raise SetupError(
            f"settings: retention.accounts_days must be 0 or at least {_LEAST_ACCOUNT_DAYS}:"
            " without its account the unsubscribe link of a message leads nowhere"
        )
    if settings.hooks.soft_bounces < 0:
        raise SetupError("settings: hooks.soft_bounces cannot be negative")
    if settings.worker.chunk_rows > 1_000:
        raise SetupError("settings: worker.chunk_rows must be at most 1000")
    if not 0 <= settings.worker.processes <= 1_000:
        raise SetupError("settings: worker.processes must be from 0 to 1000")
    _ = settings.metrics.address
    if not 0 <= settings.traces.share <= 1:
        raise SetupError("settings: traces.share must be from 0 to 1")
    if not 0 <= settings.server.port <= 65_535:
        raise SetupError("settings: server.port must be from 0 to 65535")
    if settings.trigger.interval_seconds < 0 or any(d < 0 for d in settings.worker.retry_delays_seconds):
        raise SetupError("settings: trigger.interval_seconds and worker.retry_delays_seconds cannot be negative")
