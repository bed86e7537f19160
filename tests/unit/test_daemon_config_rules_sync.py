"""Rules for Jellyfin servers, paths and users: each broken one is told in a sentence."""

import pytest

from daemon.config.rules import problems_between
from daemon.config.settings import Settings
from daemon.config.sync import JellyfinServer, PathPolicy, Sync


def problems(**sections):
    """Pairs of key and sentence for settings that are otherwise at their defaults."""
    return list(problems_between(Settings(**sections)))


def server(**values):
    """A server that is sound but for these values."""
    sound = {"name": "attic", "url": "http://attic.example:8096", "api_key": "k3y"}
    return JellyfinServer(**(sound | values))


@pytest.mark.parametrize("name", ["a", "attic", "Attic.2", "2", "a-b_c.d", "a" * 64])
def test_a_good_name_is_taken(name):
    """Letters, digits, and three signs inside."""
    assert [] == problems(jellyfin=(server(name=name),))


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "a b", "a/b", "ä", "a\n", "a" * 65])
def test_another_name_is_refused(name):
    """It becomes part of a URL, a variable and a file's name."""
    ((key, sentence),) = problems(jellyfin=(server(name=name),))

    assert "jellyfin[1].name" == key
    assert "must be 1 to 64 letters, digits, dots, dashes or underscores" in sentence


def test_names_that_differ_only_in_case_are_refused():
    """The second is told of; a name of its own stays untouched."""
    told = problems(jellyfin=(server(), server(name="cellar"), server(name="ATTIC")))

    assert ["jellyfin[3].name"] == [key for key, _ in told]
    assert "differ in more than case" in told[0][1]


@pytest.mark.parametrize(
    "url",
    [
        "http://attic",
        "https://attic.example:8920/jellyfin",
        "http://192.0.2.1:8096",
        "http://[2001:db8::1]:8096",
        "HTTPS://Attic.example",
    ],
)
def test_a_good_url_is_taken(url):
    """Names, addresses, ports and a base path."""
    assert [] == problems(jellyfin=(server(url=url),))


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "must be http://"),
        ("attic:8096", "must be http://"),
        ("ftp://attic", "must be http://"),
        ("http:", "must be http://"),
        ("http://:8096", "must be http://"),
        ("http://attic:0", "must be http://"),
        ("http://attic:65536", "must be http://"),
        ("http://attic:http", "must be http://"),
        ("http://[::1", "must be http://"),
        ("http://at tic", "must be http://"),
        ("http://attic\n.example", "must be http://"),
        ("http:\\\\attic", "must be http://"),
        ("http://mara:hunter2@attic", "must not hold a user"),
        ("http://attic?api_key=hunter2", "no ?"),
        ("http://attic/#hunter2", "no #"),
    ],
)
def test_another_url_is_refused_and_not_repeated(url, word):
    """What is wrong with it may be a password inside, so no sentence shows it."""
    ((key, sentence),) = problems(jellyfin=(server(url=url),))

    assert "jellyfin[1].url" == key
    assert word in sentence
    assert "hunter2" not in sentence


def test_a_server_without_a_key_is_told_every_way_to_give_one():
    """The variable and the credential are named as they must be written."""
    told = problems(jellyfin=(server(name="At-tic.2", api_key=""), server(name="", api_key="")))

    assert (
        "jellyfin[1].api_key",
        (
            "is missing or empty: set api_key_file, PLAYHEAD_JELLYFIN_AT_TIC_2_API_KEY or the"
            " credential playhead.jellyfin.At-tic.2.api_key"
        ),
    ) == told[0]
    assert ("jellyfin[2].api_key", "is missing or empty: set api_key_file") == told[2]


@pytest.mark.parametrize(
    ("paths", "word"),
    [
        ({"": "/media"}, "an empty prefix leads to '/media'"),
        ({" ": "/media"}, "an empty prefix"),
        ({"/data": ""}, "'/data' must lead to a whole path"),
        ({"/data": "media"}, "not to 'media'"),
    ],
)
def test_prefixes_lead_from_something_to_a_whole_path(paths, word):
    """The same holds for servers and for players."""
    told = problems(jellyfin=(server(paths=paths),), sync=Sync(player_paths=paths))

    assert ["jellyfin[1].paths", "sync.player_paths"] == [key for key, _ in told]
    assert all(word in sentence for _, sentence in told)


@pytest.mark.parametrize(
    ("users", "word"),
    [
        ({"": "mara"}, "lacks a name"),
        ({"Mara": " "}, "lacks a name"),
        ({"Mara": "mara", "MARA": "m"}, "'MARA' is there twice"),
    ],
)
def test_users_have_names_and_each_one_meaning(users, word):
    """Jellyfin does not tell names apart by case."""
    ((key, sentence),) = problems(jellyfin=(server(users=users),))

    assert "jellyfin[1].users" == key
    assert word in sentence


@pytest.mark.parametrize(
    "prefix", ["/", "/media", "D:\\films", "D:/films", "\\\\nas\\f", "smb://n"]
)
def test_a_whole_path_is_a_good_prefix(prefix):
    """On Unix, on Windows, on a share."""
    told = problems(
        jellyfin=(server(paths={"films": prefix}),),
        path_policy=(PathPolicy(prefix=prefix, retries=0),),
    )

    assert [] == told


@pytest.mark.parametrize("prefix", ["", "media/films", "./media", "~/films", "D:films"])
def test_a_policy_for_anything_else_is_refused(prefix):
    """It would never fit, and nobody would know."""
    told = problems(path_policy=(PathPolicy(prefix=prefix, retries=0),))

    assert [("path_policy[1].prefix", "must be a whole path such as /media/films")] == told


def test_one_prefix_has_one_policy():
    """A slash at the end makes no difference; capitals do."""
    prefixes = ["/media", "/", "/Media", "/media/films", "/media/", "/"]

    told = problems(path_policy=tuple(PathPolicy(prefix=text, retries=1) for text in prefixes))

    assert ["path_policy[5].prefix", "path_policy[6].prefix"] == [key for key, _ in told]
    assert all("has another policy already" in sentence for _, sentence in told)
