-- luacheck settings. "min" is what Lua 5.1, 5.2 and LuaJIT have in common; mpv's own names come
-- through require("mp"), so no extra globals are needed.
std = "min"
max_line_length = 100
max_cyclomatic_complexity = 12

-- Stubs for editors: their arguments are documentation and are never used.
files["**/types/*.lua"] = { ignore = { "212", "241" } }

-- VLC gives its interface scripts two globals; only the one that wires uses them.
files["vlc/playhead.lua"] = { read_globals = { "vlc", "config" } }
