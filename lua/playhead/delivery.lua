-- Brings the spool to the server: one request in flight, a short wait to gather what comes
-- together, growing pauses after failures, and one detached message while the player exits.
-- Time, timers, the spool and the client are handed in.

local wire = require("wire")

local delivery = {}
delivery.__index = delivery

local GATHER_S = 0.2
local NEXT_BATCH_S = 0.05
local RETRY_S = 5
local RETRY_S_MAX = 300
local UNUSABLE_S = 300 -- wrong password or address: only the user can mend it
-- Old versions of curl read configuration lines of up to 100 KiB, and a pipe takes 64 KiB at once.
local BATCH = { entries = 200, bytes = 40000 }

-- `parts`: spool, client, protocol, parse_json, wall(), schedule(delay_s, fn) -> timer with kill(),
-- complain(key, sentence) which tells each key's sentence once, forgive(), log(sentence).
function delivery.new(parts)
    local self = setmetatable(parts, delivery)
    self.is_sending = false
    self.failures = 0
    self.entries_max = BATCH.entries
    self.blocked_until_s = 0
    return self
end

-- Asks for a flush in about `delay_s` seconds; an earlier one already planned stays.
function delivery:poke(delay_s)
    local due_s = math.max(self.wall() + (delay_s or GATHER_S), self.blocked_until_s)
    if self.timer then
        if self.due_s <= due_s then return end
        self.timer:kill()
    end
    self.due_s = due_s
    self.timer = self.schedule(math.max(0.01, due_s - self.wall()), function()
        self.timer = nil
        self:flush()
    end)
end

-- The user asked: forget earlier failures and try at once.
function delivery:flush_now()
    self.failures, self.blocked_until_s = 0, 0
    self.forgive()
    self.spool:adopt()
    self:poke(0)
end

function delivery:flush()
    if self.is_sending then return end
    local batch = self.spool:take({ entries = self.entries_max, bytes = BATCH.bytes })
    if #batch.entries == 0 then
        self.spool:settle(batch, {})
        return
    end
    local request = self.protocol.plan(batch.entries, self.wall())
    self.is_sending = true
    self.client:send(request, function(response)
        self.is_sending = false
        self:receive(batch, request, response)
    end)
end

function delivery:receive(batch, request, response)
    local verdict = wire.classify(response.status)
    if verdict == "ok" then
        self:accept(batch, request, response)
    elseif verdict == "unacceptable" then
        self:divide(batch, request, response)
    elseif verdict == "retry" then
        self:back_off(response)
    else
        self:stop_until_mended(verdict, response)
    end
end

function delivery:accept(batch, request, response)
    local settled, complaints = self.protocol.outcome(request, response, self.parse_json)
    if not settled or next(settled) == nil then
        self:stop_until_mended("address", response)
        return
    end
    for _, complaint in ipairs(complaints) do
        self.log("the server refused a report: " .. complaint)
    end
    self.failures, self.blocked_until_s, self.entries_max = 0, 0, BATCH.entries
    self.forgive()
    self.spool:settle(batch, settled)
    if not self.spool:is_empty() then self:poke(NEXT_BATCH_S) end
end

-- The request as a whole was unacceptable: send less at once until the culprit stands alone.
function delivery:divide(batch, request, response)
    if #request.entries > 1 then
        self.entries_max = math.max(1, math.floor(#batch.entries / 2))
    else
        local id = request.entries[1].report.id
        self.log("dropping a report the server cannot read (HTTP " .. response.status .. ")")
        self.spool:settle(batch, { [id] = true })
    end
    self:poke(NEXT_BATCH_S)
end

-- Nothing is sent for a while, not even what was planned before the failure.
function delivery:block(delay_s)
    if self.timer then self.timer:kill() end
    self.timer = nil
    self.blocked_until_s = self.wall() + delay_s
    self:poke(delay_s)
end

function delivery:back_off(response)
    self.failures = self.failures + 1
    local delay_s = math.min(RETRY_S * 2 ^ math.min(self.failures - 1, 10), RETRY_S_MAX)
    self:block(math.max(delay_s, response.retry_after_s or 0))
    if response.is_missing then
        self.complain("curl", "curl was not found; install it or set the option curl. "
            .. "Positions are kept and sent later.")
        return
    end
    self.log(string.format("no answer from the server (%s); next try in %d s",
        response.status > 0 and "HTTP " .. response.status or response.error, delay_s))
end

local SENTENCES = {
    credentials = "the server refused the credentials (HTTP %d); check token or user and password.",
    address = "no such server at this address (HTTP %d); check url and protocol.",
}

function delivery:stop_until_mended(verdict, response)
    self:block(UNUSABLE_S)
    self.complain(verdict, string.format(SENTENCES[verdict], response.status)
        .. " Positions are kept and sent later.")
end

-- While the player exits: everything recent in one message nobody waits for. The spool keeps it
-- all, since no answer will be seen; the next start sends it again.
function delivery:send_last()
    local entries = self.spool:latest(BATCH)
    if #entries == 0 then return end
    self.client:send_detached(self.protocol.plan_last(entries, self.wall()))
end

return delivery
