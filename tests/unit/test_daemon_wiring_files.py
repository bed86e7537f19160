"""What the keeper of files is told, and what it must not be."""

import msgspec
import pytest

from daemon.errors import StartupRefused
from daemon.wiring_files import refuse_data_as_project
from support.kept_files import settings_for


def settings(folder, data):
    """Settings whose projects lie in `projects`, with a data directory."""
    return msgspec.structs.replace(settings_for(folder), data=folder / data)


@pytest.mark.parametrize("data", ["projects/playhead", "projects", "projects/a/b", "link"])
def test_the_data_directory_is_no_project(tmp_path, data):
    """It would be served to everybody who may see files."""
    (tmp_path / "projects/a").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "projects/a")

    with pytest.raises(StartupRefused, match="would be served") as refused:
        refuse_data_as_project(settings(tmp_path, data))

    assert refused.value.hint


@pytest.mark.parametrize("data", ["data", "projects-data", "projects/.playhead", "projects/_data"])
def test_the_data_directory_may_lie_beside_the_projects(tmp_path, data):
    """Or among them, if it is hidden there."""
    refuse_data_as_project(settings(tmp_path, data))

    assert not (tmp_path / data).exists()
