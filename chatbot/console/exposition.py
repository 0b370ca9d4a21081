"""The page that Prometheus reads: plain or OpenMetrics, as the reader prefers, compressed if it likes."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from starlette.requests import Request
from starlette.responses import Response

from chatbot.console.metrics import ServiceMetrics
from chatbot.service.supervisor import Service

__all__ = ["MetricsPage"]

_OPENMETRICS = "application/openmetrics-text"
_PLAIN = "text/plain"
_VERSIONS = {_OPENMETRICS: "1.0.0", _PLAIN: "0.0.4"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
_EOF = b"# EOF\n"
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a metric, as the library asks for it."""

    metric: Metric

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        yield self.metric


class MetricsPage:
    """Answers requests for the metrics of a service. Made bit by bit, with turns for others in between.

    Args:
        service: The bots.
    """

    def __init__(self, service: Service) -> None:
        self._metrics = ServiceMetrics(service)
        self._turn = asyncio.Lock()  # many readers take no more time of the bots than one

    async def answer(self, request: Request) -> Response:
        """The metrics, as the reader likes them."""
        kind = _kind(request.headers.get("accept", ""))
        is_packed = _weights(request.headers.get("accept-encoding", "")).get("gzip", 0.0) > 0
        packed = zlib.compressobj(level=5, wbits=_GZIP) if is_packed else None
        async with self._turn:
            body = await self._written(kind, packed.compress if packed is not None else bytes)
        if packed is not None:
            body += packed.flush()
        headers = {**_HEADERS, **({"Content-Encoding": "gzip"} if is_packed else {})}
        media_type = f"{kind}; version={_VERSIONS[kind]}; charset=utf-8"
        return Response(body, media_type=media_type, headers=headers)

    async def _written(self, kind: str, pack: Callable[[bytes], bytes]) -> bytes:
        generate = generate_openmetrics if kind == _OPENMETRICS else generate_latest
        body, named = bytearray(), ""
        for metric in self._metrics.steps():
            if metric is not None:
                text = generate(_Part(metric)).removesuffix(_EOF)
                body += pack(text if metric.name != named else _without_head(text))
                named = metric.name
            await asyncio.sleep(0)
        return bytes(body + pack(_EOF if kind == _OPENMETRICS else b""))


def _without_head(text: bytes) -> bytes:
    """Type and meaning of a metric stand above its first part only."""
    while text.startswith(b"# "):
        text = text.partition(b"\n")[2]
    return text


def _kind(accept: str) -> str:
    """OpenMetrics is for those who name it."""
    weights = _weights(accept)
    wanted = weights.get(_OPENMETRICS, 0.0)
    return _OPENMETRICS if wanted > 0 and wanted >= weights.get(_PLAIN, 0.0) else _PLAIN


def _weights(header: str) -> Mapping[str, float]:
    """What somebody accepts, and how gladly (RFC 9110, 12.4.2); of several versions the best liked counts."""
    found: dict[str, float] = {}
    for item in header.lower().split(","):
        name, *rest = (part.strip() for part in item.split(";"))
        options = dict(part.split("=", 1) for part in rest if "=" in part)
        found[name] = max(found.get(name, 0.0), _weight(options.get("q", "1")))
    return found


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
