"""
What a player's lane is told by the configuration, in the units it works with.
"""

from pathlib import Path

import msgspec

from projections.window import WindowRules

ANSWER_S = 10.0
"""A player that opens a file on a slow share may be silent for seconds, and is not hung."""


class PlayerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    One player.

    Attributes:
        user: whose positions it reports.
        folder: what its playlist follows; None for a playlist that is left alone.
        rules: which files of the folder are in the playlist.
        stable_s: how long a file must have been left alone.
        drops_finished: whether a file that was watched to its end leaves the playlist.
        interrupts: whether a file leaves it even while it plays.
        resumes: whether files go on where they were left.
        resumes_stale: whether the last file is gone on with although it is in the playlist no more.
        save_every_s: between two reports while something plays.
        health_every_s: between two questions whether it still answers.
        launch: the command that starts it; empty if somebody else does.
        relaunches: whether it is started again when it was ended or hangs.
        answer_s: how long it may take to answer, before it counts as hung.
    """

    name: str
    socket: str
    user: str
    folder: Path | None = None
    rules: WindowRules = WindowRules(days=3.0, order="oldest")
    extensions: tuple[str, ...] = ()
    stable_s: float = 2.0
    drops_finished: bool = False
    interrupts: bool = False
    resumes: bool = True
    resumes_stale: bool = False
    save_every_s: float = 10.0
    health_every_s: float = 30.0
    launch: tuple[str, ...] = ()
    relaunches: bool = False
    answer_s: float = ANSWER_S
