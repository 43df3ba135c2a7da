;; Around each host function: a `(i32) -> i32` that the function table takes. A host function of JavaScript neither yields
;; nor raises by itself, since that would throw an exception through it: it asks for it by a negative answer.
;; scripts/assemble-companion.mjs makes companion-bytes.ts of it.
(module
  (import "lua" "lua_yieldk" (func $yieldk (param i32 i32 i32 i32) (result i32)))
  (import "lua" "lua_error" (func $error (param i32) (result i32)))
  (import "host" "function" (func $function (param i32) (result i32)))

  (func (export "function") (param $L i32) (result i32)
    (local $answer i32)
    (local.set $answer (call $function (local.get $L)))
    (if (i32.ge_s (local.get $answer) (i32.const 0)) (then (return (local.get $answer))))
    (if (i32.eq (local.get $answer) (i32.const -1))
      (then (return (call $yieldk (local.get $L) (i32.const 0) (i32.const 0) (i32.const 0)))))
    (call $error (local.get $L)))
)
