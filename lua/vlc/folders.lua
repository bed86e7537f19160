-- Folders and files as VLC's own functions see them, in the form that the shared modules ask for.

local machine = require("machine")

local folders = {}
folders.__index = folders

local OWNER_ONLY = "0700"
local OTHERS_BITS = 64 -- the lowest six bits of a mode are the group's and everybody's

-- `vlc`: VLC's global table.
function folders.new(vlc)
    return setmetatable({ vlc = vlc }, folders)
end

-- "~~/" is VLC's folder for configuration, "~/" the user's home.
function folders:expand(path)
    if path:sub(1, 3) == "~~/" then return self.vlc.config.configdir() .. path:sub(3) end
    if path:sub(1, 2) == "~/" then return self.vlc.config.homedir() .. path:sub(2) end
    return path
end

-- The names in a folder; nil when it is none.
function folders:readdir(path)
    local is_read, names = pcall(self.vlc.net.opendir, path)
    return is_read and names or nil
end

function folders:file_info(path)
    local found = self.vlc.net.stat(path)
    return found and { is_file = found.type == "file", size = found.size,
        mtime = found.modification_time, mode = found.mode }
end

-- Whether other users of this machine may read a file. Windows' modes say nothing about that.
function folders:is_open_to_others(path)
    local info = not machine.is_windows and self:file_info(path)
    return info and info.mode % OTHERS_BITS ~= 0 or false
end

-- The spool's folder, made if needed so that only this user can look into it.
function folders:spool_directory(wanted)
    local directory = wanted ~= "" and self:expand(wanted) or machine.spool_directory()
        or self.vlc.config.userdatadir() .. "/playhead-spool"
    directory = directory:gsub("(.)/+$", "%1")
    if self:readdir(directory) then return directory end
    local index = 1
    while index do
        index = directory:find("/", index + 1, true)
        self.vlc.io.mkdir(index and directory:sub(1, index - 1) or directory, OWNER_ONLY)
    end
    return directory
end

return folders
