"""
Histograms, counted here and handed to OpenTelemetry's readers as finished points.

The SDK has no bound instruments: it copies, checks, sorts and hashes the labels of every single
value. That took 26 us of the 190 us that a position report spends on the event loop; finding a
series by its labels and counting takes one. So only the reading is the SDK's, by the one method
that its readers are meant to override.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from time import time_ns  # noqa: TID251 - the SDK tells of no other time either
from typing import Any, TypeAlias

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    Metric,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.export import Histogram as Points

from daemon.telemetry.catalogue import Instrument

SCOPE = "playhead"
"""What OpenTelemetry calls the part of the program that figures are of."""

Labels: TypeAlias = tuple[str | int, ...]
"""Values of an instrument's labels, in the order of the catalogue."""

SERIES_MAX = 2_000
"""Sets of labels per histogram, as in the SDK; routes, methods and statuses make some hundred."""

OVERFLOW = {"otel.metric.overflow": True}
"""What the SDK calls the series of all that are too many."""


class Series:
    """The values seen with one set of labels."""

    __slots__ = ("bounds", "counts", "highest", "labels", "lowest", "started_ns", "total")

    def __init__(self, labels: dict[str, Any], bounds: Sequence[float]) -> None:
        self.labels = labels
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.lowest = inf
        self.highest = -inf
        self.started_ns = time_ns()

    def record(self, value: float) -> None:
        """
        Counts one value. From one thread at a time; a reader in another may see its sum a value
        ahead of its counts.
        """
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
        self.lowest = min(self.lowest, value)
        self.highest = max(self.highest, value)

    def point(self, now_ns: int) -> HistogramDataPoint:
        """All of it so far, as OpenTelemetry tells it."""
        counts = tuple(self.counts)
        return HistogramDataPoint(
            attributes=self.labels,
            start_time_unix_nano=self.started_ns,
            time_unix_nano=now_ns,
            count=sum(counts),
            sum=self.total,
            bucket_counts=counts,
            explicit_bounds=self.bounds,
            min=self.lowest,
            max=self.highest,
        )


class Histogram:
    """One histogram of the catalogue."""

    def __init__(self, known: Instrument, bounds: Sequence[float]) -> None:
        self._known = known
        self._bounds = bounds
        self._series: dict[Labels, Series] = {}
        self._overflow: Series | None = None

    def record(self, value: float, labels: Labels = ()) -> None:
        """Counts one value."""
        series = self._series.get(labels)
        if series is None:
            series = self._new(labels)
        series.record(value)

    def _new(self, labels: Labels) -> Series:
        assert len(labels) == len(self._known.labels)
        if len(self._series) < SERIES_MAX:
            named = dict(zip(self._known.labels, labels, strict=True))
            series = self._series[labels] = Series(named, self._bounds)
            return series
        if self._overflow is None:
            self._overflow = Series(OVERFLOW, self._bounds)
        return self._overflow

    def metric(self) -> Metric | None:
        """What there is to tell, if anything was recorded."""
        now_ns = time_ns()
        series = [*self._series.values(), *([self._overflow] if self._overflow else [])]
        if not series:
            return None
        points = Points([one.point(now_ns) for one in series], AggregationTemporality.CUMULATIVE)
        return Metric(self._known.name, self._known.help, self._known.unit, points)


class Finished:
    """What the readers below add to the figures of the SDK."""

    histograms: Callable[[], Sequence[Metric]] = list

    def _receive_metrics(self, metrics_data: MetricsData, *rest: Any, **options: Any) -> None:
        (known,) = metrics_data.resource_metrics
        # Into the scope that has the gauges: an exporter keeps one scope of a name.
        scopes = [
            replace(scope, metrics=[*scope.metrics, *self.histograms()])
            if scope.scope.name == SCOPE
            else scope
            for scope in known.scope_metrics
        ]
        whole = replace(known, scope_metrics=scopes)
        parent: Any = super()
        parent._receive_metrics(MetricsData([whole]), *rest, **options)  # noqa: SLF001 - its hook


class PrometheusReader(Finished, PrometheusMetricReader):
    """For a scrape."""


class OtlpReader(Finished, PeriodicExportingMetricReader):
    """For a collector."""
