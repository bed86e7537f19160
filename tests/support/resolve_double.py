"""
A double of DaVinci Resolve's scripting interface, for the real agent and its real child.

`ResolveDouble` writes a folder like Resolve's own, whose module `DaVinciResolveScript` leads here;
the agent is pointed at it by `RESOLVE_SCRIPT_API`. What is in Resolve lies in a file, so that it
outlives the processes that speak to it, and tests can look at it and break it. Methods answer as
Resolve does when it does not want to: with None, False or less than was asked for, and never with
an exception. A test compares them with the published stubs.
"""

import ctypes
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]

STUDIO, FREE = "DaVinci Resolve Studio", "DaVinci Resolve"
UNTITLED = "Untitled Project"

MEDIA = {".mov", ".mp4", ".wav", ".jpg"}
STILLS = {".jpg"}
NUMBERED = re.compile(r"(.*?)(\d+)(\.\w+)$")

ROOT_BIN = "Master"
HANG_S = 600

World = dict[str, Any]

MODULE = """
import sys
sys.path.insert(0, {tests!r})
from support.resolve_double import Script
scriptapp = Script({state!r}).scriptapp
"""


def blank_project() -> dict[str, Any]:
    """A project as Resolve makes it: the root bin, selected, and nothing in it."""
    return {"bins": {"0": {"name": ROOT_BIN, "parent": None}}, "selected": "0", "clips": []}


class ResolveDouble:
    """
    A workstation's Resolve in a folder. `faults` switches failures on:

    `none`: no handle. `boots`: none for so many questions. `wedged`: no database. `modal`: a dialog
    is open, and everything that changes something says no. `empty_import`: imports give an empty
    list. `deaf_import`: endings that only `AddItemListToMediaPool` takes. `hang`: the name of a
    call that never returns, nor lets Python do anything else. `slow_s`: what each import takes.
    `crash`: the name of a call in which the process dies.
    """

    def __init__(self, folder: Path) -> None:
        self.api = folder / "Scripting"
        self._state = folder / "resolve.json"
        modules = self.api / "Modules"
        modules.mkdir(parents=True)
        text = MODULE.format(tests=str(TESTS), state=str(self._state))
        (modules / "DaVinciResolveScript.py").write_text(text, encoding="utf-8")
        self.reset()

    def reset(self, *, product: str = STUDIO) -> None:
        """Nothing is in it, and nothing is broken."""
        self.write(
            {
                "product": product,
                "version": "21.0.1.4",
                "projects": {},
                "current": None,
                "calls": [],
                "pids": [],
                "faults": {},
            }
        )

    @property
    def environment(self) -> dict[str, str]:
        """What leads an agent here."""
        library = str(self.api.parent / "fusionscript.so")
        return {"RESOLVE_SCRIPT_API": str(self.api), "RESOLVE_SCRIPT_LIB": library}

    def read(self) -> World:
        """Everything that is in Resolve now."""
        world: World = json.loads(self._state.read_text(encoding="utf-8"))
        return world

    def write(self, world: World) -> None:
        """Makes it so; whole or not at all."""
        _save(self._state, world)

    def break_down(self, **faults: Any) -> None:
        """Switches failures on, and all others off."""
        self.write(self.read() | {"faults": faults})

    def have(self, name: str, *, is_open: bool = False, **fields: Any) -> None:
        """Adds a project, and opens it."""
        world = self.read()
        world["projects"][name] = blank_project() | fields
        self.write(world | ({"current": name} if is_open else {}))

    def put(self, path: Path | str, *, project: str, **fields: Any) -> None:
        """Adds a clip to the root bin of a project."""
        world = self.read()
        world["projects"][project]["clips"].append(_clip(str(path), "0") | fields)
        self.write(world)

    def clips(self, project: str) -> list[dict[str, Any]]:
        """The clips of a project, with the names of their bins."""
        found = self.read()["projects"][project]
        return [clip | {"bin": found["bins"][clip["bin"]]["name"]} for clip in found["clips"]]

    def selected(self, project: str) -> str:
        """The name of the bin that is selected."""
        found = self.read()["projects"][project]
        name: str = found["bins"][found["selected"]]["name"]
        return name

    def calls(self) -> list[str]:
        """The names of all calls that changed something, or would have."""
        found: list[str] = self.read()["calls"]
        return found


