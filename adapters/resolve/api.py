"""
The part of DaVinci Resolve's scripting interface that is used here, with what it answers when it
does not want to: None, False, or an empty list, and never an exception.

Names and parameters are those of Resolve's scripting README; a test compares them with the
published stubs.
"""

from collections.abc import Mapping
from typing import Any, Protocol


class MediaPoolItem(Protocol):
    """A clip in the media pool."""

    def GetClipProperty(self, propertyName: str) -> Any:
        """A property by its English name: "File Path", "FPS"; empty if it has none."""

    def GetThirdPartyMetadata(self, metadataType: str) -> Any:
        """What was stamped under a key; empty if nothing was."""

    def SetThirdPartyMetadata(self, metadataType: str, metadataValue: str) -> bool:
        """Stamps a clip."""

    def GetMarkers(self) -> Mapping[float, Mapping[str, Any]] | None:
        """Its markers, by the number of their frame from the clip's first."""

    def AddMarker(  # noqa: PLR0917 - Resolve's
        self, frameId: float, color: str, name: str, note: str, duration: float, customData: str
    ) -> bool:
        """Sets a marker; False if one is on that frame already. `duration` is in frames."""

    def ReplaceClip(self, filePath: str) -> bool:
        """Points the clip at another file; its metadata goes with the old one."""


class Folder(Protocol):
    """A bin of the media pool."""

    def GetName(self) -> str:
        """What it is called."""

    def GetClipList(self) -> list[MediaPoolItem] | None:
        """What lies directly in it: clips, but timelines too."""

    def GetSubFolderList(self) -> "list[Folder] | None":
        """The bins directly in it."""


class MediaPool(Protocol):
    """The media pool of a project."""

    def GetRootFolder(self) -> Folder | None:
        """The bin that holds all others."""

    def GetCurrentFolder(self) -> Folder | None:
        """The bin that is selected, into which everything is imported."""

    def SetCurrentFolder(self, folder: Folder) -> bool:
        """Selects a bin."""

    def AddSubFolder(self, folder: Folder, name: str) -> Folder | None:
        """Makes a bin, and may select it."""

    def ImportMedia(self, items: list[str]) -> list[MediaPoolItem] | None:
        """Imports files into the selected bin; what it does not want is missing in the list."""

    def RelinkClips(self, mediaPoolItem: list[MediaPoolItem], folderPath: str) -> bool:
        """Points clips at the files of the same names in a folder."""


class MediaStorage(Protocol):
    """The disks as Resolve sees them."""

    def RevealInStorage(self, path: str) -> bool:
        """Shows a file on the media page."""

    def AddItemListToMediaPool(self, items: list[str]) -> list[MediaPoolItem] | None:
        """Imports files another way, without looking for those that are there."""


class Project(Protocol):
    """A project."""

    def GetName(self) -> str:
        """What it is called."""

    def GetMediaPool(self) -> MediaPool | None:
        """Its media pool."""

    def GetTimelineCount(self) -> int:
        """How many timelines it has."""


class ProjectManager(Protocol):
    """The projects of the database that is open."""

    def GetCurrentProject(self) -> Project | None:
        """The project that is open."""

    def GetCurrentDatabase(self) -> Mapping[str, str] | None:
        """The database; None from an instance that is wedged."""

    def GetProjectListInCurrentFolder(self) -> list[str] | None:
        """The names of the projects in the folder that the project manager shows."""

    def LoadProject(self, projectName: str) -> Project | None:
        """Opens a project of that folder, and closes the one that is open."""

    def CreateProject(self, projectName: str) -> Project | None:
        """Makes a project and opens it."""

    def SaveProject(self) -> bool:
        """Saves the project that is open; never returns for an untitled one without a window."""


class Resolve(Protocol):
    """The running program."""

    def GetProductName(self) -> str:
        """`DaVinci Resolve Studio`, or `DaVinci Resolve` for the free edition."""

    def GetVersionString(self) -> str:
        """`21.0.1`, with more parts at times."""

    def GetProjectManager(self) -> ProjectManager | None:
        """The projects."""

    def GetMediaStorage(self) -> MediaStorage | None:
        """The disks."""


class ScriptModule(Protocol):
    """The module `DaVinciResolveScript`."""

    def scriptapp(self, name: str) -> Resolve | None:
        """The running program; None if there is none, or none that may be scripted."""
