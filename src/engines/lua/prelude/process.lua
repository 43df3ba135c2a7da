-- What a Lua process sees besides the language: process, channel, errors, print, require, coroutine.spawn, ctx, and the
-- objects it meets. Host functions (made in TypeScript) do the work; this file gives them their Lua shape.
--
-- Loaded once per heap, called as (host, sandbox); answers what the engine needs. Nothing here may change after loading
-- but the list of modules, which grows when the first program needs one: all processes of the heap share it.
local host, sandbox = ...

local type, setmetatable, rawget, rawequal, error, select, next = type, setmetatable, rawget, rawequal, error, select, next
local tostring, concat, getmetatable = tostring, table.concat, debug.getmetatable
local getinfo, traceback, getuservalue = debug.getinfo, debug.traceback, debug.getuservalue
local create, running, protect = coroutine.create, coroutine.running, sandbox.raw.coroutine.protect
local close_failed = sandbox.raw.coroutine.close_failed
local find, sub = string.find, string.sub
local readonly, base, new_environment = sandbox.readonly, sandbox.base, sandbox.new_environment

--- The name a value's type has in messages.
local function type_name(value)
  return host.kind_name(value) or type(value)
end

local function raise(kind, message)
  error(host.new_error({ message = message, kind = kind }), 0)
end

local function bad_argument(position, fn, expected, value)
  raise("Invalid", ("bad argument #%d to '%s' (%s expected, got %s)"):format(position, fn, expected, type_name(value)))
end

-- ---------------------------------------------------------------------------------------------------------------------
-- Errors

local KINDS = {
  NOT_FOUND = "NotFound", ALREADY_EXISTS = "AlreadyExists", INVALID = "Invalid", PERMISSION_DENIED = "PermissionDenied",
  UNAVAILABLE = "Unavailable", INTERNAL = "Internal", CANCELED = "Canceled", CONFLICT = "Conflict", TIMEOUT = "Timeout",
  RATE_LIMITED = "RateLimited", UNKNOWN = "",
}
local KNOWN = {}
for _, kind in next, KINDS do KNOWN[kind] = true end

--- The fields of an error object; nil for anything else.
local function fields_of(value)
  if host.is_error(value) then return (getuservalue(value, 1)) end
  return nil
end

local function self_fields(value, method)
  return fields_of(value) or bad_argument(1, method, "error", value)
end

local error_methods = {}
function error_methods.kind(self) return self_fields(self, "kind").kind end
function error_methods.message(self) return self_fields(self, "message").message end
function error_methods.retryable(self) return self_fields(self, "retryable").retryable end
function error_methods.details(self) return self_fields(self, "details").details end
function error_methods.stack(self)
  local fields = self_fields(self, "stack")
  return fields.stack or fields.message
end

local function text_of(value)
  local fields = fields_of(value)
  return fields and fields.message or value
end

local error_mt = {
  __index = error_methods, __metatable = false, __name = "error",
  __tostring = function(self) return self_fields(self, "tostring").message end,
  __concat = function(a, b) return text_of(a) .. text_of(b) end,
}

--- The lines of a text that are not empty. Each is looked for by itself: a text may be of newlines only.
local function lines_of(text)
  local at = 1
  return function()
    while at <= #text do
      local stop = find(text, "\n", at, true) or #text + 1
      local start = at
      at = stop + 1
      if stop > start then return sub(text, start, stop - 1) end
    end
  end
end

