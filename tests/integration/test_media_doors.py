"""Who is let in where files are: every route that needs a scope, and every way around it."""

import re

import pytest

from daemon.web.app import ROUTES
from support.daemon import DaemonProcess
from support.people import bearer, make_token

GUARDED = [endpoint for endpoint in ROUTES if endpoint.scope in {"media", "admin"}]
ORDERS = [
    each for each in GUARDED if each.is_order or each.method not in {"GET", "HEAD", "OPTIONS"}
]
FOREIGN = "http://evil.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A daemon with a token for each scope: its client, and the tokens' headers."""
    data = tmp_path_factory.mktemp("doors") / "data"
    data.mkdir()
    tokens = {scope: bearer(make_token(data, scope, scope)) for scope in ("play", "media", "admin")}
    with DaemonProcess(data) as daemon:
        yield daemon.client, tokens


def called(endpoint):
    """What a route is called in a report."""
    return f"{endpoint.method} {endpoint.path}"


def ask(house, endpoint, scope, **headers):
    """The status of a request that says nothing; without a scope it has no token."""
    client, tokens = house
    path = re.sub(r"{\w+(:path)?}", "P1-None", endpoint.path)
    sent = {"Tus-Resumable": "1.0.0"} | tokens.get(scope, {}) | headers
    return client.request(endpoint.method, path, headers=sent).status_code


@pytest.mark.parametrize("endpoint", GUARDED, ids=called)
def test_whoever_lacks_the_scope_stays_outside(house, endpoint):
    """Before anything is looked at; a stranger is asked who it is."""
    lesser = ["play"] if endpoint.scope == "media" else ["play", "media"]

    assert [403] * len(lesser) == [ask(house, endpoint, scope) for scope in lesser]
    assert 401 == ask(house, endpoint, "")


@pytest.mark.parametrize("endpoint", ORDERS, ids=called)
def test_no_page_of_another_origin_gives_orders(house, endpoint):
    """Not even with the credential of somebody who may, and not by a name of its own for us."""
    foreign = {"Origin": FOREIGN} if not endpoint.is_order else {"Referer": f"{FOREIGN}/page"}

    assert 403 == ask(house, endpoint, "admin", **foreign)
    assert 403 == ask(house, endpoint, "admin", **{"Sec-Fetch-Site": "cross-site"})
    assert 403 == ask(house, endpoint, "admin", Origin="null")
    assert 421 == ask(house, endpoint, "admin", Host="evil.example")
