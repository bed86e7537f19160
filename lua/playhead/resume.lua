-- Opens files where they were left. The answer of the server is awaited for a moment while mpv
-- opens the file (hook on_load), so playback begins at the position without a jump; a late answer
-- is used by seeking, but only while the file has just begun and the user has not sought.

local notice = require("notice")
local session = require("session")

local resume = {}
resume.__index = resume

local LATE_S = 5
local REQUEST_TIMEOUT_S = 3

-- `parts`: settings, player (mp), recorder, notice, spool, client, protocol, parse_json,
-- schedule(delay_s, fn), publish(name, value).
function resume.new(parts)
    return setmetatable(parts, resume)
end

-- A waiting report about the same file. Names alone are too weak here: "S01E01.mkv" is everywhere.
local function same_file(media)
    return function(report)
        if media.fingerprint and report.fingerprint then
            return media.fingerprint == report.fingerprint
        end
        return report.path == media.path
    end
end

function resume:on_load(hook)
    self.notice:withdraw()
    local attempt = { media = self.recorder:describe() }
    self.attempt = attempt
    if not attempt.media or self.settings.resume == "no" then return end
    -- Set by the user or by mpv's own watch-later: theirs to decide.
    if self.player.get_property("start", "none") ~= "none" then return end
    attempt.waiting = self.spool:newest(same_file(attempt.media))
    local release = self:hold_back(hook)
    local request = self.protocol.resume_request(attempt.media)
    request.timeout_s = REQUEST_TIMEOUT_S
    self.client:send(request, function(response)
        attempt.is_answered = true
        attempt.answer = self.protocol.read_resume(response, self.parse_json)
        self:use(attempt)
        release()
    end)
end

-- Defers the hook until the returned function is called or the budget is spent; then at the latest
-- a position waiting in the spool is used. A question needs no waiting.
function resume:hold_back(hook)
    local attempt, is_held = self.attempt, self.settings.resume == "auto"
    if is_held then hook:defer() end
    local function release()
        if not is_held then return end
        is_held = false
        if attempt.timer then attempt.timer:kill() end
        hook:cont()
    end
    attempt.timer = self.schedule(self.settings.resume_wait_ms / 1000, function()
        if not attempt.is_answered and attempt.waiting then self:use(attempt) end
        release()
    end)
    return release
end

-- Applies what is known, in the way that fits how far mpv has come with the file.
function resume:use(attempt)
    if attempt ~= self.attempt then return end
    if attempt.is_begun then
        self:use_late(attempt)
    elseif self.settings.resume == "auto" then
        attempt.point = session.resume_point(self.settings, attempt.answer, attempt.waiting,
            attempt.duration_s)
        self:set_start(attempt)
    end
end

function resume:set_start(attempt)
    local start = attempt.point and string.format("%.3f", attempt.point.position_s) or "none"
    if attempt.start == nil and start == "none" then return end
    attempt.start = start
    self.player.set_property("file-local-options/start", start)
end

-- The file is opened and its real length known: a position too near the end would end it at once.
function resume:on_preloaded()
    local attempt = self.attempt
    if not attempt or not attempt.media then return end
    attempt.duration_s = self.player.get_property_number("duration")
    if attempt.is_answered or attempt.start then self:use(attempt) end
end

function resume:on_file_loaded()
    local attempt = self.attempt
    if not attempt or not attempt.media then return end
    attempt.is_begun = true
    attempt.duration_s = self.player.get_property_number("duration")
    local is_resumed = attempt.point ~= nil
    self.recorder:begin(attempt.media, is_resumed)
    self.publish("resumed-at", is_resumed and attempt.point.position_s or -1)
    if is_resumed then
        self:announce(attempt.point)
    elseif attempt.is_answered and self.settings.resume == "ask" then
        self:use_late(attempt)
    end
end

function resume:announce(point)
    self.notice:resumed(point, function() self.recorder:start_over() end)
end

function resume:use_late(attempt)
    local running = self.recorder.session
    local position_s = self.player.get_property_number("time-pos", 0)
    if attempt.point or not running or running.user_sought or position_s > LATE_S then return end
    local point = session.resume_point(self.settings, attempt.answer, attempt.waiting,
        attempt.duration_s)
    if not point then return end
    attempt.point = point
    if self.settings.resume == "ask" then
        self:ask(point, running)
    else
        self:jump(point, running)
        self:announce(point)
    end
end

-- The file plays from its start meanwhile, and nothing is saved, so "n" or no answer within the
-- time loses nothing but the offer.
function resume:ask(point, running)
    running:hold(true)
    self.notice:ask(point, function()
        running:hold(false)
        if self.recorder.session ~= running then return end
        self:jump(point, running)
        self.notice:say("Resumed at " .. notice.clock_text(point.position_s))
    end, function()
        running:hold(false)
    end)
end

function resume:jump(point, running)
    running:taken_up(point.position_s)
    self.player.commandv("seek", string.format("%.3f", point.position_s), "absolute", "exact")
    self.publish("resumed-at", point.position_s)
end

return resume
