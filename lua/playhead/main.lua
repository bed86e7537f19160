-- Playhead for mpv: remembers where you are in what you watch, on your own server.
-- This file only wires: options, hooks, events, keys and script messages. session.lua decides,
-- spool.lua keeps, client.lua talks. See README.md.

local mp = require("mp")
local msg = require("mp.msg")
local mp_options = require("mp.options")
local utils = require("mp.utils")

local client = require("client")
local clock = require("clock")
local delivery = require("delivery")
local environment = require("environment")
local identity = require("identity")
local notice = require("notice")
local options = require("options")
local recorder = require("recorder")
local resume = require("resume")
local spool = require("spool")

local TICK_S = 1
local ADOPT_AFTER_S = 1 -- let the first file open before old reports are sent

local here = environment.new(mp, utils)
local settings = {}

-- Checks the options and fills `settings` in place, so that every module sees a change at once.
local function configure(raw)
    local checked, problems = options.check(raw, function(path) return here:expand(path) end)
    for name, value in pairs(checked) do settings[name] = value end
    if settings.device == "" then settings.device = here:device() end
    settings.device = identity.clean_utf8(settings.device:sub(1, 128))
    for _, problem in ipairs(problems) do msg.warn(problem) end
end

local function parse_json(text) return (utils.parse_json(text or "")) end

local function bind_forced(key, name, action) mp.add_forced_key_binding(key, name, action) end

local function build()
    local wall = clock.wall(os.time, mp.get_time)
    local random = clock.random(tostring(utils.getpid()) .. tostring(mp.get_time()))
    local function new_id() return identity.uuid7(wall(), random) end
    local directory = here:spool_directory(settings.spool_dir)
    local built = { settings = settings, player = mp, wall = wall, new_id = new_id,
        directory = directory, parse_json = parse_json, schedule = mp.add_timeout,
        log = msg.verbose, warn = msg.warn, account = options.account(settings),
        bytes_max = settings.spool_max_kib * 1024, is_windows = here.is_windows,
        readdir = function(path) return here:readdir(path) end, file_info = utils.file_info,
        run = mp.command_native_async, run_detached = mp.command_native,
        restrict = function(path) here:restrict(path) end, show = mp.osd_message,
        bind = bind_forced, unbind = mp.remove_key_binding,
        publish = function(name, value) here:publish(name, value) end,
        protocol = require(settings.protocol == "timestampsync" and "timestampsync" or "native") }
    local function with(module, make)
        local own = {}
        for name, part in pairs(built) do own[name] = part end
        built[module] = make(own)
        return built[module]
    end
    with("spool", spool.open)
    with("client", client.new)
    with("notice", notice.new)
    built.complain, built.forgive = built.notice:complainer(msg.warn)
    with("delivery", delivery.new)
    with("recorder", recorder.new)
    with("resume", resume.new)
    return built
end

local function toggle_incognito(parts)
    parts.recorder:set_incognito(not parts.recorder.incognito)
    parts.notice:say("Playhead: incognito " .. (parts.recorder.incognito and "on" or "off"))
    parts.publish("incognito", parts.recorder.incognito)
end

local function connect_events(parts)
    local records, resumes = parts.recorder, parts.resume
    mp.add_hook("on_load", 50, function(hook) resumes:on_load(hook) end)
    mp.add_hook("on_preloaded", 50, function() resumes:on_preloaded() end)
    mp.add_hook("on_unload", 50, function() records:on_unload() end)
    mp.register_event("file-loaded", function() resumes:on_file_loaded() end)
    mp.register_event("end-file", function() parts.notice:withdraw() end)
    mp.register_event("seek", function() records:on_seek() end)
    mp.register_event("playback-restart", function() records:on_playback_restart() end)
    mp.observe_property("pause", "bool", function(_, value) records:on_pause(value) end)
    mp.observe_property("eof-reached", "bool", function(_, value) records:on_eof_reached(value) end)
    mp.add_periodic_timer(TICK_S, function() records:tick() end)
end

-- Marks what is played. As a script message it may bring a colour and a note along.
local function mark(parts, colour, note)
    if settings.protocol ~= "playhead" then
        return parts.notice:say("Not marked: a TimestampSync server keeps no markers")
    end
    local wanted = options.colour(colour) or settings.marker_colour
    local position_s, problem = parts.recorder:mark(wanted, note or "")
    if not position_s then return parts.notice:say("Not marked: " .. problem) end
    parts.notice:say("Marked " .. notice.clock_text(position_s))
end

-- Each action is a key binding without a default key and a script message of the same name.
local function connect_actions(parts)
    local actions = {
        ["playhead-start-over"] = function() parts.recorder:start_over() end,
        ["playhead-incognito"] = function() toggle_incognito(parts) end,
        ["playhead-flush"] = function() parts.delivery:flush_now() end,
    }
    for name, action in pairs(actions) do
        mp.add_key_binding(nil, name, action)
    end
    local key = settings.marker_key ~= "" and settings.marker_key or nil
    mp.add_key_binding(key, "playhead-mark", function() mark(parts) end)
    mp.register_script_message("playhead-mark-as", function(...) mark(parts, ...) end)
end

local raw = {}
for name, default in pairs(options.defaults) do raw[name] = default end
local playhead
mp_options.read_options(raw, "playhead", function()
    configure(raw)
    playhead.spool:use_account(options.account(settings))
    playhead.client:store_credentials()
end)
configure(raw)
playhead = build()
connect_events(playhead)
connect_actions(playhead)
playhead.publish("incognito", playhead.recorder.incognito)
playhead.client:remove_stale(playhead.readdir, function(path) return here:age_s(path) end)
playhead.client:store_credentials()
playhead.spool:adopt()
playhead.delivery:poke(ADOPT_AFTER_S)