--- Leaves out the frames of the prelude, which has no lines, and of C: they say nothing to whoever reads the stack.
-- A tail call is told only of functions that are shown.
local function readable(stack)
  local lines, is_ours = {}, false
  for line in lines_of(stack) do
    local is_tail_call = find(line, "^%s*%(%.%.%.tail calls%.%.%.%)")
    if not is_tail_call then is_ours = find(line, "^%s*%?: ") or find(line, "^%s*%[C%]: ") or find(line, "^%s*!%w+:%d+: ") end
    if not is_ours then lines[#lines + 1] = line end
  end
  return concat(lines, "\n")
end

local function stack_here(message)
  return message .. "\n" .. readable(traceback("", 2))
end

local function new_error(fields, context)
  if type(fields.message) ~= "string" then
    raise("Invalid", "an error needs a message that is a string")
  end
  if fields.kind ~= nil and not KNOWN[fields.kind] then
    raise("Invalid", ("unknown error kind %q"):format(tostring(fields.kind)))
  end
  if fields.retryable ~= nil and type(fields.retryable) ~= "boolean" then
    raise("Invalid", "retryable must be a boolean")
  end
  local stack = stack_here(context or fields.message)
  return host.new_error({
    message = fields.message, kind = fields.kind or "", retryable = fields.retryable, details = fields.details,
    stack = stack,
  })
end

local errors = {}
for name, kind in next, KINDS do errors[name] = kind end

function errors.new(first, second)
  if type(first) == "table" then
    return new_error({
      message = rawget(first, "message"), kind = rawget(first, "kind"), retryable = rawget(first, "retryable"),
      details = rawget(first, "details"),
    })
  end
  if type(first) ~= "string" then bad_argument(1, "new", "string or table", first) end
  if second == nil then return new_error({ message = first }) end
  if type(second) ~= "string" then bad_argument(2, "new", "string", second) end
  return new_error({ kind = first, message = second })
end

function errors.wrap(err, context)
  if type(context) ~= "string" then bad_argument(2, "wrap", "string", context) end
  local fields = fields_of(err)
  if not fields then
    if type(err) ~= "string" then bad_argument(1, "wrap", "error or string", err) end
    fields = { message = err, kind = "" }
  end
  local inner = fields.stack or fields.message
  return host.new_error({
    message = fields.message, kind = fields.kind, retryable = fields.retryable, details = fields.details,
    stack = context .. ": " .. inner,
  })
end

function errors.is(err, kind)
  local fields = fields_of(err)
  return fields ~= nil and fields.kind == kind
end

local FRAME = "^%s*(.-):(%d+): in (.*)$"

function errors.call_stack(err)
  local fields = fields_of(err)
  if not fields then return nil end
  local frames = {}
  for line in lines_of(fields.stack or "") do
    local source, number, what = line:match(FRAME)
    if source then
      local kind, name = what:match("^(%a+) '([^']*)'")
      frames[#frames + 1] = {
        level = #frames, source = source, line = tonumber(number), name = name, type = kind or what,
      }
    end
  end
  return { thread = "main", frames = frames }
end

-- ---------------------------------------------------------------------------------------------------------------------
-- Messages

local message_methods = {}
function message_methods.topic(self) return self[1] end
function message_methods.from(self) return self[2] end
function message_methods.payload(self) return self[3] end
local message_mt = { __index = message_methods, __metatable = false, __name = "message" }

-- ---------------------------------------------------------------------------------------------------------------------
-- Channels

local case_mt = { __metatable = false, __name = "case" }

local channel_methods = { send = host.channel_send, receive = host.channel_receive, close = host.channel_close }

function channel_methods.case_receive(self)
  if not host.is_channel(self) then bad_argument(1, "case_receive", "channel", self) end
  return setmetatable({ self, false }, case_mt)
end

function channel_methods.case_send(self, value)
  if not host.is_channel(self) then bad_argument(1, "case_send", "channel", self) end
  return setmetatable({ self, true, value }, case_mt)
end

-- A send on a closed channel raises; what it says needs the place of the caller, which only this side knows.
function channel_methods.send(self, value)
  local ok, err = host.channel_send(self, value)
  if ok == false then error("send on closed channel", 2) end
  return ok, err
end

local channel_mt = {
  __index = channel_methods, __metatable = false, __name = "channel", __gc = host.released,
  __tostring = function() return "channel" end,
}

local channel = { new = host.channel_new }

function channel.select(cases, default)
  if type(cases) ~= "table" then bad_argument(1, "select", "table", cases) end
  local list = {}
  for i = 1, #cases do
    local case = cases[i]
    if type(case) == "table" and rawequal(getmetatable(case), case_mt) then list[#list + 1] = case end
  end
  local has_default = default == true or rawget(cases, "default") == true
  local index, value, ok = host.select(list, has_default)
  if index == 0 then return { default = true, ok = true } end
  return { channel = list[index][1], value = value, ok = ok }
end

-- ---------------------------------------------------------------------------------------------------------------------
-- Coroutines

local function spawn_coroutine(fn)
  if type(fn) ~= "function" then bad_argument(1, "spawn", "function", fn) end
  local co = create(fn)
  protect(co)
  local ok, err = host.spawn_coroutine(co)
  if not ok then return nil, err end
  return co
end

-- ---------------------------------------------------------------------------------------------------------------------
-- The process

local done_mt = { __metatable = false, __name = "done" }

local process = {
  id = host.id, pid = host.pid, send = host.send,
  spawn = host.spawn, spawn_monitored = host.spawn_monitored, spawn_linked = host.spawn_linked,
  spawn_linked_monitored = host.spawn_linked_monitored, exec = host.exec,
  terminate = host.terminate, cancel = host.cancel,
  monitor = host.monitor, unmonitor = host.unmonitor, link = host.link, unlink = host.unlink,
  get_options = host.get_options, set_options = host.set_options,
  inbox = host.inbox, events = host.events, listen = host.listen, unlisten = host.unlisten,
  upgrade = host.upgrade,
  event = readonly("process.event", { CANCEL = "pid.cancel", EXIT = "pid.exit", LINK_DOWN = "pid.link.down" }),
  registry = readonly("process.registry", {
    register = host.register, lookup = host.lookup, unregister = host.unregister,
  }),
}

function process.done(value)
  return setmetatable({ value }, done_mt)
end

--- Handlers by topic become two lists, so that the host need not look into a table that may change.
local function handler_lists(handlers)
  local topics, functions = {}, {}
  for topic, handler in next, handlers do
    if type(topic) ~= "string" then bad_argument(1, "serve", "table with topics as keys", handlers) end
    if type(handler) ~= "function" then bad_argument(1, "serve", ("function for %q"):format(topic), handler) end
    topics[#topics + 1], functions[#functions + 1] = topic, handler
  end
  return topics, functions
end

function process.serve(handlers)
  local ok, value, failed
  if type(handlers) == "function" then ok, value, failed = host.serve(handlers)
  elseif type(handlers) == "table" then ok, value, failed = host.serve(handler_lists(handlers))
  else bad_argument(1, "serve", "function or table", handlers) end
  if ok == nil then return nil, value end
  if not ok then error(close_failed(failed, value), 0) end
  return value
end

-- Much data is read a part a turn, and what fails in a later part comes back as values; here it is raised like the rest.
local function raised(builder, failure)
  if builder == nil then error(failure, 0) end
  return builder
end

function process.with_context(...) return raised(host.with_context(...)) end

local builder_methods = {
  with_actor = host.builder_with_actor, with_scope = host.builder_with_scope, with_name = host.builder_with_name,
  with_options = host.builder_with_options,
  spawn = host.builder_spawn, spawn_monitored = host.builder_spawn_monitored,
  spawn_linked = host.builder_spawn_linked, spawn_linked_monitored = host.builder_spawn_linked_monitored,
  exec = host.builder_exec,
}

function builder_methods.with_context(...) return raised(host.builder_with_context(...)) end

function builder_methods.with_message(...) return raised(host.builder_with_message(...)) end

local builder_mt = {
  __index = builder_methods, __metatable = false, __name = "spawn builder", __gc = host.released,
}

local ctx = { get = host.ctx_get, all = host.ctx_all }

-- ---------------------------------------------------------------------------------------------------------------------
-- Timers of the time module

local timer_methods = { channel = host.timer_channel, stop = host.timer_stop, reset = host.timer_reset }
local timer_mt = { __index = timer_methods, __metatable = false, __name = "timer", __gc = host.released }

-- ---------------------------------------------------------------------------------------------------------------------
-- Globals

local MAX_LINE = 1 << 20

local function print(...)
  local parts, length = {}, 0
  for i = 1, select("#", ...) do
    local part = tostring((select(i, ...)))
    length = length + #part + 1
    if length > MAX_LINE then error("line too long to print (limit 1 MiB)", 2) end
    parts[i] = part
  end
  local caller = getinfo(2, "Sl")
  local position = caller and caller.currentline > 0 and caller.short_src .. ":" .. caller.currentline or nil
  host.print(concat(parts, " "), position)
end

base.process = readonly("process", process)
base.channel = readonly("channel", channel)
base.errors = readonly("errors", errors)
base.print = print
sandbox.raw.libraries.coroutine.spawn = spawn_coroutine

local modules = { ctx = readonly("ctx", ctx) }

local host_kinds = sandbox.host_kinds
for _, metatable in next, { message_mt, case_mt, done_mt } do host_kinds[metatable] = metatable.__name end

--- Adds a module, and the metatables of those of its objects that are no data.
local function add_module(name, module, ...)
  modules[name] = readonly(name, module)
  for _, metatable in next, { ... } do host_kinds[metatable] = metatable.__name end
end

-- ---------------------------------------------------------------------------------------------------------------------
-- Starting

local GLOBALS = {
  process = true, channel = true, errors = true, coroutine = true, table = true, string = true, math = true, utf8 = true,
  os = true, print = true, require = true,
}

--- The `require` of code that lists these modules and has these imports.
local function requirer(listed, imports)
  local function find(name)
    if type(name) ~= "string" then bad_argument(1, "require", "string", name) end
    if imports[name] ~= nil then return imports[name] end
    if listed[name] and modules[name] then return modules[name] end
    if GLOBALS[name] then return name == "require" and find or base[name] end
    error(("module '%s' not found"):format(name), 2)
  end
  return find
end

--- An environment with what its entry lists and imports, and a `require` that finds it.
local function environment(listed, imports, require)
  local env = new_environment(next(listed) ~= nil)
  for name in next, listed do
    if modules[name] then env[name] = modules[name] end
  end
  for alias, value in next, imports do env[alias] = value end
  env.require = require
  return env
end

--- Runs the libraries of a program; what the code with these aliases imports of them.
local function load_libraries(program)
  local loaded = {}
  local function imports_of(aliases)
    local imports = {}
    for alias, id in next, aliases do imports[alias] = loaded[id] end
    return imports
  end
  for i = 1, #program.libraries do
    local library = program.libraries[i]
    local imports = imports_of(library.imports)
    local value = library.factory(environment(library.listed, imports, requirer(library.listed, imports)))()
    if value == nil then value = true end
    loaded[library.id] = value
  end
  return imports_of(program.imports)
end

local NO_IMPORTS = {}

--- Runs the code of a program for one process, in the coroutine that will be its main.
-- `program` is {method, main, listed, imports, libraries, require}; a library is {id, factory, listed, imports}. Processes
-- of a program without imports share their `require`.
-- Answers main, or nothing when the module lacks it.
local function load_process(program)
  protect(running())
  local imports, require = NO_IMPORTS, program.require
  if not require then
    if program.libraries[1] then imports = load_libraries(program) end
    require = requirer(program.listed, imports)
    if imports == NO_IMPORTS then program.require = require end
  end
  local module = program.main(environment(program.listed, imports, require))()
  if type(module) == "function" then return module end
  if type(module) == "table" then
    local main = module[program.method]
    if type(main) == "function" then return main end
  end
  return nil
end

return {
  load_process = load_process, protect = protect,
  describe = tostring,
  collect = collectgarbage, add_module = add_module, host_kinds = host_kinds,
  error_mt = error_mt, message_mt = message_mt, channel_mt = channel_mt, builder_mt = builder_mt, done_mt = done_mt,
  timer_mt = timer_mt,
}
