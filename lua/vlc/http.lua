-- HTTP/1.1 as text, both ways, for a player whose scripts have sockets but no curl: one request on
-- one connection (RFC 9112). Pure functions on strings. There is no TLS in it.

local wire = require("wire")

local http = {}

local PORT = 80
local BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- {host, port, authority, prefix} of a base URL; nil when it is not plain http.
function http.address(url)
    local authority, prefix = url:match("^[Hh][Tt][Tt][Pp]://([^/]+)(.*)$")
    if not authority then return nil end
    local host, port = authority:match("^%[([%x:.]+)%]:?(%d*)$")
    if not host then host, port = authority:match("^([^:]+):?(%d*)$") end
    if not host then return nil end
    return { host = host, port = tonumber(port) or PORT, authority = authority,
        prefix = prefix:gsub("/+$", "") }
end

local function base64_group(bytes)
    local a, b, c = bytes:byte(1, 3)
    local number, digits = a * 65536 + (b or 0) * 256 + (c or 0), {}
    for index = 1, #bytes + 1 do
        local digit = math.floor(number / 64 ^ (4 - index)) % 64
        digits[index] = BASE64:sub(digit + 1, digit + 1)
    end
    return table.concat(digits) .. ("="):rep(3 - #bytes)
end

function http.base64(bytes)
    return (bytes:gsub("..?.?", base64_group))
end

local function authorization(settings)
    if settings.token ~= "" then return "Bearer " .. settings.token end
    if settings.user ~= "" then
        return "Basic " .. http.base64(settings.user .. ":" .. settings.password)
    end
    return nil
end

-- The whole request. `request`: path, and body for a POST.
function http.request_text(settings, address, request)
    local lines = {
        (request.body and "POST " or "GET ") .. address.prefix .. request.path .. " HTTP/1.1",
        "Host: " .. address.authority,
        "User-Agent: playhead-vlc/1",
        "Accept: application/json, text/plain",
        "Connection: close",
    }
    local credentials = authorization(settings)
    if credentials then lines[#lines + 1] = "Authorization: " .. credentials end
    if request.body then
        lines[#lines + 1] = "Content-Type: application/json"
        lines[#lines + 1] = "Content-Length: " .. #request.body
    end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (request.body or "")
end

-- The body in a text of chunks; nil while the last one is missing.
local function unchunked(text)
    local pieces, index = {}, 1
    while true do
        local _, line_end, digits = text:find("^(%x+)[^\n]*\n", index)
        local size_bytes = digits and #digits <= 8 and tonumber(digits, 16)
        if not size_bytes then return nil end
        if size_bytes == 0 then return table.concat(pieces) end
        if #text < line_end + size_bytes then return nil end
        pieces[#pieces + 1] = text:sub(line_end + 1, line_end + size_bytes)
        index = (text:find("\n", line_end + size_bytes + 1, true) or #text) + 1
    end
end

local function body_of(headers, rest, is_over)
    if (headers["transfer-encoding"] or ""):lower():find("chunked", 1, true) then
        return unchunked(rest)
    end
    local length_bytes = tonumber(headers["content-length"])
    if not length_bytes then return is_over and rest or nil end
    return #rest >= length_bytes and rest:sub(1, length_bytes) or nil
end

-- The response in what has arrived so far; nil while something is missing. `is_over`: nothing more
-- will come, which ends an answer that does not say how long it is.
function http.read_response(text, is_over)
    local head, rest = text:match("^(.-)\r?\n\r?\n(.*)$")
    if not head then return nil end
    local status = tonumber(head:match("^HTTP/%d[%d.]* (%d%d%d)"))
    if not status then return wire.response(0, {}, "", "the answer is not HTTP") end
    if status < 200 then return http.read_response(rest, is_over) end
    local headers = wire.read_headers(head)
    local body = (status == 204 or status == 304) and "" or body_of(headers, rest, is_over)
    return body and wire.response(status, headers, body, "")
end

return http
