"""
Every metric there is, in one table. The names are OpenTelemetry's; Prometheus sees them with `_`
for `.` and the unit and `_total` appended.
"""

from typing import Literal

import msgspec


class Instrument(msgspec.Struct, frozen=True):
    """One metric: its kind, unit (UCUM), labels and meaning."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    labels: tuple[str, ...]
    help: str


CATALOGUE: tuple[Instrument, ...] = (
    Instrument("playhead.log.events", "counter", "{event}", (), "Events appended to the log."),
    Instrument("playhead.log.head", "gauge", "{event}", (), "Seq of the last event in the log."),
    Instrument(
        "playhead.log.append.duration",
        "histogram",
        "s",
        (),
        "Time of one append: write, flush, commit.",
    ),
    Instrument("playhead.log.batch.size", "histogram", "{event}", (), "Events committed together."),
    Instrument(
        "playhead.log.queue.depth", "gauge", "{command}", (), "Commands waiting for the writer."
    ),
    Instrument("playhead.log.fault", "gauge", "1", (), "1 while the last write failed, else 0."),
    Instrument(
        "playhead.views.apply.duration",
        "histogram",
        "s",
        (),
        "Time to apply one batch to the views.",
    ),
    Instrument(
        "playhead.views.lag",
        "gauge",
        "{event}",
        (),
        "Events in the log that the views have not applied.",
    ),
    Instrument(
        "http.server.request.duration",
        "histogram",
        "s",
        ("http.request.method", "http.route", "http.response.status_code"),
        "Time to answer a request, by route template. Its count is the number of requests.",
    ),
    Instrument("playhead.http.streams", "gauge", "{stream}", (), "Open event streams."),
    Instrument("playhead.gc.runs", "counter", "{run}", (), "Garbage collections that ended."),
    Instrument(
        "playhead.gc.expired",
        "counter",
        "{position}",
        (),
        "Positions forgotten by garbage collection.",
    ),
    Instrument("playhead.start.time", "gauge", "s", (), "Unix time at which the daemon started."),
)

SECONDS_BUCKETS = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
SIZE_BUCKETS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Floats, because the exporter prints an int bound in a form that OpenMetrics forbids."""
