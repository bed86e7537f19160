"""
The instruments of the catalogue, and their exposition for Prometheus.

Counters and histograms are kept here and only read by OpenTelemetry, see `histograms`.

Gauges are read while scraping, in another thread: they look at plain attributes only, never at a
database.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import TypeAlias

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import Metric
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from daemon.telemetry.catalogue import CATALOGUE, SECONDS_BUCKETS, SIZE_BUCKETS
from daemon.telemetry.histograms import SCOPE, Histogram, OtlpReader, PrometheusReader

Level: TypeAlias = tuple[Mapping[str, str], float]
"""The value of a gauge for one set of labels."""

SHUTDOWN_TIMEOUT_MS = 2_000
"""How long the daemon waits at its end for a collector to take the last figures."""


class Metrics:
    """
    All metrics of one daemon.

    Args:
        version: of the program, told to the collector.
        readers: further places to export to, such as an OTLP collector.
    """

    def __init__(self, *, version: str, readers: Sequence[OtlpReader] = ()) -> None:
        self._registry = CollectorRegistry()
        self._streams = 0
        self._levels: dict[str, list[Observation]] = {}
        self._gauges: dict[str, Callable[[], float]] = {"playhead.http.streams": self._stream_count}
        prometheus = PrometheusReader(scope_info_enabled=False, registry=self._registry)
        prometheus.histograms = self._finished
        for reader in readers:
            reader.histograms = self._finished
        self._provider = MeterProvider(
            metric_readers=[prometheus, *readers],
            resource=Resource.create({"service.name": "playhead", "service.version": version}),
            exemplar_filter=AlwaysOffExemplarFilter(),  # the Prometheus exporter drops them anyway
            shutdown_on_exit=False,
        )
        meter = self._provider.get_meter(SCOPE)
        self._counts: dict[str, dict[tuple[tuple[str, str], ...], int]] = {}
        self._counting = Lock()
        self._histograms: dict[str, Histogram] = {}
        for known in CATALOGUE:
            if known.kind == "counter":
                self._counts[known.name] = {}
                reading = [self._counted(known.name)]
                meter.create_observable_counter(known.name, reading, known.unit, known.help)
            elif known.kind == "histogram":
                bounds = SECONDS_BUCKETS if known.unit == "s" else SIZE_BUCKETS
                self._histograms[known.name] = Histogram(known, bounds)
            else:
                callbacks = [self._observer(known.name)]
                meter.create_observable_gauge(known.name, callbacks, known.unit, known.help)
        self._requests = self._histograms["http.server.request.duration"]

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """
        Has a gauge of the catalogue read its value from a function, which must be quick and
        thread-safe.
        """
        assert any(known.name == name and known.kind == "gauge" for known in CATALOGUE)
        self._gauges[name] = read

    def show(self, name: str, levels: Iterable[Level]) -> None:
        """Has a gauge of the catalogue show these values until it is told others."""
        assert any(known.name == name and known.kind == "gauge" for known in CATALOGUE)
        self._levels[name] = [Observation(value, dict(labels)) for labels, value in levels]

    def count(self, name: str, amount: int, labels: Mapping[str, str] | None = None) -> None:
        """Adds to a counter of the catalogue."""
        key = tuple(labels.items()) if labels else ()
        with self._counting:
            series = self._counts[name]
            series[key] = series.get(key, 0) + amount

    def batch_committed(self, *, events_count: int, append_s: float, apply_s: float) -> None:
        """Notes what one commit of the log did."""
        self.count("playhead.log.events", events_count)
        self._histograms["playhead.log.batch.size"].record(events_count)
        self._histograms["playhead.log.append.duration"].record(append_s)
        self._histograms["playhead.views.apply.duration"].record(apply_s)

    def request_ended(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Notes one answered request."""
        known = method if method in _METHODS else "_OTHER"
        self._requests.record(duration_s, (known, route, status))

    def server_asked(self, server: str, route: str, status: int, duration_s: float) -> None:
        """Notes one request to a server; status 0 when there was no answer."""
        labels = (server, route, status)
        self._histograms["playhead.sync.request.duration"].record(duration_s, labels)

    def stream_opened(self, streams_max: int) -> bool:
        """Counts an event stream in; False when there are too many already."""
        if self._streams >= streams_max:
            return False
        self._streams += 1
        return True

    def stream_closed(self) -> None:
        """Counts an event stream out."""
        assert self._streams > 0
        self._streams -= 1

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics in the text format that an Accept header asks for, and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def shutdown(self) -> None:
        """Exports what is left and stops."""
        self._provider.shutdown(timeout_millis=SHUTDOWN_TIMEOUT_MS)

    def _finished(self) -> list[Metric]:
        metrics = [histogram.metric() for histogram in self._histograms.values()]
        return [metric for metric in metrics if metric is not None]

    def _stream_count(self) -> float:
        return self._streams

    def _counted(self, name: str) -> Callable[[CallbackOptions], list[Observation]]:
        def observe(_: CallbackOptions) -> list[Observation]:
            with self._counting:
                series = dict(self._counts[name])
            return [Observation(count, dict(labels)) for labels, count in series.items()]

        return observe

    def _observer(self, name: str) -> Callable[[CallbackOptions], list[Observation]]:
        def observe(_: CallbackOptions) -> list[Observation]:
            read = self._gauges.get(name)
            return self._levels.get(name, []) if read is None else [Observation(read())]

        return observe


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
