"""
What an organizer is told by the configuration, in the units it works with.
"""

from pathlib import Path

import msgspec

from projections.envelope import Nanos
from projections.filing_survey import FilingRules


class OrganizerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    How one directory is kept in order.

    Attributes:
        sets_titles: whether the title is written into Matroska files.
        retimes: whether all episodes of a show get new times of writing when one arrives.
    """

    name: str
    folder: Path
    rules: FilingRules
    stable_ns: Nanos
    sets_titles: bool
    retimes: bool
    sweep_every_s: float
