"""Rules between settings: each broken one is named by its key and told in a sentence."""

import pytest

from daemon.config.rules import problems_between
from daemon.config.settings import Auth, GarbageCollection, Server, Settings, Telemetry


def problems(**sections):
    """Everything wrong with settings that are otherwise at their defaults, by key."""
    return dict(problems_between(Settings(**sections)))


def test_the_defaults_are_sound():
    """A daemon without any configuration starts."""
    assert {} == problems()


@pytest.mark.parametrize(
    ("sections", "key", "word"),
    [
        ({"server": Server(bind="8787")}, "server.bind", "address"),
        ({"gc": GarbageCollection(schedule="whenever")}, "gc.schedule", "fields"),
        ({"auth": Auth(user="mara")}, "auth.user", "no password"),
        ({"auth": Auth(password="x")}, "auth.password", "no user"),
        ({"auth": Auth(user="a:b", password="x")}, "auth.user", "colon"),
        (
            {"server": Server(allowed_origins=("https://a.example/",))},
            "server.allowed_origins",
            "without a path",
        ),
        (
            {"server": Server(trusted_proxies=("10.0.0.1/8",))},
            "server.trusted_proxies",
            "has host bits set",
        ),
        (
            {"server": Server(trusted_proxies=("caddy",))},
            "server.trusted_proxies",
            "write 127.0.0.1, or a network",
        ),
        (
            {"server": Server(allowed_origins=("a.example",))},
            "server.allowed_origins",
            "scheme://host",
        ),
        (
            {"telemetry": Telemetry(otlp_endpoint="collector:4318")},
            "telemetry.otlp_endpoint",
            "URL",
        ),
    ],
)
def test_a_broken_rule_names_its_key(sections, key, word):
    """The operator sees where to look and what is wrong there."""
    found = problems(**sections)

    assert [key] == list(found)
    assert word in found[key]


def test_no_sentence_shows_the_password():
    """A problem with credentials is told without them."""
    found = problems(auth=Auth(user="a:b", password="hunter2"))

    assert "hunter2" not in str(found)


def test_tls_needs_both_files_and_they_must_exist(tmp_path):
    """A certificate without its key, or a path without a file, is told before anything starts."""
    certificate = tmp_path / "chain.pem"
    certificate.touch()

    alone = problems(server=Server(tls_certificate_file=str(certificate)))
    missing = problems(
        server=Server(tls_certificate_file=str(certificate), tls_key_file="/nowhere/key.pem")
    )

    assert ["server.tls_key_file"] == list(alone)
    assert "there is no file /nowhere/key.pem" == missing["server.tls_key_file"]
