"""
The client's modules in Lua 5.1, 5.2 and LuaJIT, and a scripted mpv to run the whole script in.
"""

import importlib
import json
from pathlib import Path

import pytest

LUA_FOLDER = Path(__file__).resolve().parents[2] / "lua" / "playhead"
VLC_FOLDER = LUA_FOLDER.parent / "vlc"
FAKE_MP = Path(__file__).with_name("fake_mp.lua")


class LuaState:
    """One Lua interpreter with the client's modules on its path. Text is bytes read as Latin-1."""

    def __init__(self, version):
        self.runtime = importlib.import_module(f"lupa.{version}").LuaRuntime(
            encoding="latin-1", unpack_returned_tuples=True
        )
        self.globals = self.runtime.globals()
        self.globals.package.path = f"{LUA_FOLDER}/?.lua"
        self.execute = self.runtime.execute
        self.eval = self.runtime.eval

    def require(self, name):
        """A module of the client."""
        return self.runtime.eval("require")(name)

    def table(self, value):
        """A Lua table from a dict or list, all the way down."""
        return self.runtime.table_from(value, recursive=True)

    def names_in(self, path, *_filter):
        """What mpv's `utils.readdir` does: names, or nil for what is no folder."""
        folder = Path(path)
        return self.table([p.name for p in folder.iterdir()]) if folder.is_dir() else None

    def parse_json(self, text, *_ignored):
        """What mpv's `utils.parse_json` does: a value, or nil for anything that is not JSON."""
        try:
            value = json.loads(text.encode("latin-1"))
        except ValueError:
            return None
        return self._to_lua(value)

    def _to_lua(self, value):
        if isinstance(value, str):
            return raw(value)
        if isinstance(value, dict):
            return self.table({raw(key): self._to_lua(item) for key, item in value.items()})
        if isinstance(value, list):
            return self.table([self._to_lua(item) for item in value])
        return value


def raw(text):
    """Text as Lua sees it: its UTF-8 bytes, one character each."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


@pytest.fixture(params=["lua51", "lua52", "luajit21"])
def lua(request):
    return LuaState(request.param)


@pytest.fixture
def vlc_lua(lua):
    """The same interpreter with the modules of the VLC client on its path as well."""
    lua.globals.package.path += f";{VLC_FOLDER}/?.lua"
    return lua


@pytest.fixture
def to_raw():
    return raw
