-- Wall-clock time in fractions of a second, and random bytes: the two things plain Lua lacks.
-- Lua's `os.time` counts whole seconds, so it is refined with the player's monotonic clock.

local clock = {}

local STEP_S = 1.5 -- more than truncation can explain: the wall clock was set, or we slept

-- A function giving unix seconds. Whole seconds are always truncated down, so the largest
-- difference seen between the two clocks is the truest; a larger step either way starts afresh.
function clock.wall(whole_seconds, monotonic)
    local offset
    return function()
        local now = monotonic()
        local sample = whole_seconds() - now
        if not offset or sample > offset or sample < offset - STEP_S then offset = sample end
        return now + offset
    end
end

-- Where there is no kernel source (Windows), mix what differs between two processes and calls.
local function mixed_bytes(seed_text)
    local state = 1
    for index = 1, #seed_text do
        state = (state * 131 + seed_text:byte(index)) % 2147483647
    end
    return function(count)
        local bytes = {}
        for index = 1, count do
            state = (state * 16807) % 2147483647
            bytes[index] = string.char(math.floor(state / 1024) % 256)
        end
        return table.concat(bytes)
    end
end

-- A function giving `count` random bytes. `salt` is any text that differs between processes.
function clock.random(salt)
    local fallback = mixed_bytes(salt .. tostring({}) .. tostring(os.clock()) .. os.time())
    return function(count)
        local source = io.open("/dev/urandom", "rb")
        local bytes = source and source:read(count)
        if source then source:close() end
        if bytes and #bytes == count then return bytes end
        return fallback(count)
    end
end

return clock
