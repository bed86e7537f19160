"""
What can be set about DaVinci Resolve: how long an agent keeps a job, and where the machines that
edit have the files.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

DAY_S = 86_400


class Resolve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Jobs for the agents that work at DaVinci Resolve."""

    lease_s: Annotated[
        float,
        Meta(
            ge=1,
            le=DAY_S,
            description="Seconds after which a job goes back to the queue when nothing was heard"
            " from its agent. An agent may ask for another time.",
        ),
    ] = 120.0
    silent_lease_s: Annotated[
        float,
        Meta(
            ge=1,
            le=31 * DAY_S,
            description="The same for agents of media-sync-api, which tell nothing until they are"
            " done.",
        ),
    ] = 3_600.0
    attempts_max: Annotated[
        int,
        Meta(ge=1, le=100, description="How often a job is tried before it counts as failed."),
    ] = 3


class ResolveHost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A machine, or a kind of machine, on which somebody edits, and where it has the files: one table
    for each. An agent says which one it is on; by default windows, macos or linux.
    """

    name: Annotated[
        str,
        Meta(
            description="What agents call it: up to 64 letters, digits, dots, dashes and"
            " underscores.",
            examples=["windows"],
        ),
    ]
    paths: Annotated[
        dict[str, str],
        Meta(
            description="Where the daemon has files, and where that is on the machine: the"
            " daemon's path prefix, then the machine's.",
            examples=[{"/srv/projects": "P:\\projects"}],
        ),
    ] = field(default_factory=dict)
