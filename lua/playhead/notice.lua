-- What the user sees and presses: short texts on the screen, and keys that exist only while a text
-- offers them.

local notice = {}
notice.__index = notice

local TEXT_BYTES_MAX = 200

-- `parts`: settings, show(text, seconds), bind(key, name, fn), unbind(name), schedule(delay_s, fn).
function notice.new(parts)
    local self = setmetatable(parts, notice)
    self.bound = {}
    return self
end

-- Text from elsewhere (device names, server sentences) must not be read as markup or properties.
function notice.plain(text)
    return (text:gsub("[%c\\${}]", "")):sub(1, TEXT_BYTES_MAX)
end

function notice.clock_text(position_s)
    local whole_s = math.floor(position_s)
    local hours, minutes = math.floor(whole_s / 3600), math.floor(whole_s / 60) % 60
    if hours > 0 then return string.format("%d:%02d:%02d", hours, minutes, whole_s % 60) end
    return string.format("%d:%02d", minutes, whole_s % 60)
end

function notice:say(text, seconds)
    if self.settings.osd then self.show(text, seconds or self.settings.osd_seconds) end
end

function notice:withdraw()
    for name in pairs(self.bound) do self.unbind(name) end
    self.bound = {}
    if self.timer then self.timer:kill() end
    self.timer = nil
end

-- Shows a text with keys ({key, name, action}) for `seconds`; afterwards or after a key the keys
-- are gone. `on_timeout` runs if none was pressed.
function notice:offer(text, seconds, choices, on_timeout)
    self:withdraw()
    for _, choice in ipairs(choices) do
        self.bound[choice.name] = true
        self.bind(choice.key, choice.name, function()
            self:withdraw()
            choice.action()
        end)
    end
    self.timer = self.schedule(seconds, function()
        self:withdraw()
        if on_timeout then on_timeout() end
    end)
    self.show(text, seconds)
end

function notice:resumed(point, start_over)
    if not self.settings.osd then return end
    local from = point.device and " from " .. notice.plain(point.device) or ""
    local key = self.settings.start_over_key
    local text = "Resumed at " .. notice.clock_text(point.position_s) .. from
    if key == "" then return self:say(text) end
    self:offer(text .. "\nPress " .. key .. " to start over", self.settings.osd_seconds,
        { { key = key, name = "playhead-notice-start-over", action = start_over } })
end

-- A question is asked whatever the option osd says: without it resume=ask would have no way to ask.
function notice:ask(point, on_yes, on_no)
    local text = "Resume at " .. notice.clock_text(point.position_s) .. "?  y / n"
    self:offer(text, self.settings.ask_seconds, {
        { key = "y", name = "playhead-ask-yes", action = on_yes },
        { key = "n", name = "playhead-ask-no", action = on_no },
    }, on_no)
end

-- Two functions: one says each kind of trouble once, in the log and on the screen; the other makes
-- it be said anew, because something works again.
function notice:complainer(warn)
    local told = {}
    return function(key, sentence)
        if told[key] then return end
        told[key] = true
        warn(sentence)
        self:say("Playhead: " .. sentence)
    end, function() told = {} end
end

return notice
