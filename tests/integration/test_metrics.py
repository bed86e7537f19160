"""Metrics as scrapers and collectors get them: a real Prometheus, promtool, and OTLP."""

import json
import re
import socket
import subprocess
import time
from contextlib import ExitStack

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as classic

from daemon.telemetry.catalogue import CATALOGUE
from daemon.web.app import ROUTES
from support.builders import report_body
from support.checkout import ROOT
from support.collector import Collector
from support.configuration import written
from support.daemon import DaemonProcess
from support.load import Load
from support.mpv import require_program, wait_until
from support.notifications import notification, silent_servers
from support.stream import EventStream

OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
REQUESTS = "http_server_request_duration_seconds"
REQUESTS_OTLP = "http.server.request.duration"
HINT = "install prometheus (Debian: apt-get install prometheus) to run this test"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "_OTHER"}
SCRAPED_WITHIN_S = 20.0
END_TIMEOUT_S = 30.0


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon that has seen every kind of traffic, garbage collections included."""
    environment = {"GC_SCHEDULE": "@every 1s", "PLAYHEAD_GC_RETENTION_DAYS": "0.000001"}
    folder = tmp_path_factory.mktemp("metrics")
    player = f'[[player]]\nname = "tv"\nsocket = "{folder}/tv.sock"\n'
    inbox = folder / "inbox"
    inbox.mkdir()
    organizer = f'[[organizer]]\nname = "inbox"\nfolder = "{inbox}"\nstable_s = 0\n'
    for name in ("show.s01e01.first.mkv", "film.2023.mkv"):
        (inbox / name).write_bytes(b"a film")
    text = silent_servers(["attic"]) + player + organizer
    arguments = ["--config", str(written(folder, text))]
    with DaemonProcess(folder / "data", arguments=arguments, environment=environment) as running:
        running.client.post("/webhook/attic", content=notification()).raise_for_status()
        running.client.post("/api/positions", json=report_body()).raise_for_status()
        running.client.get("/api/resume?name=x").raise_for_status()
        running.client.get("/timestamps/some%20private%20name.mkv")
        running.client.post("/api/projects", json={"name": "P1-Sea"}).raise_for_status()
        clip = {"file": ("a.mov", b"a clip")}
        running.client.post("/api/projects/P1-Sea/upload", files=clip).raise_for_status()
        running.client.post("/api/projects/P1-Sea/reindex").raise_for_status()
        wait_until(lambda: running.events(type="media.measured"), "a file looked into")
        for kind in ("organizer.filed", "organizer.left"):
            wait_until(lambda kind=kind: running.events(type=kind), kind, 60)
        wait_until(lambda: running.events(type="server.lost"), "a server that does not answer")
        with EventStream(running.url):
            wait_until(lambda: running.events(type="position.expired"), "an expired position")
        yield running


@pytest.fixture(scope="module")
def prometheus(daemon, tmp_path_factory):
    """The address of a real Prometheus that has scraped the daemon."""
    program = require_program("prometheus", HINT)
    folder = tmp_path_factory.mktemp("prometheus")
    target = daemon.url.removeprefix("http://")
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: playhead, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    address = f"127.0.0.1:{free_port()}"
    command = [program, f"--config.file={folder}/prometheus.yml", "--log.level=warn"]
    command += [f"--storage.tsdb.path={folder}/data", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            url = f"http://{address}"
            wait_until(lambda: result(url, "up") == {"1"}, "up is 1", SCRAPED_WITHIN_S)
            yield url
        finally:
            process.terminate()
            process.wait(END_TIMEOUT_S)


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def result(url, query):
    """The values that a query of Prometheus gives now."""
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, trust_env=False)
        return {series["value"][1] for series in answer.json()["data"]["result"]}
    except (httpx.HTTPError, json.JSONDecodeError):
        return set()


def scrape(daemon, parse=classic, accept="text/plain"):
    """All samples of one scrape, by family."""
    answer = daemon.client.get("/metrics", headers={"Accept": accept})
    assert 200 == answer.status_code
    return {family.name: family for family in parse(answer.text)}


def documented():
    """The Prometheus name of each metric as the reference page tells it."""
    page = (ROOT / "ops" / "docs" / "reference" / "metrics.md").read_text()
    return dict(re.findall(r"^\| `([\w.]+)` \| `(\w+)` \|", page, re.MULTILINE))


def labels(daemon):
    """Every set of labels of the requests' histogram."""
    samples = scrape(daemon)[REQUESTS].samples
    return [sample.labels for sample in samples if sample.name.endswith("_count")]


