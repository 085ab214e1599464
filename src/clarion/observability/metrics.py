# SPDX-License-Identifier: Apache-2.0
"""The figures of one process: their names, what each means, and the meter that the pipeline calls.

Every metric of Clarion is made here or in `exposition.py`, so that boards and alert rules can be checked against them.
"""

import time
from collections import Counter as Tally
from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clarion import __version__
from clarion.domain.deliveries import Outcome, State

_REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_CHUNK_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_ANSWER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """One process's metrics in a registry of their own; a `pipeline.meter.Meter`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = Gauge("clarion_build_info", "Always 1; the version is a label.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._requests = Counter(
            "clarion_http_requests_total",
            "HTTP requests answered, by route template, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "clarion_http_request_seconds",
            "From a request's head to the end of its answer, by route template.",
            ["route"],
            buckets=_REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._messages = Counter(
            "clarion_messages_total",
            "Accounts settled by this process, by channel and outcome; retried: stays queued for another attempt.",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self._accounts = Counter(
            "clarion_account_answers_total",
            "What accounts at providers said of messages: sent, temporary, throttled, permanent; handed_over: nothing.",
            ["channel", "account", "answer"],
            registry=self.registry,
        )
        self._chunk_seconds = Histogram(
            "clarion_chunk_seconds",
            "From the opening of a chunk to the commit of its outcomes.",
            ["channel"],
            buckets=_CHUNK_BUCKETS,
            registry=self.registry,
        )
        self._answer_seconds = Histogram(
            "clarion_answer_seconds",
            "From the hand-over of a message to the provider's answer.",
            ["channel"],
            buckets=_ANSWER_BUCKETS,
            registry=self.registry,
        )
        self._claims = Counter("clarion_slices_claimed_total", "Slices taken under a lease.", registry=self.registry)
        self._lost = Counter(
            "clarion_leases_lost_total", "Slices that another worker took meanwhile.", registry=self.registry
        )
        self._put_off = Counter(
            "clarion_slices_put_off_total",
            "Slices that met an error nobody foresaw; each is tried again after a pause.",
            registry=self.registry,
        )
        self._away = Gauge(
            "clarion_provider_away",
            "1 while a provider takes no messages at all from this process.",
            ["provider"],
            registry=self.registry,
        )
        self._orphans = Counter(
            "clarion_flight_records_orphaned_total",
            "Flight records of dead processes found.",
            registry=self.registry,
        )
        self._cleared = Counter(
            "clarion_accounts_cleared_total",
            "Accounts that a flight record cleared of doubt.",
            registry=self.registry,
        )
        self._database_errors = Counter(
            "clarion_database_errors_total",
            "Transactions that failed because the database could not be reached or written.",
            registry=self.registry,
        )

        self._provider_events = Counter(
            "clarion_provider_events_total",
            "What providers told of messages: taken, repeated, unknown, of a copy, refused, unreadable.",
            ["provider", "outcome"],
            registry=self.registry,
        )

    # -- what the pipeline calls -------------------------------------------------------------------------

    def slice_claimed(self) -> None:
        """A slice was taken."""
        self._claims.inc()

    def chunk_settled(self, channel: str, outcomes: Sequence[Outcome], seconds: float) -> None:
        """A chunk's outcomes are committed."""
        self._chunk_seconds.labels(channel).observe(seconds)
        for state, n in Tally(outcome.state for outcome in outcomes).items():
            word = "retried" if state is State.QUEUED else state.word
            self._messages.labels(channel, word).inc(n)

    def answered(self, channel: str, seconds: float) -> None:
        """A provider answered."""
        self._answer_seconds.labels(channel).observe(seconds)

    def account_answered(self, channel: str, account: str, answers: Mapping[str, int]) -> None:
        """An account at a provider answered."""
        for word, n in answers.items():
            self._accounts.labels(channel, account, word).inc(n)

    def lease_lost(self) -> None:
        """A slice became another's."""
        self._lost.inc()

    def slice_put_off(self) -> None:
        """A slice met an unforeseen error."""
        self._put_off.inc()

    def provider_away(self, provider: str, *, away: bool) -> None:
        """A provider went away or came back."""
        self._away.labels(provider).set(1 if away else 0)

    def orphan_found(self) -> None:
        """A dead process's record was found."""
        self._orphans.inc()

    def cleared(self, accounts: int) -> None:
        """A record cleared accounts of doubt."""
        self._cleared.inc(accounts)

    # -- what the server calls ---------------------------------------------------------------------------

    def database_error(self) -> None:
        """A transaction met a database that is away."""
        self._database_errors.inc()

    def provider_event(self, provider: str, outcome: str, number: int) -> None:
        """Providers told something of messages."""
        self._provider_events.labels(provider, outcome).inc(number)

    def watched(self, application: ASGIApp) -> ASGIApp:
        """The application, with its answers counted by route template, never by path: paths name people."""

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await application(scope, receive, send)
                return
            began = time.perf_counter()
            status = 500

            async def noting(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await application(scope, receive, noting)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._requests.labels(route, method, str(status)).inc()
                self._request_seconds.labels(route).observe(time.perf_counter() - began)

        return respond


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
