-- Talks HTTP by running curl as a subprocess, never through a shell and never blocking the player.
-- A request reaches curl as a configuration on standard input, so the command line shows neither
-- address nor title. Credentials are in a private file of their own: mpv writes standard input into
-- its debug log. Where standard input does not work (Windows) the request goes through a private
-- file as well, removed afterwards.

local options = require("options")
local wire = require("wire")

local client = {}
client.__index = client

local ANSWER_BYTES_MAX = 1048576
local STALE_FILE_S = 120 -- no request lives longer; such a file was left by a player that exited

-- `parts`: settings, run(command, callback), run_detached(command), new_id(), directory,
-- is_windows, restrict(path).
function client.new(parts)
    return setmetatable(parts, client)
end

function client:uses_file()
    local mode = self.settings.curl_config
    return mode == "file" or (mode == "auto" and self.is_windows)
end

-- Writes a file that only this user can read, from its first byte on. nil if that is not possible.
function client:write_private(config)
    local path = self.directory .. "/curl-" .. self.new_id() .. ".conf"
    local file = io.open(path, "wb")
    if not file then return nil end
    file:close()
    self.restrict(path)
    file = io.open(path, "wb")
    if not file then return nil end
    local is_written = file:write(config)
    return file:close() and is_written and path or nil
end

-- Puts the credentials where curl reads them. The file stays: a message sent while the player exits
-- still needs it. If it cannot be written, credentials travel with each request instead.
function client:store_credentials()
    self.credentials_path = nil
    local config = wire.credentials_config(self.settings)
    local written = config and self:write_private(config)
    if not written then return end
    local path = self.directory .. "/credentials-" .. options.account(self.settings) .. ".conf"
    if self.is_windows then os.remove(path) end -- there a rename replaces nothing
    if os.rename(written, path) then self.credentials_path = path end
end

-- curl's arguments; "-q" comes first so that the user's own curl settings do not interfere.
function client:arguments(source)
    local arguments = { self.settings.curl, "-q" }
    for _, path in ipairs({ self.credentials_path or source, self.credentials_path and source }) do
        arguments[#arguments + 1] = "-K"
        arguments[#arguments + 1] = path
    end
    return arguments
end

-- The subprocess command for a request, and the file to remove when it is done.
function client:command(request, discard)
    local config = wire.curl_config(self.settings, request, discard)
    if not self.credentials_path then
        config = (wire.credentials_config(self.settings) or "") .. config
    end
    local command = { name = "subprocess", playback_only = false }
    if not self:uses_file() then
        command.args = self:arguments("-")
        command.stdin_data = config
        return command
    end
    local path = self:write_private(config)
    if not path then return nil end
    command.args = self:arguments(path)
    return command, path
end

local function failed(sentence, is_missing)
    return { status = 0, body = "", error = sentence, is_missing = is_missing }
end

local function response_of(result, problem)
    if not result then return failed(problem or "the subprocess was refused") end
    if result.error_string == "init" then return failed("curl was not found", true) end
    return wire.read_response(result.stdout, result.stderr)
end

-- `on_response` gets {status, retry_after_s, body, error, is_missing}; status 0 means no answer.
function client:send(request, on_response)
    local command, path = self:command(request)
    if not command then
        on_response(failed("cannot write in " .. self.directory))
        return
    end
    command.capture_stdout = true
    command.capture_stderr = true
    command.capture_size = ANSWER_BYTES_MAX
    self.run(command, function(_, result, problem)
        if path then os.remove(path) end
        on_response(response_of(result, problem))
    end)
end

-- Sends a request that outlives the player; nobody learns its outcome. A configuration file stays
-- behind until `remove_stale` of a later start, since curl may not have read it yet.
function client:send_detached(request)
    local command = self:command(request, self.is_windows and "NUL" or "/dev/null")
    if not command then return end
    command.detach = true
    self.run_detached(command)
end

-- Removes configuration files whose player is gone. `readdir` and `age_s` look at the disk.
function client:remove_stale(readdir, age_s)
    for _, name in ipairs(readdir(self.directory) or {}) do
        local path = self.directory .. "/" .. name
        if name:find("^curl%-.*%.conf$") and age_s(path) > STALE_FILE_S then os.remove(path) end
    end
end

return client
