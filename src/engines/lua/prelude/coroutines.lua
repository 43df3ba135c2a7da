-- The coroutine library. In the coroutines of a script two kinds of yield meet, and each has to find its way:
--
--     script:  coroutine.yield(…)   carries TAG; ends the `resume` of the script that is next
--     engine:  preemption, waiting  carries no TAG; goes up through every `resume` to the scheduler, and what the
--                                   scheduler answers goes down again to where it was yielded
--
-- So waiting works at any depth (S11.13), and a script cannot tell that it was preempted (S11.32). While a coroutine waits
-- for the scheduler nobody else may resume it: for other strands of the process it is `normal`, like one that has resumed
-- another.
--
-- On its way up, a yield of the engine must not meet another: between two coroutines, that is from `co_resume` returning
-- here to `co_yield`, the hook has to keep still, or the scheduler would take one for the other. So this chunk is named "=!…".
--
-- Returns library, raw (see sandbox.lua).

local host, parts = ...
parts.blame.own()

local error, pcall, rawequal, select, setmetatable, type = error, pcall, rawequal, select, setmetatable, type
local co_create, co_resume, co_yield, co_close = coroutine.create, coroutine.resume, coroutine.yield, coroutine.close
local co_status, co_running, co_isyieldable = coroutine.status, coroutine.running, coroutine.isyieldable
local charge, enter, leave, note_trace = host.charge, host.enter, host.leave, host.note_trace
local blame = parts.blame
local raise, argument = blame.raise, blame.argument

--- A coroutine is counted by its own hook, which a short-lived one never reaches: creating one pays for that.
local CREATION, RESUMPTION = 1000, 100
local NOT_SUSPENDED = "cannot resume non-suspended coroutine"

--- Marks the yields of scripts. No script ever sees it.
local TAG = setmetatable({}, { __metatable = false })

--- Coroutines that no script may resume or close: `true` for the engine's strands, "waiting" for those in a wait. Weak by
--- "kv", since "k" alone keeps its keys in this VM; the values are none that could be collected.
local protected = setmetatable({}, { __mode = "kv" })

local function left(...)
  leave()
  return ...
end

--- `coroutine.resume` of C, with the host told whose memory and time it is, and whether the caller can yield at all: not
--- in a comparison of `table.sort`, say. What runs there can neither wait nor be preempted.
local function resume_raw(co, ...)
  enter(co, co_isyieldable())
  return left(co_resume(co, ...))
end

local function untagged(_, ...)
  return true, ...
end

local passed

--- Hands up what the engine has yielded in `co`, and the answer down.
local function pass(co, ...)
  protected[co] = "waiting"
  if co_isyieldable() then return passed(co, co_yield(...)) end
  -- The engine should not have yielded here (see resume_raw). If it only wanted to preempt, going on is right.
  if select("#", ...) > 0 then error("attempt to yield across a C-call boundary", 0) end
  charge(CREATION)
  return passed(co)
end

--- What a resumption has come to.
local function outcome(co, ok, ...)
  if not ok then return false, ... end
  if rawequal((...), TAG) then return untagged(...) end
  if co_status(co) == "dead" then return true, ... end
  return pass(co, ...)
end

function passed(co, ...)
  protected[co] = nil
  return outcome(co, resume_raw(co, ...))
end

local function resume(co, ...)
  charge(RESUMPTION)
  if protected[co] and co_status(co) ~= "dead" then return false, NOT_SUSPENDED end
  return outcome(co, resume_raw(co, ...))
end

local function check_thread(name, co)
  if type(co) ~= "thread" then argument(name, 1, "thread expected, got " .. type(co)) end
end

local function create(name, body)
  if type(body) ~= "function" then argument(name, 1, "function expected, got " .. type(body)) end
  charge(CREATION)
  return co_create(body)
end

--- `coroutine.close` of C, likewise: it runs the coroutine's `__close` methods.
local function close_raw(co)
  enter(co, false)
  return left(pcall(co_close, co))
end

--- Closes the pending variables of a coroutine that an error has left, which may change the error.
local function close_failed(co, complaint)
  if co_status(co) == "dead" then
    local _, _, changed = close_raw(co)
    if changed ~= nil then complaint = changed end
  end
  return complaint
end

--- An error that leaves a wrapped coroutine: text gets the position of the call in front, as C does it.
local function wrapped_error(co, complaint)
  if type(complaint) == "string" then note_trace(co, complaint) end
  complaint = close_failed(co, complaint)
  if type(complaint) ~= "string" or complaint == "not enough memory" then error(complaint, 0) end
  raise(complaint)
end

--- Hands on what a wrapped coroutine has given.
local function unwrap(co, ok, ...)
  if ok then return ... end
  wrapped_error(co, (...))
end

local library = { running = co_running, isyieldable = co_isyieldable }

function library.create(body)
  return create("create", body)
end

function library.resume(co, ...)
  check_thread("resume", co)
  return resume(co, ...)
end

function library.yield(...)
  return co_yield(TAG, ...)
end

function library.wrap(body)
  local co = create("wrap", body)
  return function(...)
    return unwrap(co, resume(co, ...))
  end
end

function library.status(co)
  check_thread("status", co)
  return protected[co] == "waiting" and "normal" or co_status(co)
end

function library.close(co)
  check_thread("close", co)
  if protected[co] then raise(NOT_SUSPENDED) end
  local ok, closed, complaint = close_raw(co)
  if not ok then blame.refuse("close", closed) end
  if closed then return true end
  return false, complaint
end

local function protect(co)
  protected[co] = true
end

return {
  library = library,
  raw = {
    tag = TAG, protect = protect, close_failed = close_failed, resume_raw = resume_raw,
    create = co_create, resume = co_resume, yield = co_yield, status = co_status, running = co_running, close = co_close,
    isyieldable = co_isyieldable,
  },
}
