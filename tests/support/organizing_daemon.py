"""A real daemon with an organizer of a directory on disk."""

from pathlib import Path
from typing import Any

from support.daemon import DaemonProcess
from support.mpv import wait_until

WAIT_S = 20.0


class OrganizingDaemon(DaemonProcess):
    """
    A running daemon that keeps `<folder>/videos` in order.

    Args:
        folder: where everything lies; `downloads` is the directory in it.
        more: other settings of the organizer, as TOML.
        others: other tables.
    """

    def __init__(self, folder: Path, *, more: str = "", others: str = "") -> None:
        self.downloads = folder / "videos"
        self.downloads.mkdir(parents=True, exist_ok=True)
        self.config = write_config(folder, self.downloads, more=more, others=others)
        super().__init__(folder / "data", arguments=["--config", str(self.config)])

    def put(self, path: str, data: bytes = b"film") -> Path:
        """A file in the directory."""
        file = self.downloads / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a question that must be answered."""
        answer = self.client.get(f"/api/organizer/{path}", params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        """The answer to an order that must be carried out."""
        answer = self.client.post(f"/api/organizer/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def files(self) -> dict[str, bytes]:
        """The files in the directory and their content."""
        found = [path for path in self.downloads.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.downloads)): path.read_bytes() for path in found}

    def leaves(self) -> dict[str, dict[str, str]]:
        """By path the files that it leaves, and why."""
        (plan,) = self.get("plan", name="downloads")["organizers"]
        return {leave["path"]: leave for leave in plan["leaves"]}

    def filed(self) -> set[str]:
        """Where what was filed lies, as far as it is on record."""
        filings = self.get("filings", limit=1000)["filings"]
        return {each["new_path"] for each in filings if each["state"] == "filed"}

    def wait_for(self, *paths: str) -> None:
        """Returns once these files are filed."""
        wait_until(lambda: set(paths) <= self.filed(), f"{paths} to be filed", WAIT_S)


def write_config(
    folder: Path, downloads: Path, *, stable_s: float = 0.2, more: str = "", others: str = ""
) -> Path:
    """A configuration with one organizer, which takes files soon after they are closed."""
    file = folder / "playhead.toml"
    file.write_text(
        f'data = "{folder / "data"}"\n\n[[organizer]]\nname = "downloads"\n'
        f'folder = "{downloads}"\nset_title = false\nstable_s = {stable_s}\n{more}\n{others}\n'
    )
    return file
