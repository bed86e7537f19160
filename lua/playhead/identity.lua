-- What is being played, said in a way every machine and the server agree on: an absolute path or a
-- cleaned URL, a file name, a content fingerprint, and ids for events. Pure except for
-- `fingerprint`, which reads two pieces of one file. Knows nothing of mpv.

local identity = {}

local CHUNK_BYTES = 65536 -- OpenSubtitles moviehash reads this much from both ends
local HEADER_BYTES = 4096 -- a container's header says nothing about its content
local READ_BUDGET_S = 0.15 -- a slow share must not eat the time there is to resume in
local NAME_BYTES_MAX = 1000 -- the server takes 1024 characters
local TWO_32 = 4294967296
local REPLACEMENT = "\239\191\189" -- U+FFFD in UTF-8

-- Continuation bytes wanted after a lead byte, and the range of the first of them; nil for bytes
-- that cannot lead. The odd ranges refuse overlong forms, surrogates and code points over 10FFFF.
local function lead_byte(byte)
    if byte < 0x80 then return 0 end
    if byte >= 0xC2 and byte <= 0xDF then return 1, 0x80, 0xBF end
    if byte == 0xE0 then return 2, 0xA0, 0xBF end
    if byte == 0xED then return 2, 0x80, 0x9F end
    if byte >= 0xE1 and byte <= 0xEF then return 2, 0x80, 0xBF end
    if byte == 0xF0 then return 3, 0x90, 0xBF end
    if byte >= 0xF1 and byte <= 0xF3 then return 3, 0x80, 0xBF end
    if byte == 0xF4 then return 3, 0x80, 0x8F end
    return nil
end

-- Length of the longest well-formed piece at `index`, and whether it is a whole character.
local function scan_character(bytes, index)
    local wanted, low, high = lead_byte(bytes:byte(index))
    if not wanted then return 1, false end
    for offset = 1, wanted do
        local byte = bytes:byte(index + offset)
        if not byte or byte < low or byte > high then return offset, false end
        low, high = 0x80, 0xBF
    end
    return wanted + 1, true
end

