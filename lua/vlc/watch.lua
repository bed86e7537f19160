-- VLC tells scripts nothing: they look. This turns one look after the other into what happened in
-- between. No I/O, no clock: samples and times go in, events come out.

local watch = {}
watch.__index = watch

local UNKNOWN_LENGTH_S = 2 -- after this long without a length it has none
local END_S = 2.5 -- VLC's last word about the time comes up to this long before the end
local AHEAD_S = 1 -- so far beyond what could be played is a seek; VLC's time has steps of 0.3 s
local BACK_S = 0.5
local ORIGIN_S = 2 -- what it says of the time before our own seek is this near to where that was
local SEEK_S_MAX = 3 -- by then VLC has done it, or never will

function watch.new()
    return setmetatable({}, watch)
end

-- We sent the player to a place ourselves: until it is there, it may say where it was before.
function watch:expect(position_s, now_s)
    self.origin_s, self.target_s = self.sample.position_s, position_s
    self.target_until_s = now_s + SEEK_S_MAX
    self.position_s, self.playable_s = position_s, 0
    self.sample.position_s = position_s
end

-- Replaces a position that is older than our own seek.
function watch:settle(now_s, sample)
    if not self.target_s then return end
    local is_old = math.abs(sample.position_s - self.origin_s) <= ORIGIN_S
        and math.abs(sample.position_s - self.target_s) > ORIGIN_S
    if is_old and now_s < self.target_until_s then
        sample.position_s = self.target_s
    else
        self.target_s = nil
    end
end

-- Whether the place changed by more than playing explains.
function watch:has_jumped(now_s, sample)
    if not sample.is_paused then
        self.playable_s = self.playable_s + (now_s - self.seen_s) * sample.rate
    end
    local moved_s = sample.position_s - self.position_s
    if moved_s == 0 then return false end
    local jumped = moved_s < -BACK_S or moved_s > self.playable_s + AHEAD_S
    self.position_s, self.playable_s = sample.position_s, 0
    return jumped
end

function watch:why_closed(sample)
    local last = self.sample
    local is_at_end = last.duration_s
        and last.position_s >= last.duration_s - END_S * math.max(1, last.rate)
    if is_at_end then return "eof" end
    return sample and "next" or "stop"
end

local function is_known(now_s, opened_s, sample)
    return sample.is_running and (sample.duration_s ~= nil or now_s - opened_s > UNKNOWN_LENGTH_S)
end

function watch:see_new(now_s, sample)
    if not self.sample or self.sample.mark ~= sample.mark then self.opened_s = now_s end
    if not is_known(now_s, self.opened_s, sample) then return nil end
    self.is_open = true
    self.target_s = nil
    self.position_s, self.playable_s = sample.position_s, 0
    return "opened"
end

function watch:see_same(now_s, sample)
    self:settle(now_s, sample)
    if self:has_jumped(now_s, sample) then return "sought" end
    if sample.is_paused and not self.sample.is_paused then return "paused" end
    return nil
end

-- `sample`: mark (differs for every playback), position_s, duration_s or nil, rate, is_paused,
-- is_running; nil while nothing plays. Gives the event of what has just ended ("eof", "next" or
-- "stop") and the event of what plays ("opened", "sought" or "paused"), each nil if there is none.
-- What ended was where the previous sample said.
function watch:see(now_s, sample)
    local ended, happened
    local is_same = sample and self.sample and sample.mark == self.sample.mark
    if self.is_open and not is_same then
        ended = self:why_closed(sample)
        self.is_open = false
    end
    if sample then
        happened = self.is_open and self:see_same(now_s, sample)
            or not self.is_open and self:see_new(now_s, sample) or nil
    end
    self.sample, self.seen_s = sample, now_s
    return ended, happened
end

return watch
