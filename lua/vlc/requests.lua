-- Sends HTTP requests over the player's own sockets without ever waiting for an answer: the loop
-- calls `step`, which takes what has arrived. Same functions as client.lua of the mpv client.
--
-- VLC's sockets do not block, but its `connect_tcp` does, for up to VLC's ipv4-timeout (5 s). That
-- holds up neither playback, which has threads of its own, nor, when the server refuses, anything
-- else. Where packets vanish it would hold up the script, and quitting; so after one slow failure
-- nothing is tried for a while, and while VLC exits only a server that was there just now.

local http = require("http")
local wire = require("wire")

local requests = {}
requests.__index = requests

local ANSWER_BYTES_MAX = 1048576
local PIECE_BYTES = 8192 -- VLC puts this much on its stack
local PIECES_MAX = 64 -- per step
local SLOW_S = 1 -- a connection that fails after this long was not refused but lost
local PAUSE_S = 60
local PAUSE_S_MAX = 300
local FRESH_S = 30 -- a server that was there this long ago is there still

local function failed(problem)
    return wire.response(0, {}, "", problem)
end

-- `parts`: settings, net (vlc.net), now(), complain(key, sentence).
function requests.new(parts)
    local self = setmetatable(parts, requests)
    self.address = http.address(self.settings.url)
    self.jobs, self.is_exiting = {}, false
    self.closed_until_s, self.slow_failures = 0, 0
    return self
end

function requests:note_failure(took_s)
    self.connected_s = nil
    if took_s < SLOW_S then return end
    self.closed_until_s = self.now() + math.min(PAUSE_S * 2 ^ self.slow_failures, PAUSE_S_MAX)
    self.slow_failures = math.min(self.slow_failures + 1, 10)
end

-- A connection on which `text` is on its way, and how much of it; nil and a sentence otherwise.
-- VLC 3 gives a descriptor for a connection that failed, too: only sending tells them apart.
function requests:connect(text)
    local started_s = self.now()
    if started_s < self.closed_until_s then return nil, "not tried again so soon" end
    local descriptor = self.net.connect_tcp(self.address.host, self.address.port)
    local sent_bytes = self.net.send(descriptor, text)
    if sent_bytes and sent_bytes > 0 then
        self.connected_s, self.slow_failures = self.now(), 0
        return descriptor, sent_bytes
    end
    self.net.close(descriptor)
    self:note_failure(self.now() - started_s)
    return nil, "cannot connect"
end

-- `on_response` gets {status, retry_after_s, body, error}, never before `send` has returned; status
-- 0 means no answer.
function requests:send(request, on_response)
    local job = { on_response = on_response, answer = "" }
    self.jobs[#self.jobs + 1] = job
    if not self.address then
        self.complain("https", "VLC's scripts have no TLS: url must begin with http://, for "
            .. "example that of a reverse proxy on this machine. Positions are kept.")
        job.response = failed("no TLS in VLC's scripts")
        return
    end
    job.text = http.request_text(self.settings, self.address, request)
    local descriptor, outcome = self:connect(job.text)
    if not descriptor then
        job.response = failed(outcome)
        return
    end
    job.descriptor, job.sent_bytes = descriptor, outcome
    job.deadline_s = self.now() + (request.timeout_s or self.settings.timeout)
end

function requests:is_there()
    local fresh_s = math.max(FRESH_S, 2 * self.settings.heartbeat_interval)
    return self.connected_s ~= nil and self.now() - self.connected_s <= fresh_s
end

-- VLC exits: what is still unanswered is given up, for all of it is in the spool.
function requests:leave()
    for _, job in ipairs(self.jobs) do
        if job.descriptor then self.net.close(job.descriptor) end
    end
    self.jobs, self.is_exiting = {}, true
end

-- For the last message while VLC exits; at any other time it goes the usual way soon.
function requests:send_detached(request)
    if self.is_exiting and self:is_there() then self:send(request, function() end) end
end

function requests:push(job)
    if job.sent_bytes >= #job.text then return end
    local sent_bytes = self.net.send(job.descriptor, job.text:sub(job.sent_bytes + 1))
    if sent_bytes and sent_bytes > 0 then job.sent_bytes = job.sent_bytes + sent_bytes end
end

function requests:pull(job)
    for _ = 1, PIECES_MAX do
        local piece = self.net.recv(job.descriptor, PIECE_BYTES)
        if not piece then return end
        job.answer = job.answer .. piece
        if #job.answer > ANSWER_BYTES_MAX then return end
    end
end

-- Moves one request on. What is missing at its deadline will not come any more.
function requests:advance(job)
    if job.response then return end
    self:push(job)
    self:pull(job)
    local is_over = self.now() >= job.deadline_s or #job.answer > ANSWER_BYTES_MAX
    job.response = http.read_response(job.answer, is_over) or (is_over and failed("no answer"))
        or nil
end

-- Moves all requests on and hands out the answers that are complete.
function requests:step()
    local running = self.jobs
    self.jobs = {}
    for _, job in ipairs(running) do
        self:advance(job)
        if not job.response then
            self.jobs[#self.jobs + 1] = job
        else
            if job.descriptor then self.net.close(job.descriptor) end
            job.on_response(job.response)
        end
    end
end

function requests:is_busy()
    return #self.jobs > 0
end

return requests
