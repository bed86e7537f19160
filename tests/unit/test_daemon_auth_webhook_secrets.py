"""Whose webhook a secret opens."""

import pytest

from daemon.auth import Principal, WebhookSecrets

SECRETS = WebhookSecrets({"attic": "one", "barn": "two-ä", "cellar": ""})


def judged(server, *, header=None, authorization=None, is_open=False):
    """The verdict on one request."""
    return SECRETS.judge(server, header=header, authorization=authorization, is_open=is_open)


def allowed(name):
    """Whoever knows the secret of a server may only tell what happened there."""
    return Principal(f"server {name}", frozenset({"webhook"}))


@pytest.mark.parametrize("server", ["attic", "ATTIC"])
def test_the_secret_opens_the_webhook_of_its_server(server):
    """As a header of its own or as a bearer token; the name's case does not count."""
    assert allowed("attic") == judged(server, header="one")
    assert allowed("attic") == judged(server, authorization="Bearer one")
    assert allowed("attic") == judged(server, authorization="bearer  one ")


def test_a_secret_may_have_any_characters():
    """Headers arrive as bytes; those of UTF-8 are meant."""
    assert allowed("barn") == judged("barn", header="two-ä".encode().decode("latin-1"))


@pytest.mark.parametrize("header", ["two", "on", "one1", "", "ONE"])
def test_a_wrong_secret_is_wrong_whatever_else_is_sent(header):
    """Even where a good credential comes along, or none is needed."""
    assert "wrong" == judged("attic", header=header)
    assert "wrong" == judged("attic", header=header, authorization="Bearer one", is_open=True)


def test_the_secret_of_another_server_is_wrong():
    """One server cannot speak for another."""
    assert "wrong" == judged("barn", header="one")


def test_a_bearer_token_may_be_one_of_ours():
    """The gate decides, unless it is open and there is no token at all."""
    assert judged("attic", authorization="Bearer ph_token") is None
    assert "wrong" == judged("attic", authorization="Bearer ph_token", is_open=True)


@pytest.mark.parametrize("authorization", [None, "", "Basic b25l", "Bearer"])
def test_without_a_secret_a_credential_decides(authorization):
    """Nothing was presented that could be compared."""
    assert judged("attic", authorization=authorization) is None


def test_a_server_without_secret_needs_a_credential():
    """An empty secret is none: it opens nothing, and nothing is compared with it."""
    assert judged("cellar", header="") is None
    assert judged("cellar", header="one") is None
    assert judged("cellar", authorization="Bearer ") is None


def test_any_secret_lets_one_hear_that_a_name_is_wrong():
    """Whoever mistyped the name in the plugin is told, others are not."""
    assert allowed("barn") == judged("bran", header="two-ä".encode().decode("latin-1"))
    assert "wrong" == judged("bran", header="three")
    assert judged("bran") is None


def test_without_any_secret_headers_say_nothing():
    """The gate decides alone."""
    assert (
        WebhookSecrets({"attic": ""}).judge(
            "attic", header="x", authorization="Bearer y", is_open=True
        )
        is None
    )
