-- What differs between operating systems and mpv versions, found by trying rather than by version
-- numbers: folders, the machine's name, private files, the reach of `user-data`.

local machine = require("machine")

local environment = {}
environment.__index = environment

function environment.new(mp, utils)
    return setmetatable({
        mp = mp,
        utils = utils,
        is_windows = machine.is_windows,
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

-- The spool's folder, made if needed so that only this user can look into it.
function environment:spool_directory(wanted)
    local directory = wanted ~= "" and self:expand(wanted) or machine.spool_directory()
        or self:expand("~~home/playhead-spool")
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

function environment:device()
    local name = machine.host_name() or self:run_briefly({ "hostname" }) or ""
    name = machine.short_name(name)
    return name ~= "" and name or "mpv"
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
