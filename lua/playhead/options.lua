-- The options of script-opts/playhead.conf with their defaults, checked once and turned into
-- settings the other modules can trust. Problems become sentences for the log, never errors.

local options = {}

options.defaults = {
    url = "http://127.0.0.1:8787",
    protocol = "playhead",
    token = "",
    token_file = "",
    user = "",
    password = "",
    password_file = "",
    ca_file = "",
    device = "",
    resume = "auto",
    resume_offset = 0,
    resume_wait_ms = 400,
    ask_seconds = 10,
    heartbeat_interval = 10,
    min_position = 10,
    min_duration = 60,
    finish_percent = 95,
    exclude = "",
    exclude_protocols = "appending,archive,av,bd,bluray,br,cdda,data,dvb,dvd,dvdnav,edl,fd,"
        .. "fdclose,hex,lavfi,memory,mf,null,pvr,rtp,slice,tv,udp",
    keep_query = "v",
    send_title = true,
    incognito = false,
    osd = true,
    osd_seconds = 5,
    start_over_key = "BS",
    marker_key = "Alt+m",
    marker_colour = "Blue",
    timeout = 10,
    spool_dir = "",
    spool_max_kib = 2048,
    curl = "curl",
    curl_config = "auto",
}

local CHOICES = {
    protocol = { playhead = true, timestampsync = true },
    resume = { auto = true, ask = true, no = true },
    curl_config = { auto = true, stdin = true, file = true },
    marker_colour = { Blue = true, Cyan = true, Green = true, Yellow = true, Red = true,
        Pink = true, Purple = true, Fuchsia = true, Rose = true, Lavender = true, Sky = true,
        Mint = true, Lemon = true, Sand = true, Cocoa = true, Cream = true },
}

local RANGES = {
    resume_offset = { 0, 60 },
    resume_wait_ms = { 0, 2000 },
    ask_seconds = { 1, 60 },
    heartbeat_interval = { 1, 600 },
    min_position = { 0, 3600 },
    min_duration = { 0, 86400 },
    finish_percent = { 50, 100 },
    osd_seconds = { 1, 60 },
    timeout = { 1, 60 },
    spool_max_kib = { 64, 1048576 },
}

local function check_choices(settings, problems)
    for name, allowed in pairs(CHOICES) do
        if not allowed[settings[name]] then
            problems[#problems + 1] = name .. "=" .. tostring(settings[name])
                .. " is not a known value; using " .. options.defaults[name]
            settings[name] = options.defaults[name]
        end
    end
end

local function check_ranges(settings, problems)
    for name, range in pairs(RANGES) do
        local number = tonumber(settings[name])
        if not number or number < range[1] or number > range[2] then
            problems[#problems + 1] = string.format("%s must be from %d to %d; using %d", name,
                range[1], range[2], options.defaults[name])
            settings[name] = options.defaults[name]
        end
    end
end

local function check_url(settings, problems)
    if settings.url:find("^https?://[^/?#@%s]+[^?#@%s]*$") then return end
    problems[#problems + 1] = "url must look like http://host:port, with user and password in "
        .. "their own options; using " .. options.defaults.url
    settings.url = options.defaults.url
end

-- The first line of a secret file without the line end. Returns "" and a problem if unreadable.
local function read_secret(path)
    local file = io.open(path, "rb")
    local line = file and file:read("*l")
    if file then file:close() end
    if line then return (line:gsub("%s+$", "")) end
    return "", "cannot read " .. path
end

local function load_secrets(settings, problems, expand)
    for _, name in ipairs({ "token", "password" }) do
        local path = settings[name .. "_file"]
        if settings[name] == "" and path ~= "" then
            local problem
            settings[name], problem = read_secret(expand(path))
            if problem then problems[#problems + 1] = name .. "_file: " .. problem end
        end
        -- A line break in a header would start another header.
        settings[name] = settings[name]:gsub("%c", "")
    end
end

local function split_set(text)
    local set = {}
    for item in text:gmatch("[^,%s]+") do set[item] = true end
    return set
end

-- Rules are separated by "|". One beginning with "^" is a Lua pattern, any other a leading path.
local function split_rules(text, problems, expand)
    local rules = {}
    for item in text:gmatch("[^|]+") do
        if item:sub(1, 1) ~= "^" then
            rules[#rules + 1] = { prefix = expand(item):gsub("/+$", "") }
        elseif pcall(string.find, "", item) then
            rules[#rules + 1] = { pattern = item }
        else
            problems[#problems + 1] = "exclude: " .. item .. " is not a Lua pattern; ignored"
        end
    end
    return rules
end

-- A colour that markers may have, or nil.
function options.colour(name)
    return name and CHOICES.marker_colour[name] and name or nil
end

-- Checked settings and a list of sentences about what was wrong. `expand` resolves "~~/" and "~/".
function options.check(raw, expand)
    local settings, problems = {}, {}
    for name in pairs(options.defaults) do settings[name] = raw[name] end
    check_choices(settings, problems)
    check_ranges(settings, problems)
    check_url(settings, problems)
    load_secrets(settings, problems, expand)
    settings.exclude_rules = split_rules(settings.exclude, problems, expand)
    settings.excluded_protocols = split_set(settings.exclude_protocols)
    settings.kept_query = split_set(settings.keep_query)
    return settings, problems
end

-- Whether the user wants nothing known about this path or URL.
function options.is_excluded(settings, path)
    for _, rule in ipairs(settings.exclude_rules) do
        if rule.pattern and path:find(rule.pattern) then return true end
        local prefix = rule.prefix
        if prefix and path:sub(1, #prefix) == prefix then
            local next_character = path:sub(#prefix + 1, #prefix + 1)
            if next_character == "" or next_character:find("[/\\]") then return true end
        end
    end
    return false
end

-- Eight hex digits telling accounts apart in the spool: server, and who we are to it. Files of
-- secrets count by name, so a renewed token still finds the reports written under the old one.
function options.account(settings)
    local who = settings.user
    if who == "" then who = settings.token_file end
    if who == "" then who = settings.token end
    local text, hash = table.concat({ settings.protocol, settings.url, who }, "\n"), 5381
    for index = 1, #text do
        hash = (hash * 131 + text:byte(index)) % 4294967291
    end
    return string.format("%04x%04x", math.floor(hash / 65536), hash % 65536)
end

return options
