"""Traces by OpenTelemetry. Only this file knows it; the extra ``otel`` brings its API.

What becomes of the spans is for whoever sets up the SDK; without one they cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode

from chatbot.model.redaction import fault_of, traceback_of
from chatbot.model.tracing import NO_SPAN, Span

__all__ = ["OtelSpan", "OtelTracer"]

_SCOPE = "chatbot"
_NANOSECONDS = 1_000_000_000


class OtelSpan:
    """One span (Span).

    Args:
        span: OpenTelemetry's.
    """

    def __init__(self, span: trace.Span) -> None:
        self.span = span

    @property
    def is_recorded(self) -> bool:
        """See Span."""
        return self.span.is_recording()

    def note(self, name: str, value: str | int) -> None:
        """See Span."""
        self.span.set_attribute(name, value)

    def fail(self, error: BaseException) -> None:
        """See Span."""
        if not self.span.is_recording():
            return
        kind = type(error).__name__
        # not record_exception: it keeps what the exception says
        self.span.set_status(Status(StatusCode.ERROR, fault_of(error)))
        self.span.set_attribute("error.type", kind)
        about = {"exception.type": kind, "exception.stacktrace": traceback_of(error)}
        self.span.add_event("exception", about)

    def link(self, other: Span) -> None:
        """See Span."""
        if isinstance(other, OtelSpan) and self.span.is_recording():
            self.span.add_link(other.span.get_span_context())

    def end(self) -> None:
        """See Span."""
        if self.span.is_recording():
            self.span.end()


class OtelTracer:
    """Makes spans by whatever provider is set up, now or later (Tracer)."""

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=provider)

    @property
    def is_tracing(self) -> bool:
        """See Tracer."""
        return trace.get_current_span().is_recording()

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, str], *, began: datetime | None = None
    ) -> Generator[Span]:
        """See Tracer."""
        start = partial(self._tracer.start_span, name, kind=_KINDS.get(name, SpanKind.INTERNAL))
        if began is None:
            span = start(attributes=attributes)
        else:
            span = start(Context(), attributes=attributes, start_time=_nanoseconds(began))
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield OtelSpan(span)
        finally:
            context.detach(token)
            span.end()

    def open(self, name: str, attributes: Mapping[str, str]) -> Span:
        """See Tracer."""
        return OtelSpan(self._tracer.start_span(name, attributes=attributes)) if self.is_tracing else NO_SPAN

    def detach(self) -> None:
        """See Tracer."""
        context.attach(Context())

    @staticmethod
    def ids() -> tuple[str, str] | None:
        """The trace and the span that are current, in hexadecimal digits; None if there are none."""
        current = trace.get_current_span().get_span_context()
        if not current.is_valid:
            return None
        return trace.format_trace_id(current.trace_id), trace.format_span_id(current.span_id)


_KINDS = {"chatbot.event": SpanKind.CONSUMER, "chatbot.request": SpanKind.CLIENT}


def _nanoseconds(when: datetime) -> int:
    return int(when.timestamp() * _NANOSECONDS)