def _save(path: Path, world: World) -> None:
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(world), encoding="utf-8")
    temporary.replace(path)


def _clip(path: str, folder: str) -> dict[str, Any]:
    return {"path": path, "bin": folder, "fps": "25", "stamps": {}, "markers": {}}


class Session:
    """One process's view of the file; each call reads it anew, each change writes it."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self.world: World = {}
        self.look()

    def look(self) -> World:
        """The world as it is now."""
        self.world = json.loads(self._path.read_text(encoding="utf-8"))
        return self.world

    def call(self, name: str, change: Callable[[World], Any], refused: Any) -> Any:
        """A call that changes something: it is noted, and may go wrong."""
        world = self.look()
        world["calls"].append(name)
        _save(self._path, world)
        faults = world["faults"]
        if faults.get("crash") == name:
            os.abort()
        if faults.get("hang") == name:
            hang()
        if faults.get("modal"):
            return refused
        answer = change(world)
        _save(self._path, world)
        return answer

    @property
    def faults(self) -> Mapping[str, Any]:
        """What is broken."""
        found: Mapping[str, Any] = self.look()["faults"]
        return found


def hang() -> None:
    """Never returns, and holds Python's lock meanwhile, as a call into C may."""
    ctypes.PyDLL(None).sleep(HANG_S)


class Script:
    """The module."""

    def __init__(self, path: str) -> None:
        self._session = Session(path)

    def scriptapp(self, name: str) -> "Resolve | None":
        """A handle, unless nothing runs, or nothing that may be scripted."""
        world = self._session.look()
        world["pids"].append(os.getpid())
        boots = world["faults"].get("boots", 0)
        if boots:
            world["faults"]["boots"] = boots - 1
        _save(self._session._path, world)
        if world["faults"].get("none") or boots or name != "Resolve":
            return None
        return Resolve(self._session)


class Resolve:
    """The running program."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def GetProductName(self) -> str:
        return str(self._session.look()["product"])

    def GetVersionString(self) -> str:
        return str(self._session.look()["version"])

    def GetProjectManager(self) -> "ProjectManager":
        return ProjectManager(self._session)

    def GetMediaStorage(self) -> "MediaStorage":
        return MediaStorage(self._session)

    def Quit(self) -> None:
        self._session.call("Quit", lambda world: None, None)


class ProjectManager:
    """Projects by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def GetCurrentProject(self) -> "Project | None":
        name = self._session.look()["current"]
        return None if name is None else Project(self._session, name)

    def GetCurrentDatabase(self) -> dict[str, str] | None:
        if self._session.faults.get("wedged"):
            return None
        return {"DbType": "Disk", "DbName": "Local Database"}

    def GetProjectListInCurrentFolder(self) -> list[str]:
        return [name for name in self._session.look()["projects"] if name != UNTITLED]

    def LoadProject(self, projectName: str) -> "Project | None":
        def change(world: World) -> Project | None:
            if projectName not in world["projects"]:
                return None
            world["current"] = projectName
            return Project(self._session, projectName)

        found: Project | None = self._session.call("LoadProject", change, None)
        return found

    def CreateProject(
        self, projectName: str, mediaLocationPath: str | None = None
    ) -> "Project | None":
        def change(world: World) -> Project | None:
            if projectName in world["projects"]:
                return None
            world["projects"][projectName] = blank_project()
            world["current"] = projectName
            return Project(self._session, projectName)

        found: Project | None = self._session.call("CreateProject", change, None)
        return found

    def SaveProject(self) -> bool:
        def change(world: World) -> bool:
            if world["current"] == UNTITLED:
                hang()
            world["projects"][world["current"]]["is_saved"] = True
            return True

        return bool(self._session.call("SaveProject", change, refused=False))

    def CloseProject(self, project: "Project") -> bool:
        return bool(self._session.call("CloseProject", lambda world: True, refused=False))

    def DeleteProject(self, projectName: str) -> bool:
        return bool(self._session.call("DeleteProject", lambda world: True, refused=False))


