-- playhead.conf for VLC: lines "name=value" as in mpv's script-opts, over the same options with the
-- defaults that fit VLC. Pure: text goes in, raw options and sentences about mistakes come out.

local options = require("options")

local settings_file = {}

-- Options that speak of what VLC does not have: keys of scripts, and curl.
settings_file.for_mpv_only = { ask_seconds = true, ca_file = true, curl = true, curl_config = true,
    start_over_key = true, marker_key = true, marker_colour = true }

local SECRETS = { token = true, password = true }

local VLC_DEFAULTS = {
    start_over_key = "",
    -- Devices, discs, live and generated sources, and VLC's commands.
    exclude_protocols = "alsa,atsc,avfoundation,bluray,cable,cdda,clock,decklink,dshow,dtv,dv,dvb,"
        .. "dvb-c,dvb-s,dvb-t,dvd,dvdnav,dvdread,dvdsimple,fd,imem,jack,oss,pulse,pvr,qtcapture,"
        .. "qtsound,radio,rtp,satellite,screen,sdp,stream,svcd,tv,udp,v4l2,vcd,vlc,window",
}

-- The options with VLC's defaults, as a new table.
function settings_file.defaults()
    local raw = {}
    for name, default in pairs(options.defaults) do raw[name] = default end
    for name, default in pairs(VLC_DEFAULTS) do raw[name] = default end
    return raw
end

local WORDS = { yes = true, ["true"] = true, no = false, ["false"] = false }

-- A text in the type of the option's default; nil when it cannot be.
local function typed(default, text)
    if type(default) == "number" then return tonumber(text) end
    if type(default) == "boolean" then return WORDS[text] end
    return text
end

-- Puts one value into `raw`, or a sentence into `problems`.
function settings_file.put(raw, problems, name, text)
    local value = raw[name] ~= nil and typed(raw[name], text)
    if raw[name] == nil then
        problems[#problems + 1] = "there is no option " .. name
    elseif value == nil then
        problems[#problems + 1] = name .. "=" .. text .. " is not understood; using "
            .. tostring(raw[name])
    elseif name == "resume" and value == "ask" then
        problems[#problems + 1] = "resume=ask needs keys, which VLC gives no script; using auto"
    elseif not settings_file.for_mpv_only[name] then
        raw[name] = value
    end
end

-- Reads the text of a configuration file into `raw`. A line that makes no sense is not repeated: it
-- may be a secret.
function settings_file.read(raw, problems, text)
    local number = 0
    for line in (text:gsub("^\239\187\191", "") .. "\n"):gmatch("(.-)\n") do
        number = number + 1
        local name, value = line:match("^%s*([%w_]+)=(.-)%s*$")
        if name then
            settings_file.put(raw, problems, name, value)
        elseif not line:find("^%s*#") and line:find("%S") then
            problems[#problems + 1] = "line " .. number .. " of playhead.conf is not name=value"
        end
    end
end

-- Takes over what --lua-config says. Secrets do not belong on a command line: none is read there.
function settings_file.read_arguments(raw, problems, arguments)
    for name, value in pairs(arguments) do
        if SECRETS[name] then
            problems[#problems + 1] = name .. " on the command line is ignored, for other users "
                .. "can read it there; use " .. name .. "_file"
        else
            settings_file.put(raw, problems, tostring(name), tostring(value))
        end
    end
end

-- The files that hold secrets according to `raw`; `path` is the configuration file.
function settings_file.secret_files(raw, path)
    local paths = {}
    if raw.token ~= "" or raw.password ~= "" then paths[#paths + 1] = path end
    for _, name in ipairs({ "token_file", "password_file" }) do
        if raw[name] ~= "" then paths[#paths + 1] = raw[name] end
    end
    return paths
end

return settings_file
