"""
The Jellyfin double against the published descriptions of the API, one per version.

They are no part of this checkout: without `../shared/data/openapi` beside it these tests skip
themselves, and the comparison at the end of every other scene judges nothing.
"""

import dataclasses

import pytest

from support.jellyfin import conformance
from support.jellyfin.journal import Exchange
from support.jellyfin.scene import scene
from support.jellyfin.server import ROUTER
from support.jellyfin.versions import V10_11, VERSIONS

pytestmark = pytest.mark.skipif(not conformance.available(), reason=conformance.ABSENT)

NOT_BUILT = {
    ("DELETE", "/Items"),
    ("POST", "/Library/VirtualFolders"),
    ("DELETE", "/Library/VirtualFolders"),
    ("DELETE", "/ScheduledTasks/Running/{taskId}"),
}
EXCHANGE = Exchange(
    method="POST",
    path="/UserItems/0123456789abcdef0123456789abcdef/UserData",
    template="/UserItems/{itemId}/UserData",
    legacy=False,
    query=(),
    headers={},
    body_text=b'{"PlayCount": 1}',
    user="mara",
    api_key=False,
    status=200,
    answer_text='{"PlayCount": 1, "Played": true, "Key": "x"}',
)


@pytest.fixture(params=VERSIONS, ids=lambda version: version.number)
def version(request):
    return request.param


def test_every_described_operation_is_built_or_named_as_missing(version):
    """The subset of the description holds what a sync engine uses."""
    described = conformance.load(version.number).templates()

    missing = {
        (method, template)
        for method, template in described
        if ROUTER.find(method, template.replace("{", "").replace("}", "")) is None
    }

    assert NOT_BUILT == missing


def test_what_the_double_says_is_described(version):
    """A tour through the routes: requests, answers and socket messages fit the description."""
    with scene(version) as set_up:
        library, root = set_up.jellyfin.library, set_up.user(set_up.root)
        season = library.add_season(library.add_series("Pier", premiere_date="2020-01-31"), 1)
        items = [
            set_up.film(year=2020, overview="Text", genres=["Drama"]),
            library.add_episode(season, 1),
            library.add_song(library.add_album("Tides", "Keepers"), 1, "Ebb"),
            library.add_audiobook("Lamp"),
            library.add_book("Log"),
            library.add_home_video("Beach"),
            season,
        ]
        for item in items:
            for method in ("POST", "DELETE"):
                for route in ("UserPlayedItems", "UserFavoriteItems"):
                    root.request(method, f"/{route}/{item.id}")
            root.post(f"/UserItems/{item.id}/Rating", params={"likes": True})
            root.get(f"/Items/{item.id}")
        root.post("/Sessions/Playing", json={"ItemId": items[0].id, "PositionTicks": 1})
        root.get("/Sessions")
        fields = "Path,ProviderIds,MediaSources,MediaStreams,DateCreated,ParentId,SortName"
        root.get("/Items", params={"recursive": True, "fields": fields, "limit": 50})
        exchanges = set_up.jellyfin.journal.of()

    assert {200, 204} == {exchange.status for exchange in exchanges}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"answer_text": '{"Played": "yes"}'}, "Played"),
        ({"answer_text": '{"Watched": true}'}, "Watched"),
        ({"body_text": b'{"PlayCuont": 1}'}, "PlayCuont"),
        ({"query": (("userid", "zz"),)}, "userid"),
        ({"query": (("user", "x"),)}, "unknown query parameter user"),
        ({"status": 201}, "201"),
        ({"method": "DELETE"}, "no such operation"),
    ],
)
def test_the_comparison_finds_what_does_not_fit(change, complaint):
    """Wrong types, unknown members and parameters, undescribed states and operations."""
    spec = conformance.load(V10_11.number)
    problems = spec.exchange_problems(dataclasses.replace(EXCHANGE, **change), frozenset())

    assert [] == spec.exchange_problems(EXCHANGE, frozenset())
    assert any(complaint in problem for problem in problems), problems


def test_the_comparison_knows_socket_messages():
    """Unknown types and wrong data are found."""
    spec = conformance.load(V10_11.number)
    good = {"MessageType": "KeepAlive", "MessageId": "0" * 32}

    assert [] == spec.message_problems(good)
    assert ["no such message"] == spec.message_problems(good | {"MessageType": "Dance"})
    assert spec.message_problems({"MessageType": "ForceKeepAlive", "Data": "soon"})
