"""Traces of a test, kept in memory by the SDK of OpenTelemetry."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chatbot.service.otel import OtelTracer

Tree = tuple[str, list["Tree"]]


class Spans:
    """All spans that have ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.provider = provider
        self.tracer = OtelTracer(provider)

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def named(self, name: str, **attributes: Any) -> list[ReadableSpan]:
        given = {f"chatbot.{key}": value for key, value in attributes.items()}
        return [span for span in self.all if span.name == name and given.items() <= _of(span).items()]

    def one(self, name: str, **attributes: Any) -> ReadableSpan:
        (span,) = self.named(name, **attributes)
        return span

    def parent_of(self, span: ReadableSpan) -> ReadableSpan | None:
        if span.parent is None:
            return None
        return next(one for one in self.all if one.context.span_id == span.parent.span_id)

    def tree(self, root: ReadableSpan) -> Tree:
        """A span and what is below it, in the order in which they began."""
        below = [one for one in self.all if one.parent and one.parent.span_id == root.context.span_id]
        return root.name, [self.tree(one) for one in sorted(below, key=lambda one: one.start_time or 0)]


def _of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def trace_of(span: ReadableSpan) -> int:
    number: int = span.context.trace_id
    return number


def texts(spans: Sequence[ReadableSpan]) -> str:
    """Everything that leaves the process."""
    return "\n".join(span.to_json() for span in spans)
