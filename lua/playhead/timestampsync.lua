-- The interface of an old TimestampSync server: a name and whole seconds, nothing else. Same
-- functions as native.lua. That server keys on the file name alone, keeps whatever arrives last and
-- knows no ids, so only the newest report of a name is ever sent.

local identity = require("identity")
local wire = require("wire")

local timestampsync = {}

-- One request about one name: its newest position settles all older ones.
local function plan_name(entries, newest)
    local covered = {}
    for _, entry in ipairs(entries) do
        if entry.report.name == newest.report.name then
            covered[#covered + 1] = entry
            if entry.report.client_time_s >= newest.report.client_time_s then newest = entry end
        end
    end
    -- Stored as finished, the old server would send the next viewer straight to the end.
    local seconds = newest.report.finished and 0 or math.floor(newest.report.position_s)
    return {
        path = "/timestamps",
        body = string.format('{"seconds": %d, "name": %s}', seconds,
            wire.json_string(newest.report.name)),
        entries = covered,
    }
end

-- The name that has waited longest. A marker counts as its position: that server knows no more.
function timestampsync.plan(entries)
    return plan_name(entries, entries[1])
end

-- The name that was playing when the player exits.
function timestampsync.plan_last(entries)
    return plan_name(entries, entries[#entries])
end

function timestampsync.outcome(request, response, parse_json)
    local answer = parse_json(response.body)
    if type(answer) ~= "table" or type(answer.message) ~= "string" then return nil end
    local settled = {}
    for _, entry in ipairs(request.entries) do
        settled[entry.report.id] = true
    end
    return settled, {}
end

function timestampsync.resume_request(media)
    return { path = "/timestamps/" .. identity.percent_encode(media.name) }
end

function timestampsync.read_resume(response)
    if response.status == 404 then return { finished = false } end
    local seconds = response.status == 200 and response.body:match("^%s*(%d+)%s*$")
    if not seconds then return nil end
    return { position_s = tonumber(seconds), finished = false }
end

return timestampsync
