"""
Renders a chart as an installation would, and prints the manifests as JSON: run by the test beside
it with a Python for which `helm-sdkpy` exists (3.12 or later).

Helm installs into a stand-in for Kubernetes, which takes whatever it is given and remembers it.
"""

import asyncio
import http.server
import json
import sys
import tempfile
import threading
from pathlib import Path

import helm_sdkpy

TAKEN: list[dict] = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """Takes what is created; has nothing."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _answer(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        """Versions, kinds, and nothing else."""
        path = self.path.partition("?")[0].rstrip("/")
        if path == "/version":
            self._answer(200, {"major": "1", "minor": "31", "gitVersion": "v1.31.0"})
        elif path == "/api":
            self._answer(200, {"kind": "APIVersions", "versions": ["v1"]})
        elif path == "/apis":
            groups = ("apps/v1", "networking.k8s.io/v1", "monitoring.coreos.com/v1")
            self._answer(200, {"kind": "APIGroupList", "groups": [_group(each) for each in groups]})
        elif path in KINDS:
            self._answer(200, _resources(path))
        elif path.endswith("/secrets"):
            self._answer(200, {"kind": "SecretList", "apiVersion": "v1", "items": []})
        else:
            self._answer(
                404, {"kind": "Status", "code": 404, "reason": "NotFound", "status": "Failure"}
            )

    def do_POST(self) -> None:
        """Takes an object; Helm's own notes, which are no JSON, are given back as they came."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Type", "").startswith("application/json"):
            TAKEN.append(json.loads(data))
        self.send_response(201)
        self.send_header("Content-Type", self.headers["Content-Type"])
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


KINDS = {
    "/api/v1": ("Service", "ConfigMap", "Secret", "Namespace"),
    "/apis/apps/v1": ("StatefulSet",),
    "/apis/networking.k8s.io/v1": ("Ingress",),
    "/apis/monitoring.coreos.com/v1": ("ServiceMonitor",),
}


def _group(version: str) -> dict:
    name = version.partition("/")[0]
    known = {"groupVersion": version, "version": "v1"}
    return {"name": name, "versions": [known], "preferredVersion": known}


def _resources(path: str) -> dict:
    version = path.removeprefix("/apis/").removeprefix("/api/")
    return {
        "kind": "APIResourceList",
        "groupVersion": version,
        "resources": [
            {
                "name": ("ingresses" if kind == "Ingress" else kind.lower() + "s"),
                "singularName": kind.lower(),
                "kind": kind,
                "namespaced": kind != "Namespace",
                "verbs": ["create", "get", "list", "patch", "update"],
            }
            for kind in KINDS[path]
        ],
    }


async def main(chart: str, values: dict) -> None:
    """Lints the chart, installs it, prints what the cluster was given."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "stub", "cluster": {"server": address}}],
        "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
        "users": [{"name": "stub", "user": {}}],
        "current-context": "stub",
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kubeconfig"
        file.write_text(json.dumps(config), encoding="utf-8")
        configuration = helm_sdkpy.Configuration(namespace="media", kubeconfig=str(file))
        install = helm_sdkpy.Install(configuration)
        await install.run("playhead", chart, values=values, wait=False)
    sys.stdout.write(json.dumps([each for each in TAKEN if each["kind"] != "Secret"]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