-- Valid UTF-8 whatever comes in: each ill-formed piece becomes one U+FFFD, exactly as Python's
-- `decode("utf-8", "replace")` does, so both ends of the wire name a damaged file alike.
function identity.clean_utf8(bytes)
    if not bytes:find("[\128-\255]") then return bytes end
    local pieces, index = {}, 1
    while index <= #bytes do
        local length, whole = scan_character(bytes, index)
        pieces[#pieces + 1] = whole and bytes:sub(index, index + length - 1) or REPLACEMENT
        index = index + length
    end
    return table.concat(pieces)
end

function identity.percent_encode(text)
    return (text:gsub("[^%w%-._~]", function(character)
        return string.format("%%%02X", character:byte())
    end))
end

function identity.percent_decode(text)
    return (text:gsub("%%(%x%x)", function(digits)
        return string.char(tonumber(digits, 16))
    end))
end

-- The protocol of a URL in lower case, or nil for a plain file name. A drive letter is no protocol.
function identity.scheme(path)
    local scheme = path:match("^(%a[%w+.-]*)://")
    return scheme and scheme:lower()
end

local function is_absolute(path)
    return path:find("^/") ~= nil or path:find("^%a:[/\\]") ~= nil or path:find("^\\\\") ~= nil
end

local function collapse_slashed(path)
    local kept = {}
    for part in path:gmatch("[^/]+") do
        if part == ".." then
            kept[#kept] = nil
        elseif part ~= "." then
            kept[#kept + 1] = part
        end
    end
    return "/" .. table.concat(kept, "/")
end

local function absolute(path, working_directory)
    if not is_absolute(path) then
        local separator = working_directory:find("\\", 1, true) and "\\" or "/"
        path = working_directory:gsub("[/\\]$", "") .. separator .. path:gsub("^%.[/\\]", "")
    end
    if path:sub(1, 1) == "/" then return collapse_slashed(path) end
    return path
end

-- `;key=value` for each query key that says what is played (a video id); all else of a query may be
-- a credential or a one-time ticket and is dropped.
local function kept_query(query, keep_query)
    local kept = {}
    for key, value in query:gmatch("([^&=]+)=([^&]*)") do
        if keep_query[key] then kept[#kept + 1] = ";" .. key .. "=" .. value end
    end
    return table.concat(kept)
end

-- A URL without user, password, query and fragment.
function identity.clean_url(url, keep_query)
    local scheme, rest = url:match("^(%a[%w+.-]*)://(.*)$")
    rest = rest:gsub("#.*$", "")
    local before, query = rest:match("^([^?]*)%??(.*)$")
    local authority, path = before:match("^([^/]*)(.*)$")
    authority = authority:gsub("^.*@", ""):lower()
    return scheme:lower() .. "://" .. authority .. path .. kept_query(query, keep_query or {})
end

local function locate_url(url, keep_query)
    local cleaned = identity.clean_url(url, keep_query)
    local tail = cleaned:gsub("/+$", ""):match("([^/]+)$") or cleaned
    return {
        path = identity.clean_utf8(cleaned),
        name = identity.clean_utf8(identity.percent_decode(tail):sub(1, NAME_BYTES_MAX)),
    }
end

-- {path, name, file}: `path` and `name` are clean text for the server; `file` are the raw bytes
-- that open the file, absent for URLs.
function identity.locate(path, working_directory, keep_query)
    local scheme = identity.scheme(path)
    if scheme == "file" then
        path = identity.percent_decode(path:gsub("^%a+://[^/]*", ""))
        path = path:gsub("^/(%a:[/\\])", "%1")
    elseif scheme then
        return locate_url(path, keep_query)
    end
    local file = absolute(path, working_directory)
    local separators = file:sub(1, 1) == "/" and "[^/]+$" or "[^/\\]+$"
    local name = file:match(separators) or file
    return {
        path = identity.clean_utf8(file),
        name = identity.clean_utf8(name:sub(1, NAME_BYTES_MAX)),
        file = file,
    }
end

local function add_words(chunk, low_sum, high_sum)
    for index = 1, #chunk, 8 do
        local a, b, c, d, e, f, g, h = chunk:byte(index, index + 7)
        low_sum = low_sum + a + b * 256 + c * 65536 + d * 16777216
        high_sum = high_sum + e + f * 256 + g * 65536 + h * 16777216
    end
    return low_sum, high_sum
end

-- The 64-bit sum modulo 2^64 as hexadecimal. 16,384 words of 32 bits stay under 2^47, so doubles
-- add them exactly; 16-bit pieces keep `%x` within what every Lua prints alike.
local function moviehash(head, tail, size_bytes)
    local low_sum, high_sum = add_words(head, size_bytes, 0)
    low_sum, high_sum = add_words(tail, low_sum, high_sum)
    local high = (high_sum + math.floor(low_sum / TWO_32)) % TWO_32
    local low = low_sum % TWO_32
    return string.format("%04x%04x%04x%04x", math.floor(high / 65536), high % 65536,
        math.floor(low / 65536), low % 65536)
end

local function is_uniform(bytes)
    return bytes == bytes:sub(1, 1):rep(#bytes)
end

local function read_ends(file_path, size_bytes, clock)
    local started = clock()
    local file = io.open(file_path, "rb")
    if not file then return nil end
    local head = file:read(CHUNK_BYTES)
    local tail
    if clock() - started <= READ_BUDGET_S and file:seek("set", size_bytes - CHUNK_BYTES) then
        tail = file:read(CHUNK_BYTES)
    end
    file:close()
    if not head or not tail or #head ~= CHUNK_BYTES or #tail ~= CHUNK_BYTES then return nil end
    return head, tail
end

-- "moviehash:<16 hex>-<size>", or nil when the file is too small, slow, unreadable, or its samples
-- are one repeated byte: such a sum would be shared by every silent or blank file of that size.
function identity.fingerprint(file_path, size_bytes, clock)
    if not size_bytes or size_bytes < 2 * CHUNK_BYTES then return nil end
    local head, tail = read_ends(file_path, size_bytes, clock)
    if not head then return nil end
    if is_uniform(tail) and is_uniform(head:sub(HEADER_BYTES + 1)) then return nil end
    return string.format("moviehash:%s-%.0f", moviehash(head, tail, size_bytes), size_bytes)
end

-- A version 7 UUID: time-ordered, so spool files and the server's log sort by it.
-- `random_bytes(n)` gives n bytes.
function identity.uuid7(unix_s, random_bytes)
    local ms = math.floor(unix_s * 1000)
    local parts = { string.format("%04x%04x%04x", math.floor(ms / TWO_32) % 65536,
        math.floor(ms / 65536) % 65536, ms % 65536) }
    local random = random_bytes(10)
    for index = 1, 10 do
        local byte = random:byte(index)
        if index == 1 then byte = 0x70 + byte % 16 end
        if index == 3 then byte = 0x80 + byte % 64 end
        parts[#parts + 1] = string.format("%02x", byte)
    end
    local hex = table.concat(parts)
    return table.concat({ hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 16), hex:sub(17, 20),
        hex:sub(21, 32) }, "-")
end

return identity
