# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry, when the extra `otel` is installed and an endpoint is set: from the trigger call to the provider.

One span for each stage, slice, chunk and chunk's hand-over, none for each message: a million people are some ten
thousand spans. Spans hold numbers, never people. They are sent in the background; what cannot be sent is dropped.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from clarion import __version__
from clarion.domain.errors import SetupError
from clarion.pipeline.tracing import Fact

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_REMEMBERED = 1_000


class OpenTelemetry:
    """A `pipeline.tracing.Tracing`. `exporter` instead of the one for `endpoint` (an OTLP/HTTP base URL).

    `share` of the calls that come without a traceparent are traced; those with one follow its decision.

    Raises:
        SetupError: the extra is not installed.
    """

    def __init__(self, endpoint: str, *, share: float = 1.0, exporter: "SpanExporter | None" = None) -> None:
        try:
            from opentelemetry import trace  # noqa: PLC0415 - an extra
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415
            from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415
        except ImportError:
            raise SetupError(
                "settings: traces.endpoint is set, and OpenTelemetry is not installed: "
                "pip install 'clarion-broadcasts[otel]'"
            ) from None
        chosen = exporter or OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)),
            resource=Resource.create({"service.name": "clarion", "service.version": __version__}),
        )
        self._provider.add_span_processor(BatchSpanProcessor(chosen))
        self._tracer = self._provider.get_tracer("clarion", __version__)
        self._trace = trace
        self._propagator = tracecontext.TraceContextTextMapPropagator()
        self._known: OrderedDict[int, Any] = OrderedDict()
        self._guard = threading.Lock()

    @contextmanager
    def accepting(self, traceparent: str | None) -> Iterator[str | None]:
        """See `Tracing`."""
        parent = self._propagator.extract({"traceparent": traceparent}) if traceparent else None
        with self._tracer.start_as_current_span("clarion.accept", context=parent, record_exception=False):
            carrier: dict[str, str] = {}
            self._propagator.inject(carrier)
            yield carrier.get("traceparent")

    def follow(self, trigger_id: int, traceparent: str | None) -> None:
        """See `Tracing`."""
        if traceparent:
            with self._guard:
                self._known[trigger_id] = self._propagator.extract({"traceparent": traceparent})
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)

    def span(self, name: str, trigger_id: int, **facts: Fact) -> AbstractContextManager[object]:
        """See `Tracing`."""
        with self._guard:
            known = self._known.get(trigger_id)
        around = self._trace.get_current_span().get_span_context()
        mine = self._trace.get_current_span(known).get_span_context() if known is not None else None
        context = known if mine is not None and around.trace_id != mine.trace_id else None
        attributes = {"clarion.trigger_id": trigger_id, **{f"clarion.{key}": value for key, value in facts.items()}}
        # An exception's sentence may quote anything; that the span failed is told by its status.
        return self._tracer.start_as_current_span(
            f"clarion.{name}", context=context, attributes=attributes, record_exception=False
        )

    def close(self) -> None:
        """Send what is left, for at most a few seconds."""
        self._provider.shutdown()
