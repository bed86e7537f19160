---@meta mp

-- What the client uses of mpv's Lua interface (manual, "Lua scripting"), for editors and checkers.
-- Never loaded by mpv.

---@class mp.Timer
local Timer = {}
function Timer:kill() end

---@class mp.Hook
local Hook = {}
---Keeps the player waiting until `cont`.
function Hook:defer() end
function Hook:cont() end

---@class mp.Subprocess
---@field name "subprocess"
---@field args string[] program and arguments; no shell
---@field playback_only boolean killed with the file when true
---@field detach? boolean outlives the player; no result
---@field capture_stdout? boolean
---@field capture_stderr? boolean
---@field capture_size? integer
---@field stdin_data? string

---@class mp.SubprocessResult
---@field status integer exit status, negative when the program did not start
---@field stdout? string
---@field stderr? string
---@field error_string string "" or "init" or "killed"
---@field killed_by_us boolean

---@class mp
local mp = {}

---@param name string
---@param default? string
---@return string?
function mp.get_property(name, default) end

---@param name string
---@param default? number
---@return number?
function mp.get_property_number(name, default) end

---@param name string
---@param default? boolean
---@return boolean?
function mp.get_property_bool(name, default) end

---@param name string
---@param value string
---@return boolean? success
---@return string? problem
function mp.set_property(name, value) end

---@param name string
---@param value any
---@return boolean? success
---@return string? problem absent properties (user-data before mpv 0.36) end here
function mp.set_property_native(name, value) end

---@param name string
---@param kind "bool"|"native"|"number"|"string"
---@param fn fun(name: string, value: any)
function mp.observe_property(name, kind, fn) end

---@param ... string
---@return boolean? success
function mp.commandv(...) end

---@param command mp.Subprocess|string[]
---@return any result
---@return string? problem
function mp.command_native(command) end

---@param command mp.Subprocess
---@param fn fun(success: boolean, result: mp.SubprocessResult?, problem: string?)
---@return any handle
function mp.command_native_async(command, fn) end

---@param name "on_load"|"on_preloaded"|"on_unload"
---@param priority integer
---@param fn fun(hook: mp.Hook)
function mp.add_hook(name, priority, fn) end

---@param name "end-file"|"file-loaded"|"playback-restart"|"seek"
---@param fn fun(event: table)
function mp.register_event(name, fn) end

---@param key string? nil: no default key
---@param name string also the name of a script message
---@param fn fun()
function mp.add_key_binding(key, name, fn) end

---@param key string
---@param name string
---@param fn fun()
function mp.add_forced_key_binding(key, name, fn) end

---@param name string
function mp.remove_key_binding(name) end

---@param seconds number
---@param fn fun()
---@return mp.Timer
function mp.add_timeout(seconds, fn) end

---@param seconds number
---@param fn fun()
---@return mp.Timer
function mp.add_periodic_timer(seconds, fn) end

---@return number seconds monotonic, from an arbitrary start
function mp.get_time() end

---@param text string
---@param seconds? number
function mp.osd_message(text, seconds) end

return mp
