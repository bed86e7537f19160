-- Watches one player: describes the file being opened, feeds the session with what happens, and
-- writes what the session wants saved to the spool. The only module besides resume.lua, and the
-- wiring, that asks the player for properties, by mpv's names.

local identity = require("identity")
local options = require("options")
local session = require("session")
local wire = require("wire")

local recorder = {}
recorder.__index = recorder

local PATH_BYTES_MAX = 8192
local TITLE_BYTES_MAX = 500

-- `parts`: settings, player (mp, or what answers like it), file_info(path), spool, delivery,
-- wall(), new_id(), log(sentence).
function recorder.new(parts)
    local self = setmetatable(parts, recorder)
    self.incognito = parts.settings.incognito
    return self
end

function recorder:why_not(path)
    local scheme = identity.scheme(path)
    if self.incognito then return "incognito" end
    if path == "-" or #path > PATH_BYTES_MAX then return "no name to remember it by" end
    if scheme and self.settings.excluded_protocols[scheme] then return "protocol " .. scheme end
    return nil
end

-- Describes the file being opened; nil when it must not be recorded.
function recorder:describe()
    local path = self.player.get_property("path")
    if not path or path == "" then return nil end
    local reason = self:why_not(path)
    local located = not reason and identity.locate(path,
        self.player.get_property("working-directory", "/"), self.settings.kept_query)
    if located and (options.is_excluded(self.settings, located.file or located.path)
        or options.is_excluded(self.settings, path)) then
        reason = "excluded"
    end
    if reason then
        self.log("not recording: " .. reason)
        return nil
    end
    local media = { path = located.path, name = located.name, device = self.settings.device,
        session = self.new_id(), is_local = located.file ~= nil }
    local info = located.file and self.file_info(located.file)
    if info and info.is_file then
        media.size_bytes = info.size
        media.fingerprint = identity.fingerprint(located.file, info.size, self.player.get_time)
    end
    return media
end

-- Live streams and clips too short to resume are not recorded. Needs an opened file.
function recorder:is_recordable(media)
    local duration_s = self.player.get_property_number("duration")
    local seekable = self.player.get_property_bool("seekable", false)
        and not self.player.get_property_bool("partially-seekable", false)
    if not seekable then return false end
    if not duration_s or duration_s <= 0 then return media.is_local end
    return duration_s >= self.settings.min_duration
end

function recorder:times()
    return self.player.get_property_number("time-pos"), self.player.get_property_number("duration")
end

-- The file is loaded: begin recording it. `resumed`: a stored position was taken up.
function recorder:begin(media, resumed)
    self.media, self.session = nil, nil
    if self.incognito or not self:is_recordable(media) then return end
    self.media, self.session = media, session.new(self.settings)
    self.session:begin(self.player.get_time(), self:times() or 0, resumed)
    self.entry_id = self:playlist_entry_id()
end

function recorder:playlist_entry_id()
    local position = self.player.get_property_number("playlist-current-pos", -1)
    if position < 0 then return nil end
    return self.player.get_property_number(string.format("playlist/%d/id", position))
end

-- While mpv unloads a file its playlist already points to what comes next.
function recorder:unload_reason()
    if self.player.get_property_bool("eof-reached", false) then return "eof" end
    local entry_id = self:playlist_entry_id()
    if not entry_id then return "stop" end
    return entry_id == self.entry_id and "quit" or "next"
end

-- The file's own title. Without one mpv shows the file name, for a URL with its query, which may
-- hold a secret; so nothing that looks like a part of the URL is passed on.
local function title_of(player, media)
    local title = player.get_property("media-title", "")
    local path = player.get_property("path", "")
    if title == "" or #title > TITLE_BYTES_MAX or title == player.get_property("filename") then
        return nil
    end
    if not media.is_local and (path:find(title, 1, true) or title:find("?", 1, true)) then
        return nil
    end
    return identity.clean_utf8(title)
end

-- Writes what the session wants saved. Returns whether there was anything.
function recorder:save(outcome)
    if not outcome or self.incognito then return false end
    local report = { id = self.new_id(), client_time_s = self.wall() }
    for _, field in ipairs({ "device", "session", "path", "name", "fingerprint", "size_bytes" }) do
        report[field] = self.media[field]
    end
    if self.settings.send_title then report.title = title_of(self.player, self.media) end
    for field, value in pairs(outcome) do report[field] = value end
    self.spool:append(wire.report_line(report))
    return true
end

function recorder:save_and_send(outcome)
    if self:save(outcome) then self.delivery:poke() end
end

function recorder:tick()
    if not self.session then return end
    local position_s, duration_s = self:times()
    self:save_and_send(self.session:tick(self.player.get_time(), position_s, duration_s))
end

function recorder:on_pause(is_paused)
    if self.session and is_paused then self:save_and_send(self.session:paused(self:times())) end
end

function recorder:on_eof_reached(is_reached)
    if self.session and is_reached then
        self:save_and_send(self.session:end_reached(self:times()))
    end
end

function recorder:on_seek()
    if self.session then self.session:sought(self.player.get_time()) end
end

function recorder:on_playback_restart()
    if self.session then self.session:restarted() end
end

-- The last moment at which the player still knows the position. The report is on disk before
-- anything is sent; when the player may be exiting, it is sent without waiting for an answer.
-- `reason`: "next", "stop", "eof" or "quit"; mpv's is found out here.
function recorder:on_unload(reason)
    if not self.session then return end
    reason = reason or self:unload_reason()
    local position_s, duration_s = self:times()
    self:save(self.session:unload(reason, position_s, duration_s))
    self.session = nil
    if reason ~= "next" then self.delivery:send_last() end
    self.delivery:poke()
end

-- Marks the moment that is played, for the edit: also of clips too short to be resumed. Returns the
-- position, or nil and why not.
function recorder:mark(colour, note)
    local position_s = self:times()
    if not position_s then return nil, "nothing is played" end
    if self.incognito then return nil, "incognito is on" end
    local media = self.media or self:describe()
    if not media then return nil, "this file is not recorded" end
    self.spool:append(wire.report_line({ id = self.new_id(), client_time_s = self.wall(),
        device = media.device, path = media.path, name = media.name, position_s = position_s,
        marker = true, colour = colour, note = note ~= "" and identity.clean_utf8(note) or nil }))
    self.delivery:poke()
    return position_s
end

function recorder:start_over()
    if not self.player.get_property("path") then return end
    self.player.commandv("seek", "0", "absolute")
    if not self.session then return end
    local _, duration_s = self:times()
    self:save_and_send(self.session:start_over(self.player.get_time(), duration_s))
end

function recorder:set_incognito(is_on)
    self.incognito = is_on
    if is_on and self.session then self.session = nil end
end

return recorder
