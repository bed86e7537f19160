-- Text on the wire, both ways, without doing any I/O: reports as JSON lines, requests as curl
-- configurations, curl's output as responses. Everything here is a pure function on strings.

local wire = {}

local RETRY_AFTER_S_MAX = 3600

local REPORT_FIELDS = {
    "id", "client_time_s", "device", "session", "path", "name", "fingerprint", "size_bytes",
    "duration_s", "position_s", "reason", "finished", "title", "marker", "colour", "note",
}

-- What the server wants to know of a marker; the rest of its line is for the spool.
local MARKER_FIELDS = { "id", "client_time_s", "device", "path", "name", "position_s", "colour",
    "note" }

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r",
    ["\t"] = "\\t" } -- the same in JSON and in curl's configuration

-- mpv's own writer passes invalid UTF-8 through, prints every fraction with six digits and cannot
-- tell an empty object from an empty list; reports are flat, so writing them here is shorter than
-- working around it. `text` must be valid UTF-8.
function wire.json_string(text)
    return '"' .. text:gsub('[%c"\\]', function(character)
        return ESCAPES[character] or string.format("\\u%04x", character:byte())
    end) .. '"'
end

-- Milliseconds are as fine as a position needs; NaN and infinity have no JSON form.
function wire.json_number(number)
    if number ~= number or number == math.huge or number == -math.huge then return "null" end
    if number == math.floor(number) then return string.format("%.0f", number) end
    return string.format("%.3f", number)
end

local function json_value(value)
    if type(value) == "string" then return wire.json_string(value) end
    if type(value) == "number" then return wire.json_number(value) end
    return tostring(value)
end

local function json_members(values, fields)
    local members = {}
    for _, field in ipairs(fields) do
        if values[field] ~= nil then
            members[#members + 1] = wire.json_string(field) .. ":" .. json_value(values[field])
        end
    end
    return table.concat(members, ",")
end

-- One report as one line of JSON, in a fixed order of fields; absent fields are left out. A marker
-- waits in the same spool: it has a position but no reason.
function wire.report_line(report)
    return "{" .. json_members(report, REPORT_FIELDS) .. "}"
end

-- A marker as the server takes it, sent at `now_s` by our clock.
function wire.marker_body(marker, now_s)
    return string.format('{%s,"sent_time_s":%s}', json_members(marker, MARKER_FIELDS),
        wire.json_number(now_s))
end

local function curl_line(name, value)
    return name .. ' = "' .. value:gsub('[\\"\n\r\t]', ESCAPES) .. '"'
end

-- The credentials as a curl configuration of their own, or nil if there are none.
function wire.credentials_config(settings)
    if settings.token ~= "" then
        return curl_line("header", "Authorization: Bearer " .. settings.token) .. "\n"
    elseif settings.user ~= "" then
        return curl_line("user", settings.user .. ":" .. settings.password) .. "\n"
    end
    return nil
end

local function is_loopback(url)
    local authority = url:match("^%a+://([^/]*)") or ""
    return authority:find("^127%.") or authority:find("^localhost") or authority:find("^%[::1%]")
end

local function add_body(lines, request)
    if not request.body then return end
    lines[#lines + 1] = curl_line("header", "Content-Type: application/json")
    -- Without this curl holds a larger body back until the server says "100 Continue".
    lines[#lines + 1] = curl_line("header", "Expect:")
    lines[#lines + 1] = curl_line("data-binary", request.body)
end

-- A request as a curl configuration, so that nothing of it is on a command line.
-- `discard`: the name of a null device when nobody will read the answer. Redirects stay off: they
-- would carry the credentials to whatever host the answer names.
function wire.curl_config(settings, request, discard)
    local lines = {
        "silent", "show-error",
        curl_line("url", settings.url:gsub("/+$", "") .. request.path),
        curl_line("proto", "=http,https"),
        curl_line("max-time", tostring(request.timeout_s or settings.timeout)),
        curl_line("user-agent", "playhead-mpv/1"),
        curl_line("header", "Accept: application/json, text/plain"),
    }
    if settings.ca_file ~= "" then lines[#lines + 1] = curl_line("cacert", settings.ca_file) end
    if is_loopback(settings.url) then lines[#lines + 1] = curl_line("noproxy", "*") end
    add_body(lines, request)
    if discard then
        lines[#lines + 1] = curl_line("output", discard)
    else
        lines[#lines + 1] = "include"
        lines[#lines + 1] = curl_line("write-out", "\n%{http_code}")
    end
    return table.concat(lines, "\n") .. "\n"
end

-- The headers of one block, names in lower case.
function wire.read_headers(head)
    local headers = {}
    for name, value in head:gmatch("\n([^:\r\n]+):%s*([^\r\n]*)") do
        headers[name:lower()] = value
    end
    return headers
end

-- Skips header blocks (a proxy or "100 Continue" puts several in front) and keeps the last one.
local function split_head(text)
    local headers = {}
    while text:find("^HTTP/") do
        local head, rest = text:match("^(.-)\r?\n\r?\n(.*)$")
        if not head then return headers, "" end
        headers, text = wire.read_headers(head), rest
    end
    return headers, text
end

-- What modules pass on as an answer. status 0 means no answer came, for the reason `problem`.
function wire.response(status, headers, body, problem)
    local retry_after_s = tonumber(headers["retry-after"])
    return {
        status = status,
        retry_after_s = retry_after_s and math.max(0, math.min(retry_after_s, RETRY_AFTER_S_MAX)),
        body = body,
        error = problem,
    }
end

-- The response in what curl printed.
function wire.read_response(stdout, stderr)
    local text, code = (stdout or ""):match("^(.*)\n(%d%d%d)%s*$")
    local headers, body = split_head(text or "")
    local problem = (stderr or ""):gsub("%s+$", "")
    return wire.response(tonumber(code) or 0, headers, body, problem)
end

local RETRY = { [0] = true, [408] = true, [425] = true, [429] = true }
local CREDENTIALS = { [401] = true, [403] = true, [407] = true }
local UNACCEPTABLE = { [400] = true, [413] = true, [422] = true }

-- Who must act: nobody ("ok"), time ("retry"), the user about credentials ("credentials") or the
-- address ("address"), or we about what we sent ("unacceptable").
function wire.classify(status)
    if status >= 200 and status < 300 then return "ok" end
    if RETRY[status] or status >= 500 then return "retry" end
    if CREDENTIALS[status] then return "credentials" end
    if UNACCEPTABLE[status] then return "unacceptable" end
    return "address"
end

return wire
