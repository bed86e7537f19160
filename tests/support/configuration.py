"""Configuration files for tests, and the problems that refuse them."""

from pathlib import Path
from typing import Any

import pytest

from daemon.config import load
from daemon.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    """A configuration file with this text."""
    file = folder / "playhead.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems_of(**sources: Any) -> list[str]:
    """The problems that refuse these sources."""
    with pytest.raises(ConfigError) as raised:
        load(**({"environment": {}} | sources))
    return raised.value.problems
