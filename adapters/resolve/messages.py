"""
What the agent and its child say to each other: one order in, lines of JSON out.
"""

from typing import Literal

import msgspec

from adapters.resolve.places import System
from adapters.resolve.wire import Job, Result


class Scripting(msgspec.Struct, frozen=True, kw_only=True):
    """Where Resolve's scripting module and its library are."""

    api: str
    library: str
    modules: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the child shall do: a job, or, without one, only look. `wait_s` is how long it waits for
    Resolve; after `silence_s` without a line it is ended, by itself if need be.
    """

    job: Job | None = None
    scripting: Scripting | None = None
    host: str
    system: System
    handoff_dir: str = ""
    wait_s: float = 0.0
    silence_s: float = 300.0


class Ending(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a job went: done, or failed with an `error`, for good or worth another try."""

    error: str = ""
    is_final: bool = True
    results: tuple[Result, ...] = ()
    note: str = ""
    artifact: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the child found of Resolve; `why` says why there is no handle."""

    has_handle: bool = False
    product: str = ""
    version: str = ""
    why: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the child: how far it has come, what it found, or how it ended."""

    note: str = ""
    kind: Literal["note", "seen", "ended"] = "note"
    seen: Seen | None = None
    ending: Ending | None = None
