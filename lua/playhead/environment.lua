-- What differs between operating systems and mpv versions, found by trying rather than by version
-- numbers: folders, the machine's name, private files, the reach of `user-data`.

local environment = {}
environment.__index = environment

function environment.new(mp, utils)
    return setmetatable({
        mp = mp,
        utils = utils,
        is_windows = package.config:sub(1, 1) == "\\",
    }, environment)
end

-- Runs a short command to its end and gives its output, or nil if it failed. Only used while the
-- script starts; script threads do not hold up playback.
function environment:run_briefly(args)
    local result = self.mp.command_native({ name = "subprocess", args = args,
        playback_only = false, capture_stdout = true, capture_stderr = true })
    if type(result) ~= "table" or result.status ~= 0 then return nil end
    return result.stdout
end

function environment:expand(path)
    return self.mp.command_native({ "expand-path", path }) or path
end

-- The user's folder for state, the same for every mpv version (0.35 knows no "~~state/").
function environment:default_spool_directory()
    if self.is_windows then
        local base = os.getenv("LOCALAPPDATA") or os.getenv("APPDATA") or "."
        return base:gsub("\\", "/") .. "/playhead/spool"
    end
    local state = os.getenv("XDG_STATE_HOME")
    if state and state:find("^/") then return state .. "/playhead/spool" end
    local home = os.getenv("HOME")
    if home and home ~= "" then return home .. "/.local/state/playhead/spool" end
    return self:expand("~~home/playhead-spool")
end

-- The spool's folder, made if needed so that only this user can look into it.
function environment:spool_directory(wanted)
    local directory = wanted ~= "" and self:expand(wanted) or self:default_spool_directory()
    directory = directory:gsub("(.)/+$", "%1")
    if self.utils.readdir(directory) then return directory end
    if self.is_windows then
        self:run_briefly({ "cmd.exe", "/d", "/c", "mkdir", (directory:gsub("/", "\\")) })
    else
        self:run_briefly({ "mkdir", "-p", "-m", "700", "--", directory })
    end
    return directory
end

function environment:restrict(path)
    if not self.is_windows then self:run_briefly({ "chmod", "600", path }) end
end

local function first_line(path)
    local file = io.open(path, "rb")
    local line = file and file:read("*l")
    if file then file:close() end
    return line
end

-- The machine's name without its domain, as it appears in "resumed from ...".
function environment:device()
    local name = first_line("/proc/sys/kernel/hostname") or os.getenv("COMPUTERNAME")
        or os.getenv("HOSTNAME") or self:run_briefly({ "hostname" }) or "mpv"
    name = name:gsub("%c", ""):match("^[^.]+") or "mpv"
    return name:sub(1, 128)
end

function environment:readdir(directory)
    return self.utils.readdir(directory, "files")
end

function environment:age_s(path)
    local info = self.utils.file_info(path)
    return info and os.time() - info.mtime or 0
end

-- State for other scripts and on-screen controllers; quietly nothing before mpv 0.36.
function environment:publish(name, value)
    self.mp.set_property_native("user-data/playhead/" .. name, value)
end

return environment
