"""Rules for players and organizers: each broken one is told in a sentence."""

import pytest

from daemon.config.players import Organizer, Player
from daemon.config.rules import problems_between
from daemon.config.settings import Settings


def problems(**sections):
    """Pairs of key and sentence for settings that are otherwise at their defaults."""
    return list(problems_between(Settings(**sections)))


def player(**values):
    """A player that is sound but for these values."""
    return Player(**({"name": "sofa", "socket": "/run/mpv.sock"} | values))


def organizer(**values):
    """An organizer that is sound but for these values."""
    return Organizer(**({"name": "inbox", "folder": "/data/inbox"} | values))


def test_sound_ones_are_taken():
    """Several of both."""
    players = (player(), player(name="attic", socket="/run/2.sock", folder="/data/videos"))
    organizers = (organizer(), organizer(name="other", folder="/data/inbox2"))

    assert [] == problems(player=players, organizer=organizers)


@pytest.mark.parametrize(
    ("values", "key", "word"),
    [
        ({"name": "a b"}, "name", "letters, digits"),
        ({"socket": "mpv.sock"}, "socket", "whole path"),
        ({"socket": "/" + "x" * 200}, "socket", "107 bytes"),
        ({"folder": "videos"}, "folder", "whole path"),
        ({"folder": "/data/../etc"}, "folder", "'..'"),
        ({"extensions": (".mkv",)}, "extensions", "without the dot"),
        ({"extensions": ("MKV",)}, "extensions", "small letters"),
        ({"relaunch": True}, "relaunch", "needs launch"),
        ({"launch": (" ",)}, "launch", "name of a program"),
    ],
)
def test_a_bad_player_is_told(values, key, word):
    """With the key, and what would be right."""
    ((told, sentence),) = problems(player=(player(**values),))

    assert f"player[1].{key}" == told
    assert word in sentence


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"name": "-a"}, "name"),
        ({"folder": "inbox"}, "folder"),
        ({"extensions": ("m kv",)}, "extensions"),
        ({"companions": ("",)}, "companions"),
        ({"garbage_words": ("two words",)}, "garbage_words"),
        ({"special_words": ("",)}, "special_words"),
    ],
)
def test_a_bad_organizer_is_told(values, key):
    """With the key."""
    ((told, _),) = problems(organizer=(organizer(**values),))

    assert f"organizer[1].{key}" == told


def test_two_players_share_neither_name_nor_socket():
    """The second is told of."""
    told = problems(player=(player(), player(name="SOFA")))

    assert ["player[2].name", "player[2].socket"] == [key for key, _ in told]


@pytest.mark.parametrize("folder", ["/data/inbox", "/data/inbox/deeper", "/data"])
def test_two_organizers_share_no_folder(folder):
    """Not in part either: a file would have two."""
    told = problems(organizer=(organizer(), organizer(name="other", folder=folder)))

    assert [("organizer[2].folder", "overlaps with that of 'inbox'")] == told
