-- Reports waiting to be confirmed, as JSON lines in files, so that a dead server, a closed terminal
-- or a killed player loses nothing that was written.
--
-- Several players share one directory. Each appends to a growing file of its own (`*.jsonl`), which
-- is renamed to a sealed one (`*.batch`) before it is sent; anybody may send and delete sealed
-- files, because the server ignores repeats by id. A growing file left by a dead player is adopted
-- by renaming it; if its owner lives after all, the owner's next report starts a new file. A file
-- is read again before it is deleted, and is only deleted when every entry in it was confirmed.
-- File names begin with a mark of the account, so one user's reports never leave as another's.

local spool = {}
spool.__index = spool

local GROWING = ".jsonl"
local SEALED = ".batch"
local COMPACT_BYTES = 262144 -- a growing file is thinned out here, after hours without a server
local FILES_READ_MAX = 64 -- per round; the rest waits for the next round
local MEMORY_ENTRIES_MAX = 200 -- kept when the disk cannot be written

-- `parts`: directory, account, new_id(), readdir(path) -> names or nil, parse_json(text),
-- warn(sentence), bytes_max.
function spool.open(parts)
    local self = setmetatable(parts, spool)
    self.memory = {}
    self.growing = self:new_path(GROWING)
    self.write_failed = false
    return self
end

function spool:new_path(extension)
    return self.directory .. "/" .. self.account .. "-" .. self.new_id() .. extension
end

