"""perpetual's settings key by key, and its resume file."""

import pytest

from daemon.adopt.perpetual import (
    Resume,
    adopted_resume,
    adopted_settings,
    read_resume,
    read_settings,
)
from daemon.adopt.refusal import NotAdoptable
from projections.events import PositionReported

NOW = 1_800_000_000_000_000_000

EVERY_KEY = b"""
base_folder = "/srv/videos"
days = 7
filetypes = ["MKV", ".mp4"]
socket_path = "/run/mpv.sock"
state_interval = 2
order = "newest"
prune_playing = true
garbage_words_file = "/srv/words.txt"
auto_launch_mpv = true
auto_restart_mpv = true
resume = false
resume_allow_stale = true
watch_subdirs = true
log_level = "CRITICAL"
log_file = "/var/log/perpetual.log"
health_check_interval = 15
file_stability_delay = 0.5
file_stability_checks = 3
"""


def adopted(text=EVERY_KEY, *, base=None):
    """What the settings become."""
    return adopted_settings(read_settings(text, "perpetual.toml"), base=base, user="mara")


def test_every_key_is_accounted_for():
    """Each is mapped or listed as without a counterpart."""
    notes = adopted().notes

    mapped = {source.key for sources in notes.sources.values() for source in sources}
    assert set(read_settings(EVERY_KEY, "")) == (mapped | {left.key for left in notes.left}) - {""}
    assert [] == notes.unknown


def test_keys_become_a_player():
    """Intervals keep perpetual's floor, extensions lose dots and capitals."""
    (player,) = adopted().settings.player

    assert ("/srv/videos", "/run/mpv.sock") == (player.folder, player.socket)
    assert (7.0, "newest", ("mkv", "mp4")) == (player.days, player.order, player.extensions)
    assert (5.0, 15.0, 1.5) == (player.save_every_s, player.health_every_s, player.stable_s)
    assert (False, True, True) == (player.resume, player.resume_stale, player.interrupt)
    assert (("mpv", "--fullscreen"), True) == (player.launch, player.relaunch)
    assert "mara" == player.user


def test_keys_become_an_organizer():
    """The folder is the same: files are filed where they are played from."""
    adoption = adopted()
    (organizer,) = adoption.settings.organizer

    assert ("/srv/videos", ("mkv", "mp4")) == (organizer.folder, organizer.extensions)
    assert ("/srv/words.txt", 1.5) == (organizer.garbage_words_file, organizer.stable_s)
    assert "error" == adoption.settings.telemetry.log_level
    assert [] == adoption.problems()


def test_without_a_file_its_defaults_hold():
    """Nothing but what perpetual does unasked."""
    adoption = adopted(b"")
    (player,) = adoption.settings.player

    assert ("/data/videos", "/tmp/mpv.sock") == (player.folder, player.socket)
    assert ((), False, 3.0) == (player.launch, player.relaunch, player.days)
    assert [] == adoption.problems()


def test_its_command_line_wins_over_a_key_it_never_read():
    """The folder perpetual really used is that of --base."""
    adoption = adopted(base="/mnt/other")

    assert "/mnt/other" == adoption.settings.player[0].folder
    assert "/mnt/other" == adoption.settings.organizer[0].folder


def test_an_order_that_is_none_is_listed():
    """It then was the oldest first."""
    adoption = adopted(b'order = "sideways"')

    assert "oldest" == adoption.settings.player[0].order
    assert ["order"] == [left.key for left in adoption.notes.left]


def test_an_unknown_key_is_told():
    """It may be misspelt."""
    assert ["colour"] == adopted(b'colour = "blue"').notes.unknown


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b'days = "many"', "days must be a number"),
        (b"filetypes = 3", "filetypes must be a list"),
        (b"filetypes = [1]", "filetypes must be a list"),
        (b"resume = 5", "resume must be true or false"),
        (b'socket_path = "mpv.sock"', "socket_path must be a whole path"),
        (b'base_folder = "videos"', "base_folder must be a whole path"),
        (b"days = -1", "days cannot be taken over"),
    ],
)
def test_a_bad_value_is_a_problem_under_its_name(text, word):
    """All of them are told before anything is written."""
    assert any(word in problem for problem in adopted(text).problems())


@pytest.mark.parametrize("text", [b"days = ", b"\xff", b"= 3"])
def test_what_is_no_toml_is_refused(text):
    """With the name of the file."""
    with pytest.raises(NotAdoptable, match=r"perpetual\.toml"):
        read_settings(text, "perpetual.toml")


def test_the_resume_file_becomes_a_report():
    """Of the moment at which it was written."""
    record = adopted_resume(Resume("/srv/videos/a.mkv", 61.5), "mara", at=NOW - 5, now=NOW)

    assert (
        PositionReported(
            user="mara",
            media="/srv/videos/a.mkv",
            name="a.mkv",
            position_s=61.5,
            session="perpetual",
            path="/srv/videos/a.mkv",
        )
        == record.draft.event
    )
    assert NOW - 5 == record.draft.at


@pytest.mark.parametrize(
    "data", [b"", b" ", b'{"path": "", "time": 0}', b'{"path":"/a","time":-1}']
)
def test_a_resume_file_may_name_nothing(data):
    """perpetual writes it before anything was played."""
    assert read_resume(data, "r.json") is None


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"path": 5, "time": 1}', b"\xff"])
def test_another_file_is_no_resume_file(data):
    """It is told, and nothing is written."""
    with pytest.raises(NotAdoptable, match="no resume file"):
        read_resume(data, "r.json")
