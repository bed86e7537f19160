-- One playback of one file as a state machine without any I/O: positions and events go in, the
-- report to save comes out, or nil for "nothing worth saving". It decides what counts as begun, as
-- finished, and when the user has deliberately gone back.

local session = {}
session.__index = session

local SEEK_SETTLE_S = 1 -- a dragged seek bar makes dozens of seeks; the last one counts
local MOVED_S = 0.5 -- less than this since the last report is the same place
local EOF_PERCENT_MIN = 80 -- a dropped stream also ends in "eof", but far from the end

-- `limits`: heartbeat_interval, min_position, finish_percent.
function session.new(limits)
    return setmetatable({
        limits = limits,
        next_heartbeat_s = nil,
        seek_settles_s = nil,
        is_running = false, -- opening at a position also announces a seek, before the first frame
        saved_position_s = nil,
        saved_finished = false,
        passed_head = false, -- has been beyond min_position, so going back is deliberate
        user_sought = false,
        on_hold = false, -- a resume question is open: the old position must survive it
        ended = false,
    }, session)
end

-- Playback begins. `resumed` means a stored position was taken up.
function session:begin(now_s, position_s, resumed)
    self.next_heartbeat_s = now_s + self.limits.heartbeat_interval
    if resumed then self:taken_up(position_s) end
end

-- A stored position was taken up: going back from there is deliberate, and it is saved already.
function session:taken_up(position_s)
    self.passed_head = true
    self.saved_position_s = position_s
end

function session:is_finished(position_s, duration_s, at_eof)
    if not duration_s or duration_s <= 0 then return at_eof end
    local percent = position_s / duration_s * 100
    if percent >= self.limits.finish_percent then return true end
    return at_eof and percent >= EOF_PERCENT_MIN
end

-- The report to save, or nil while the question is open or too close to the start.
function session:save(reason, position_s, duration_s)
    if self.on_hold or self.ended or not position_s then return nil end
    position_s = math.max(0, position_s)
    if position_s >= self.limits.min_position then self.passed_head = true end
    if not self.passed_head then return nil end
    local finished = self:is_finished(position_s, duration_s, reason == "eof")
    self.saved_position_s, self.saved_finished, self.saved_reason = position_s, finished, reason
    return { reason = reason, position_s = position_s, duration_s = duration_s,
        finished = finished }
end

function session:save_if_moved(reason, position_s, duration_s)
    local saved_s = self.saved_position_s
    if not position_s or (saved_s and math.abs(position_s - saved_s) < MOVED_S) then return nil end
    return self:save(reason, position_s, duration_s)
end

-- Called about once a second, also while paused.
function session:tick(now_s, position_s, duration_s)
    if not position_s or not self.next_heartbeat_s then return nil end
    if self.seek_settles_s then
        if now_s < self.seek_settles_s then return nil end
        self.seek_settles_s = nil
        self.next_heartbeat_s = now_s + self.limits.heartbeat_interval
        return self:save_if_moved("seek", position_s, duration_s)
    end
    if now_s < self.next_heartbeat_s then return nil end
    self.next_heartbeat_s = now_s + self.limits.heartbeat_interval
    return self:save_if_moved("heartbeat", position_s, duration_s)
end

function session:paused(position_s, duration_s)
    return self:save_if_moved("pause", position_s, duration_s)
end

-- Playback shows its first frame, or goes on after a seek.
function session:restarted()
    self.is_running = true
end

function session:sought(now_s)
    if not self.is_running then return end
    self.user_sought = true
    self.seek_settles_s = now_s + SEEK_SETTLE_S
end

-- With keep-open the file stays loaded at its end.
function session:end_reached(position_s, duration_s)
    if self.saved_finished then return nil end
    return self:save("eof", position_s, duration_s)
end

-- The last report of this playback; nothing is saved after it. The end of the file, once told, is
-- not told again: mpv says it twice.
function session:unload(reason, position_s, duration_s)
    local again = reason == "eof" and self.saved_reason == "eof"
    local report = not again and self:save(reason, position_s, duration_s) or nil
    self.ended = true
    return report
end

-- The user pressed the key: forget the stored position now, not after min_position seconds.
function session:start_over(now_s, duration_s)
    self.on_hold = false
    self.passed_head = true
    self.user_sought = true
    self.next_heartbeat_s = now_s + self.limits.heartbeat_interval
    return self:save("seek", 0, duration_s)
end

function session:hold(on_hold)
    self.on_hold = on_hold
end

-- A report still waiting here beats the server's answer unless that is newer.
local function newest_word(answer, waiting)
    if not waiting then return answer end
    local newer_there = answer and answer.at_s and answer.at_s > waiting.client_time_s
    return newer_there and answer or waiting
end

-- Where to begin: {position_s, device}, or nil when the file is to be played from its start.
-- `duration_s` is the file's real length once it is known.
function session.resume_point(limits, answer, waiting, duration_s)
    local word = newest_word(answer, waiting)
    if not word or word.finished or not word.position_s then return nil end
    if word.position_s < limits.min_position then return nil end
    local whole_s = duration_s or word.duration_s
    if whole_s and word.position_s >= whole_s * limits.finish_percent / 100 then return nil end
    return { position_s = math.max(0, word.position_s - limits.resume_offset),
        device = word.device }
end

return session
