"""
What a server says of one item: the facts by which the same title is recognised elsewhere.
"""

import msgspec

FOLDERS: frozenset[str] = frozenset({"Series", "Season", "MusicAlbum", "MusicArtist", "BoxSet"})
"""Types that hold others: only favourite and rating are their own (Jellyfin computes the rest)."""

TYPES: tuple[str, ...] = (
    "Movie",
    "Episode",
    "Video",
    "MusicVideo",
    "Audio",
    "AudioBook",
    "Book",
    "Series",
    "Season",
    "MusicAlbum",
    "MusicArtist",
    "BoxSet",
)
"""The item types that are kept in step (`BaseItemKind`)."""


class Listing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    One item of a library.

    `providers` maps the lower-case name of a catalogue (imdb, tmdb, tvdb, ...) to the item's id in
    it. `season` and `episode` are the numbers of an episode, `series_id` its series on the same
    server.
    """

    name: str
    type: str
    path: str | None = None
    runtime_ticks: int = 0
    year: int | None = None
    series: str = ""
    series_id: str = ""
    season: int | None = None
    episode: int | None = None
    album: str = ""
    artist: str = ""
    providers: dict[str, str] = {}
