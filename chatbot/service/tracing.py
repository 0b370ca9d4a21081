"""Whether this process is traced: it is, where the extra ``otel`` is installed."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping

from chatbot.model.tracing import NO_TRACER, Tracer

__all__ = ["Ids", "system_tracer"]

log = logging.getLogger(__name__)

Ids = Callable[[], tuple[str, str] | None]
"""The trace and the span that are current."""


def system_tracer(environment: Mapping[str, str]) -> tuple[Tracer, Ids]:
    """What makes spans, and what tells which one is current.

    Args:
        environment: Of the process; whoever sets variables of OpenTelemetry is told if it is missing.
    """
    try:
        # the extra is imported only where it is there
        otel = importlib.import_module("chatbot.service.otel")
    except ModuleNotFoundError:
        if any(name.startswith("OTEL_") for name in environment):
            log.warning('OTEL_ variables are set, and nothing is traced\n  fix: pip install "chatbot[otel]"')
        return NO_TRACER, _no_ids
    tracer = otel.OtelTracer()
    return tracer, tracer.ids


def _no_ids() -> None:
    return None
