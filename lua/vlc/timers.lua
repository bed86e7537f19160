-- Functions to be called later, for a player whose scripts have a loop but no timers. The loop
-- calls `run`; nothing else is needed.

local timers = {}
timers.__index = timers

-- `now()` gives seconds of a clock that is never set.
function timers.new(now)
    return setmetatable({ now = now, waiting = {} }, timers)
end

-- Calls `action` once, in `delay_s` seconds, unless the returned timer is killed before.
function timers:schedule(delay_s, action)
    local timer, waiting = { due_s = self.now() + delay_s, action = action }, self.waiting
    function timer.kill() waiting[timer] = nil end
    waiting[timer] = true
    return timer
end

-- Runs what is due. What these functions schedule waits for the next round.
function timers:run()
    local now_s, due = self.now(), {}
    for timer in pairs(self.waiting) do
        if timer.due_s <= now_s then due[#due + 1] = timer end
    end
    table.sort(due, function(a, b) return a.due_s < b.due_s end)
    for _, timer in ipairs(due) do
        if self.waiting[timer] then
            timer:kill()
            timer.action()
        end
    end
end

return timers
