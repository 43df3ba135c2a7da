;; Around each host function: a `(i32) -> i32` that the function table takes. A host function of JavaScript neither yields
;; nor raises by itself, since that would throw an exception through it: it asks for it by a negative answer.
;; scripts/assemble-companion.mjs makes companion-bytes.ts of it.
(module
  (import "lua" "memory" (memory 1))
  (import "lua" "setThrew" (func $setThrew (param i32 i32)))
  (import "lua" "lua_error" (func $error (param i32) (result i32)))
  (import "companion" "canReturn" (func $canReturn (param i32) (result i32)))
  (import "host" "function" (func $function (param i32) (result i32)))
  (import "host" "longjmp" (func $longjmp))

  ;; To yield it does itself what lua_yieldk and luaD_throw do for a function of C that yields nothing and goes on by
  ;; returning. Mostly no more is needed: it answers -1, at which its callers return as well (vm-changes.ts). Where a
  ;; function of C would have to do so it is a longjmp: an exception, which costs some hundred nanoseconds for each frame
  ;; that it passes. That L can yield has been made sure of. vm.ts compares the places
  ;; with what lua_yieldk writes.
  (func (export "function") (param $L i32) (result i32)
    (local $answer i32) (local $call i32) (local $protected i32)
    (local.set $answer (call $function (local.get $L)))
    (if (i32.ge_s (local.get $answer) (i32.const 0)) (then (return (local.get $answer))))
    (if (i32.ne (local.get $answer) (i32.const -1)) (then (return (call $error (local.get $L)))))
    (local.set $call (i32.load offset=20 (local.get $L)))
    (local.set $protected (i32.load offset=48 (local.get $L)))
    (i32.store8 offset=6 (local.get $L) (i32.const 1))          ;; L->status = LUA_YIELD
    (i32.store offset=28 (local.get $call) (i32.const 0))       ;; ci->u2.nyield
    (i32.store offset=16 (local.get $call) (i32.const 0))       ;; ci->u.c.k
    (i32.store offset=160 (local.get $protected) (i32.const 1)) ;; L->errorJmp->status = LUA_YIELD
    (if (call $canReturn (local.get $L)) (then (return (i32.const -1))))
    (call $setThrew (i32.add (local.get $protected) (i32.const 4)) (i32.const 1))
    (call $longjmp)
    (unreachable))
)
