"""Histograms as they are counted here: the same points that the SDK would make."""

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View

from daemon.telemetry import histograms
from daemon.telemetry.catalogue import Instrument
from daemon.telemetry.histograms import Histogram

BOUNDS = (0.5, 1.0, 2.5)
VALUES = (0.2, 0.5, 0.500001, 1.0, 2.0, 9.0)
KNOWN = Instrument("test.duration", "histogram", "s", ("route", "status"), "Some time.")


def of_the_sdk():
    """What the SDK tells of the values."""
    reader = InMemoryMetricReader()
    view = View(instrument_name=KNOWN.name, aggregation=ExplicitBucketHistogramAggregation(BOUNDS))
    provider = MeterProvider([reader], views=[view], shutdown_on_exit=False)
    histogram = provider.get_meter("test").create_histogram(KNOWN.name, KNOWN.unit, KNOWN.help)
    for value in VALUES:
        histogram.record(value, {"route": "/x", "status": 200})
    (metric,) = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    provider.shutdown()
    return metric


def test_it_counts_as_the_sdk_does():
    """Bounds belong to the bucket below them; sum, extremes and labels are the same."""
    histogram = Histogram(KNOWN, BOUNDS)
    for value in VALUES:
        histogram.record(value, ("/x", 200))
    theirs = of_the_sdk()
    ours = histogram.metric()
    (one,), (other,) = theirs.data.data_points, ours.data.data_points

    assert (theirs.name, theirs.unit, theirs.description) == (
        ours.name,
        ours.unit,
        ours.description,
    )
    assert theirs.data.aggregation_temporality == ours.data.aggregation_temporality
    assert one.attributes == other.attributes
    assert tuple(one.bucket_counts) == tuple(other.bucket_counts)
    assert tuple(one.explicit_bounds) == tuple(other.explicit_bounds)
    assert (one.count, one.min, one.max) == (other.count, other.min, other.max)
    assert one.sum == pytest.approx(other.sum)


def test_each_set_of_labels_is_a_series():
    """A status is told apart, and read at once what was counted until then."""
    histogram = Histogram(KNOWN, BOUNDS)
    histogram.record(0.1, ("/x", 200))
    histogram.record(0.1, ("/x", 404))
    histogram.record(0.2, ("/x", 404))

    points = histogram.metric().data.data_points
    assert {200: 1, 404: 2} == {point.attributes["status"]: point.count for point in points}


def test_nothing_recorded_is_nothing_told():
    """A scrape before the first request has no empty series."""
    assert Histogram(KNOWN, BOUNDS).metric() is None


def test_too_many_series_are_one():
    """Whatever is wrong with the labels, memory stays as small as it is meant to be."""
    histogram = Histogram(KNOWN, BOUNDS)
    for number in range(histograms.SERIES_MAX + 3):
        histogram.record(0.1, (f"/{number}", 200))

    points = histogram.metric().data.data_points
    assert histograms.SERIES_MAX + 1 == len(points)
    assert (histograms.OVERFLOW, 3) == (points[-1].attributes, points[-1].count)
