# SPDX-License-Identifier: Apache-2.0
"""What settings must be beyond their types."""

from dataclasses import asdict

from clarion.domain.errors import SetupError
from clarion.settings.sections import RATED, Settings

_LEAST_ACCOUNT_DAYS = 31  # laws ask that unsubscribing works for 30 days


def check(settings: Settings) -> None:
    """Raise SetupError for a value that is out of bounds."""
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
        "bounces.every_seconds": settings.bounces.every_seconds,
        "bounces.timeout": settings.bounces.timeout,
        "data_file.max_bytes": settings.data_file.max_bytes,
    }
    for name, value in positive.items():
        if value <= 0:
            raise SetupError(f"settings: {name} must be above 0")
    kept = settings.retention
    not_negative = {f"retention.{name}": value for name, value in asdict(kept).items()} | {
        "worker.failover_seconds": settings.worker.failover_seconds,
        "hooks.soft_bounces": settings.hooks.soft_bounces,
    }
    for name, value in not_negative.items():
        if value < 0:
            raise SetupError(f"settings: {name} cannot be negative")
    if 0 < kept.accounts_days < _LEAST_ACCOUNT_DAYS:
        raise SetupError(
            f"settings: retention.accounts_days must be 0 or at least {_LEAST_ACCOUNT_DAYS}:"
            " without its account the unsubscribe link of a message leads nowhere"
        )
    for channel in RATED:
        settings.accounts_of(channel)
    if settings.worker.chunk_rows > 1_000:
        raise SetupError("settings: worker.chunk_rows must be at most 1000")
    if not 0 <= settings.worker.processes <= 1_000:
        raise SetupError("settings: worker.processes must be from 0 to 1000")
    _ = settings.metrics.address, settings.per_domain
    if not 0 <= settings.traces.share <= 1:
        raise SetupError("settings: traces.share must be from 0 to 1")
    if not 0 <= settings.server.port <= 65_535:
        raise SetupError("settings: server.port must be from 0 to 65535")
    if settings.trigger.interval_seconds < 0 or any(d < 0 for d in settings.worker.retry_delays_seconds):
        raise SetupError("settings: trigger.interval_seconds and worker.retry_delays_seconds cannot be negative")
