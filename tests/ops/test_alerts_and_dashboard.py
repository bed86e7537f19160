"""Alerts and the dashboard: sound, tested, and about metrics that exist."""

import json
import re
import subprocess

import pytest

from daemon.telemetry.catalogue import CATALOGUE
from support.checkout import ROOT
from support.mpv import require_program

HINT = "install prometheus (Debian: apt-get install prometheus) to run this test"
RULES = ROOT / "ops" / "prometheus" / "playhead.rules.yml"
TESTS = ROOT / "ops" / "prometheus" / "playhead.rules.test.yml"
DASHBOARD = json.loads((ROOT / "ops" / "grafana" / "playhead.json").read_text(encoding="utf-8"))

METRIC = re.compile(r"\b(?:playhead|http_server)_[a-z0-9_]+")
HISTOGRAM_PARTS = ("_bucket", "_count", "_sum")


def promtool(*arguments, typed=""):
    """What promtool says; fails with it when it is not content."""
    program = require_program("promtool", HINT)
    done = subprocess.run(
        [program, *arguments], input=typed, capture_output=True, text=True, check=False, timeout=60
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def known():
    """Every name under which Prometheus sees something of ours."""
    names = set()
    for instrument in CATALOGUE:
        name = instrument.name.replace(".", "_")
        name += {"s": "_seconds", "By": "_bytes"}.get(instrument.unit, "")
        if instrument.kind == "histogram":
            names |= {name + part for part in HISTOGRAM_PARTS}
        names.add(name + ("_total" if instrument.kind == "counter" else ""))
    return names


def queries():
    """Every query of the dashboard, as Prometheus gets it."""
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [text.replace("$__rate_interval", "5m").replace("$instance", ".*") for text in found]


def test_alerts_are_sound():
    """As Prometheus reads them."""
    assert "SUCCESS" in promtool("check", "rules", str(RULES))


def test_alerts_tell_what_they_should_and_when():
    """Their own unit tests."""
    assert "SUCCESS" in promtool("test", "rules", str(TESTS))


def test_each_alert_has_a_test():
    """One that never fires is worse than none."""
    alerts = set(re.findall(r"alert: (\w+)", RULES.read_text(encoding="utf-8")))
    fired = set(re.findall(r"alertname: (\w+)\n +exp_alerts:\n", TESTS.read_text(encoding="utf-8")))

    untested = alerts - fired
    assert {"PlayheadSlowDisk"} == untested  # the rule it stands on has one


def test_alerts_name_metrics_that_exist():
    """A renamed metric would silence them."""
    text = "\n".join(
        line for line in RULES.read_text(encoding="utf-8").splitlines() if "description" not in line
    )

    assert set() == set(METRIC.findall(text)) - known()


def test_the_dashboard_names_metrics_that_exist():
    """No panel is empty for ever; the list of instances too."""
    variables = [each["query"] for each in DASHBOARD["templating"]["list"]]
    named = set(METRIC.findall("\n".join([*queries(), *map(str, variables)])))

    assert set() == named - known()
    assert len(named) > 20


def test_the_dashboards_queries_are_sound(tmp_path):
    """As Prometheus parses them."""
    rules = [
        {"record": f"panel:{number}", "expr": text}
        for number, text in enumerate(queries(), start=1)
    ]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")

    assert f"{len(rules)} rules found" in promtool("check", "rules", str(file))


@pytest.mark.parametrize("key", ["id", "gridPos"])
def test_no_two_panels_are_the_same_or_lie_on_each_other(key):
    """Grafana would show one of them."""
    found = [json.dumps(panel[key], sort_keys=True) for panel in DASHBOARD["panels"]]

    assert len(found) == len(set(found))


def test_every_panel_says_what_it_shows():
    """To somebody who sees it for the first time."""
    silent = [
        panel["title"]
        for panel in DASHBOARD["panels"]
        if panel["type"] != "row" and not panel["description"]
    ]

    assert [] == silent
