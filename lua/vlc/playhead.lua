-- Playhead for VLC: remembers where you are in what you watch, on your own server. An interface
-- script: vlc --extraintf=luaintf --lua-intf=playhead. This file only wires and loops; the modules
-- it shares with the mpv client are in the folder playhead, VLC's own in the folder vlc, both in
-- `modules` beside this file. See README.md.

local FOLDER = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
package.path = FOLDER .. "modules/playhead/?.lua;" .. FOLDER .. "modules/vlc/?.lua;" .. package.path

local clock = require("clock")
local delivery = require("delivery")
local folders = require("folders")
local identity = require("identity")
local json = require("dkjson") -- VLC brings it
local machine = require("machine")
local notice = require("notice")
local options = require("options")
local player = require("player")
local recorder = require("recorder")
local requests = require("requests")
local resume = require("resume")
local settings_file = require("settings_file")
local spool = require("spool")
local timers = require("timers")
local watch = require("watch")

local MICROSECONDS = 1000000
local PLAYING_S, IDLE_S, BUSY_S = 0.1, 0.25, 0.02 -- between two looks
local ADOPT_AFTER_S = 1 -- let the first file open before old reports are sent
local EXIT_S = 0.3 -- VLC quits at most this much later for an answer to the last report
local SETTINGS_BYTES_MAX = 65536

local function nothing() end

local function warn(sentence) vlc.msg.warn("playhead: " .. sentence) end

local function log(sentence) vlc.msg.dbg("playhead: " .. sentence) end

local function now() return vlc.misc.mdate() / MICROSECONDS end

-- False when VLC exits.
local function wait(seconds)
    return (pcall(vlc.misc.mwait, vlc.misc.mdate() + seconds * MICROSECONDS))
end

local function parse_json(text) return (json.decode(text or "")) end

local function show(text, seconds)
    pcall(vlc.osd.message, text, nil, "top-left", seconds * MICROSECONDS)
end

local function read_settings(here)
    local raw, problems = settings_file.defaults(), {}
    local path = vlc.config.configdir() .. "/playhead.conf"
    local file = io.open(path, "rb")
    if file then
        settings_file.read(raw, problems, file:read(SETTINGS_BYTES_MAX) or "")
        file:close()
    else
        log("there is no " .. path .. "; using the defaults")
    end
    settings_file.read_arguments(raw, problems, config or {})
    local function expand(text) return here:expand(text) end
    local settings, more = options.check(raw, expand)
    for _, secret in ipairs(settings_file.secret_files(raw, path)) do
        if here:is_open_to_others(expand(secret)) then
            more[#more + 1] = "other users can read " .. secret .. "; run: chmod 600 " .. secret
        end
    end
    for _, list in ipairs({ problems, more }) do
        for _, problem in ipairs(list) do warn(problem) end
    end
    local host = machine.short_name(machine.host_name() or "")
    if settings.device == "" then settings.device = host ~= "" and host or "vlc" end
    settings.device = identity.clean_utf8(settings.device:sub(1, 128))
    return settings
end

local function build(here, settings)
    local wall = clock.wall(os.time, now)
    local random = clock.random(tostring(now()))
    local function new_id() return identity.uuid7(wall(), random) end
    local later = timers.new(now)
    local built = { vlc = vlc, settings = settings, now = now, wall = wall, new_id = new_id,
        timers = later, watch = watch.new(), net = vlc.net, parse_json = parse_json, log = log,
        warn = warn, show = show, bind = nothing, unbind = nothing, publish = nothing,
        account = options.account(settings), bytes_max = settings.spool_max_kib * 1024,
        directory = here:spool_directory(settings.spool_dir),
        readdir = function(path) return here:readdir(path) end,
        file_info = function(path) return here:file_info(path) end,
        schedule = function(delay_s, action) return later:schedule(delay_s, action) end,
        protocol = require(settings.protocol == "timestampsync" and "timestampsync" or "native") }
    local function with(module, make)
        local own = {}
        for name, part in pairs(built) do own[name] = part end
        built[module] = make(own)
    end
    with("spool", spool.open)
    with("notice", notice.new)
    built.complain, built.forgive = built.notice:complainer(warn)
    with("client", requests.new)
    with("delivery", delivery.new)
    with("looker", player.new)
    built.player = built.looker:as_mpv()
    with("recorder", recorder.new)
    with("resume", resume.new)
    return built
end

-- VLC has no moment before a file opens: where to begin is asked once it plays, and is sought then.
local OPENING = { defer = nothing, cont = nothing }

local function react(parts, happened)
    if happened == "opened" then
        parts.resume:on_load(OPENING)
        parts.resume:on_preloaded()
        parts.resume:on_file_loaded()
        parts.recorder:on_playback_restart()
        log("opened playback " .. parts.looker.sample.mark
            .. (parts.recorder.session and ", recording" or ", not recording"))
    elseif happened == "sought" then
        parts.recorder:on_seek()
    elseif happened == "paused" then
        parts.recorder:on_pause(true)
    end
end

local function look(parts)
    local sample = parts.looker:look()
    local ended, happened = parts.watch:see(now(), sample)
    if ended then parts.recorder:on_unload(ended) end
    parts.looker.sample = sample
    react(parts, happened)
end

local function take_turn(parts)
    look(parts)
    if parts.looker.sample then parts.recorder:tick() end
    parts.timers:run()
    parts.client:step()
end

-- The last report goes to the spool, then out; its answer is awaited for a moment, so that the
-- server has read it before the connection ends.
local function leave(parts)
    pcall(look, parts)
    parts.client:leave()
    if parts.recorder.session then
        parts.recorder:on_unload("quit")
    else
        parts.delivery:send_last()
    end
    local until_s = now() + EXIT_S
    while parts.client:is_busy() and now() < until_s and wait(BUSY_S) do
        parts.client:step()
    end
end

local function run(parts)
    parts.spool:adopt()
    parts.delivery:poke(ADOPT_AFTER_S)
    local told
    repeat
        local is_fine, problem = pcall(take_turn, parts)
        if not is_fine and problem ~= told then
            told = problem
            vlc.msg.err("playhead: " .. tostring(problem))
        end
        local pause_s = parts.looker.sample and PLAYING_S or IDLE_S
    until not wait(parts.client:is_busy() and BUSY_S or pause_s)
    leave(parts)
end

if not (vlc.object and vlc.object.input) then
    vlc.msg.err("playhead: this script needs VLC 3")
else
    local here = folders.new(vlc)
    run(build(here, read_settings(here)))
end
