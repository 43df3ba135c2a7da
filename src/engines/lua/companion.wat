;; What must run inside the VM at the VM's own speed: the preemption hook, the allocator with an exact limit per heap,
;; and a few entries that would be slow through JavaScript. scripts/assemble-companion.mjs makes companion-bytes.ts of it.
;;
;; The cells that JavaScript shares with it, i32 each, from $cells on (vm.ts has the same list):
;;    0 left       instructions left of the present slice
;;    4 preempted  the last yield was the hook's or a charge's, not a wait
;;    8 stop       nothing of the running process may go on: it has ended by itself
;;   12 current    the coroutine that runs, for the allocator; 0 for none
;;   16 heap       the accounts of the heap that runs
;;   20 overdraft  instructions spent past the slice where nothing can yield
;;   24 hook       its place in the function table
;;   28 message    "time slice exceeded in a non-yieldable call"
;;   32 ended      the error raised where code that has to stop cannot yield
;;   36 limit      how much overdraft there may be
;;   40 counting   how many instructions pass between two calls of the hook
;;   44 exempt     a host function allocates: nothing is refused, the next allocation of the program will be
;;
;;   48 barrier    how many coroutines deep the program is in one whose caller cannot yield; 0 for not at all
;;   52 source     the text "S", for lua_getinfo
;;   56 slow       single instructions take long in this slice, whatever they work on: the hook looks more often
;;   60 handling   up to so many slots of stack no further overflow is raised: one has been, and is being handled
;;   64 overflow   the text "stack overflow"
;;   68 resumed    the coroutine that the engine has resumed, not the program
;;   72 depth      nCcalls of that one where no function of C stands between it and its resumption
;;   76 spent      what the last run has cost, in instructions
;;
;; The accounts of a heap, i32 each:
;;    0 used       bytes
;;    4 limit      bytes
;;    8 denied     1: an allocation was refused, so memory is used up
;;   12 big        live blocks of more than 64 KiB
;;   16 huge       live blocks of more than 1 MiB
;;   20 globals    Lua's own global state of the heap
;;   24 crowded    from so many bytes on the collector begins its next cycle early
;;
;; Blocks of up to 128 bytes that are freed are kept for the next of their size, up to a megabyte in all ($room is what is
;; left of that): nearly all that Lua allocates is that small, and comes and goes. For each size in steps of 8 the word at
;; $spare + size / 2 is the address of such a block, whose own first word is that of the next; 0 for none.
;;
;; Why blocks are counted: one instruction on a huge string or table (a comparison, `next` over holes) can take
;; milliseconds. While there is such a block the hook looks after every sixteenth or every single instruction. It always
;; asks for the time: an instruction can take 0.1 ms on small things too (a chain of __index, strings of 60 KB).
(module
  (import "lua" "memory" (memory 1))
  (import "lua" "lua_isyieldable" (func $isyieldable (param i32) (result i32)))
  (import "lua" "lua_yieldk" (func $yieldk (param i32 i32 i32 i32) (result i32)))
  (import "lua" "lua_sethook" (func $sethook (param i32 i32 i32 i32)))
  (import "lua" "lua_getinfo" (func $getinfo (param i32 i32 i32) (result i32)))
  (import "lua" "lua_toboolean" (func $toboolean (param i32 i32) (result i32)))
  (import "lua" "lua_gethookcount" (func $gethookcount (param i32) (result i32)))
  (import "lua" "lua_pushstring" (func $pushstring (param i32 i32) (result i32)))
  (import "lua" "lua_error" (func $error (param i32) (result i32)))
  (import "lua" "luaL_where" (func $where (param i32 i32)))
  (import "lua" "lua_concat" (func $concat (param i32 i32)))
  (import "lua" "lua_tointegerx" (func $tointegerx (param i32 i32 i32) (result i64)))
  (import "lua" "lua_tothread" (func $tothread (param i32 i32) (result i32)))
  (import "lua" "lua_rawgeti" (func $rawgeti (param i32 i32 i64) (result i32)))
  (import "lua" "lua_rawseti" (func $rawseti (param i32 i32 i64)))
  (import "lua" "lua_createtable" (func $createtable (param i32 i32 i32)))
  (import "lua" "lua_rotate" (func $rotate (param i32 i32 i32)))
  (import "lua" "lua_settop" (func $settop (param i32 i32)))
  (import "lua" "lua_setmetatable" (func $setmetatable (param i32 i32) (result i32)))
  (import "lua" "lua_resume" (func $resume (param i32 i32 i32 i32) (result i32)))
  (import "lua" "lua_pushvalue" (func $pushvalue (param i32 i32)))
  (import "lua" "lua_callk" (func $callk (param i32 i32 i32 i32 i32)))
  (import "lua" "__indirect_function_table" (table 0 funcref))
  (import "lua" "malloc" (func $malloc (param i32) (result i32)))
  (import "lua" "realloc" (func $realloc (param i32 i32) (result i32)))
  (import "lua" "free" (func $free (param i32)))
  (import "host" "isSliceOver" (func $isSliceOver (result i32)))

  (global $cells (mut i32) (i32.const 0))

  (global $spare (mut i32) (i32.const 0))
  (global $room (mut i32) (i32.const 1048576))

  (func (export "init") (param $cells i32) (param $spare i32)
    (global.set $cells (local.get $cells))
    (global.set $spare (local.get $spare)))

  ;; How many instructions may pass between two looks, by what the heap holds.
  (func $step (result i32)
    (local $heap i32)
    (local.set $heap (i32.load offset=16 (global.get $cells)))
    (if (i32.load offset=16 (local.get $heap)) (then (return (i32.const 1))))
    (if (i32.or (i32.load offset=12 (local.get $heap)) (i32.load offset=56 (global.get $cells)))
      (then (return (i32.const 16))))
    (i32.load offset=40 (global.get $cells)))

  (func $mustStop (result i32)
    (i32.or
      (i32.load offset=8 (global.get $cells))
      (i32.load offset=8 (i32.load offset=16 (global.get $cells)))))

  ;; Whether a yield of L would reach the scheduler.
  (func $canYield (param $L i32) (result i32)
    (if (i32.load offset=48 (global.get $cells)) (then (return (i32.const 0))))
    (call $isyieldable (local.get $L)))

  (func (export "canYield") (param $L i32) (result i32) (call $canYield (local.get $L)))

  ;; The hook looks again after so many instructions. To change the number lua_sethook would go through all calls on the
  ;; stack, of which there can be tens of thousands: each is told that there is a hook, which it knows. What counts is
  ;; `basehookcount` and `hookcount` of the lua_State; vm.ts makes sure that they are there.
  (func $lookAfter (param $L i32) (param $count i32)
    (if (i32.eqz (i32.load offset=112 (local.get $L)))
      (then
        (call $sethook (local.get $L) (i32.load offset=24 (global.get $cells)) (i32.const 8) (local.get $count))
        (return)))
    (i32.store offset=104 (local.get $L) (local.get $count))
    (i32.store offset=108 (local.get $L) (local.get $count)))

  ;; Whether the code that the hook interrupts must not be: a chunk whose name begins with "=!". Then the hook comes back
  ;; at the next instruction.
  (func $isPostponed (param $L i32) (param $ar i32) (result i32)
    (drop (call $getinfo (local.get $L) (i32.load offset=52 (global.get $cells)) (local.get $ar)))
    (if (i32.ne (i32.load16_u (i32.load offset=16 (local.get $ar))) (i32.const 0x213d)) (then (return (i32.const 0))))
    (call $lookAfter (local.get $L) (i32.const 1))
    (i32.const 1))

  ;; Gives the turn back: to the scheduler, as a yield with no values. What was overdrawn stays so until the next slice,
  ;; whichever coroutines still run in this one.
  (func $giveBack (param $L i32) (result i32)
    (i32.store offset=4 (global.get $cells) (i32.const 1))
    (call $yieldk (local.get $L) (i32.const 0) (i32.const 0) (i32.const 0)))

  ;; Raises where nothing can yield, and sees to it that a pcall around it gets no further than one instruction. Lua has
  ;; switched hooks off while a hook runs, and leaves them off when an error is raised in it: for the handler of an xpcall
  ;; that this calls, and for the pending variables of a coroutine that ends by it. Neither would ever be interrupted, so
  ;; they are switched on again: `allowhook` of lua_State, byte 7.
  (func $raise (param $L i32) (param $message i32)
    (i32.store8 offset=7 (local.get $L) (i32.const 1))
    (call $lookAfter (local.get $L) (i32.const 1))
    (drop (call $pushstring (local.get $L) (local.get $message)))
    (drop (call $error (local.get $L))))

  ;; The clock says 0, 1 that the slice is over, or 2 that it is over for long.
  (func (export "hook") (param $L i32) (param $ar i32)
    (local $step i32) (local $want i32) (local $over i32)
    (local.set $step (call $gethookcount (local.get $L)))
    (i32.store (global.get $cells) (i32.sub (i32.load (global.get $cells)) (local.get $step)))
    (call $checkDepth (local.get $L) (local.get $ar))
    (if (i32.eqz (call $mustStop))
      (then
        (local.set $over (call $isSliceOver))
        (local.set $want (call $step))
        (if (i32.ne (local.get $step) (local.get $want))
          (then (call $lookAfter (local.get $L) (local.get $want))))
        (if (i32.gt_s (i32.load (global.get $cells)) (i32.const 0))
          (then (if (i32.eqz (local.get $over)) (then (return)))))))
    (if (call $isPostponed (local.get $L) (local.get $ar)) (then (return)))
    (if (call $canYield (local.get $L)) (then (drop (call $giveBack (local.get $L))) (return)))
    (if (call $mustStop) (then (call $raise (local.get $L) (i32.load offset=32 (global.get $cells)))))
    (if (i32.eq (local.get $over) (i32.const 2)) (then (call $raise (local.get $L) (i32.load offset=28 (global.get $cells)))))
    (call $overdraw (local.get $L) (local.get $step)))

  ;; Raises when some 50,000 calls are nested. By its own limit for the stack Lua would go on to five times as many, and
  ;; leaving those, or moving the stack from under them, takes tens of milliseconds. How many calls Lua has memory for is
  ;; known (`nci`), and more than how many are nested; each needs a slot at least. A handler of the error has 1,000 slots more.
  (func $checkDepth (param $L i32) (param $ar i32)
    (local $slots i32)
    (local.set $slots
      (i32.shr_u (i32.sub (i32.load offset=12 (local.get $L)) (i32.load offset=28 (local.get $L))) (i32.const 4)))
    (if (i32.lt_u (local.get $slots) (i32.const 50000))
      (then (i32.store offset=60 (global.get $cells) (i32.const 0)) (return)))
    (if (i32.lt_u (i32.load16_u offset=8 (local.get $L)) (i32.const 50000)) (then (return)))
    (if (i32.lt_u (local.get $slots) (i32.load offset=60 (global.get $cells))) (then (return)))
    (if (call $isPostponed (local.get $L) (local.get $ar)) (then (return)))
    (i32.store offset=60 (global.get $cells) (i32.add (local.get $slots) (i32.const 1000)))
    (i32.store8 offset=7 (local.get $L) (i32.const 1))
    (call $where (local.get $L) (i32.const 0))
    (drop (call $pushstring (local.get $L) (i32.load offset=64 (global.get $cells))))
    (call $concat (local.get $L) (i32.const 2))
    (drop (call $error (local.get $L))))

  (func $overdraw (param $L i32) (param $cost i32)
    (i32.store offset=20 (global.get $cells) (i32.add (i32.load offset=20 (global.get $cells)) (local.get $cost)))
    (if (i32.gt_s (i32.load offset=20 (global.get $cells)) (i32.load offset=36 (global.get $cells)))
      (then (call $raise (local.get $L) (i32.load offset=28 (global.get $cells))))))

  ;; charge(n): a lua_CFunction; n instructions' worth of work is about to be done.
  (func (export "charge") (param $L i32) (result i32)
    (local $cost i32)
    (local.set $cost (i32.wrap_i64 (call $tointegerx (local.get $L) (i32.const 1) (i32.const 0))))
    (i32.store (global.get $cells) (i32.sub (i32.load (global.get $cells)) (local.get $cost)))
    (if (i32.eqz (call $mustStop))
      (then (if (i32.gt_s (i32.load (global.get $cells)) (i32.const 0)) (then (return (i32.const 0))))))
    (if (call $canYield (local.get $L)) (then (return (call $giveBack (local.get $L)))))
    (call $overdraw (local.get $L) (local.get $cost))
    (i32.const 0))

  ;; enter(co, yieldable) and leave(): lua_CFunctions that tell which coroutine runs, and whether its caller can yield.
  ;; Within one whose caller cannot, everything counts as such until it is left.
  (func (export "enter") (param $L i32) (result i32)
    (i32.store offset=12 (global.get $cells) (call $tothread (local.get $L) (i32.const 1)))
    (if (i32.or
          (i32.load offset=48 (global.get $cells))
          (i32.eqz (call $toboolean (local.get $L) (i32.const 2))))
      (then (call $addToBarrier (i32.const 1))))
    (i32.const 0))

  (func (export "leave") (param $L i32) (result i32)
    (i32.store offset=12 (global.get $cells) (local.get $L))
    (if (i32.load offset=48 (global.get $cells)) (then (call $addToBarrier (i32.const -1))))
    (i32.const 0))

  (func $addToBarrier (param $by i32)
    (i32.store offset=48 (global.get $cells) (i32.add (i32.load offset=48 (global.get $cells)) (local.get $by))))

  ;; The C API takes 64 bits where 32 do; through JavaScript those would be bigints.
  (func (export "rawGetAt") (param $L i32) (param $index i32) (param $n i32) (result i32)
    (call $rawgeti (local.get $L) (local.get $index) (i64.extend_i32_s (local.get $n))))
  (func (export "rawSetAt") (param $L i32) (param $index i32) (param $n i32)
    (call $rawseti (local.get $L) (local.get $index) (i64.extend_i32_s (local.get $n))))

  ;; Pushes element n of a table of the registry.
  (func (export "rawGetIn") (param $L i32) (param $table i32) (param $n i32)
    (drop (call $rawgeti (local.get $L) (i32.const -1001000) (i64.extend_i32_s (local.get $table))))
    (drop (call $rawgeti (local.get $L) (i32.const -1) (i64.extend_i32_s (local.get $n))))
    (call $rotate (local.get $L) (i32.const -2) (i32.const 1))
    (call $settop (local.get $L) (i32.const -2)))

  ;; Makes the value on top a table of three: two strings by their addresses, 0 for nil, and that value. The collector may
  ;; have begun with the table when it is made; then it has to be told what is put there. A table that it has not met yet is
  ;; written to as it lies in memory: `marked`, `alimit`, `array`, `metatable`. vm.ts makes sure that they are there.
  (func $triple (export "triple") (param $L i32) (param $first i32) (param $second i32) (param $metatable i32)
    (local $at i32) (local $table i32) (local $array i32)
    (call $createtable (local.get $L) (i32.const 0) (i32.const 0))
    (local.set $at (i32.sub (i32.load offset=12 (local.get $L)) (i32.const 32)))
    (local.set $table (i32.load offset=16 (local.get $at)))
    (local.set $array (call $makeRoom (local.get $L) (local.get $table)))
    (if (i32.eqz (local.get $array))
      (then
        ;; As the C API does without memory, it tries again after a collection, or raises.
        (call $settop (local.get $L) (i32.const -2))
        (call $createtable (local.get $L) (i32.const 3) (i32.const 0))
        (local.set $table (i32.load offset=16 (local.get $at)))
        (local.set $array (i32.load offset=12 (local.get $table)))))
    (call $setString (local.get $array) (local.get $first))
    (call $setString (i32.add (local.get $array) (i32.const 16)) (local.get $second))
    (i64.store offset=32 (local.get $array) (i64.load (local.get $at)))
    (i32.store8 offset=40 (local.get $array) (i32.load8_u offset=8 (local.get $at)))
    (i32.store offset=24 (local.get $table) (local.get $metatable))
    (if (i32.eqz (i32.and (i32.load8_u offset=5 (local.get $table)) (i32.const 0x18)))
      (then (call $tellCollector (local.get $L))))
    (i32.store (local.get $at) (local.get $table))
    (i32.store8 offset=8 (local.get $at) (i32.const 69))
    (i32.store offset=12 (local.get $L) (i32.add (local.get $at) (i32.const 16))))

  ;; Gives an empty table, on top of the stack, room for three elements, as lua_createtable does with more ado; 0 when there
  ;; is no memory. In the global state: 4 the accounts of the heap, 12 GCdebt.
  (func $makeRoom (param $L i32) (param $table i32) (result i32)
    (local $array i32) (local $globals i32)
    (local.set $globals (i32.load offset=16 (local.get $L)))
    (local.set $array (call $allocate (i32.load offset=4 (local.get $globals)) (i32.const 0) (i32.const 0) (i32.const 48)))
    (if (local.get $array)
      (then
        (i32.store offset=12 (local.get $globals) (i32.add (i32.load offset=12 (local.get $globals)) (i32.const 48)))
        (i32.store offset=8 (local.get $table) (i32.const 3))
        (i32.store offset=12 (local.get $table) (local.get $array))))
    (local.get $array))

  ;; Writes a short string, or nil, into a slot.
  (func $setString (param $slot i32) (param $string i32)
    (i32.store (local.get $slot) (local.get $string))
    (i32.store8 offset=8 (local.get $slot) (select (i32.const 68) (i32.const 0) (local.get $string))))

  ;; Sets each value of the table on top again by the C API, which tells the collector to look at the table again.
  (func $tellCollector (param $L i32)
    (local $n i64)
    (loop $next
      (local.set $n (i64.add (local.get $n) (i64.const 1)))
      (drop (call $rawgeti (local.get $L) (i32.const -1) (local.get $n)))
      (call $rawseti (local.get $L) (i32.const -2) (local.get $n))
      (br_if $next (i64.lt_u (local.get $n) (i64.const 3)))))

  ;; Puts a call of a function with a message on the stack: the message is a table of three as `triple` makes it, of a
  ;; payload that is plain: nil, a boolean, a short string, an integer of 32 bits.
  (func (export "message") (param $L i32) (param $function i32) (param $functionTag i32) (param $first i32) (param $second i32)
    (param $metatable i32) (param $tag i32) (param $value i32)
    (local $at i32)
    (i32.store offset=44 (global.get $cells) (i32.const 1))
    (local.set $at (i32.load offset=12 (local.get $L)))
    (i32.store (local.get $at) (local.get $function))
    (i32.store8 offset=8 (local.get $at) (local.get $functionTag))
    (i64.store offset=16 (local.get $at) (i64.extend_i32_s (local.get $value)))
    (i32.store8 offset=24 (local.get $at) (local.get $tag))
    (i32.store offset=12 (local.get $L) (i32.add (local.get $at) (i32.const 32)))
    (call $triple (local.get $L) (local.get $first) (local.get $second) (local.get $metatable)))

  ;; Puts the payload of the message on top before it.
  (func (export "spread") (param $L i32)
    (local $at i32) (local $message i32) (local $payload i32)
    (local.set $at (i32.load offset=12 (local.get $L)))
    (local.set $message (i32.load (i32.sub (local.get $at) (i32.const 16))))
    (local.set $payload (i32.add (i32.load offset=12 (local.get $message)) (i32.const 32)))
    (i64.store (i32.sub (local.get $at) (i32.const 16)) (i64.load (local.get $payload)))
    (i32.store8 (i32.sub (local.get $at) (i32.const 8)) (i32.load8_u offset=8 (local.get $payload)))
    (i32.store (local.get $at) (local.get $message))
    (i32.store8 offset=8 (local.get $at) (i32.const 69))
    (i32.store offset=12 (local.get $L) (i32.add (local.get $at) (i32.const 16))))

  ;; Runs a coroutine of a heap; the rest as lua_resume.
  (func $run (export "resume") (param $heap i32) (param $from i32) (param $co i32) (param $args i32) (param $results i32)
    (result i32) (local $status i32)
    (i32.store offset=16 (global.get $cells) (local.get $heap))
    (i32.store offset=12 (global.get $cells) (local.get $co))
    (i32.store offset=4 (global.get $cells) (i32.const 0))
    (i32.store offset=8 (global.get $cells) (i32.const 0))
    (i32.store offset=44 (global.get $cells) (i32.const 0))
    (i32.store offset=48 (global.get $cells) (i32.const 0))
    (i32.store offset=68 (global.get $cells) (local.get $co))
    (i32.store offset=72 (global.get $cells) (i32.add (i32.load16_u offset=96 (local.get $from)) (i32.const 1)))
    (local.set $status (call $resume (local.get $co) (local.get $from) (local.get $args) (local.get $results)))
    (i32.store offset=12 (global.get $cells) (i32.const 0))
    (i32.store offset=68 (global.get $cells) (i32.const 0))
    (local.get $status))

  ;; The same for a coroutine of a process, in what is left of the slice, out of which `cost` goes besides. Tells what it has
  ;; spent, and answers 4, as for a lack of memory, when an allocation was refused or the heap holds more than it may.
  (func (export "run") (param $heap i32) (param $from i32) (param $co i32) (param $args i32) (param $results i32)
    (param $cost i32) (result i32)
    (local $before i32) (local $status i32)
    (local.set $before (i32.load (global.get $cells)))
    (local.set $status
      (call $run (local.get $heap) (local.get $from) (local.get $co) (local.get $args) (local.get $results)))
    (i32.store (global.get $cells) (i32.sub (i32.load (global.get $cells)) (local.get $cost)))
    (i32.store offset=76 (global.get $cells) (i32.sub (local.get $before) (i32.load (global.get $cells))))
    (if (result i32)
      (i32.or
        (i32.load offset=8 (local.get $heap))
        (i32.gt_u (i32.load (local.get $heap)) (i32.load offset=4 (local.get $heap))))
      (then (i32.const 4))
      (else (local.get $status))))

  ;; Whether a host function that L has called can yield by returning: whether nothing but functions of Lua, which all run
  ;; on one level of the C stack, stands between it and the resumption of L by the engine. `nCcalls` of lua_State counts the
  ;; levels, and who has called it must be a function of Lua: `ci->previous` without CIST_C.
  (func (export "canReturn") (param $L i32) (result i32)
    (if (i32.ne (local.get $L) (i32.load offset=68 (global.get $cells))) (then (return (i32.const 0))))
    (if (i32.ne (i32.load offset=96 (local.get $L)) (i32.load offset=72 (global.get $cells)))
      (then (return (i32.const 0))))
    (i32.eqz (i32.and
      (i32.load16_u offset=34 (i32.load offset=8 (i32.load offset=20 (local.get $L))))
      (i32.const 2))))

  ;; The hook looks at the very next instruction of whoever runs.
  (func $lookSoon
    (local $current i32)
    (local.set $current (i32.load offset=12 (global.get $cells)))
    (if (local.get $current)
      (then (call $lookAfter (local.get $current) (i32.const 1)))))

  (func (export "lookSoon") (call $lookSoon))

  ;; Counts a block of this size, which is more than 64 KiB, among the big and huge ones of a heap, or out of them.
  (func $count (param $heap i32) (param $size i32) (param $by i32)
    (i32.store offset=12 (local.get $heap) (i32.add (i32.load offset=12 (local.get $heap)) (local.get $by)))
    (if (i32.le_u (local.get $size) (i32.const 1048576)) (then (return)))
    (i32.store offset=16 (local.get $heap) (i32.add (i32.load offset=16 (local.get $heap)) (local.get $by))))

  ;; Refuses an allocation, for good. Lua would collect everything at once now and ask again, which on a full heap holds
  ;; the thread for a tenth of a second: the flag `gcstopem` of its global state tells it not to. The collector has had its
  ;; time before: see $pace.
  (func $deny (param $heap i32) (result i32)
    (if (i32.load offset=20 (local.get $heap))
      (then (i32.store8 offset=79 (i32.load offset=20 (local.get $heap)) (i32.const 1))))
    (i32.store offset=8 (local.get $heap) (i32.const 1))
    (call $lookSoon)
    (i32.const 0))

  ;; Sets how much a heap may grow between two cycles of the collector, in quarters of a percent as Lua keeps it: to twice
  ;; its size as usual, or by a tenth where twice would not fit.
  (func $pace (param $heap i32) (param $used i32)
    (if (i32.eqz (i32.load offset=20 (local.get $heap))) (then (return)))
    (i32.store8 offset=84 (i32.load offset=20 (local.get $heap))
      (select (i32.const 28) (i32.const 50)
        (i32.gt_u (local.get $used) (i32.load offset=24 (local.get $heap))))))

  ;; The size in memory of a block: of a small one a multiple of 8, so that all of one size can take each other's place.
  (func $rounded (param $size i32) (result i32)
    (if (i32.gt_u (local.get $size) (i32.const 128)) (then (return (local.get $size))))
    (i32.and (i32.add (local.get $size) (i32.const 7)) (i32.const 0xf8)))

  ;; allocate(heap, block, old, new): a lua_Alloc. V8 inlines nothing, so what is most frequent stands here: a small block
  ;; comes or goes.
  (func $allocate (export "allocate") (param $heap i32) (param $p i32) (param $old i32) (param $new i32) (result i32)
    (local $used i32) (local $size i32) (local $spare i32) (local $globals i32)
    (if (local.get $p)
      (then
        (if (i32.or (local.get $new) (i32.gt_u (local.get $old) (i32.const 128)))
          (then (return (call $reallocate (local.get $heap) (local.get $p) (local.get $old) (local.get $new)))))
        (i32.store (local.get $heap) (i32.sub (i32.load (local.get $heap)) (local.get $old)))
        (local.set $size (i32.and (i32.add (local.get $old) (i32.const 7)) (i32.const 0xf8)))
        (if (i32.lt_s (global.get $room) (local.get $size))
          (then (call $free (local.get $p)) (return (i32.const 0))))
        (global.set $room (i32.sub (global.get $room) (local.get $size)))
        (local.set $spare (i32.add (global.get $spare) (i32.shr_u (local.get $size) (i32.const 1))))
        (i32.store (local.get $p) (i32.load (local.get $spare)))
        (i32.store (local.get $spare) (local.get $p))
        (return (i32.const 0))))
    (local.set $used (i32.add (i32.load (local.get $heap)) (local.get $new)))
    (local.set $size (i32.and (i32.add (local.get $new) (i32.const 7)) (i32.const 0xf8)))
    (local.set $spare (i32.add (global.get $spare) (i32.shr_u (local.get $size) (i32.const 1))))
    (if (i32.le_u (local.get $new) (i32.const 128))
      (then
        (if (i32.le_u (local.get $used) (i32.load offset=4 (local.get $heap)))
          (then
            (local.set $p (i32.load (local.get $spare)))
            (if (local.get $p)
              (then
                (i32.store (local.get $spare) (i32.load (local.get $p)))
                (global.set $room (i32.add (global.get $room) (local.get $size)))
                (i32.store (local.get $heap) (local.get $used))
                (local.set $globals (i32.load offset=20 (local.get $heap)))
                (if (local.get $globals)
                  (then
                    (i32.store8 offset=84 (local.get $globals)
                      (select (i32.const 28) (i32.const 50)
                        (i32.gt_u (local.get $used) (i32.load offset=24 (local.get $heap)))))))
                (return (local.get $p))))))))
    ;; The hash part of a table, of 131,072 places or 262,144. Putting all keys there anew would hold the thread too long.
    ;; What is no object comes without a tag, and an array part grows out of a smaller one.
    (if (i32.and
          (i32.or (i32.eq (local.get $new) (i32.const 3145728)) (i32.eq (local.get $new) (i32.const 6291456)))
          (i32.eqz (local.get $old)))
      (then
        (if (i32.eqz (i32.load offset=44 (global.get $cells)))
          (then (return (call $deny (local.get $heap)))))))
    (call $reallocate (local.get $heap) (i32.const 0) (i32.const 0) (local.get $new)))

  ;; The same for all other blocks. A string or table part has 8 MiB at most; a stack does not get that large.
  (func $reallocate (param $heap i32) (param $p i32) (param $old i32) (param $new i32) (result i32)
    (local $used i32) (local $block i32)
    (local.set $used (i32.add (i32.load (local.get $heap)) (i32.sub (local.get $new) (local.get $old))))
    (if (i32.eqz (local.get $new))
      (then
        (call $free (local.get $p))
        (if (i32.gt_u (local.get $old) (i32.const 65536))
          (then (call $count (local.get $heap) (local.get $old) (i32.const -1))))
        (i32.store (local.get $heap) (local.get $used))
        (return (i32.const 0))))
    (if (i32.and (i32.gt_u (local.get $new) (local.get $old)) (i32.eqz (i32.load offset=44 (global.get $cells))))
      (then
        (if (i32.gt_u (local.get $new) (i32.const 8388608)) (then (return (call $deny (local.get $heap)))))
        (if (i32.gt_u (local.get $used) (i32.load offset=4 (local.get $heap)))
          (then (return (call $deny (local.get $heap)))))))
    (local.set $block
      (if (result i32) (local.get $p)
        (then (call $realloc (local.get $p) (call $rounded (local.get $new))))
        (else (call $malloc (call $rounded (local.get $new))))))
    (if (i32.eqz (local.get $block))
      (then (return (call $deny (local.get $heap)))))
    (i32.store (local.get $heap) (local.get $used))
    (if (i32.gt_u (local.get $new) (i32.const 65536))
      (then
        (call $count (local.get $heap) (local.get $new) (i32.const 1))
        (call $lookSoon)))
    (if (i32.gt_u (local.get $old) (i32.const 65536))
      (then (call $count (local.get $heap) (local.get $old) (i32.const -1))))
    (if (i32.gt_u (local.get $new) (local.get $old)) (then (call $pace (local.get $heap) (local.get $used))))
    (local.get $block))

  ;; A function of numbers, as a closure over that of C, one of Lua, and where `answered` is in the function table. C has it
  ;; where it is given up to 64 numbers and nothing else: texts it would read as numbers or compare, which may take long, and
  ;; what objects have for `<` it would call, and all that could not be interrupted.
  (func (export "numeric") (param $L i32) (result i32)
    (local $closure i32) (local $slot i32) (local $top i32) (local $count i32)
    (local.set $slot (i32.load (i32.load offset=20 (local.get $L))))
    (local.set $closure (i32.load (local.get $slot)))
    (local.set $slot (i32.add (local.get $slot) (i32.const 16)))
    (local.set $top (i32.load offset=12 (local.get $L)))
    (local.set $count (i32.shr_u (i32.sub (local.get $top) (local.get $slot)) (i32.const 4)))
    (block $other
      (br_if $other (i32.gt_u (local.get $count) (i32.const 64)))
      (block $numbers
        (loop $next
          (br_if $numbers (i32.ge_u (local.get $slot) (local.get $top)))
          (br_if $other (i32.ne (i32.and (i32.load8_u offset=8 (local.get $slot)) (i32.const 15)) (i32.const 3)))
          (local.set $slot (i32.add (local.get $slot) (i32.const 16)))
          (br $next)))
      (return
        (call_indirect (param i32) (result i32) (local.get $L) (i32.load offset=16 (local.get $closure)))))
    (call $pushvalue (local.get $L) (i32.const -1001002))
    (call $rotate (local.get $L) (i32.const 1) (i32.const 1))
    (call $callk (local.get $L) (local.get $count) (i32.const -1) (i32.const 0) (i32.load offset=48 (local.get $closure)))
    (call $answered (local.get $L) (i32.const 0) (i32.const 0)))

  ;; What it goes on with when the function of Lua has waited: all that this has returned.
  (func $answered (export "answered") (param $L i32) (param $status i32) (param $context i32) (result i32)
    (i32.shr_u
      (i32.sub
        (i32.load offset=12 (local.get $L))
        (i32.add (i32.load (i32.load offset=20 (local.get $L))) (i32.const 16)))
      (i32.const 4)))

  ;; How many of so many slots come before the first that holds nil.
  (func (export "leading") (param $at i32) (param $slots i32) (result i32)
    (local $left i32)
    (local.set $left (local.get $slots))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        (br_if $done (i32.eqz (i32.and (i32.load8_u offset=8 (local.get $at)) (i32.const 15))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $slots) (local.get $left)))

  ;; How many of so many slots, each so many bytes after the one before, hold something.
  (func (export "filled") (param $at i32) (param $slots i32) (param $bytes i32) (result i32)
    (local $filled i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $slots)))
        (if (i32.and (i32.load8_u offset=8 (local.get $at)) (i32.const 15))
          (then (local.set $filled (i32.add (local.get $filled) (i32.const 1)))))
        (local.set $at (i32.add (local.get $at) (local.get $bytes)))
        (local.set $slots (i32.sub (local.get $slots) (i32.const 1)))
        (br $next)))
    (local.get $filled))

  ;; Whether all of so many bytes are ASCII.
  (func (export "isAscii") (param $from i32) (param $length i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $from) (local.get $length)))
    (block $eights
      (loop $next
        (br_if $eights (i32.gt_u (i32.add (local.get $from) (i32.const 8)) (local.get $end)))
        (if (i64.ne (i64.and (i64.load (local.get $from)) (i64.const 0x8080808080808080)) (i64.const 0))
          (then (return (i32.const 0))))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (br $next)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (if (i32.gt_u (i32.load8_u (local.get $from)) (i32.const 127)) (then (return (i32.const 0))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br $next)))
    (i32.const 1))

  ;; Writes so many bytes of UTF-8 as UTF-16, where there is room for a unit for each byte; how many bytes it has written, or
  ;; -1 when that is not UTF-8.
  (func (export "widen") (param $from i32) (param $length i32) (param $to i32) (result i32)
    (local $end i32) (local $begin i32) (local $code i32) (local $byte i32) (local $more i32) (local $least i32)
    (local.set $end (i32.add (local.get $from) (local.get $length)))
    (local.set $begin (local.get $to))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $code (i32.load8_u (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (if (i32.gt_u (local.get $code) (i32.const 127))
          (then
            ;; Of two bytes, as most text beyond ASCII in alphabets: quickly.
            (if (i32.and
                  (i32.lt_u (i32.sub (local.get $code) (i32.const 0xc2)) (i32.const 0x1e))
                  (i32.lt_u (local.get $from) (local.get $end)))
              (then
                (local.set $byte (i32.load8_u (local.get $from)))
                (if (i32.eq (i32.and (local.get $byte) (i32.const 0xc0)) (i32.const 0x80))
                  (then
                    (i32.store16 (local.get $to)
                      (i32.or
                        (i32.shl (i32.and (local.get $code) (i32.const 0x1f)) (i32.const 6))
                        (i32.and (local.get $byte) (i32.const 0x3f))))
                    (local.set $from (i32.add (local.get $from) (i32.const 1)))
                    (local.set $to (i32.add (local.get $to) (i32.const 2)))
                    (br $next)))))
            (if (i32.or (i32.lt_u (local.get $code) (i32.const 0xc2)) (i32.gt_u (local.get $code) (i32.const 0xf4)))
              (then (return (i32.const -1))))
            ;; How many bytes follow, and from which code on that many are allowed.
            (local.set $more (i32.const 1))
            (local.set $least (i32.const 0x80))
            (if (i32.ge_u (local.get $code) (i32.const 0xe0))
              (then (local.set $more (i32.const 2)) (local.set $least (i32.const 0x800))))
            (if (i32.ge_u (local.get $code) (i32.const 0xf0))
              (then (local.set $more (i32.const 3)) (local.set $least (i32.const 0x10000))))
            (if (i32.lt_u (i32.sub (local.get $end) (local.get $from)) (local.get $more)) (then (return (i32.const -1))))
            (local.set $code
              (i32.and (local.get $code) (i32.shr_u (i32.const 0x3f) (local.get $more))))
            (loop $follows
              (local.set $byte (i32.load8_u (local.get $from)))
              (local.set $from (i32.add (local.get $from) (i32.const 1)))
              (if (i32.ne (i32.and (local.get $byte) (i32.const 0xc0)) (i32.const 0x80)) (then (return (i32.const -1))))
              (local.set $code
                (i32.or (i32.shl (local.get $code) (i32.const 6)) (i32.and (local.get $byte) (i32.const 0x3f))))
              (local.set $more (i32.sub (local.get $more) (i32.const 1)))
              (br_if $follows (local.get $more)))
            (if (i32.or
                  (i32.lt_u (local.get $code) (local.get $least))
                  (i32.or
                    (i32.gt_u (local.get $code) (i32.const 0x10ffff))
                    (i32.eq (i32.and (local.get $code) (i32.const 0xfffff800)) (i32.const 0xd800))))
              (then (return (i32.const -1))))
            (if (i32.ge_u (local.get $code) (i32.const 0x10000))
              (then
                (local.set $code (i32.sub (local.get $code) (i32.const 0x10000)))
                (i32.store16 (local.get $to)
                  (i32.or (i32.const 0xd800) (i32.shr_u (local.get $code) (i32.const 10))))
                (local.set $to (i32.add (local.get $to) (i32.const 2)))
                (local.set $code (i32.or (i32.const 0xdc00) (i32.and (local.get $code) (i32.const 0x3ff))))))))
        (i32.store16 (local.get $to) (local.get $code))
        (local.set $to (i32.add (local.get $to) (i32.const 2)))
        (br $next)))
    (i32.sub (local.get $to) (local.get $begin)))
)