class Project:
    """A project."""

    def __init__(self, session: Session, name: str) -> None:
        self._session, self._name = session, name

    def GetName(self) -> str:
        return self._name

    def GetMediaPool(self) -> "MediaPool":
        return MediaPool(self._session, self._name)

    def GetTimelineCount(self) -> int:
        return int(self._session.look()["projects"][self._name].get("timelines", 0))


class MediaPool:
    """Clips, in bins."""

    def __init__(self, session: Session, project: str) -> None:
        self._session, self._project = session, project

    def _of(self, world: World) -> dict[str, Any]:
        found: dict[str, Any] = world["projects"][self._project]
        return found

    def GetRootFolder(self) -> "Folder":
        return Folder(self._session, self._project, "0")

    def GetCurrentFolder(self) -> "Folder":
        return Folder(self._session, self._project, self._of(self._session.look())["selected"])

    def SetCurrentFolder(self, folder: "Folder") -> bool:
        def change(world: World) -> bool:
            self._of(world)["selected"] = folder.key
            return True

        return bool(self._session.call("SetCurrentFolder", change, refused=False))

    def AddSubFolder(self, folder: "Folder", name: str) -> "Folder | None":
        def change(world: World) -> Folder:
            bins = self._of(world)["bins"]
            key = str(len(bins))
            bins[key] = {"name": name, "parent": folder.key}
            self._of(world)["selected"] = key  # Resolve selects it too
            return Folder(self._session, self._project, key)

        found: Folder | None = self._session.call("AddSubFolder", change, None)
        return found

    def ImportMedia(self, items: list[str]) -> "list[MediaPoolItem] | None":
        def change(world: World) -> list[MediaPoolItem]:
            faults = world["faults"]
            time.sleep(faults.get("slow_s", 0))
            if faults.get("empty_import"):
                return []
            deaf = faults.get("deaf_import", ())
            wanted = [path for path in items if not path.endswith(tuple(deaf))]
            held = {clip["path"] for clip in self._of(world)["clips"]}
            return _imported(self, world, [path for path in wanted if path not in held])

        found: list[MediaPoolItem] | None = self._session.call("ImportMedia", change, None)
        return found

    def RelinkClips(self, mediaPoolItem: "list[MediaPoolItem]", folderPath: str) -> bool:
        def change(world: World) -> bool:
            clips = self._of(world)["clips"]
            goals = {
                item.number: Path(folderPath) / Path(clips[item.number]["path"]).name
                for item in mediaPoolItem
            }
            for number, goal in goals.items():
                if goal.is_file():
                    clips[number]["path"] = str(goal)
            return all(goal.is_file() for goal in goals.values())

        return bool(self._session.call("RelinkClips", change, refused=False))

    def DeleteClips(self, clips: "list[MediaPoolItem]") -> bool:
        return bool(self._session.call("DeleteClips", lambda world: True, refused=False))


def _imported(pool: MediaPool, world: World, paths: list[str]) -> "list[MediaPoolItem]":
    """What Resolve takes of some paths; numbered photographs of one call become one clip."""
    project = pool._of(world)
    taken = [path for path in paths if _is_taken(path)]
    stills = [path for path in taken if Path(path).suffix in STILLS and NUMBERED.match(path)]
    if len(stills) > 1:
        first, last = NUMBERED.match(stills[0]), NUMBERED.match(stills[-1])
        assert first is not None
        assert last is not None
        taken = [path for path in taken if path not in stills]
        taken.append(f"{first[1]}[{first[2]}-{last[2]}]{first[3]}")
    items = []
    for path in taken:
        items.append(MediaPoolItem(pool._session, pool._project, len(project["clips"])))
        project["clips"].append(_clip(path, project["selected"]))
    return items


