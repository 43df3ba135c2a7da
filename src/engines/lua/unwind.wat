;; Lua's protected calls, and how an exception ends in them: what Emscripten asks of JavaScript for setjmp, as WebAssembly.
;; So a protected call that ends well crosses no border, and an exception passes no frame of JavaScript: each frame between
;; its throw and its catch costs some hundred nanoseconds. The throw itself is JavaScript's: a `throw` of WebAssembly is
;; slower. scripts/assemble-companion.mjs makes companion-bytes.ts of it.
;;
;; It is instantiated before the VM, which imports it, so it has a function table of its own: vm.ts copies the VM's into it
;; and puts the three functions of the VM that it needs behind it, from $helpers on.
(module
  (import "host" "isLongjmp" (func $isLongjmp (result i32)))
  (type $call (func (param i32 i32)))
  (type $stackSave (func (result i32)))
  (type $stackRestore (func (param i32)))
  (table (export "functions") 0 funcref)
  (global $helpers (export "helpers") (mut i32) (i32.const 0))

  ;; Calls a function; a longjmp out of it is noted where the VM looks for it. Anything else is none of Lua's business.
  (func (export "invoke") (param $function i32) (param $L i32) (param $data i32)
    (local $stack i32)
    (local.set $stack (call_indirect (type $stackSave) (global.get $helpers)))
    (try $calling
      (do (call_indirect (type $call) (local.get $L) (local.get $data) (local.get $function)))
      (catch_all
        (call_indirect (type $stackRestore) (local.get $stack) (i32.add (global.get $helpers) (i32.const 1)))
        (if (i32.eqz (call $isLongjmp)) (then (rethrow $calling)))
        (call_indirect (type $call) (i32.const 1) (i32.const 0) (i32.add (global.get $helpers) (i32.const 2))))))
)
