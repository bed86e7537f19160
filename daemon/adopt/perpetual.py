"""
perpetual: its settings as a player and an organizer of ours, and where it left off as a report of a
position.

Of its keys some were never read: perpetual took their values from the command line alone. They are
taken over all the same, with a remark, because their author meant them.
"""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from daemon.adopt.outcome import Adoption, Notes
from daemon.adopt.records import Record, content_id
from daemon.adopt.refusal import NotAdoptable
from daemon.adopt.trees import Section
from daemon.config.players import VIDEO_EXTENSIONS, Organizer, Player
from daemon.config.settings import Settings, Telemetry
from projections.envelope import Draft, Nanos
from projections.events import PositionReported
from projections.identity import file_name, normal_path

ORIGIN = "perpetual"

FOLDER_DEFAULT = "/data/videos"
SOCKET_DEFAULT = "/tmp/mpv.sock"  # noqa: S108 - where perpetual looked for it
GARBAGE_FILE_DEFAULT = "/data/tvtitle_munge.txt"
RESUME_FILE_DEFAULT = Path(".local/state/perpetual_resume.json")
"""Where perpetual keeps it, in the home of whoever runs it."""

STATE_EVERY_S_MIN = 5.0
"""perpetual saved no more often, whatever it was told."""

LAUNCH = ("mpv", "--fullscreen")
"""As perpetual starts it."""

NEVER_READ = "perpetual did not read this key, only its command line"

LEVELS = {"debug": "debug", "info": "info", "warning": "warning"}

LEFT = {
    "watch_subdirs": "all subdirectories are watched",
    "log_file": "log lines go to the standard output, where systemd keeps them",
}