def _is_taken(path: str) -> bool:
    try:
        return (
            Path(path).is_absolute()
            and Path(path).suffix in MEDIA
            and bool(Path(path).read_bytes())
        )
    except OSError:
        return False


class Folder:
    """A bin."""

    def __init__(self, session: Session, project: str, key: str) -> None:
        self._session, self._project, self.key = session, project, key

    def _of(self) -> dict[str, Any]:
        found: dict[str, Any] = self._session.look()["projects"][self._project]
        return found

    def GetName(self) -> str:
        return str(self._of()["bins"][self.key]["name"])

    def GetClipList(self) -> "list[MediaPoolItem]":
        return [
            MediaPoolItem(self._session, self._project, number)
            for number, clip in enumerate(self._of()["clips"])
            if clip["bin"] == self.key
        ]

    def GetSubFolderList(self) -> "list[Folder]":
        return [
            Folder(self._session, self._project, key)
            for key, each in self._of()["bins"].items()
            if each["parent"] == self.key
        ]


class MediaPoolItem:
    """A clip."""

    def __init__(self, session: Session, project: str, number: int) -> None:
        self._session, self._project, self.number = session, project, number

    def _of(self, world: World) -> dict[str, Any]:
        found: dict[str, Any] = world["projects"][self._project]["clips"][self.number]
        return found

    def GetClipProperty(self, propertyName: str | None = None) -> str | dict[str, str]:
        clip = self._of(self._session.look())
        known = {"File Path": clip["path"], "FPS": clip["fps"], "Clip Name": clip["path"]}
        return known if propertyName is None else known.get(propertyName, "")

    def GetThirdPartyMetadata(self, metadataType: str | None = None) -> str | dict[str, str]:
        stamps: dict[str, str] = self._of(self._session.look())["stamps"]
        return stamps if metadataType is None else stamps.get(metadataType, "")

    def SetThirdPartyMetadata(self, metadataType: str, metadataValue: str) -> bool:
        def change(world: World) -> bool:
            self._of(world)["stamps"][metadataType] = metadataValue
            return True

        return bool(self._session.call("SetThirdPartyMetadata", change, refused=False))

    def GetMarkers(self) -> dict[float, dict[str, Any]]:
        markers = self._of(self._session.look())["markers"]
        return {float(frame): marker for frame, marker in markers.items()}

    def AddMarker(
        self,
        frameId: float,
        color: str,
        name: str,
        note: str,
        duration: float,
        customData: str | None = None,
    ) -> bool:
        def change(world: World) -> bool:
            markers = self._of(world)["markers"]
            if str(frameId) in markers:
                return False
            markers[str(frameId)] = {
                "color": color,
                "name": name,
                "note": note,
                "duration": duration,
                "customData": customData or "",
            }
            return True

        return bool(self._session.call("AddMarker", change, refused=False))

    def ReplaceClip(self, filePath: str) -> bool:
        def change(world: World) -> bool:
            if not _is_taken(filePath):
                return False
            self._of(world).update(path=filePath, stamps={})
            return True

        return bool(self._session.call("ReplaceClip", change, refused=False))


class MediaStorage:
    """The disks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def RevealInStorage(self, path: str) -> bool:
        def change(world: World) -> bool:
            world["revealed"] = [*world.get("revealed", []), path]
            return Path(path).exists()

        return bool(self._session.call("RevealInStorage", change, refused=False))

    def AddItemListToMediaPool(self, items: list[str]) -> "list[MediaPoolItem] | None":
        def change(world: World) -> list[MediaPoolItem]:
            if world["faults"].get("empty_import"):
                return []
            return _imported(MediaPool(self._session, world["current"]), world, items)

        found: list[MediaPoolItem] | None = self._session.call(
            "AddItemListToMediaPool", change, None
        )
        return found