@pytest.mark.parametrize(
    ("parse", "accept", "kind"),
    [
        (classic, "", "text/plain"),
        (classic, "*/*", "text/plain"),
        (open_metrics, OPEN_METRICS, "application/openmetrics-text"),
    ],
)
def test_the_answer_has_the_format_that_was_asked_for(daemon, parse, accept, kind):
    """Classic text by default, OpenMetrics on request, and both can be parsed."""
    answer = daemon.client.get("/metrics", headers={"Accept": accept})

    assert answer.headers["content-type"].startswith(kind)
    assert list(parse(answer.text))


def test_every_metric_of_the_catalogue_appears_under_its_documented_name(daemon):
    """After some traffic nothing is missing, and nothing of ours is there undocumented."""
    names = documented()
    families = scrape(daemon)
    shown = {sample.name for family in families.values() for sample in family.samples}
    series = {name + end for name in names.values() for end in ("", "_count")}

    assert {instrument.name for instrument in CATALOGUE} == set(names)
    assert not [name for name in names.values() if not {name, f"{name}_count"} & shown]
    for family in families.values():
        if family.name.startswith(("playhead", "http")):
            assert {family.name, f"{family.name}_total"} & series
            assert family.documentation


def test_values_are_what_they_say(daemon):
    """Counts, the head of the log and the start agree with the log itself."""
    events = daemon.events()
    families = scrape(daemon)
    started, head, appended, fault, lag = (
        families[name].samples[0].value
        for name in (
            "playhead_start_time_seconds",
            "playhead_log_head",
            "playhead_log_events",
            "playhead_log_fault",
            "playhead_views_lag",
        )
    )

    assert abs(started - time.time()) < 120
    assert head == appended
    assert head >= events[-1]["seq"]
    assert (0, 0) == (fault, lag)


def test_labels_are_route_templates_never_paths(daemon):
    """However many paths and methods are invented: a handful of series, and none tells a name."""
    before = len(labels(daemon))
    for number in range(30):
        daemon.client.get(f"/invented/{number}")
        daemon.client.get(f"/timestamps/{number}")
        daemon.client.get(f"/api/positions?media={number}")
        daemon.client.request(f"METHOD{number}", "/api/positions")
    after = labels(daemon)

    assert len(after) <= before + 4
    assert {"http_request_method", "http_route", "http_response_status_code"} == set(after[0])
    assert {sample["http_route"] for sample in after} <= {route.path for route in ROUTES} | {
        "unmatched"
    }
    assert {sample["http_request_method"] for sample in after} <= METHODS
    assert "private" not in daemon.client.get("/metrics").text


def test_bucket_bounds_are_seconds_of_our_scale(daemon):
    """Half a millisecond to ten seconds, written as OpenMetrics demands."""
    samples = scrape(daemon, open_metrics, OPEN_METRICS)["playhead_log_append_duration_seconds"]
    bounds = {sample.labels["le"] for sample in samples.samples if "le" in sample.labels}

    assert {"0.0005", "1.0", "10.0", "+Inf"} < bounds


def test_promtool_finds_nothing_to_complain_about(daemon):
    """Names, units and help texts follow Prometheus' conventions."""
    promtool = require_program("promtool", HINT)
    text = daemon.client.get("/metrics").content
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, check=False
    )

    assert (0, b"") == (checked.returncode, checked.stderr + checked.stdout)


