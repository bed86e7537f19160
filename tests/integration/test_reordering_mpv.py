"""Plans for a playlist, run on a real mpv: they mean there what they mean here."""

import random

import pytest

from projections.reordering import Append, Entry, Remove, plan
from support.mpv import Mpv, write_wav

FILM_S = 600
FILES = [f"/videos/{number}.mkv" for number in range(40)]
ROUNDS = 25


class Player:
    """An mpv that plays a film, and other entries that it never opens."""

    def __init__(self, mpv, film):
        self.mpv = mpv
        self.film = film

    @property
    def entries(self):
        """Its playlist."""
        found = self.mpv.get("playlist")
        return [Entry(entry["id"], entry["filename"]) for entry in found]

    @property
    def playing(self):
        """The id of the film's entry."""
        (playing,) = [entry["id"] for entry in self.mpv.get("playlist") if entry.get("playing")]
        return playing

    def events(self):
        """What it told of files that began or ended."""
        names = {"start-file", "end-file"}
        return [event for event in self.mpv.ipc.events if event.get("event") in names]

    def reorder(self, wanted, *, interrupts=False):
        """Plans and does as planned; returns the plan."""
        steps = plan(self.entries, wanted, playing=self.playing, interrupts=interrupts)
        for step in steps:
            if isinstance(step, Append):
                self.mpv.command("loadfile", step.path, "append")
            elif isinstance(step, Remove):
                self.mpv.command("playlist-remove", step.index)
            else:
                self.mpv.command("playlist-move", step.index, step.before)
        return steps


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    """A player that plays."""
    folder = tmp_path_factory.mktemp("player")
    film = str(write_wav(folder / "film.wav", FILM_S, seed=None))
    with Mpv(folder / "config", film, script=None) as mpv:
        mpv.wait_playing()
        yield Player(mpv, film)


def test_plans_do_what_they_say_and_the_film_goes_on(player):
    """Whatever is appended, removed and moved, the film itself among it."""
    choice = random.Random(7)
    playing, events = player.playing, player.events()
    before_s = player.mpv.position_s()
    for number in range(ROUNDS):
        chosen = choice.sample(FILES, choice.randrange(len(FILES)))
        wanted = [*chosen, player.film] if number % 3 else chosen
        choice.shuffle(wanted)
        player.reorder(wanted)
        others = [entry.path for entry in player.entries if entry.path != player.film]

        assert [path for path in wanted if path != player.film] == others
        assert number % 3 == 0 or wanted == [entry.path for entry in player.entries]
        assert [] == player.reorder(wanted)
    player.mpv.wait(lambda: player.mpv.position_s() > before_s, "the film goes on")

    assert playing == player.playing
    assert events == player.events()


def test_removing_the_playing_entry_goes_on_with_the_next(player, tmp_path):
    """It is removed last, so that the next one is the right one."""
    films = [str(write_wav(tmp_path / f"{name}.wav", FILM_S, seed=None)) for name in "abc"]
    player.reorder([player.film])
    player.reorder([films[0], player.film, films[2]])
    player.reorder(films, interrupts=True)
    player.mpv.wait_playing("b.wav")

    assert films == [entry.path for entry in player.entries]
    player.film = films[1]
