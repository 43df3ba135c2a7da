;; Lua's protected call (luaD_rawrunprotected), in place of the VM's own: that one allocates a table for setjmp, asks
;; JavaScript to call the function and looks the jump up in the table. This one catches the exception itself, so a protected
;; call that ends well costs next to nothing, and an exception passes one frame less.
;; scripts/assemble-companion.mjs makes companion-bytes.ts of it; vm-changes.ts puts the body of the function into the VM,
;; whose types, table, memory and first global are those that are declared here.
(module
  (type (func (param i32) (result i32)))
  (type (func (param i32 i32 i32 i32) (result i32)))
  (type $protected (func (param i32 i32 i32) (result i32)))
  (type (func (param i32 i32) (result i32)))
  (type $function (func (param i32 i32)))
  (memory 1)
  (table 0 funcref)
  (global $stackPointer (mut i32) (i32.const 0))

  ;; The frame is that of the VM's own: at 12 a lua_longjmp, whose fields are `previous`, at 16 the jump buffer, by whose
  ;; address a longjmp says where it goes, and at 172 the status. In the lua_State: 96 nCcalls, 48 errorJmp. The VM notes at
  ;; 35120 (__THREW__) that a longjmp is under way; any other exception is none of Lua's business.
  (func (export "protected") (type $protected) (param $L i32) (param $function i32) (param $data i32) (result i32)
    (local $frame i32) (local $calls i32)
    (global.set $stackPointer (local.tee $frame (i32.sub (global.get $stackPointer) (i32.const 176))))
    (local.set $calls (i32.load offset=96 (local.get $L)))
    (i32.store offset=172 (local.get $frame) (i32.const 0))
    (i32.store offset=12 (local.get $frame) (i32.load offset=48 (local.get $L)))
    (i32.store offset=48 (local.get $L) (i32.add (local.get $frame) (i32.const 12)))
    (try $calling
      (do (call_indirect (type $function) (local.get $L) (local.get $data) (local.get $function)))
      (catch_all
        (if (i32.ne (i32.load (i32.const 35120)) (i32.add (local.get $frame) (i32.const 16)))
          (then (rethrow $calling)))
        (i32.store (i32.const 35120) (i32.const 0))))
    (i32.store offset=96 (local.get $L) (local.get $calls))
    (i32.store offset=48 (local.get $L) (i32.load offset=12 (local.get $frame)))
    (global.set $stackPointer (i32.add (local.get $frame) (i32.const 176)))
    (i32.load offset=172 (local.get $frame)))
)
