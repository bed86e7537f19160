"""
Real reverse proxies with the configurations that are shipped, in front of a daemon: Caddy and
nginx, each on a free port of loopback with a certificate of its own making.

What is changed in a configuration is what an operator changes: addresses, and where the certificate
lies.
"""

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from support.checkout import ROOT
from support.mpv import require_program

FOLDER = ROOT / "ops" / "packaging" / "proxy"
NAME = "playhead.example.org"
UPSTREAM = "127.0.0.1:8787"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
REQUEST_TIMEOUT_S = 60.0
POLL_S = 0.02

CADDY_GLOBAL = """{
	admin off
	auto_https disable_redirects
	default_bind 127.0.0.1
	grace_period 1s
	local_certs
	skip_install_trust
	storage file_system %s
}
"""

NGINX_MAIN = """
%s
daemon off;
worker_processes 1;
pid %s/pid;
events {}
http {
    access_log off;
    client_body_temp_path %s/body;
    proxy_temp_path %s/proxy;
    fastcgi_temp_path %s/fastcgi;
    uwsgi_temp_path %s/uwsgi;
    scgi_temp_path %s/scgi;
    include %s/playhead.conf;
}
"""


class Toward(httpx.HTTPTransport):
    """Finds the example's name on a port of this machine, as its DNS would."""

    def __init__(self, port: int, **options: Any) -> None:
        super().__init__(**options)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer from there; the name stays in the Host header and in the handshake."""
        request.extensions = {**request.extensions, "sni_hostname": NAME}
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return super().handle_request(request)


class Proxy:
    """
    A running proxy; use it as a context manager.

    `check` is the command with which it checks its configuration, and `folder` all that it writes.
    """

    def __init__(self, folder: Path, upstream: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.command, self.check = self._configured(upstream)
        self._log = folder / "log"
        self._environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.close()
            raise

    def _configured(self, upstream: str) -> tuple[Sequence[str], Sequence[str]]:
        """How it is started and how it is checked, when its files are written."""
        raise NotImplementedError

    def authority(self) -> Path:
        """The certificate by which its own is trusted."""
        raise NotImplementedError

    def client(self, *, http2: bool = False, **options: Any) -> httpx.Client:
        """A client that trusts its certificate only, and knows it by the example's name."""
        return httpx.Client(
            base_url=f"https://{NAME}",
            transport=Toward(self.port, verify=self._trust(), http2=http2),
            timeout=REQUEST_TIMEOUT_S,
            **options,
        )

    def checked(self) -> str:
        """What it says about its configuration; fails with it when that is not good."""
        done = subprocess.run(
            self.check, check=False, capture_output=True, text=True, env=self._environment
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._shakes_hands():
            log = self._log.read_text(encoding="utf-8", errors="replace")
            assert self._process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(POLL_S)

    def _shakes_hands(self) -> bool:
        """Whether its certificate is there, which may take longer than its port."""
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), REQUEST_TIMEOUT_S) as plain,
                self._trust().wrap_socket(plain, server_hostname=NAME),
            ):
                return True
        except OSError:
            return False

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority()))

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Caddy(Proxy):
    """Caddy, with its local authority."""

    def _configured(self, upstream: str) -> tuple[Sequence[str], Sequence[str]]:
        program = require_program("caddy", "install caddy (Debian) to run this test")
        text = (FOLDER / "Caddyfile").read_text(encoding="utf-8").replace(UPSTREAM, upstream)
        text = text.replace(f"\n{NAME} {{", f"\n{NAME}:{self.port} {{")
        file = self.folder / "Caddyfile"
        file.write_text(CADDY_GLOBAL % self.folder + text, encoding="utf-8")
        options = ["--config", str(file), "--adapter", "caddyfile"]
        return [program, "run", *options], [program, "validate", *options]

    def authority(self) -> Path:
        """Made when it starts."""
        return self.folder / "pki" / "authorities" / "local" / "root.crt"


class Nginx(Proxy):
    """nginx, with a certificate that signs itself."""

    def _configured(self, upstream: str) -> tuple[Sequence[str], Sequence[str]]:
        program = require_program("nginx", "install nginx (Debian) to run this test")
        self._write_certificate()
        text = (FOLDER / "nginx.conf").read_text(encoding="utf-8").replace(UPSTREAM, upstream)
        text = re.sub(r" *listen \[::\].*\n", "", text)
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.port} ")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
        text = re.sub(r"/etc/letsencrypt/live/[^/]*/", f"{self.folder}/", text)
        (self.folder / "playhead.conf").write_text(text, encoding="utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        main = self.folder / "nginx.conf"
        main.write_text(NGINX_MAIN % (user, *[self.folder] * 7), encoding="utf-8")
        options = ["-c", str(main), "-p", str(self.folder), "-e", "stderr"]
        return [program, *options], [program, "-t", *options]

    def _write_certificate(self) -> None:
        openssl = require_program("openssl", "install openssl to run this test")
        made = ["-keyout", self.folder / "privkey.pem", "-out", self.folder / "fullchain.pem"]
        names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
        command = [openssl, "req", "-x509", "-days", "2", *curve, *names, *map(str, made)]
        subprocess.run(command, check=True, capture_output=True)

    def authority(self) -> Path:
        """Itself."""
        return self.folder / "fullchain.pem"


def free_port() -> int:
    """A port on which nobody listens now; these programs take none by themselves and tell it."""
    with socket.socket() as trying:
        trying.bind(("127.0.0.1", 0))
        port: int = trying.getsockname()[1]
        return port
