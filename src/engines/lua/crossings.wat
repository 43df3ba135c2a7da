;; The way out of the VM that unwinds its stack. Lua yields and raises errors by longjmp, which in WebAssembly is an
;; exception, and what an exception costs is the frames it passes through; so it is caught without a frame of JavaScript.
;; It is thrown by one, since what WebAssembly throws is an object that has to be made.
;; scripts/assemble-companion.mjs makes companion-bytes.ts of it.
;;
;; The VM imports from here, so nothing of the VM can be imported: its functions are reached by their places in a copy of
;; its function table.
(module
  (type $nothing (func))
  (type $one (func (param i32)))
  (type $two (func (param i32 i32)))
  (type $gives (func (result i32)))

  ;; At 0: whether what is being thrown is a longjmp. JavaScript sets it.
  (memory (export "memory") 1)
  (table $functions (export "functions") 0 funcref)
  (global $stackSave (mut i32) (i32.const 0))
  (global $stackRestore (mut i32) (i32.const 0))
  (global $setThrew (mut i32) (i32.const 0))

  (func (export "init") (param $stackSave i32) (param $stackRestore i32) (param $setThrew i32)
    (global.set $stackSave (local.get $stackSave))
    (global.set $stackRestore (local.get $stackRestore))
    (global.set $setThrew (local.get $setThrew)))

  ;; What a setjmp guards, `invoke_vii`.
  (func (export "guard") (param $function i32) (param $a i32) (param $b i32)
    (local $stack i32)
    (local.set $stack (call_indirect (type $gives) (global.get $stackSave)))
    (try
      (do (call_indirect (type $two) (local.get $a) (local.get $b) (local.get $function)))
      (catch_all
        (if (i32.eqz (i32.load (i32.const 0))) (then (rethrow 1)))
        (i32.store (i32.const 0) (i32.const 0))
        (call_indirect (type $one) (local.get $stack) (global.get $stackRestore))
        (call_indirect (type $two) (i32.const 1) (i32.const 0) (global.get $setThrew)))))
)
