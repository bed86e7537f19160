-- Playhead's own HTTP interface: batches of reports out, one resume position in. Same functions as
-- timestampsync.lua. Pure: builds requests and reads responses, never sends.

local identity = require("identity")
local wire = require("wire")

local native = {}

local RESUME_FIELDS = { "path", "name", "fingerprint", "device" }

-- One request for all positions; each entry's stored line is sent as it is.
local function plan_positions(entries, now_s)
    local lines = {}
    for index, entry in ipairs(entries) do
        lines[index] = entry.line
    end
    return {
        path = "/api/positions/batch",
        body = string.format('{"sent_time_s":%s,"reports":[%s]}', wire.json_number(now_s),
            table.concat(lines, ",")),
        entries = entries,
    }
end

local function plan_marker(entry, now_s)
    return { path = "/api/markers", body = wire.marker_body(entry.report, now_s),
        entries = { entry } }
end

local function positions_among(entries)
    local positions = {}
    for _, entry in ipairs(entries) do
        if not entry.report.marker then positions[#positions + 1] = entry end
    end
    return positions
end

-- One request: all positions, or one marker when nothing else waits.
function native.plan(entries, now_s)
    local positions = positions_among(entries)
    if #positions > 0 then return plan_positions(positions, now_s) end
    return plan_marker(entries[1], now_s)
end

-- What to send while the player exits: the same, since one request takes all positions. Markers
-- were sent when they were set, or are at the next start.
native.plan_last = native.plan

-- Ids the server has taken or will never take, the sentences about the latter, or nil when the
-- answer does not come from a Playhead server (a captive portal also says 200).
function native.outcome(request, response, parse_json)
    local answer = parse_json(response.body)
    if request.path == "/api/markers" then
        if type(answer) ~= "table" or type(answer.id) ~= "string" then return nil end
        return { [request.entries[1].report.id] = true }, {}
    end
    if type(answer) ~= "table" or type(answer.results) ~= "table" then return nil end
    local settled, complaints = {}, {}
    for _, result in ipairs(answer.results) do
        if type(result) == "table" and type(result.id) == "string" then
            settled[result.id] = true
            if result.status == "refused" then
                complaints[#complaints + 1] = tostring(result.detail or "no reason given")
            end
        end
    end
    return settled, complaints
end

function native.resume_request(media)
    local query = {}
    for _, field in ipairs(RESUME_FIELDS) do
        if media[field] then
            query[#query + 1] = field .. "=" .. identity.percent_encode(media[field])
        end
    end
    if media.size_bytes then
        query[#query + 1] = "size_bytes=" .. wire.json_number(media.size_bytes)
    end
    return { path = "/api/resume?" .. table.concat(query, "&") }
end

-- {position_s, duration_s, device, finished, at_s}, or nil when the server gave no usable answer.
-- position_s is nil when there is nothing to resume.
function native.read_resume(response, parse_json)
    if response.status ~= 200 then return nil end
    local answer = parse_json(response.body)
    if type(answer) ~= "table" then return nil end
    return {
        position_s = tonumber(answer.position_s),
        duration_s = tonumber(answer.duration_s),
        device = type(answer.device) == "string" and answer.device or nil,
        finished = answer.finished == true,
        at_s = type(answer.at) == "string" and native.unix_seconds(answer.at) or nil,
    }
end

-- Days since 1970-01-01, counting years from March so that the leap day comes last.
local function days_from_civil(year, month, day)
    if month <= 2 then year, month = year - 1, month + 12 end
    return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
        + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

-- Unix seconds of an RFC 3339 time, or nil. `os.time` would read it in the local zone.
function native.unix_seconds(text)
    local year, month, day, hour, minute, second, zone =
        text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
    if not year then return nil end
    local sign, zone_hour, zone_minute = zone:match("^([+-])(%d%d):?(%d%d)$")
    local zone_s = sign and (tonumber(zone_hour) * 3600 + tonumber(zone_minute) * 60) or 0
    if sign == "-" then zone_s = -zone_s end
    return days_from_civil(tonumber(year), tonumber(month), tonumber(day)) * 86400
        + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second) - zone_s
end

return native