-- Paths of this account's files, oldest first: the names hold time-ordered ids.
function spool:paths(extension)
    local found = {}
    for _, name in ipairs(self.readdir(self.directory) or {}) do
        local ours = name:sub(1, #self.account + 1) == self.account .. "-"
        if ours and name:sub(-#extension) == extension then
            found[#found + 1] = self.directory .. "/" .. name
        end
    end
    table.sort(found)
    return found
end

-- Entries {line, report} of one text; torn or foreign lines are skipped, for they hold no report.
function spool:parse(text)
    local entries = {}
    for line in text:gmatch("[^\r\n]+") do
        local report = self.parse_json(line)
        if type(report) == "table" and type(report.id) == "string"
            and type(report.name) == "string" and type(report.position_s) == "number"
            and type(report.client_time_s) == "number" then
            entries[#entries + 1] = { line = line, report = report }
        end
    end
    return entries
end

local function read_text(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local text = file:read("*a")
    file:close()
    return text or ""
end

local function write_text(path, mode, text)
    local file = io.open(path, mode)
    if not file then return false end
    local written = file:write(text)
    local closed = file:close()
    return (written and closed) and true or false
end

local function join_lines(entries)
    local lines = {}
    for index, entry in ipairs(entries) do
        lines[index] = entry.line .. "\n"
    end
    return table.concat(lines)
end

function spool:remember(line)
    if not self.write_failed then
        self.warn("cannot write " .. self.growing .. "; positions are kept in memory only")
    end
    self.write_failed = true
    local entry = self:parse(line)[1]
    if #self.memory >= MEMORY_ENTRIES_MAX then table.remove(self.memory, 1) end
    self.memory[#self.memory + 1] = entry
end

-- Writes one line; the newline in front ends a line that an earlier failed write left torn.
function spool:append(line)
    local prefix = self.write_failed and "\n" or ""
    if not write_text(self.growing, "ab", prefix .. line .. "\n") then
        self:remember(line)
        return
    end
    self.write_failed = false
    self.grown_bytes = (self.grown_bytes or 0) + #line + 1
    if self.grown_bytes > COMPACT_BYTES then self:compact() end
end

-- From now on for another account; what was written stays with the one it was written for.
function spool:use_account(account)
    if account == self.account then return end
    self:seal()
    self.account, self.memory = account, {}
    self.growing = self:new_path(GROWING)
end

-- Of an unbroken row of heartbeats of one session only the last says anything.
function spool.thin(entries)
    local kept = {}
    for _, entry in ipairs(entries) do
        local last = kept[#kept]
        local superseded = last and last.report.reason == "heartbeat"
            and entry.report.reason == "heartbeat" and last.report.session == entry.report.session
            and not last.report.finished
        kept[superseded and #kept or #kept + 1] = entry
    end
    return kept
end

-- New file first, then the old one goes: a crash in between only makes repeats.
function spool:replace(path, entries)
    if #entries > 0 and not write_text(self:new_path(SEALED), "wb", join_lines(entries)) then
        return
    end
    os.remove(path)
end

function spool:compact()
    local text = read_text(self.growing)
    self.grown_bytes = 0
    if text then self:replace(self.growing, spool.thin(self:parse(text))) end
    self:enforce_limit()
end

-- Positions are superseded by newer ones, so when months of them pile up the oldest go first.
function spool:enforce_limit()
    local paths, sizes, total_bytes = self:paths(SEALED), {}, 0
    for _, path in ipairs(paths) do
        sizes[path] = #(read_text(path) or "")
        total_bytes = total_bytes + sizes[path]
    end
    for _, path in ipairs(paths) do
        if total_bytes <= self.bytes_max then return end
        self.warn("the spool exceeds " .. self.bytes_max .. " bytes; dropping " .. path)
        total_bytes = total_bytes - sizes[path]
        os.remove(path)
    end
end

-- Takes over what earlier or crashed players left behind.
function spool:adopt()
    for _, path in ipairs(self:paths(GROWING)) do
        if path ~= self.growing then os.rename(path, self:new_path(SEALED)) end
    end
    self:enforce_limit()
end

function spool:seal()
    if os.rename(self.growing, self:new_path(SEALED)) then self.grown_bytes = 0 end
end

local function size_within(batch, entry, limits)
    return #batch.entries < limits.entries and batch.bytes + #entry.line + 1 <= limits.bytes
end

-- A single entry is always taken, however large, so that none can block the queue.
local function add_entries(batch, entries, limits)
    for _, entry in ipairs(entries) do
        if #batch.entries > 0 and not size_within(batch, entry, limits) then return end
        batch.entries[#batch.entries + 1] = entry
        batch.bytes = batch.bytes + #entry.line + 1
    end
end

-- The next entries to send, oldest first, and the files they came from. `superseded` are ids that
-- need not be sent because a later heartbeat in the same batch says more.
function spool:take(limits)
    if #self:paths(SEALED) == 0 then self:seal() end
    local batch = { entries = {}, bytes = 0, files = {}, superseded = {} }
    for index, path in ipairs(self:paths(SEALED)) do
        if index > FILES_READ_MAX then break end
        local entries = self:parse(read_text(path) or "")
        local thinned, kept = spool.thin(entries), {}
        for _, entry in ipairs(thinned) do kept[entry.report.id] = true end
        for _, entry in ipairs(entries) do
            if not kept[entry.report.id] then batch.superseded[entry.report.id] = true end
        end
        batch.files[#batch.files + 1] = path
        add_entries(batch, thinned, limits)
    end
    add_entries(batch, self.memory, limits)
    return batch
end

local function without(entries, ids)
    local remaining = {}
    for _, entry in ipairs(entries) do
        if not ids[entry.report.id] then remaining[#remaining + 1] = entry end
    end
    return remaining
end

-- Forgets the entries whose ids the server has settled. Files are read anew: what was added to
-- them since `take` stays.
function spool:settle(batch, ids)
    local gone = setmetatable({}, { __index = function(_, id)
        return ids[id] or batch.superseded[id]
    end })
    for _, path in ipairs(batch.files) do
        local text = read_text(path)
        local entries = text and self:parse(text)
        local remaining = entries and without(entries, gone)
        if remaining and (#remaining == 0 or #remaining < #entries) then
            self:replace(path, remaining)
        end
    end
    self.memory = without(self.memory, gone)
end

function spool:each(visit)
    for _, extension in ipairs({ SEALED, GROWING }) do
        for _, path in ipairs(self:paths(extension)) do
            for _, entry in ipairs(self:parse(read_text(path) or "")) do visit(entry) end
        end
    end
    for _, entry in ipairs(self.memory) do visit(entry) end
end

-- The newest waiting position for which `matches` is true: newer than anything the server knows.
function spool:newest(matches)
    local newest
    self:each(function(entry)
        local later = not newest or entry.report.client_time_s >= newest.client_time_s
        if later and not entry.report.marker and matches(entry.report) then
            newest = entry.report
        end
    end)
    return newest
end

-- The newest entries of all files, oldest first, for the one message sent while the player exits.
function spool:latest(limits)
    local all = {}
    self:each(function(entry) all[#all + 1] = entry end)
    table.sort(all, function(a, b) return a.report.client_time_s < b.report.client_time_s end)
    all = spool.thin(all)
    local batch, first = { bytes = 0, entries = {} }, #all + 1
    while first > 1 and size_within(batch, all[first - 1], limits) do
        first = first - 1
        add_entries(batch, { all[first] }, limits)
    end
    local entries = {}
    for index = first, #all do entries[#entries + 1] = all[index] end
    return entries
end

function spool:is_empty()
    return #self.memory == 0 and #self:paths(SEALED) == 0 and not read_text(self.growing)
end

return spool
