"""What Prometheus may ask: counts, times and sizes of this process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PICTURES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The metrics of one application, in a registry of its own.

    Attributes:
        requests: by route (a path of ``/openapi.json``, or ``other``), method and status.
        seconds: from the first byte of a request to the last of its answer, by route.
        in_flight: requests that are not answered yet.
        batch: pictures of a batch.
        refused: pictures and glyphs that were taken for no class.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "thumbnet_requests",
            "Requests that were answered",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "thumbnet_request_seconds",
            "Time to the end of the answer",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_flight = Gauge(
            "thumbnet_requests_in_flight",
            "Requests that are not answered yet",
            registry=self._registry,
        )
        self.batch = Histogram(
            "thumbnet_batch_pictures",
            "Pictures of a batch",
            buckets=_PICTURES,
            registry=self._registry,
        )
        self.refused = Counter(
            "thumbnet_refused",
            "Pictures and glyphs that were taken for no class",
            registry=self._registry,
        )

    def text(self) -> bytes:
        """Return everything in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)
