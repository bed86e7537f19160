-- VLC as the shared modules know a player: one look at it gives a sample, and questions by mpv's
-- names are answered from the latest sample. The only module that asks VLC what it plays.

local identity = require("identity")

local player = {}
player.__index = player

local MARK = "playhead-mark" -- a variable of ours on VLC's input object: tells playbacks apart
local MICROSECONDS = 1000000
local PLAYING, PAUSED = 2, 3 -- input states of VLC 3
local DETAILS_S = 2 -- a title may be found while the file plays

-- mpv's name of a property: ours in a sample.
local FIELDS = {
    path = "uri", filename = "name", start = "start", duration = "duration_s",
    seekable = "is_seekable", ["media-title"] = "title", ["time-pos"] = "position_s",
}

-- `parts`: vlc, now(), watch.
function player.new(parts)
    local self = setmetatable(parts, player)
    self.marks_count = 0
    return self
end

-- The mark of a playback. A new one is given only when VLC is not on its way to the next item, so
-- that the item asked for afterwards is the one of this input.
function player:mark_of(input)
    local mark = self.vlc.var.get(input, MARK)
    if mark then return mark end
    self.marks_count = self.marks_count + 1
    mark = tostring(self.marks_count)
    self.vlc.var.create(input, MARK, mark)
    return mark
end

-- Address, file name and title: asked for seldom, for VLC copies all it knows about an item.
function player:details(mark)
    local known, now_s = self.known, self.now()
    if known and known.mark == mark and now_s < known.until_s then return known end
    local item, again = self.vlc.input.item(), self.vlc.object.input()
    if not item or not again or self.vlc.var.get(again, MARK) ~= mark then return nil end
    local uri, metas = item:uri() or "", item:metas() or {}
    self.known = { mark = mark, until_s = now_s + DETAILS_S, uri = uri, title = metas.title,
        name = identity.percent_decode(uri:match("[^/]*$")) }
    return self.known
end

-- What VLC plays at this moment, or nil. Does not change what questions are answered from.
function player:look()
    local input = self.vlc.object.input()
    if not input then return nil end
    local mark = self:mark_of(input)
    local details = self:details(mark)
    if not details or details.uri == "" then return nil end
    local function number(name) return self.vlc.var.get(input, name) or 0 end
    local state, length_s, start_s = number("state"), number("length") / MICROSECONDS,
        number("start-time")
    return { mark = mark, uri = details.uri, name = details.name, title = details.title,
        position_s = math.max(0, number("time") / MICROSECONDS), rate = number("rate"),
        duration_s = length_s > 0 and length_s or nil,
        start = start_s > 0 and tostring(start_s) or nil,
        is_seekable = self.vlc.var.get(input, "can-seek"),
        is_paused = state == PAUSED, is_running = state == PLAYING or state == PAUSED }
end

function player:seek(position_s)
    local input = self.vlc.object.input()
    local mark = input and self.vlc.var.get(input, MARK)
    if not mark or not self.sample or mark ~= self.sample.mark then return end
    self.vlc.var.set(input, "time", math.floor(position_s * MICROSECONDS))
    self.watch:expect(position_s, self.now())
end

-- The functions of mpv's `mp` that recorder.lua and resume.lua use.
function player:as_mpv()
    local function typed(kind)
        return function(name, default)
            local value = self.sample and self.sample[FIELDS[name]]
            if type(value) ~= kind then return default end
            return value
        end
    end
    return {
        get_time = self.now,
        get_property = typed("string"),
        get_property_number = typed("number"),
        get_property_bool = typed("boolean"),
        set_property = function() end,
        commandv = function(_, position) self:seek(tonumber(position)) end,
    }
end

return player
