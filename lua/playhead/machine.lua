-- What plain Lua can find out about this machine without asking a player: its system, its name, the
-- user's folder for state.

local machine = { is_windows = package.config:sub(1, 1) == "\\" }

function machine.first_line(path)
    local file = io.open(path, "rb")
    local line = file and file:read("*l")
    if file then file:close() end
    return line
end

-- The machine's name, or nil where only a program could tell.
function machine.host_name()
    return machine.first_line("/proc/sys/kernel/hostname") or os.getenv("COMPUTERNAME")
        or os.getenv("HOSTNAME")
end

-- A name as it appears in "resumed from ...": without its domain, and short.
function machine.short_name(name)
    return (name:gsub("%c", ""):match("^[^.]+") or ""):sub(1, 128)
end

-- Where reports wait, the same for every player of this user; nil when the user has no home.
function machine.spool_directory()
    if machine.is_windows then
        local base = os.getenv("LOCALAPPDATA") or os.getenv("APPDATA") or "."
        return base:gsub("\\", "/") .. "/playhead/spool"
    end
    local state = os.getenv("XDG_STATE_HOME")
    if state and state:find("^/") then return state .. "/playhead/spool" end
    local home = os.getenv("HOME")
    if home and home ~= "" then return home .. "/.local/state/playhead/spool" end
    return nil
end

return machine