def read_settings(text: bytes, name: str) -> dict[str, Any]:
    """
    The keys of its TOML file.

    Raises:
        NotAdoptable: it is no TOML.
    """
    try:
        return tomllib.loads(text.decode())
    except UnicodeDecodeError:
        raise NotAdoptable(f"{name} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise NotAdoptable(f"{name} is not valid TOML: {error}.") from None


def adopted_settings(values: dict[str, Any], *, base: str | None, user: str) -> Adoption:
    """
    Our settings in place of perpetual's.

    Args:
        values: the keys of its file.
        base: its `--base`, if it was started with one.
        user: whose positions the player reports; empty for that of `auth.open_user`.
    """
    notes = Notes()
    section = Section(_as_text(values), path="", problems=notes.problems, unknown=notes.unknown)
    folder = _folder(section, base, notes)
    extensions = _extensions(values, section, notes)
    stable_s = _stable_s(section, notes)
    player = _player(section, notes, folder=folder, extensions=extensions)
    organizer = _organizer(section, notes, folder=folder, extensions=extensions)
    level = _level(section, notes)
    for name, because in LEFT.items():
        if section.has(name):
            notes.leave(name, because)
    section.done()
    settings = Settings(
        telemetry=Telemetry(log_level=level),
        player=(msgspec.structs.replace(player, user=user, stable_s=stable_s),),
        organizer=(msgspec.structs.replace(organizer, stable_s=stable_s),),
    )
    _refuse_out_of_range(settings.player[0], notes)
    return Adoption(origin=ORIGIN, settings=settings, notes=notes)


def _refuse_out_of_range(player: Player, notes: Notes) -> None:
    """TOML has let through numbers that no setting of ours takes."""
    for field in msgspec.structs.fields(Player):
        try:
            msgspec.convert(getattr(player, field.name), field.type)
        except msgspec.ValidationError as error:
            ours = f"player[1].{field.name}"
            theirs = notes.sources.get(ours, [])
            name = theirs[0].key if theirs else field.name
            notes.refuse(ours, f"{name} cannot be taken over: {error}")


def _as_text(values: dict[str, Any]) -> dict[str, Any]:
    """The values as `Section` reads them: text, whatever type TOML gave them."""
    return {
        name: value if isinstance(value, dict | list) else _text(value)
        for name, value in values.items()
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _folder(section: Section, base: str | None, notes: Notes) -> str:
    told = section.text("base_folder")
    if base is not None:
        source, remark = "--base", ""
    elif told is not None:
        source, remark = "base_folder", NEVER_READ
    else:
        source, remark = "", "perpetual's default"
    for ours in ("player[1].folder", "organizer[1].folder"):
        notes.take(ours, source, remark)
    return base or told or FOLDER_DEFAULT


def _extensions(values: dict[str, Any], section: Section, notes: Notes) -> tuple[str, ...]:
    if not section.has("filetypes"):
        return VIDEO_EXTENSIONS
    told = values["filetypes"]
    if not isinstance(told, list) or not all(isinstance(each, str) for each in told) or not told:
        notes.problems.append("filetypes must be a list of extensions")
        return VIDEO_EXTENSIONS
    for ours in ("player[1].extensions", "organizer[1].extensions"):
        notes.take(ours, "filetypes")
    return tuple(dict.fromkeys(each.lower().lstrip(".") for each in told))


def _stable_s(section: Section, notes: Notes) -> float:
    delay_s, checks = (
        section.number("file_stability_delay"),
        section.number("file_stability_checks"),
    )
    if delay_s is None and checks is None:
        return 2.0
    for ours in ("player[1].stable_s", "organizer[1].stable_s"):
        notes.take(ours, "file_stability_delay", "times the checks")
        notes.take(ours, "file_stability_checks")
    return max(0.0, (1.0 if delay_s is None else delay_s) * (2 if checks is None else checks))


def _player(section: Section, notes: Notes, *, folder: str, extensions: tuple[str, ...]) -> Player:
    socket = section.text("socket_path")
    notes.take("player[1].socket", "socket_path" if socket else "", "" if socket else "its default")
    player = Player(
        name="mpv", socket=socket or SOCKET_DEFAULT, folder=folder, extensions=extensions
    )
    found: dict[str, Any] = {}
    _put(found, notes, "days", section.number("days"), theirs="days")
    _put(found, notes, "order", _order(section, notes), theirs="order")
    interval_s = section.number("state_interval")
    if interval_s is not None:
        interval_s = max(STATE_EVERY_S_MIN, interval_s)
    _put(found, notes, "save_every_s", interval_s, theirs="state_interval")
    resume = section.flag("resume")
    _put(found, notes, "resume", resume, theirs="resume", remark=NEVER_READ)
    stale = section.flag("resume_allow_stale")
    _put(found, notes, "resume_stale", stale, theirs="resume_allow_stale")
    _put(found, notes, "interrupt", section.flag("prune_playing"), theirs="prune_playing")
    health_s = section.number("health_check_interval")
    _put(found, notes, "health_every_s", health_s, theirs="health_check_interval")
    launches, relaunches = section.flag("auto_launch_mpv"), section.flag("auto_restart_mpv")
    if launches or relaunches:
        theirs = "auto_launch_mpv" if launches else "auto_restart_mpv"
        _put(found, notes, "launch", LAUNCH, theirs=theirs)
        _put(found, notes, "relaunch", bool(relaunches), theirs="auto_restart_mpv")
    return msgspec.structs.replace(player, **found)


def _put(
    found: dict[str, Any], notes: Notes, ours: str, value: Any, *, theirs: str, remark: str = ""
) -> None:
    if value is not None:
        found[ours] = value
        notes.take(f"player[1].{ours}", theirs, remark)


def _order(section: Section, notes: Notes) -> str | None:
    """Any other word meant the oldest first to perpetual."""
    told = section.text("order")
    if told in {None, "oldest", "newest"}:
        return told
    notes.leave("order", f"{told!r} is none; perpetual then plays the oldest first, as we do")
    return None


def _organizer(
    section: Section, notes: Notes, *, folder: str, extensions: tuple[str, ...]
) -> Organizer:
    words = section.text("garbage_words_file")
    if words is not None:
        notes.take("organizer[1].garbage_words_file", "garbage_words_file")
    return Organizer(
        name="mpv", folder=folder, extensions=extensions, garbage_words_file=words or ""
    )


def _level(section: Section, notes: Notes) -> Any:
    told = section.text("log_level")
    if told is None:
        return "info"
    notes.take("telemetry.log_level", "log_level")
    return LEVELS.get(told.lower(), "error")


class Resume(msgspec.Struct, frozen=True):
    """What perpetual's resume file says."""

    path: str
    time: float


def read_resume(data: bytes, name: str) -> Resume | None:
    """
    Where perpetual left off; None if it had not played anything.

    Raises:
        NotAdoptable: the file is none of perpetual's.
    """
    if not data.strip():
        return None
    try:
        resume = msgspec.json.decode(data, type=Resume)
    except (msgspec.DecodeError, UnicodeDecodeError):
        hint = "It holds a path and a time; without --resume-file, nothing is taken over."
        raise NotAdoptable(f"{name} is no resume file of perpetual.", hint=hint) from None
    return resume if resume.path and resume.time >= 0 else None


def adopted_resume(resume: Resume, user: str, *, at: Nanos, now: Nanos) -> Record:
    """The position as a report of the moment at which the file was written."""
    path = normal_path(resume.path)
    event = PositionReported(
        user=user,
        media=path,
        name=file_name(path),
        position_s=resume.time,
        session=ORIGIN,
        path=path,
    )
    event_id = content_id(ORIGIN, "resume", user, resume.path, resume.time, at)
    return Record(Draft(event=event, at=min(at, now), id=event_id), ORIGIN, user)
