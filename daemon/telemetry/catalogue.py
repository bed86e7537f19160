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


MEDIA: tuple[Instrument, ...] = (
    Instrument(
        "playhead.media.uploads",
        "counter",
        "{file}",
        ("result",),
        "Files that were uploaded: stored, duplicate or failed.",
    ),
    Instrument("playhead.media.upload.size", "counter", "By", (), "Bytes of files stored."),
    Instrument(
        "playhead.media.scans",
        "counter",
        "{scan}",
        ("kind",),
        "Projects compared with their directories: sweep or reindex.",
    ),
    Instrument(
        "playhead.media.scan.read", "counter", "By", (), "Bytes read to find out what files hold."
    ),
    Instrument(
        "playhead.media.measured",
        "counter",
        "{file}",
        ("thumbnail",),
        "Files looked into for facts and a thumbnail: made, none or failed.",
    ),
    Instrument(
        "playhead.media.source.reachable",
        "gauge",
        "1",
        ("source",),
        "1 while the root of an enabled source can be reached, else 0.",
    ),
    Instrument(
        "playhead.media.files", "gauge", "{file}", ("source",), "Files in the projects of a source."
    ),
    Instrument(
        "playhead.media.size", "gauge", "By", ("source",), "Bytes in the projects of a source."
    ),
    Instrument(
        "playhead.media.trash", "gauge", "{file}", ("source",), "Files in the trash of a source."
    ),
    Instrument(
        "playhead.media.uploads.open", "gauge", "{file}", (), "Uploads in parts not complete yet."
    ),
    Instrument(
        "playhead.resolve.jobs",
        "gauge",
        "{job}",
        ("state",),
        "Jobs for DaVinci Resolve: pending, claimed, done, failed or cancelled.",
    ),
    Instrument(
        "playhead.media.unmeasured",
        "gauge",
        "{file}",
        (),
        "Files whose facts are still to be found out.",
    ),
)
"""Ingest and projects."""

ORGANIZER: tuple[Instrument, ...] = (
    Instrument(
        "playhead.organizer.filed",
        "counter",
        "{file}",
        ("result",),
        "Files that organizers dealt with: filed, beside (another that has the name), failed or"
        " undone.",
    ),
    Instrument(
        "playhead.organizer.left",
        "counter",
        "{file}",
        ("reason",),
        "Files that organizers left where they are, each counted once while it stays as it is.",
    ),
)
"""Filing episodes."""

PLAYER: tuple[Instrument, ...] = (
    Instrument(
        "playhead.player.connected",
        "gauge",
        "1",
        ("player",),
        "1 while a player on this machine answers, else 0.",
    ),
    Instrument(
        "playhead.player.files",
        "gauge",
        "{file}",
        ("player",),
        "Complete files in the folder of a player, whatever their age.",
    ),
    Instrument(
        "playhead.player.reconnects",
        "counter",
        "{connection}",
        ("player",),
        "Connections to a player after the first.",
    ),
    Instrument(
        "playhead.player.launches",
        "counter",
        "{launch}",
        ("player",),
        "How often a player was started by us.",
    ),
    Instrument(
        "playhead.player.syncs",
        "counter",
        "{sync}",
        ("player",),
        "How often a playlist was brought in line with its folder.",
    ),
    Instrument(
        "playhead.player.commands",
        "counter",
        "{command}",
        ("player",),
        "Changes that took: appended, removed or moved entries.",
    ),
    Instrument(
        "playhead.player.watch.events",
        "counter",
        "{event}",
        ("player",),
        "How often the complete files in a player's folder changed.",
    ),
)
"""Players on this machine."""

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
    Instrument(
        "playhead.log.archived", "gauge", "{event}", (), "Events of the log that are in segments."
    ),
    Instrument("playhead.log.segments", "gauge", "{file}", (), "Segments of the log's archive."),
    Instrument(
        "playhead.log.segments.lost",
        "gauge",
        "{file}",
        (),
        "Segments that are not there in their size; `playhead verify` looks into them too.",
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
    Instrument(
        "playhead.webhook.received",
        "counter",
        "{notification}",
        ("server", "class"),
        "Notifications of servers, by what they are about.",
    ),
    Instrument(
        "playhead.sync.request.duration",
        "histogram",
        "s",
        ("server", "http.route", "http.response.status_code"),
        "Time of one request to a server, by route template; status 0 is no answer.",
    ),
    Instrument(
        "playhead.sync.deliveries",
        "gauge",
        "{delivery}",
        ("target", "status"),
        "Changes that a server has still to be told: due, backoff (after a failure), waiting (for"
        " the title) or parked (until somebody retries).",
    ),
    Instrument(
        "playhead.sync.unread",
        "gauge",
        "{notice}",
        ("server",),
        "Things that a server told of and that were not looked at yet.",
    ),
    Instrument(
        "playhead.sync.items",
        "gauge",
        "{item}",
        ("server",),
        "Items of a server that are kept in step.",
    ),
    Instrument(
        "playhead.sync.reachable",
        "gauge",
        "1",
        ("server",),
        "1 while a server answers, else 0.",
    ),
    Instrument(
        "playhead.sync.brake",
        "gauge",
        "1",
        ("server",),
        "1 while a server is held back until an operator decides, else 0.",
    ),
    Instrument(
        "playhead.sync.success.time",
        "gauge",
        "s",
        ("server",),
        "Unix time at which a server last answered, 0 before.",
    ),
    Instrument(
        "playhead.sync.sweep.time",
        "gauge",
        "s",
        ("server",),
        "Unix time at which everything on a server was last read, 0 before.",
    ),
    Instrument(
        "playhead.sync.lag",
        "gauge",
        "s",
        ("server",),
        "Time since the lane of a server last ended a round of work.",
    ),
    *MEDIA,
    *ORGANIZER,
    *PLAYER,
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
