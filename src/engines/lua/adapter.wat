;; Around each host function: a `(i32) -> i32` that the function table takes. A host function of JavaScript neither yields
;; nor raises by itself, since that would throw an exception through it: it asks for it by a negative answer.
;; scripts/assemble-companion.mjs makes companion-bytes.ts of it.
(module
  (import "lua" "memory" (memory 1))
  (import "lua" "setThrew" (func $setThrew (param i32 i32)))
  (import "lua" "lua_error" (func $error (param i32) (result i32)))
  (import "companion" "canReturn" (func $canReturn (param i32) (result i32)))
  (import "companion" "lookSoon" (func $lookSoon))
  (import "host" "function" (func $function (param i32) (result i32)))
  (import "host" "quickly" (func $quickly (param i32 i32 i32 i32 i32) (result i32)))
  (import "host" "longjmp" (func $longjmp))
  ;; Where the cells are that JavaScript shares with the companion (companion.wat), and what a call costs, in instructions'
  ;; worth.
  (import "host" "cells" (global $cells i32))
  (import "host" "cost" (global $cost i32))

  (func (export "function") (param $L i32) (result i32)
    (call $usually (local.get $L) (call $enter)))

  ;; The same for a function that has a quick way for two short strings and a plain value, or none: nil, a boolean, a short
  ;; string, an integer of 32 bits. It is handed them as they lie in memory, and answers 0 to be called in the usual way,
  ;; or -3 for the result `true`.
  (func (export "quickly") (param $L i32) (result i32)
    (local $wasExempt i32) (local $answer i32) (local $base i32) (local $count i32) (local $tag i32) (local $value i32)
    (local.set $wasExempt (call $enter))
    (local.set $base (i32.add (i32.load (i32.load offset=20 (local.get $L))) (i32.const 16)))
    (local.set $count (i32.shr_s (i32.sub (i32.load offset=12 (local.get $L)) (local.get $base)) (i32.const 4)))
    (block $usual
      (br_if $usual (i32.gt_u (i32.sub (local.get $count) (i32.const 2)) (i32.const 1)))
      (br_if $usual (i32.ne (i32.load8_u offset=8 (local.get $base)) (i32.const 68)))
      (br_if $usual (i32.ne (i32.load8_u offset=24 (local.get $base)) (i32.const 68)))
      (if (i32.eq (local.get $count) (i32.const 3))
        (then
          (local.set $tag (i32.load8_u offset=40 (local.get $base)))
          (local.set $value (i32.load offset=32 (local.get $base)))
          (if (i32.eq (local.get $tag) (i32.const 3))
            (then
              (br_if $usual
                (i32.ne (i32.load offset=36 (local.get $base)) (i32.shr_s (local.get $value) (i32.const 31))))))))
      (local.set $answer
        (call $quickly (local.get $L) (i32.load (local.get $base)) (i32.load offset=16 (local.get $base))
          (local.get $tag) (local.get $value)))
      (if (i32.eq (local.get $answer) (i32.const -3))
        (then
          (i32.store offset=44 (global.get $cells) (local.get $wasExempt))
          (local.set $base (i32.load offset=12 (local.get $L)))
          (i32.store8 offset=8 (local.get $base) (i32.const 17))
          (i32.store offset=12 (local.get $L) (i32.add (local.get $base) (i32.const 16)))
          (return (i32.const 1)))))
    (if (i32.eqz (local.get $answer)) (then (return (call $usually (local.get $L) (local.get $wasExempt)))))
    (call $answer (local.get $L) (local.get $wasExempt) (local.get $answer)))

  ;; Counts the call, and has nothing refused meanwhile that the function puts into the heap; whether that was so before: a
  ;; finalizer of ours can run in the middle of something that is exempt itself, and must leave it so.
  (func $enter (result i32)
    (local $left i32)
    (local.set $left (i32.sub (i32.load (global.get $cells)) (global.get $cost)))
    (i32.store (global.get $cells) (local.get $left))
    (if (i32.le_s (local.get $left) (i32.const 0)) (then (call $lookSoon)))
    (i32.load offset=44 (global.get $cells))
    (i32.store offset=44 (global.get $cells) (i32.const 1)))

  (func $usually (param $L i32) (param $wasExempt i32) (result i32)
    (call $answer (local.get $L) (local.get $wasExempt)
      (try $calling (result i32)
        (do (call $function (local.get $L)))
        (catch_all
          (i32.store offset=44 (global.get $cells) (local.get $wasExempt))
          (rethrow $calling)))))

  ;; The call is over: what it answers to Lua.
  (func $answer (param $L i32) (param $wasExempt i32) (param $answer i32) (result i32)
    (i32.store offset=44 (global.get $cells) (local.get $wasExempt))
    (if (i32.ge_s (local.get $answer) (i32.const 0)) (then (return (local.get $answer))))
    (call $ask (local.get $L) (local.get $answer)))

  ;; What a function asks for by -2 to raise what is on top of the stack, or by -1 to yield. To yield this does itself what
  ;; lua_yieldk and luaD_throw do for a function of C that yields nothing and goes on by returning. Mostly no more is needed:
  ;; it answers -1, at which its callers return as well (vm-changes.ts). Where a function of C would have to do so it is a
  ;; longjmp: an exception, which costs some hundred nanoseconds for each frame that it passes. That L can yield has been
  ;; made sure of. vm.ts compares the places with what lua_yieldk writes.
  (func $ask (param $L i32) (param $answer i32) (result i32)
    (local $call i32) (local $protected i32)
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
