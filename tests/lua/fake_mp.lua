-- A scripted mpv: enough of mp, mp.msg, mp.options and mp.utils to run the whole client in any Lua,
-- with time that only moves when told and subprocesses that end when told. Returns the controls.
-- `host`: folder, parse_json(text), readdir(path), file_size(path), options (table).

return function(host)
    local fake = {
        now_s = 0, properties = {}, hooks = {}, handlers = {}, observers = {}, timers = {},
        messages = {}, log = {}, running = {}, detached = {}, commands = {}, bindings = {},
        user_data = {},
    }

    local function typed(name, kind, default)
        local value = fake.properties[name]
        if type(value) ~= kind then return default end
        return value
    end

    local mp = {}
    function mp.get_property(name, default)
        local value = fake.properties[name]
        if value == nil then return default end
        return tostring(value)
    end
    function mp.get_property_number(name, default) return typed(name, "number", default) end
    function mp.get_property_bool(name, default) return typed(name, "boolean", default) end
    function mp.set_property(name, value)
        fake.properties[name] = value
        return true
    end
    function mp.set_property_native(name, value)
        fake.user_data[name] = value
        return nil, "property not found"
    end
    function mp.observe_property(name, _, fn) fake.observers[name] = fn end
    function mp.add_hook(name, _, fn) fake.hooks[name] = fn end
    function mp.register_event(name, fn) fake.handlers[name] = fn end
    function mp.add_key_binding(_, name, fn) fake.messages[name] = fn end
    function mp.register_script_message(name, fn) fake.messages[name] = fn end
    function mp.add_forced_key_binding(key, name, fn) fake.bindings[name] = { key = key, fn = fn } end
    function mp.remove_key_binding(name) fake.bindings[name] = nil end
    function mp.get_time() return fake.now_s end
    function mp.osd_message(text) fake.osd = text end
    function mp.commandv(...)
        fake.commands[#fake.commands + 1] = table.concat({ ... }, " ")
        return true
    end
    function mp.command_native(command)
        if command.detach then fake.detached[#fake.detached + 1] = command end
        if command[1] == "expand-path" then return command[2] end
        return { status = 0, stdout = "", error_string = "" }
    end
    function mp.command_native_async(command, fn)
        fake.running[#fake.running + 1] = { command = command, done = fn }
    end

    local function add_timer(seconds, fn, interval)
        local timer = { due_s = fake.now_s + seconds, fn = fn, interval = interval }
        function timer.kill() timer.dead = true end
        fake.timers[#fake.timers + 1] = timer
        return timer
    end
    function mp.add_timeout(seconds, fn) return add_timer(seconds, fn) end
    function mp.add_periodic_timer(seconds, fn) return add_timer(seconds, fn, seconds) end

    local function next_timer(until_s)
        local first
        for _, timer in ipairs(fake.timers) do
            local is_due = not timer.dead and timer.due_s <= until_s
            if is_due and (not first or timer.due_s < first.due_s) then first = timer end
        end
        return first
    end

    -- Moves time, running what becomes due in order.
    function fake.pass(seconds)
        local until_s = fake.now_s + seconds
        local timer = next_timer(until_s)
        while timer do
            fake.now_s = timer.due_s
            timer.due_s = timer.due_s + (timer.interval or 0)
            if not timer.interval then timer.dead = true end
            timer.fn()
            timer = next_timer(until_s)
        end
        fake.now_s = until_s
    end

    -- Runs a hook; gives whether mpv may go on.
    function fake.run_hook(name)
        local state = { is_held = false }
        local hook = {}
        function hook.defer() state.is_held = true end
        function hook.cont() state.is_held = false end
        fake.hooks[name](hook)
        return state
    end

    local function note(level)
        return function(text) fake.log[#fake.log + 1] = level .. ": " .. text end
    end

    package.loaded["mp"] = mp
    package.loaded["mp.msg"] = { warn = note("warn"), verbose = note("verbose") }
    package.loaded["mp.options"] = {
        read_options = function(defaults, _, on_update)
            for name, value in pairs(host.options) do defaults[name] = value end
            function fake.change_option(name, value)
                defaults[name] = value
                on_update({ [name] = true })
            end
        end,
    }
    package.loaded["mp.utils"] = {
        getpid = function() return 1 end,
        parse_json = function(text) return host.parse_json(text) end,
        readdir = function(path) return host.readdir(path) end,
        file_info = function(path)
            local size = host.file_size(path)
            return size and { is_file = true, size = size, mtime = 0 } or nil
        end,
    }
    return fake
end