def test_a_real_prometheus_scrapes_it(daemon, prometheus):
    """The target is up, and every documented name can be queried."""
    known = httpx.get(f"{prometheus}/api/v1/label/__name__/values", trust_env=False).json()["data"]

    assert {"1"} == result(prometheus, "up{job='playhead'}")
    assert not [name for name in documented().values() if not {name, f"{name}_count"} & set(known)]
    assert {"true"} == {str(float(v) >= 2).lower() for v in result(prometheus, "playhead_log_head")}


def test_spans_and_metrics_reach_a_collector(tmp_path):
    """Spans are named by route, commits have their own, and metrics come with them."""
    with Collector() as collector:
        environment = {"PLAYHEAD_TELEMETRY_OTLP_ENDPOINT": collector.url + "/"}
        with DaemonProcess(tmp_path / "data", environment=environment) as daemon:
            daemon.client.post("/api/positions", json=report_body()).raise_for_status()
            daemon.client.get("/timestamps/private.mkv")
            daemon.client.get("/invented/path")
        spans = [span.name for span in collector.spans]
        exported = repr([collector.spans, collector.metrics])

    assert {"service.name": "playhead"}.items() <= collector.resources[0].items()
    assert [
        {
            "http.request.method": "GET",
            "http.route": "/timestamps/{name:path}",
            "http.response.status_code": "404",
        }
    ] == collector.attributes("GET /timestamps/{name:path}")
    assert 1 == spans.count("POST /api/positions")
    assert "log.commit" in spans
    assert "private" not in exported
    assert {"playhead.log.head", "playhead.log.events", REQUESTS_OTLP} <= set(collector.metrics)


def test_a_trace_leads_from_the_request_to_its_event_and_its_log_lines(tmp_path):
    """Whoever asks may bring the trace; what was slow says which it belongs to."""
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    with Collector() as collector:
        environment = {"PLAYHEAD_TELEMETRY_OTLP_ENDPOINT": collector.url}
        environment["PLAYHEAD_TELEMETRY_SLOW_S"] = "0.000001"
        with DaemonProcess(tmp_path / "data", environment=environment) as daemon:
            headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
            told = {}

            def is_told():  # at most one line of a kind in a second
                answer = daemon.client.post("/api/positions", json=report_body(), headers=headers)
                answer.raise_for_status()
                lines = [line for line in daemon.lines if line.get("trace_id") == trace_id]
                told.update({line["event"]: line for line in lines})
                return {"append_slow", "request_slow"} <= told.keys()

            wait_until(is_told, "both lines")
        spans = [span for span in collector.spans if span.name == "POST /api/positions"]
        seqs = {each["playhead.event.seq"] for each in collector.attributes("POST /api/positions")}

    assert {trace_id} == {span.trace_id.hex() for span in spans}
    assert str(told["append_slow"]["seq"]) in seqs
    assert "ReportPositions" == told["append_slow"]["command"]
    assert ("POST", "/api/positions", 200) == tuple(
        told["request_slow"][name] for name in ("method", "route", "status")
    )


def test_a_collector_that_is_down_disturbs_nobody(tmp_path):
    """Refusing or silent: requests are answered as ever, and the end takes seconds at most."""
    with socket.socket() as silent, ExitStack() as stack:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        daemons = [
            stack.enter_context(
                DaemonProcess(
                    tmp_path / str(port),
                    environment={"PLAYHEAD_TELEMETRY_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"},
                )
            )
            for port in (silent.getsockname()[1], free_port())
        ]
        for daemon in daemons:
            for _ in range(20):
                answer = daemon.client.post("/api/positions", json=report_body())
                assert 200 == answer.status_code
        for daemon in daemons:
            daemon.process.terminate()

        assert [0, 0] == [daemon.process.wait(END_TIMEOUT_S) for daemon in daemons]
        for daemon in daemons:
            assert "Traceback" not in "".join(daemon.text)


def test_a_busy_daemon_stays_ready(tmp_path):
    """A probe never finds the views behind only because somebody writes at that moment."""
    with DaemonProcess(tmp_path / "data") as daemon, Load(daemon.url) as load:
        load.wait_for_acknowledged(1)
        answers = [daemon.client.get("/readyz") for _ in range(200)]

    assert {200} == {answer.status_code for answer in answers}
    assert [] == load.refusals
